"""Work that is due at a time: one-off jobs, timers, and the slots of recurring schedules.

A slot is a row keyed (job, slot); it exists once, whoever inserts it. `tick` turns every due moment of the
schedules into slots, workers claim slots by lease and fence, and the result is committed with the fence, so
that a slot counts once across crashes, restarts and replicas. A slot first claimed more than LATE_AFTER
after it was due is marked late.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import func
from sqlmodel import Session, col, delete, select, update

from bot.store.database import Database
from bot.store.insert import insert_new
from bot.store.schedule import Rule, load_rule
from bot.store.slot_rows import HeartbeatRow, ScheduleRow, SlotRow

MAX_TRIES = 5
LATE_AFTER = timedelta(seconds=60)
HEARTBEAT_EVERY = timedelta(seconds=5)
RETENTION = timedelta(days=90)
_SLOTS_PER_TICK = 200


@dataclass(frozen=True)
class Slot:
    """A slot claimed for work; `tries` counts this attempt too."""

    job: str
    slot: str
    due: datetime
    late: bool
    tries: int
    fence: int
    payload: Mapping[str, Any] = field(default_factory=dict)


Finish: TypeAlias = Callable[[Session], None]
"""Stores what a job found, in the transaction that says the slot is done."""

Job: TypeAlias = Callable[[Mapping[str, Any], datetime], Finish]
"""Does the slow part of a slot outside any transaction, given its payload and the time."""

GivenUp: TypeAlias = Callable[[Session, Slot, datetime], None]
"""Tells people, in the transaction that gives a slot up for good."""


@dataclass(frozen=True)
class Kept:
    """A slot as it stands in the database; `state` is waiting, done or dead."""

    slot: str
    due: datetime
    state: str
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class Counts:
    """Slots that are due and not done, since when the oldest is due, and how many were given up."""

    due: int
    oldest: datetime | None
    dead: int


def at(
    session: Session, *, job: str, slot: str, due: datetime, payload: Mapping[str, Any] | None = None
) -> bool:
    """Have `job` done once at `due`, or at once if that is past; False when the slot was there already."""
    values = {"job": job, "slot": slot, "due": due, "payload": dict(payload or {}), "free_at": due}
    values |= {"state": "waiting", "tries": 0, "late": False, "fence": 0}
    return insert_new(session, SlotRow, values, unique=("job", "slot")) is not None


def cancel(session: Session, *, job: str, prefix: str = "") -> int:
    """Drop the waiting slots of `job` whose key starts with `prefix`; how many.

    One being worked on is dropped too: its `done` answers False, so its transaction rolls back.
    """
    result = session.exec(
        delete(SlotRow).where(
            col(SlotRow.job) == job,
            func.substr(SlotRow.slot, 1, len(prefix)) == prefix,
            col(SlotRow.state) == "waiting",
        )
    )
    return int(result.rowcount)


def waiting(session: Session, *, job: str, prefix: str, now: datetime) -> datetime | None:
    """Since when a slot of `job` whose key starts with `prefix` is due and not done; None when none is."""
    return session.exec(
        select(func.min(SlotRow.due)).where(
            col(SlotRow.job) == job,
            func.substr(SlotRow.slot, 1, len(prefix)) == prefix,
            col(SlotRow.state) == "waiting",
            col(SlotRow.due) <= now,
        )
    ).one()


def kept(session: Session, *, job: str, prefix: str) -> list[Kept]:
    """The slots of `job` whose key starts with `prefix`, by key; those done long ago are purged."""
    rows = session.exec(
        select(SlotRow)
        .where(col(SlotRow.job) == job, func.substr(SlotRow.slot, 1, len(prefix)) == prefix)
        .order_by(col(SlotRow.slot))
    )
    return [Kept(row.slot, row.due, row.state, row.payload) for row in rows]


def every(
    session: Session, *, job: str, rule: Rule, now: datetime, payload: Mapping[str, Any] | None = None
) -> None:
    """Have `job` done at every moment of `rule` after `now`.

    Said again at every start: with the same rule nothing moves, so what was missed meanwhile is caught up;
    with another rule the schedule starts anew from `now`.
    """
    first = rule.after(now)
    values = {
        "rule": rule.dump(),
        "payload": dict(payload or {}),
        "next_slot": first.slot,
        "next_due": first.due,
    }
    if insert_new(session, ScheduleRow, values | {"job": job}, unique=("job",)) is not None:
        return
    row = session.exec(select(ScheduleRow).where(ScheduleRow.job == job).with_for_update()).one()
    row.payload = dict(payload or {})
    if row.rule != rule.dump():
        row.rule, row.next_slot, row.next_due = rule.dump(), first.slot, first.due


def stop(session: Session, *, job: str) -> None:
    """Make no more slots for `job`; those made already stay."""
    session.exec(delete(ScheduleRow).where(col(ScheduleRow.job) == job))


def tick(db: Database, now: datetime) -> int:
    """Insert every slot of the schedules that is due, and note that the clock beats; how many were new.

    Cheap to call four times a second: it writes only when a slot is due, or every HEARTBEAT_EVERY.
    """
    with db.read() as session:
        quiet = session.exec(select(ScheduleRow.job).where(col(ScheduleRow.next_due) <= now)).first() is None
        beat = session.get(HeartbeatRow, "tick")
        if quiet and beat is not None and abs(now - beat.at) < HEARTBEAT_EVERY:
            return 0
    with db.write() as session:
        rows = session.exec(
            select(ScheduleRow)
            .where(col(ScheduleRow.next_due) <= now)
            .order_by(col(ScheduleRow.job))
            .with_for_update()
        )
        made = sum(_make_slots(session, row, now) for row in rows.all())
        insert_new(session, HeartbeatRow, {"name": "tick", "at": now}, unique=("name",))
        session.exec(update(HeartbeatRow).where(col(HeartbeatRow.name) == "tick").values(at=now))
    return made


def heartbeat(session: Session) -> datetime | None:
    """When `tick` last ran, to within HEARTBEAT_EVERY; None before the first."""
    row = session.get(HeartbeatRow, "tick")
    return row.at if row else None


def claim(
    db: Database, *, now: datetime, lease: timedelta, given_up: GivenUp | None = None, job: str = ""
) -> Slot | None:
    """Take the slot that has been due longest and is free, of `job` alone where one is named; None for none.

    One whose workers died MAX_TRIES times is given up instead, and `given_up` tells of it.
    """
    ready = (
        select(SlotRow)
        .where(
            col(SlotRow.state) == "waiting",
            col(SlotRow.due) <= now,
            col(SlotRow.free_at) <= now,
            *([col(SlotRow.job) == job] if job else []),
        )
        .order_by(col(SlotRow.due), col(SlotRow.job), col(SlotRow.slot))
        .limit(1)
    )
    with db.read() as session:
        if session.exec(ready).first() is None:
            return None
    with db.write() as session:
        for row in iter(lambda: session.exec(ready.with_for_update(skip_locked=True)).first(), None):
            row.fence += 1
            if row.tries >= MAX_TRIES:
                row.state, row.error = "dead", row.error or "the worker died at it"
                session.flush()
                if given_up is not None:
                    given_up(session, _taken(row), now)
                continue
            if row.tries == 0:
                row.late = now - row.due > LATE_AFTER
            row.tries += 1
            row.free_at = now + lease
            return _taken(row)
    return None


def done(session: Session, slot: Slot) -> bool:
    """Mark it done in the transaction that did the work; False when the lease was lost: roll back."""
    result = session.exec(
        update(SlotRow)
        .where(
            col(SlotRow.job) == slot.job,
            col(SlotRow.slot) == slot.slot,
            col(SlotRow.fence) == slot.fence,
            col(SlotRow.state) == "waiting",
        )
        .values(state="done")
    )
    return bool(result.rowcount == 1)


def failed(session: Session, slot: Slot, *, error: str, now: datetime) -> bool:
    """Try again later (4, 8, 16, 32 s), or give it up after MAX_TRIES; True when it was given up just now."""
    row = session.get(SlotRow, (slot.job, slot.slot), with_for_update=True)
    if row is None or row.fence != slot.fence or row.state != "waiting":
        return False
    row.fence += 1
    row.error = error
    if row.tries >= MAX_TRIES:
        row.state = "dead"
        return True
    row.free_at = now + timedelta(seconds=2 ** (row.tries + 1))
    return False


def next_due(session: Session) -> datetime | None:
    """When the next slot or schedule is due (it may be past); None when nothing is planned."""
    moments = (
        session.exec(select(func.min(SlotRow.free_at)).where(col(SlotRow.state) == "waiting")).one(),
        session.exec(select(func.min(ScheduleRow.next_due))).one(),
    )
    return min((moment for moment in moments if moment is not None), default=None)


def counts(session: Session, *, now: datetime) -> Counts:
    """How much is due and not done, and what was given up."""
    due, oldest = session.exec(
        select(func.count(), func.min(SlotRow.due)).where(
            col(SlotRow.state) == "waiting", col(SlotRow.due) <= now
        )
    ).one()
    dead = session.exec(select(func.count()).where(col(SlotRow.state) == "dead")).one()
    return Counts(due=due, oldest=oldest, dead=dead)


def purge(session: Session, *, now: datetime, keep: timedelta = RETENTION) -> int:
    """Delete slots done or given up that were due longer ago than `keep`; how many."""
    result = session.exec(
        delete(SlotRow).where(col(SlotRow.state) != "waiting", col(SlotRow.due) < now - keep)
    )
    return int(result.rowcount)


def _taken(row: SlotRow) -> Slot:
    return Slot(row.job, row.slot, row.due, row.late, row.tries, row.fence, row.payload)


def _make_slots(session: Session, row: ScheduleRow, now: datetime) -> int:
    """Insert the due slots of one schedule, at most _SLOTS_PER_TICK; the next tick makes the rest."""
    rule, made = load_rule(row.rule), 0
    if rule.latest_only:
        latest = rule.latest(row.next_due, now)
        row.next_slot, row.next_due = latest.slot, latest.due
    while row.next_due <= now and made < _SLOTS_PER_TICK:
        made += at(session, job=row.job, slot=row.next_slot, due=row.next_due, payload=row.payload)
        following = rule.after(row.next_due)
        row.next_slot, row.next_due = following.slot, following.due
    return made
