"""What people ask of a dashboard: to gather everything again, what was asked, and the dashboard itself."""

from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from bot.core.effect import Ephemeral, Message
from bot.core.inbound import Ask, Press
from bot.core.incident import Incident
from bot.errors import InputError
from bot.services import triage
from bot.services.dashboard import board_of
from bot.services.desk import Desk
from bot.store import incidents, outbox
from bot.views import dashboard as views
from bot.views.incident_button import decode


def press_refresh(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """[Refresh evidence]: whatever was found a moment ago is asked again."""
    del desk, key
    triage.retry(session, incident=decode(press.value), by=press.by, now=now)


def press_queries(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """[What was asked]: shown to the person alone."""
    found = incidents.load(session, decode(press.value))
    if found is None:
        raise InputError("There is no such incident.", "`/triage list` shows the open ones.")
    shown = views.queries(board_of(session, desk, found, now=now))
    place = press.place
    outbox.put(session, Ephemeral(f"{key}/answer", place.channel, press.by, shown, place.thread), now=now)


def ask_queries(session: Session, desk: Desk, ask: Ask, now: datetime) -> Message:
    """`triage queries [INC-7]`. Reads only. Raises InputError where no incident is meant."""
    return views.queries(board_of(session, desk, _meant(session, ask), now=now))


def ask_dashboard(session: Session, desk: Desk, ask: Ask, now: datetime) -> Message:
    """`triage dashboard [INC-7]`, without the picture and for reading. Reads only. Raises InputError."""
    board = board_of(session, desk, _meant(session, ask), now=now)
    return views.dashboard(replace(board, picture=""))


def _meant(session: Session, ask: Ask) -> Incident:
    """The incident named, else the one of the channel."""
    if ask.about:
        return triage.named(session, ask.about)
    found = triage.in_channel(session, ask.place.channel)
    if found is None:
        raise InputError("No incident has its card in this channel.", "Name one: `/triage dashboard INC-7`.")
    return found
