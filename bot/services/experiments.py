"""Experiments: a look is asked for, and where everything stands."""

from datetime import datetime

from sqlmodel import Session

from bot.core.course import PEEK
from bot.core.effect import Message
from bot.core.figures import day_of
from bot.core.plan import work_out
from bot.core.registration import Registration
from bot.core.timetable import date_of
from bot.errors import InputError
from bot.services.desk import Desk
from bot.services.look_record import recall, registration_of
from bot.services.looking import run_look
from bot.services.registering import register
from bot.store import experiments, slots
from bot.store.experiments import Registered
from bot.views import experiment as views
from bot.views import look_answers
from bot.views.experiment_actions import Reference
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

    Raises InputError when no experiment or more than one can be meant, when the plan has no such look, or
    when its day has not come.
    """
    registered = _meant(session, experiment, channel, look)
    registration = registration_of(registered)
    _refuse_look(desk, registration, look, now)
    slot = f"{registration.id}/{look}/{by}/{now.timestamp():.6f}"
    payload = {
        "experiment": registration.id,
        "look": look,
        "by": by,
        "channel": channel,
        "thread": thread,
        "slot": slot,
        "asked_at": now.isoformat(),
    }
    slots.at(session, job=LOOK_JOB, slot=slot, due=now, payload=payload)
    return slot


def status(session: Session, desk: Desk, *, about: str = "", channel: str, now: datetime) -> Message:
    """Where an experiment stands, or all of the channel. Raises InputError when `about` names none."""
    del desk, now  # every service takes them; this one reads what is recorded
    if about:
        one = experiments.load(session, about)
        if one is None:
            raise InputError(f"No experiment `{escape(about, 80)}` is registered.", _known(session))
        return views.standings([_standing(session, one)])
    return views.standings([_standing(session, one) for one in experiments.in_channel(session, channel)])


def why(session: Session, desk: Desk, value: str) -> Message:
    """Answer [Why …?]: the verdict step by step. Raises InputError when the record is not there."""
    del desk
    return look_answers.why(recall(session, Reference.decode(value).record))


def matrix_message(session: Session, desk: Desk, value: str) -> Message:
    """Answer [Matrix]: every guardrail and cohort. Raises InputError when the record is not there."""
    del desk
    return look_answers.matrix(recall(session, Reference.decode(value).record))


def plan_message(session: Session, desk: Desk, value: str) -> Message:
    """Answer [Plan]: sizes, looks and boundaries. Raises InputError when the experiment is not there."""
    del desk
    reference = Reference.decode(value)
    registered = experiments.load(session, reference.experiment)
    if registered is None:
        raise InputError(
            f"No experiment `{escape(reference.experiment, 80)}` is registered.", _known(session)
        )
    return views.plan(work_out(registration_of(registered), registered.sha256))


def _meant(session: Session, experiment: str | None, channel: str, look: int) -> Registered:
    if experiment:
        found = experiments.load(session, experiment)
        if found is None:
            raise InputError(f"No experiment `{escape(experiment, 80)}` is registered.", _known(session))
        return found
    here = experiments.in_channel(session, channel)
    if len(here) == 1:
        return here[0]
    if not here:
        hint = "Register one with `/experiment register`."
        if experiments.everywhere(session, 1):
            hint = f"Name it: `/experiment look ID {look}`. {_known(session)}"
        raise InputError("No experiment is registered in this channel.", hint)
    names = ", ".join(f"`{one.id}`" for one in here)
    example = f"For example `/experiment look {here[0].id} {look}`."
    raise InputError(f"Read `look {look}`, and this channel has {len(here)} experiments: {names}.", example)


def _refuse_look(desk: Desk, registration: Registration, look: int, now: datetime) -> None:
    days = registration.looks
    if not 1 <= look <= len(days):
        planned = ", ".join(f"{n} ({day_of(registration, day)})" for n, day in enumerate(days, start=1))
        raise InputError(
            f"Look {look} is not in the plan of {registration.id}. It has looks {planned}.",
            f"For example `/experiment look {registration.id} 1`.",
        )
    date = date_of(registration, days[look - 1])
    if date is not None and now.astimezone(desk.settings.zone).date() < date:
        raise InputError(
            f"Look {look} of {registration.id} is on {day_of(registration, days[look - 1])}; "
            "looking earlier would spend what the plan has not granted yet.",
            "Ask again on that day.",
        )


def _standing(session: Session, registered: Registered) -> views.Standing:
    registration = registration_of(registered)
    taken = [one for one in experiments.looks(session, registered.id) if one.number != PEEK]
    if not taken:
        return views.Standing(registration)
    newest = max(taken, key=lambda one: (one.number, one.id))
    return views.Standing(registration, newest.number, newest.verdict, newest.id)


def _known(session: Session) -> str:
    names = ", ".join(f"`{one.id}`" for one in experiments.everywhere(session))
    return f"Registered: {names}." if names else "Nothing is registered yet: `/experiment register`."


__all__ = [
    "LOOK_JOB",
    "ask_look",
    "matrix_message",
    "plan_message",
    "register",
    "run_look",
    "status",
    "why",
]
