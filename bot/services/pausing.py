"""Pausing a rollout by hand, and resuming it: both take a reason, and resuming a look at the conditions."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from sqlmodel import Session

from bot.core import stages as rules
from bot.core.condition import Check
from bot.core.effect import Block, Post
from bot.core.flag import Cause, FlagEvent
from bot.core.inbound import Submit
from bot.core.launch import Kind, Launch, State
from bot.core.permission import Act
from bot.errors import RefusedError, StaleError, UserError
from bot.services import flags, launch_cards, launches, permissions, rollout_checks
from bot.services.desk import Desk
from bot.services.rollout_stages import STALE_AFTER, draw, whisper, who_and_when
from bot.store import ledger, outbox, slots
from bot.store.database import Database
from bot.store.slots import Finish
from bot.views import rollout_notes as notes
from bot.views.experiment_actions import Reference
from bot.views.rollout_actions import REASON
from bot.views.text import duration, escape, person

RESUME_JOB = "rollout.resume"


def check(fields: Mapping[str, str]) -> Mapping[str, str]:
    """What is wrong with a reason, by its field."""
    wrong = notes.reasonless(fields.get(REASON, ""))
    return {REASON: wrong} if wrong else {}


def pause_view(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """Draw the form behind [Pause…]."""
    permissions.require(session, desk, by, Act.PAUSE)
    launch = _running(session, launches.read(session, Reference.decode(value).experiment), now)
    told = "The flag system is told." if desk.settings.flags else "Nobody else is told: set the flag by hand."
    said = f"`{launch.id}` stops at {escape(launch.stage_name, 80)} until somebody resumes it. {told}"
    return notes.reason_form("Pause the rollout", "Pause", "Why?", said)


def pause(session: Session, desk: Desk, submit: Submit, key: str, now: datetime) -> None:
    """Pause it."""
    del key
    permissions.require(session, desk, submit.by, Act.PAUSE)
    launch = _running(session, launches.load(session, Reference.decode(submit.value).experiment), now)
    why = submit.fields[REASON].strip()
    launch, entry = launches.note(session, launch.id, Kind.PAUSED, by=submit.by, body={"why": why}, now=now)
    rollout_checks.unwatch(session, launch)
    said = notes.paused(launch.stage_name, submit.by, why, entry)
    outbox.put(session, Post(f"launch/{launch.id}/{entry.number}/paused", launch.channel, said), now=now)
    flags.tell(session, desk, launch, FlagEvent.PAUSED, Cause.PERSON, by=submit.by, now=now)
    draw(session, desk, launch, now)
    launch_cards.draw(session, desk, launch, now=now)


def resume_view(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """Draw the form behind [Resume…]."""
    permissions.require(session, desk, by, Act.ROLL)
    launch = _paused(session, launches.read(session, Reference.decode(value).experiment), now)
    stage = escape(launch.stage_name, 80)
    said = (
        f"`{launch.id}` goes on at {stage} if no condition is breached any more, which is checked first. "
        f"Paused because: {escape(launch.paused_why, 500)}"
    )
    return notes.reason_form("Resume the rollout", "Resume", "What changed?", said)


def resume(session: Session, desk: Desk, submit: Submit, key: str, now: datetime) -> None:
    """Have it checked, and then resumed."""
    permissions.require(session, desk, submit.by, Act.ROLL)
    launch = _paused(session, launches.load(session, Reference.decode(submit.value).experiment), now)
    payload = {
        "experiment": launch.id,
        "period": rollout_checks.period_of(session, launch),
        "by": submit.by,
        "asked": now.isoformat(),
        "why": submit.fields[REASON].strip(),
    }
    slots.at(session, job=RESUME_JOB, slot=f"{launch.id}/{key}", due=now, payload=payload)


def run_resume(db: Database, desk: Desk, payload: Mapping[str, Any], now: datetime) -> Finish:
    """The job behind [Resume…]: evaluates first.

    A breach keeps it paused. What is unknown does not: nobody comes while it is paused, so a rate of theirs
    cannot be read; the checks that follow say whether it can.
    """
    _, found = rollout_checks.evaluate(db, desk, payload["experiment"], now)
    return partial(_resume, desk, payload, found, now)


def _resume(desk: Desk, payload: Mapping[str, Any], found: Check, now: datetime, session: Session) -> None:
    launch, by = launches.load(session, payload["experiment"]), payload["by"]
    try:
        _as_asked(session, launch, payload, now)
    except UserError as error:
        whisper(session, launch.channel, by, f"launch/{launch.id}/resume", error, now)
        return
    if found.breached:
        key = f"launch/{launch.id}/{launch.entry}/not-resumed/{now.isoformat()}"
        outbox.put(session, Post(key, launch.channel, notes.not_resumed(launch.id, by, found)), now=now)
        draw(session, desk, launch, now, found)
        return
    body = {"why": payload["why"], "check": found.to_json()}
    launch, entry = launches.note(session, launch.id, Kind.RESUMED, by=by, body=body, now=now)
    said = notes.resumed(launch.stage_name, by, payload["why"], found, entry)
    outbox.put(session, Post(f"launch/{launch.id}/{entry.number}/resumed", launch.channel, said), now=now)
    flags.tell(session, desk, launch, FlagEvent.RESUMED, Cause.PERSON, by=by, now=now)
    rollout_checks.watch_on(session, desk, launch, found, now)
    draw(session, desk, launch, now, found)
    launch_cards.draw(session, desk, launch, now=now)


def _as_asked(session: Session, launch: Launch, payload: Mapping[str, Any], now: datetime) -> None:
    """Raise UserError when the pause is not the one that was asked about, or that is too long ago."""
    _paused(session, launch, now)
    if rollout_checks.period_of(session, launch) != payload["period"]:
        raise StaleError(f"It was paused again{_since(launch, now)}: {escape(launch.paused_why, 300)}.")
    if now - datetime.fromisoformat(payload["asked"]) > STALE_AFTER:
        raise StaleError("It was asked for too long ago to be done now.", "Press it again.")


def _running(session: Session, launch: Launch, now: datetime) -> Launch:
    if launch.paused is not None:
        raise StaleError(f"It is paused already{_since(launch, now)}: {escape(launch.paused_why, 300)}.")
    if not rules.exposes(launches.registration(session, launch).rollout, launch):
        raise StaleError(f"Nothing of `{launch.id}` is being rolled out, so there is nothing to pause.")
    return launch


def _paused(session: Session, launch: Launch, now: datetime) -> Launch:
    if launch.decision is not None and launch.decision.decision != "ship":
        raise StaleError(
            f"`{launch.id}` was stopped by {person(launch.decision.by)}: nothing can be resumed."
        )
    if launch.paused is None:
        ago = who_and_when(ledger.of(session, launch.id), Kind.RESUMED, now)
        raise StaleError(f"It is not paused{f': resumed {ago}' if ago else ''}.")
    if launch.state is State.VETOED and launch.veto is not None:
        problem = f"Look {launch.veto.look} of `{launch.id}` vetoed, so it stays paused."
        raise RefusedError(problem, "Decide on the veto first.")
    return launch


def _since(launch: Launch, now: datetime) -> str:
    mark = launch.paused
    if mark is None:
        return ""
    return f" {duration(now - mark.at)} ago by {person(mark.by) if mark.by else 'Lookout'}"
