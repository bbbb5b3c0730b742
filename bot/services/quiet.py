"""What keeps alerts from opening incidents just now: silences and maintenance windows, and their ends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from bot.core.held import Cause
from bot.core.matching import Match, matches
from bot.services.desk import Desk
from bot.store import silences, slots

RELEASE_JOB = "alerts.release"


@dataclass(frozen=True)
class Quiet:
    """One silence or window that lasts; `by` is its number or name, `until` when it ends."""

    cause: Cause
    by: str
    match: Match
    until: datetime


def lasting(session: Session, desk: Desk, now: datetime) -> tuple[Quiet, ...]:
    """Every silence and window that lasts, silences first, of each kind the one that ends last first."""
    silent = [
        Quiet(Cause.SILENCE, str(one.id), one.match, one.until) for one in silences.lasting(session, now)
    ]
    settings = desk.settings
    windows = [
        Quiet(Cause.WINDOW, window.name, window.match, end)
        for window in settings.incidents.windows(settings.timezone)
        if (end := window.ends(now)) is not None
    ]
    return (*silent, *sorted(windows, key=lambda one: one.until, reverse=True))


def keeping(quiet: Sequence[Quiet], labels: Mapping[str, str]) -> Quiet | None:
    """What keeps an alert with these labels quiet; None where nothing does."""
    return next((one for one in quiet if matches(labels, one.match)), None)


def plan_release(session: Session, quiet: Quiet) -> None:
    """Have what is held let go when this ends."""
    slots.at(
        session,
        job=RELEASE_JOB,
        slot=slot_of(quiet),
        due=quiet.until,
        payload={"cause": quiet.cause.value, "by": quiet.by},
    )


def slot_of(quiet: Quiet) -> str:
    """The key of the slot in which it ends."""
    return f"{quiet.cause}/{quiet.by}/{quiet.until.isoformat()}"
