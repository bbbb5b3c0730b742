"""The moment a rule begins to hold: a launch locks, or its amendment comes into force."""

from datetime import datetime

from sqlmodel import Session

from bot.core.effect import Pin, Post
from bot.core.launch import Kind, Launch
from bot.services import decision_cards, launch_cards, launches, rollouts, scheduled_looks
from bot.services.desk import Desk
from bot.store import experiments, outbox
from bot.views import launch_notes as notes


def lock(session: Session, desk: Desk, launch: Launch, now: datetime) -> Launch:
    """Lock what was signed, say so with hash and calendar, and have everything begin that waits for it."""
    launch, entry = launches.note(
        session, launch.id, Kind.LOCKED, by="", body={"sha256": launch.sha256}, now=now
    )
    shown = launch_cards.living(session, desk, launch, now=now)
    said = notes.locked(shown, entry)
    outbox.put(session, Post(f"launch/{launch.id}/{entry.number}/locked", launch.channel, said), now=now)
    outbox.put(session, Pin(launch.card, launch.channel), now=now)
    locked(session, desk, launch, now)
    return launches.load(session, launch.id)


def locked(session: Session, desk: Desk, launch: Launch, now: datetime) -> None:
    """What follows once a launch is locked: its looks are scheduled, its rollout may start."""
    scheduled_looks.plan_looks(session, desk, launch, now)
    rollouts.ready(session, desk, launch, now)
    launch_cards.draw(session, desk, launches.load(session, launch.id), now=now)


def enforce(session: Session, desk: Desk, launch: Launch, now: datetime) -> Launch:
    """Bring the signed amendment into force: a new hash, the looks planned anew, and the channel told."""
    amendment = launch.amendment
    changed = None if amendment is None else experiments.proposed(session, launch.id, amendment.sha256)
    if amendment is None or changed is None:
        raise ValueError(f"{launch.id} has no amendment to bring into force")
    before = launch_cards.living(session, desk, launch, now=now).plan.registration
    experiments.amend(session, changed)
    registration = launches.registration(session, launch)
    was, will = before.data.start, registration.data.start
    start = will or (None if was else launch.start)
    body = {
        "sha256": amendment.sha256,
        "breaking": amendment.breaking,
        "title": registration.title,
        "owner": registration.owner,
        "signoffs": list(dict.fromkeys(registration.signoffs)),
        "warnings": launch_cards.warnings_of(desk, changed),
        "start": start.isoformat() if start else None,
    }
    launch, entry = launches.note(session, launch.id, Kind.AMENDED, by="", body=body, now=now)
    said = notes.amended(launch, amendment, entry)
    outbox.put(session, Post(f"launch/{launch.id}/{entry.number}/amended", launch.channel, said), now=now)
    if launch.locked_at is not None:
        decision_cards.draw(session, desk, launch, now)
        locked(session, desk, launch, now)
    return launches.load(session, launch.id)
