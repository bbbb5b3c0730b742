"""A planned look at its moment: taken and posted; without data it tries again, and calls its owner."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from bot.core.effect import Message, Post, Update
from bot.core.figures import local
from bot.core.launch import Kind, Launch
from bot.core.registration import Registration
from bot.errors import InputError, SourceError
from bot.services import launch_cards, launches, permissions
from bot.services.desk import Desk
from bot.services.look_keeping import keep, over
from bot.services.looking import Taken, take
from bot.services.scheduled_looks import PLANNED_LOOK_JOB, calendar, held, slot_of
from bot.store import outbox, slots
from bot.store.database import Database
from bot.store.slots import Finish
from bot.views import look_notes as notes
from bot.views.ledger import witness

LATE_AFTER = timedelta(minutes=5)
"""A look posted so long after its moment says that it is late."""


def run(db: Database, desk: Desk, payload: Mapping[str, Any], now: datetime) -> Finish:
    """Take the planned look of a slot, unless it is held, has moved, or looks are over."""
    with db.read() as session:
        launch = launches.read(session, payload["experiment"])
        idle = _nothing_to_do(session, desk, launch, payload)
    if idle:
        return lambda session: _ended(session, desk, payload, now)
    try:
        taken = take(db, desk, launch.id, int(payload["look"]), patient=True)
    except (SourceError, ValueError) as error:
        reason = str(error)
        return lambda session: _wait(session, desk, payload, reason, now)
    return lambda session: _keep(session, desk, payload, taken, now)


def _nothing_to_do(session: Session, desk: Desk, launch: Launch, payload: Mapping[str, Any]) -> str:
    """Why this slot has nothing to do, in words safe for mrkdwn; empty when the look is to be taken."""
    number, registration = int(payload["look"]), launches.registration(session, launch)
    if why := over(launch):
        return why
    if held(launch, number):
        return "it is on record"
    if number > len(registration.looks):
        return "an amendment took it out of the plan"
    moment = calendar(session, desk, launch, registration).posted(registration.looks[number - 1])
    if moment is None or moment.isoformat() != payload["moment"]:
        return "an amendment moved it"
    return ""


def _keep(session: Session, desk: Desk, payload: Mapping[str, Any], taken: Taken, now: datetime) -> None:
    launch = launches.load(session, payload["experiment"])
    if _nothing_to_do(session, desk, launch, payload):
        _ended(session, desk, payload, now)
        return
    moment = datetime.fromisoformat(payload["moment"])
    asked = {
        "by": "",
        "channel": launch.channel,
        "asked_at": moment.isoformat(),
        "slot": _key(payload),
        "due": payload["moment"] if now - moment > LATE_AFTER else None,
    }
    if keep(session, desk, taken, asked, now) is None:
        again = f"{slot_of(payload)}/again-{now.timestamp():.6f}"
        slots.at(session, job=PLANNED_LOOK_JOB, slot=again, due=now, payload=payload)
        return
    if payload.get("tries"):
        zone = calendar(session, desk, launch, taken.registration).zone
        _edit(session, payload, notes.came(taken.registration, taken.result.look, now, zone), now)


def _wait(session: Session, desk: Desk, payload: Mapping[str, Any], reason: str, now: datetime) -> None:
    """Say in one message what is missing and try again, or call the owner once the deadline is over."""
    launch = launches.load(session, payload["experiment"])
    if _nothing_to_do(session, desk, launch, payload):
        _ended(session, desk, payload, now)
        return
    registration = launches.registration(session, launch)
    days, settings = calendar(session, desk, launch, registration), desk.settings.launches
    first = datetime.fromisoformat(payload.get("first", now.isoformat()))
    until = max(first, datetime.fromisoformat(payload["moment"])) + timedelta(hours=settings.deadline_hours)
    if now >= until:
        _give_up(session, desk, launch, registration, payload, reason, local(until, days.zone), now)
        return
    tries = int(payload.get("tries", 0)) + 1
    again = min(now + timedelta(minutes=settings.retry_minutes), until)
    later = {"channel": launch.channel, **payload, "tries": tries, "first": first.isoformat()}
    slots.at(session, job=PLANNED_LOOK_JOB, slot=f"{slot_of(payload)}/try-{tries}", due=again, payload=later)
    said = notes.waiting(registration, int(payload["look"]), reason, days.zone, again, until)
    if tries == 1:
        outbox.put(session, Post(_waiting(payload), launch.channel, said), now=now)
    else:
        _edit(session, payload, said, now)


def _give_up(
    session: Session,
    desk: Desk,
    launch: Launch,
    registration: Registration,
    payload: Mapping[str, Any],
    reason: str,
    until: str,
    now: datetime,
) -> None:
    number = int(payload["look"])
    body = {"look": number, "why": reason, "due": payload["moment"]}
    launch, entry = launches.note(session, launch.id, Kind.LATE, by="", body=body, now=now)
    if payload.get("tries"):
        _edit(session, payload, notes.gave_up(registration, number, reason, until), now)
    called = permissions.mentions(session, desk, "owner", "approver", "admin")
    page = notes.page(registration, number, reason, until, called, witness(entry))
    ops = desk.settings.channels.ops
    for place, channel in (("launch", launch.channel), ("ops", ops)):
        outbox.put(session, Post(f"launch/{launch.id}/{entry.number}/late/{place}", channel, page), now=now)
    launch_cards.draw(session, desk, launch, now=now)


def given_up(session: Session, desk: Desk, payload: Mapping[str, Any], now: datetime) -> None:
    """Call the owner for a look at which the worker failed for the last time, as where no data came."""
    launch = launches.load(session, payload["experiment"])
    try:
        if _nothing_to_do(session, desk, launch, payload):
            return
        registration = launches.registration(session, launch)
    except InputError:  # it cannot be read by this version, so neither can a page be written; ops knows
        return
    until = local(now, calendar(session, desk, launch, registration).zone)
    _give_up(session, desk, launch, registration, payload, notes.BROKE, until, now)


def _ended(session: Session, desk: Desk, payload: Mapping[str, Any], now: datetime) -> None:
    """End silently; only a message that says it still waits is put right."""
    if not payload.get("tries"):
        return
    launch = launches.load(session, payload["experiment"])
    why = _nothing_to_do(session, desk, launch, payload)
    registration = launches.registration(session, launch)
    if why and int(payload["look"]) <= len(registration.looks):
        _edit(session, payload, notes.ended(registration, int(payload["look"]), why), now)


def _edit(session: Session, payload: Mapping[str, Any], said: Message, now: datetime) -> None:
    """Edit the message that tells of the wait where it was posted: the launch may have moved since."""
    outbox.put(session, Update(_waiting(payload), payload["channel"], said), now=now)


def _waiting(payload: Mapping[str, Any]) -> str:
    """The key of the message that tells of the wait."""
    return f"look/{_key(payload)}/waiting"


def _key(payload: Mapping[str, Any]) -> str:
    return f"planned/{slot_of(payload)}"
