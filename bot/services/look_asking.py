"""A look asked for by hand: refused with the rule before its day, taken at once from then on."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.core.effect import Ephemeral, Post
from bot.core.figures import look_at
from bot.core.launch import Launch
from bot.core.registration import Registration
from bot.errors import InputError, SourceError, StaleError
from bot.services import launches
from bot.services.desk import Desk
from bot.services.look_keeping import keep, over
from bot.services.look_record import registration_of
from bot.services.looking import take
from bot.services.scheduled_looks import PLANNED_LOOK_JOB, calendar
from bot.store import experiments, outbox, slots
from bot.store.database import Database
from bot.store.slots import Finish
from bot.views import look_notes as notes
from bot.views.text import escape

LOOK_JOB = "experiment.look"


def ask_look(
    session: Session,
    desk: Desk,
    *,
    experiment: str | None,
    look: int,
    by: str,
    channel: str,
    thread: str | None = None,
    now: datetime,
) -> str:
    """Have a look taken at once; the card comes into the channel. Returns the slot's key.

    The key is empty where nothing is started: its day is not over, or it is being computed; who asked is
    told. Raises InputError when no experiment or more than one can be meant or the plan has no such look,
    StaleError when the registration is not locked or looks are over.
    """
    launch = _meant(session, experiment, channel, look)
    registration = launches.registration(session, launch)
    days = calendar(session, desk, launch, registration)
    if not 1 <= look <= len(registration.looks):
        planned = "; ".join(look_at(registration, n, days) for n in range(1, len(registration.looks) + 1))
        raise InputError(
            f"Look {look} is not in the plan of {registration.id}. It has: {planned}.",
            f"For example `/experiment look {registration.id} 1`.",
        )
    require_open(launch)
    opens = days.over(registration.looks[look - 1])
    told = f"look/{launch.id}/{look}/{by}/{now.timestamp():.6f}"
    if opens is not None and now < opens:
        early = notes.early(registration, look, days, opens)
        outbox.put(session, Ephemeral(f"{told}/early", channel, by, early, thread), now=now)
        return ""
    since = _being_computed(session, launch, look, now)
    if since is not None:
        said = notes.computing(registration, look, since, now)
        outbox.put(session, Ephemeral(f"{told}/computing", channel, by, said, thread), now=now)
        return ""
    return ask(session, launch, look=look, by=by, channel=channel, thread=thread, now=now)


def _meant(session: Session, experiment: str | None, channel: str, look: int) -> Launch:
    if experiment:
        return launches.load(session, experiment)
    try:
        return launches.meant(session, channel, "")[0]
    except InputError as error:
        raise InputError(error.message, f"{error.hint} For example `/experiment look ID {look}`.") from None


def require_open(launch: Launch) -> None:
    """Return when looks may be taken. Raises StaleError: not locked, and what it waits for; or over."""
    if launch.locked_at is None:
        raise StaleError(
            f"{launch.id} is not locked yet, so there is no plan to look by: {waits_for(launch)}.",
            "Who signs is on its card.",
        )
    if why := over(launch):
        raise StaleError(
            f"No look of {launch.id} is taken any more: {why}.", "What was seen: `/experiment looks`."
        )


def waits_for(launch: Launch) -> str:
    """What the lock waits for, in words safe for mrkdwn."""
    parts = []
    if launch.missing_signoffs:
        parts.append(f"signatures of {escape(', '.join(launch.missing_signoffs), 200)}")
    if launch.missing_acknowledgements:
        codes = ", ".join(one["code"] for one in launch.missing_acknowledgements)
        parts.append(f"somebody to take on the warnings {escape(codes, 200)}")
    return f"it waits for {' and for '.join(parts)}" if parts else "it waits to be locked"


def ask(
    session: Session,
    launch: Launch,
    *,
    look: int,
    by: str,
    channel: str,
    thread: str | None,
    now: datetime,
    more: Mapping[str, Any] | None = None,
) -> str:
    """Have a look computed and kept; `more` is what a peek adds. Returns the slot's key."""
    slot = f"{launch.id}/{look}/{by}/{now.timestamp():.6f}"
    payload = {
        "experiment": launch.id,
        "look": look,
        "by": by,
        "channel": channel,
        "thread": thread,
        "slot": slot,
        "asked_at": now.isoformat(),
        **(more or {}),
    }
    slots.at(session, job=LOOK_JOB, slot=slot, due=now, payload=payload)
    return slot


def run_look(db: Database, desk: Desk, payload: Mapping[str, Any], now: datetime) -> Finish:
    """Take a look that was asked for; the function returned keeps it and posts the card.

    A peek has look 0 and its `day` in the payload.
    """
    number = int(payload["look"])
    try:
        taken = take(db, desk, payload["experiment"], number, payload.get("day"))
    except (SourceError, ValueError) as error:
        return _failed(payload, str(error), now)

    def finish(session: Session) -> None:
        if keep(session, desk, taken, payload, now) is None:
            again = f"{payload['slot']}/again-{now.timestamp():.6f}"
            slots.at(session, job=LOOK_JOB, slot=again, due=now, payload=payload)

    return finish


def given_up(session: Session, payload: Mapping[str, Any], now: datetime) -> None:
    """Tell where it was asked of a look at which the worker failed for the last time."""
    try:
        _failed(payload, notes.BROKE, now)(session)
    except InputError:  # the registration cannot be read by this version; ops knows
        return


def _failed(payload: Mapping[str, Any], reason: str, now: datetime) -> Finish:
    def finish(session: Session) -> None:
        registration = _registration(session, payload["experiment"])
        card = notes.failed(registration, int(payload["look"]), reason)
        key = f"look/{payload['slot']}/card"
        outbox.put(session, Post(key, payload["channel"], card, payload.get("thread")), now=now)

    return finish


def _registration(session: Session, experiment: str) -> Registration:
    registered = experiments.load(session, experiment)
    if registered is None:
        raise InputError(f"No experiment {experiment} is registered.")
    return registration_of(registered)


def _being_computed(session: Session, launch: Launch, look: int, now: datetime) -> datetime | None:
    """Since when this look is being computed, by whoever asked or by the schedule; None when it is not."""
    found = [
        slots.waiting(session, job=job, prefix=f"{launch.id}/{look}/", now=now)
        for job in (LOOK_JOB, PLANNED_LOOK_JOB)
    ]
    return min((one for one in found if one is not None), default=None)
