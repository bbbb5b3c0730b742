"""Advancing a rollout to its next stage: what stands against it in words, then the check, then the step."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from sqlmodel import Session

from bot.core import stages as rules
from bot.core.condition import Check
from bot.core.effect import Post
from bot.core.flag import Cause, FlagEvent
from bot.core.inbound import Place, Press
from bot.core.launch import Kind, Launch, State
from bot.core.permission import Act
from bot.core.registration import Registration
from bot.errors import RefusedError, StaleError, UserError
from bot.services import flags, launch_cards, launches, permissions, rollout_checks, stage_changes
from bot.services.desk import Desk
from bot.services.rollout_stages import STALE_AFTER, closed, draw, whisper, who_and_when
from bot.store import ledger, outbox, slots
from bot.store.database import Database
from bot.store.slots import Finish
from bot.views import rollout_notes as notes
from bot.views.experiment_actions import Reference
from bot.views.text import duration, escape, person

ADVANCE_JOB = "rollout.advance"


def advance(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """Answer [Advance to …]: have it checked, and then taken."""
    del key
    permissions.require(session, desk, press.by, Act.ROLL)
    _ask(session, desk, Reference.decode(press.value), press.by, press.place, now)


def refuse(
    session: Session,
    desk: Desk,
    launch: Launch,
    registration: Registration,
    target: int,
    now: datetime,
) -> None:
    """Return when the step to stage `target` may be taken, if the check allows it.

    Raises StaleError or RefusedError, which say what stands against it.
    """
    stages, entries = registration.rollout, ledger.of(session, launch.id)
    _refuse_idle(launch)
    if rules.following(stages, launch) != target:
        ago = who_and_when(entries, Kind.STAGE, now)
        raise StaleError(f"It is at {escape(launch.stage_name, 80)} already: advanced {ago}.")
    _refuse_held(launch)
    name = escape(stages[target].stage, 80)
    if rules.is_full(stages, target):
        wants = closed(session, desk, launch, now)
        if wants:
            raise RefusedError(f"{name} is closed: {wants}.")
        return
    left = rules.lacks(stages, launch, entries, now)
    if left:
        raise RefusedError(
            f"{escape(launch.stage_name, 80)} runs for {duration(left)} more before {name}.",
            "What is rare does not show early. A shorter stage is an amendment of the registration.",
        )


def _refuse_idle(launch: Launch) -> None:
    """Return when it is under way at all."""
    if launch.state in (State.STOPPED, State.CLOSED):
        raise StaleError(f"`{launch.id}` is {launch.state}: nothing is rolled out any more.")
    if launch.stage < 0 and launch.state is not State.SHIPPED:
        raise StaleError(f"`{launch.id}` has not started.", "Press [Start].")
    if launch.paused is not None:
        raise StaleError(f"It is paused: {escape(launch.paused_why, 300)}.", "Resume it first.")


def _refuse_held(launch: Launch) -> None:
    """Return when neither a veto nor an override that ended keeps it where it is."""
    if launch.state is State.VETOED and launch.veto is not None:
        raise RefusedError(
            f"Look {launch.veto.look} vetoed, so it stays at {escape(launch.stage_name, 80)}.",
            "Decide on the veto first.",
        )
    if launch.lapsed is not None:
        raise RefusedError(
            f"The override under which it shipped ended with {launch.lapsed.expires}, so it stays at "
            f"{escape(launch.stage_name, 80)}.",
            "Roll it back, or register a re-run.",
        )


def _ask(session: Session, desk: Desk, wanted: Reference, by: str, place: Place, now: datetime) -> None:
    launch = launches.load(session, wanted.experiment)
    registration = launches.registration(session, launch)
    refuse(session, desk, launch, registration, wanted.record, now)
    period = rollout_checks.period_of(session, launch)
    prefix = f"{launch.id}/{wanted.record}/{period}/"
    before = slots.kept(session, job=ADVANCE_JOB, prefix=prefix)
    running = next((one for one in before if one.state == "waiting"), None)
    if running is not None:
        who = person(running.payload["by"])
        raise StaleError(f"It is being checked already: {who} asked {duration(now - running.due)} ago.")
    payload = {
        "experiment": launch.id, "period": period, "stage": wanted.record, "by": by,
        "channel": place.channel, "asked": now.isoformat(),
    }  # fmt: skip
    slots.at(session, job=ADVANCE_JOB, slot=f"{prefix}{len(before):04d}", due=now, payload=payload)


def run(db: Database, desk: Desk, payload: Mapping[str, Any], now: datetime) -> Finish:
    """The job behind [Advance]: evaluates the conditions of the present stage first."""
    seen, check = rollout_checks.evaluate(db, desk, payload["experiment"], now)
    return partial(_step, desk, payload, seen.sha256, check, now)


def _step(
    desk: Desk, payload: Mapping[str, Any], sha256: str, check: Check, now: datetime, session: Session
) -> None:
    """Take the step if the world is still as it was asked for, and the check allows it."""
    launch, by = launches.load(session, payload["experiment"]), payload["by"]
    registration, target = launches.registration(session, launch), int(payload["stage"])
    try:
        if now - datetime.fromisoformat(payload["asked"]) > STALE_AFTER:
            raise StaleError("It was asked for too long ago to be done now.", "Press it again.")
        if launch.sha256 != sha256:
            raise StaleError("Its registration was amended while it was checked.", "Press it again.")
        refuse(session, desk, launch, registration, target, now)
    except UserError as error:
        whisper(session, payload["channel"], by, f"launch/{launch.id}/advance", error, now)
        return
    if check.breached:
        rollout_checks.unwatch(session, launch)
        rollout_checks.pause_for(session, desk, launch, check, now)
        return
    if not check.fine:
        said = notes.not_advanced(launch.id, registration.rollout[target].stage, by, check)
        key = f"launch/{launch.id}/{launch.entry}/not-advanced/{now.isoformat()}"
        outbox.put(session, Post(key, launch.channel, said), now=now)
        draw(session, desk, launch, now, check)
        return
    enter(session, desk, launch, registration, target, by, check, now)


def enter(
    session: Session,
    desk: Desk,
    launch: Launch,
    registration: Registration,
    target: int,
    by: str,
    check: Check,
    now: datetime,
) -> Launch:
    """Enter a stage: the ledger, the flag system, the change log, the next check and the cards."""
    stages, previous = registration.rollout, launch.stage_name
    name = stages[target].stage
    body = {"stage": target, "name": name, "check": check.to_json()}
    launch, entry = launches.note(session, launch.id, Kind.STAGE, by=by, body=body, now=now)
    said = notes.advanced(name, target, len(stages), by, check, entry)
    outbox.put(session, Post(f"launch/{launch.id}/{entry.number}/stage", launch.channel, said), now=now)
    flags.tell(session, desk, launch, FlagEvent.STAGE, Cause.PERSON, by=by, previous=previous, now=now)
    stage_changes.record(session, launch, previous, by, now)
    rollout_checks.unwatch(session, launch)
    rollout_checks.watch_on(session, desk, launch, None, now)
    draw(session, desk, launch, now)
    launch_cards.draw(session, desk, launch, now=now)
    return launch
