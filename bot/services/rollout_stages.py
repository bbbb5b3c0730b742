"""The rollout card as it stands: everything it says, from the ledger, the checks and the flag system."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.core import stages as rules
from bot.core.condition import Check, check_of
from bot.core.effect import Ephemeral, Message, Post, Update
from bot.core.launch import Kind, Launch
from bot.core.ledger import Entry
from bot.core.registration import Registration
from bot.errors import UserError
from bot.services import flags, launches, readiness
from bot.services.desk import Desk
from bot.sources.flag_system import host_of
from bot.store import ledger, outbox, slots
from bot.views import rollout as views
from bot.views.rollout import Entered, Shown
from bot.views.text import duration, escape, person

CHECK_JOB = "rollout.check"
MOST_ROWS = 4
"""Rows of the readiness check that are named; the rest is counted."""
STALE_AFTER = timedelta(minutes=30)
"""A step asked for longer ago is not taken any more: who asked has gone."""


def card_key(experiment: str, home: str = "") -> str:
    """The key of the card's message; a launch that moves gets a new one in its new channel."""
    return f"launch/{experiment}/rollout" + (f"/{home}" if home else "")


def draw(session: Session, desk: Desk, launch: Launch, now: datetime, check: Check | None = None) -> None:
    """Post the card where it is not posted yet, and have it edited in place; check: the one just made."""
    registration = launches.registration(session, launch)
    if not registration.rollout:
        return
    card = views.card(standing(session, desk, launch, registration, now, check))
    key = card_key(launch.id, str(launch.home or ""))
    outbox.put(session, Post(key, launch.channel, card), now=now)
    outbox.put(session, Update(key, launch.channel, card), now=now)


def standing(
    session: Session,
    desk: Desk,
    launch: Launch,
    registration: Registration,
    now: datetime,
    check: Check | None = None,
) -> Shown:
    """Everything the card says."""
    entries = ledger.of(session, launch.id)
    stages = registration.rollout
    settings = desk.settings
    upcoming = rules.following(stages, launch)
    full = upcoming is not None and rules.is_full(stages, upcoming)
    return Shown(
        launch=launch,
        stages=stages,
        now=now,
        told=flags.standing(session, desk, launch),
        host=host_of(settings.flags) if settings.flags else "",
        entered=_entered(entries),
        lacks=timedelta(0) if full else rules.lacks(stages, launch, entries, now),
        check=check or _newest(session, launch, entries),
        every=timedelta(minutes=settings.launches.check_minutes),
        wants=closed(session, desk, launch, now) if full else "",
    )


def closed(session: Session, desk: Desk, launch: Launch, now: datetime) -> str:
    """Why the stage for everybody is closed: no decision to ship, or missing rows; empty when it is open."""
    if launch.decision is None or launch.decision.decision != "ship":
        return "it takes a decision to ship"
    rows = readiness.missing(session, desk, launch, now)
    if not rows:
        return ""
    named = "; ".join(
        f"{escape(f'{row.id} {row.name}', 120)} "
        f"({readiness.who(session, desk, row) or 'nobody'} can {row.how})"
        for row in rows[:MOST_ROWS]
    )
    more = f" and {len(rows) - MOST_ROWS} more" if len(rows) > MOST_ROWS else ""
    return f"still missing of `/launch check`: {named}{more}"


def _entered(entries: list[Entry]) -> Mapping[str, Entered]:
    return {one.body["name"]: Entered(one.at, one.by) for one in entries if one.kind == Kind.STAGE}


def _newest(session: Session, launch: Launch, entries: list[Entry]) -> Check | None:
    """The newest check since anything changed: the one that the next is to follow, or the breach's."""
    period = rules.period(entries)
    for slot in reversed(slots.kept(session, job=CHECK_JOB, prefix=f"{launch.id}/{period}/")):
        if slot.payload.get("last"):
            return check_of(slot.payload["last"])
    breach = next((one for one in entries if one.number == period - 1 and one.kind == Kind.BREACH), None)
    if launch.paused is None or breach is None:
        return None
    return check_of({"at": breach.at.isoformat(), "readings": breach.body["conditions"]})


def whisper(session: Session, channel: str, by: str, key: str, error: UserError, now: datetime) -> None:
    """Tell whoever pressed that it is not done after all; by themselves."""
    said = Message(f"{error.message} {error.hint}".strip())
    outbox.put(session, Ephemeral(f"{key}/{by}/{now.isoformat()}", channel, by, said), now=now)


def who_and_when(entries: list[Entry], kind: Kind, now: datetime) -> str:
    """`3 s ago by <@U…>`: the newest entry of a kind, for whoever comes second."""
    newest = next((one for one in reversed(entries) if one.kind == kind), None)
    if newest is None:
        return ""
    return f"{duration(now - newest.at)} ago by {person(newest.by) if newest.by else 'Lookout'}"
