"""What comes by itself in a quarter: status after week 6, retrospective after week 12, reminders of it."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlmodel import Session

from bot.core.effect import Ephemeral, Message
from bot.core.inbound import Order, Press
from bot.core.quarter import RETRO_WEEK, STATUS_WEEK, Quarter
from bot.errors import InputError
from bot.services.desk import Desk
from bot.store import outbox, slots
from bot.views.text import escape, when

STATUS_JOB, RETRO_JOB, REMIND_JOB = "portfolio.status", "portfolio.retro", "portfolio.remind"
MOST = 3
"""Reminders of what a retrospective lacks."""
EVERY, SNOOZE = timedelta(days=3), timedelta(days=7)


def plan(session: Session, desk: Desk, quarter: Quarter) -> None:
    """Have status and retrospective come; what is past already comes at once, and each comes once."""
    term = desk.settings.portfolio.term(quarter)
    payload = {"quarter": str(quarter)}
    for job, weeks in ((STATUS_JOB, STATUS_WEEK), (RETRO_JOB, RETRO_WEEK)):
        due = _morning(desk, term.after_weeks(weeks))
        slots.at(session, job=job, slot=str(quarter), due=due, payload=payload)


def remind_of(session: Session, desk: Desk, quarter: str, number: int, now: datetime) -> datetime | None:
    """Have what a retrospective lacks reminded of; None where it was often enough."""
    if number > MOST:
        return None
    due = _morning(desk, (now + EVERY).astimezone(desk.settings.zone).date())
    payload: dict[str, Any] = {"quarter": quarter, "number": number}
    slots.at(session, job=REMIND_JOB, slot=f"{quarter}/{number}/{due.date()}", due=due, payload=payload)
    return due


def settle(session: Session, quarter: str) -> None:
    """Remind nobody of it any more."""
    slots.cancel(session, job=REMIND_JOB, prefix=f"{quarter}/")


def press_snooze(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """[Snooze 7 days]."""
    _tell(session, press, key, _snooze(session, desk, press.value, now), now)


def press_dismiss(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """[No more reminders]."""
    del desk
    _tell(session, press, key, _dismiss(session, press.value), now)


def snooze(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`/portfolio snooze 2026-Q4`."""
    _tell(session, asked, key, _snooze(session, desk, str(Quarter.read(asked.text)), now), now)


def dismiss(session: Session, desk: Desk, asked: Order, key: str, now: datetime) -> None:
    """`/portfolio dismiss 2026-Q4`."""
    del desk
    _tell(session, asked, key, _dismiss(session, str(Quarter.read(asked.text))), now)


def _snooze(session: Session, desk: Desk, quarter: str, now: datetime) -> str:
    planned = [
        one for one in slots.kept(session, job=REMIND_JOB, prefix=f"{quarter}/") if one.state == "waiting"
    ]
    if not planned:
        return f"No more reminders of {escape(quarter, 20)} were planned."
    settle(session, quarter)
    due = _morning(desk, (now + SNOOZE).astimezone(desk.settings.zone).date())
    number = int(planned[0].payload["number"])
    payload: dict[str, Any] = {"quarter": quarter, "number": number}
    slots.at(session, job=REMIND_JOB, slot=f"{quarter}/{number}/{due.date()}", due=due, payload=payload)
    return f"Snoozed until {when(due, style='{date_short_pretty} {time}')}."


def _dismiss(session: Session, quarter: str) -> str:
    if not slots.cancel(session, job=REMIND_JOB, prefix=f"{quarter}/"):
        return f"No more reminders of {escape(quarter, 20)} were planned."
    return f"No more reminders of {escape(quarter, 20)} come. What is missing stays on the card as missing."


def _morning(desk: Desk, day: date) -> datetime:
    settings = desk.settings
    return datetime.combine(day, settings.portfolio.reminds, tzinfo=settings.zone)


def _tell(session: Session, asked: Press | Order, key: str, said: str, now: datetime) -> None:
    place = asked.place
    if not said:
        raise InputError("Nothing was named.", "For example `/portfolio snooze 2026-Q4`.")
    outbox.put(
        session, Ephemeral(f"{key}/answer", place.channel, asked.by, Message(said), place.thread), now=now
    )
