"""The rollout of a launch: its card, its start, and what a veto or a decision does to it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.core import stages as rules
from bot.core.condition import Check
from bot.core.effect import Post
from bot.core.figures import weekday
from bot.core.flag import Cause, FlagEvent
from bot.core.inbound import Order, Press
from bot.core.launch import Kind, Launch, State
from bot.core.permission import Act
from bot.core.registration import Registration
from bot.errors import RefusedError, StaleError
from bot.services import (
    flags,
    launch_cards,
    launches,
    permissions,
    rollout_checks,
    scheduled_looks,
    stage_changes,
)
from bot.services.desk import Desk
from bot.services.rollout_stages import draw, who_and_when
from bot.store import ledger, outbox
from bot.views import rollout_notes as notes
from bot.views.experiment_actions import Reference
from bot.views.text import escape


def ready(session: Session, desk: Desk, launch: Launch, now: datetime) -> None:
    """Post the rollout card with its first button, where the registration has stages."""
    draw(session, desk, launch, now)


def hold(session: Session, desk: Desk, launch: Launch, why: str, now: datetime) -> None:
    """Keep the launch at its stage, and tell the flag system so; it goes on being checked."""
    del why  # the veto's own card says it
    flags.tell(session, desk, launch, FlagEvent.HELD, Cause.VETO, now=now)
    draw(session, desk, launch, now)


def concluded(session: Session, desk: Desk, launch: Launch, now: datetime) -> None:
    """Tell the flag system what was decided; only what goes on to everybody goes on being checked."""
    decision = launch.decision
    if decision is None:
        return
    event = FlagEvent.SHIPPED if decision.decision == "ship" else FlagEvent.STOPPED
    flags.tell(session, desk, launch, event, Cause.DECISION, by=decision.by, now=now)
    rollout_checks.unwatch(session, launch)
    if rules.exposes(launches.registration(session, launch).rollout, launch):
        rollout_checks.watch_on(session, desk, launch, None, now)
    draw(session, desk, launch, now)


def settled(session: Session, desk: Desk, payload: Mapping[str, Any], now: datetime) -> None:
    """The flag system was told, did not listen, or was given up on: the card says so."""
    draw(session, desk, launches.read(session, payload["experiment"]), now)


def press_start(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """Answer [Start]."""
    del key
    start(session, desk, launches.load(session, Reference.decode(press.value).experiment), press.by, now)


def order_start(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`/experiment start [ID]`."""
    del key
    launch, _ = launches.meant(session, order.place.channel, order.text)
    start(session, desk, launch, order.by, now)


def start(session: Session, desk: Desk, launch: Launch, by: str, now: datetime) -> Launch:
    """Enter the first stage; where the registration gives no start, today is day 1."""
    permissions.require(session, desk, by, Act.ROLL)
    registration = launches.registration(session, launch)
    _refuse(session, launch, registration, now)
    said = f"Day 1 is {weekday(launch.start)}, as registered." if launch.start else ""
    if launch.start is None:
        zone = scheduled_looks.zone_of(session, desk, launch, registration)
        body = {"date": now.astimezone(zone).date().isoformat()}
        launch, entry = launches.note(session, launch.id, Kind.STARTED, by=by, body=body, now=now)
        said = f"Day 1 is today, {weekday(launch.start)}." if launch.start else ""
        scheduled_looks.plan_looks(session, desk, launch, now)
        if not registration.rollout:
            note = notes.day_one(said, by, entry)
            outbox.put(
                session, Post(f"launch/{launch.id}/{entry.number}/start", launch.channel, note), now=now
            )
    if registration.rollout:
        launch = _enter_first(session, desk, launch, registration, by, said, now)
    launch_cards.draw(session, desk, launch, now=now)
    return launch


def _enter_first(
    session: Session,
    desk: Desk,
    launch: Launch,
    registration: Registration,
    by: str,
    said: str,
    now: datetime,
) -> Launch:
    stages = registration.rollout
    body = {"stage": 0, "name": stages[0].stage, "check": Check(now, ()).to_json()}
    launch, entry = launches.note(session, launch.id, Kind.STAGE, by=by, body=body, now=now)
    note = notes.started(stages[0].stage, len(stages), by, said, entry)
    outbox.put(session, Post(f"launch/{launch.id}/{entry.number}/stage", launch.channel, note), now=now)
    flags.tell(session, desk, launch, FlagEvent.STAGE, Cause.PERSON, by=by, now=now)
    stage_changes.record(session, launch, "", by, now)
    rollout_checks.watch_on(session, desk, launch, None, now)
    draw(session, desk, launch, now)
    return launch


def _refuse(session: Session, launch: Launch, registration: Registration, now: datetime) -> None:
    if launch.state is State.SIGNING:
        missing = ", ".join(launch.missing_signoffs) or "warnings to acknowledge"
        raise RefusedError(f"`{launch.id}` is not locked: outstanding are {escape(missing, 300)}.")
    if not launch.open:
        raise StaleError(f"`{launch.id}` is {launch.state}: it cannot start any more.")
    if launch.veto is not None:
        problem = f"Look {launch.veto.look} of `{launch.id}` vetoed, so nobody is exposed to it."
        raise RefusedError(problem, "Decide on the veto first.")
    if launch.stage >= 0:
        ago = who_and_when(ledger.of(session, launch.id), Kind.STAGE, now)
        raise StaleError(f"It runs already, at {escape(launch.stage_name, 80)}: {ago}.")
    if not registration.rollout and launch.start is not None:
        raise StaleError(
            f"Day 1 of `{launch.id}` is {weekday(launch.start)}, and its registration has no rollout.",
            "There is nothing to start: its looks are posted by themselves.",
        )
    if registration.rollout and rules.is_full(registration.rollout, 0):
        raise RefusedError("Its first stage is for everybody, which takes a decision to ship.")


__all__ = ["concluded", "hold", "order_start", "press_start", "ready", "settled", "start"]
