"""Monitors at work: every few minutes those with a complete hour are stepped, each in a job of its own.

The numbers are read and judged outside any transaction; what came of it is stored, and said, under the lock
of the monitor's row, unless another replica was first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlmodel import Session

from bot.core.monitor import Cell, History, Monitor, Open, Recovery, Seasonal
from bot.errors import SourceError
from bot.services import monitor_alarms
from bot.services.desk import Desk
from bot.store import monitors, slots
from bot.store.database import Database
from bot.store.schedule import Interval
from bot.store.slots import Finish

if TYPE_CHECKING:  # numbers are imported when a job runs, never on the way to an ack
    from bot.core.monitor_memory import Learnt, Memory
    from bot.core.monitor_watch import Watched

TEND_JOB, STEP_JOB = "monitor.tend", "monitor.step"
TEND_EVERY = timedelta(minutes=5)
LEARN_EVERY = timedelta(days=7)
WHILE_YOUNG = timedelta(days=1)
"""How often it learns until it has four weeks."""
MOST_CAUGHT_UP = timedelta(weeks=8)
"""Hours older than this are not fetched again after an outage."""
PLAIN_PAST = 3
"""A plain CUSUM begins this many baselines ago."""


@dataclass(frozen=True)
class Stepped:
    """What a step came to; `before` is the hour that was the newest when it began."""

    before: datetime | None
    fresh: History
    memory: "Memory"
    learnt: "Learnt | None"
    watched: "Watched | None"
    ripe: bool
    trouble: str = ""


def schedule(session: Session, desk: Desk, now: datetime) -> None:
    """Have monitors tended; saying it again changes nothing."""
    if desk.monitors:
        slots.every(session, job=TEND_JOB, rule=Interval(TEND_EVERY), now=now)
    else:
        slots.stop(session, job=TEND_JOB)


def tend(session: Session, desk: Desk, now: datetime) -> None:
    """Have every monitor stepped that has a complete hour before it and is not being stepped already."""
    for monitor in desk.monitors:
        kept = monitors.find(session, monitor.id)
        until = None if kept is None or not kept.memory else kept.memory["until"]
        due = monitor.newest(now) + monitor.step
        done = until is not None and datetime.fromisoformat(until) >= due
        if done or slots.waiting(session, job=STEP_JOB, prefix=f"{monitor.id}/", now=now):
            continue
        slot = f"{monitor.id}/{now.isoformat(timespec='seconds')}"
        slots.at(session, job=STEP_JOB, slot=slot, due=now, payload={"monitor": monitor.id})
    monitors.purge(session, now=now)


def step(db: Database, desk: Desk, payload: Mapping[str, Any], now: datetime) -> Finish:
    """The job: read what is new, learn where it is time, judge, and return what to store."""
    monitor = next((one for one in desk.monitors if one.id == payload["monitor"]), None)
    if monitor is None:
        return lambda _: None  # its file was taken away
    with db.read() as session:
        kept = monitors.find(session, monitor.id)
        same = kept is not None and kept.sha256.partition("/")[0] == monitor.numbers
        newest = monitors.newest_hour(session, monitor.id) if same else None
    if not same:
        kept = None
    try:
        fresh = read(desk, monitor, newest, now)
    except SourceError as error:
        return partial(_blind, desk, monitor, str(error), now)
    with db.read() as session:
        stepped = _stepped(session, monitor, kept, fresh)
    hours = [(fresh.at(row), _cells(fresh, row)) for row in range(len(fresh))]
    return partial(_store, desk, monitor, stepped, [one for one in hours if one[1]], now)


def read(desk: Desk, monitor: Monitor, newest: datetime | None, now: datetime) -> History:
    """The hours since `newest`, or as many as the method wants; without the last ones that hold nothing."""
    from bot.sources import monitor_history

    until = monitor.newest(now) + monitor.step
    since = until - _past(monitor)
    if newest is not None:
        since = max(newest + monitor.step, until - MOST_CAUGHT_UP)
    if since >= until:
        return History(since, monitor.step, (), *_nothing())
    if monitor.feed.in_warehouse:
        found = monitor_history.from_warehouse(desk.settings.sources, monitor, since, until)
    else:
        source = desk.prometheus[monitor.feed.source]
        found = monitor_history.from_prometheus(source, monitor, since, until)
    seen = [row for row in range(len(found)) if (found.n[row] > 0).any()]
    return found.part(0, seen[-1] + 1 if seen else 0)


def past(session: Session, monitor: Monitor, since: datetime) -> History:
    """The hours kept since then, gaps included."""
    from bot.sources.monitor_history import Seen, history

    kept = monitors.hours(session, monitor.id, since=since)
    if not kept:
        return History(since, monitor.step, (), *_nothing())
    seen = [Seen(at, tuple(cell), x, n) for at, cells in kept for cell, x, n in cells]
    return history(monitor, seen, kept[0][0], kept[-1][0] + monitor.step)


def _stepped(session: Session, monitor: Monitor, kept: monitors.Kept | None, fresh: History) -> Stepped:
    from bot.core import monitor_sums, monitor_watch
    from bot.core.monitor_memory import Learnt, Memory, turned

    memory = Memory.from_json(kept.memory) if kept and kept.memory else Memory()
    learnt = Learnt.from_json(kept.learnt) if kept and kept.learnt else None
    anew = kept is not None and kept.sha256 != f"{monitor.numbers}/{monitor.sha256}"
    if anew:  # another method, other thresholds
        memory = replace(memory, plain={})
    before, going = memory.until, memory.open
    if not len(fresh):
        return Stepped(before, fresh, memory, learnt, None, False, "no numbers for the newest hours")
    method = monitor.method
    if not isinstance(method, Seasonal):
        watched = _with_gone(monitor_sums.watch(monitor, method, memory, fresh), going, {}, fresh)
        return Stepped(before, fresh, watched.memory, None, _recent(watched, fresh), not monitor.shadow)
    learnt, memory = _learnt(session, monitor, method, learnt, memory, fresh, anew=anew)
    if learnt is None:
        return Stepped(before, fresh, replace(memory, until=fresh.at(len(fresh))), None, None, False)
    unseen = fresh
    if before is None:  # what is past when it begins is known, and no news
        memory = monitor_watch.warmed(monitor, method, learnt, fresh.part(0, len(fresh) - 1))
        unseen = fresh.part(len(fresh) - 1, len(fresh))
    memory = turned(memory, monitor.direction.signs)
    watched = monitor_watch.watch(monitor, method, learnt, memory, unseen)
    watched = _with_gone(watched, going, memory.open, fresh)
    ripe = monitor_watch.ripe(monitor, learnt)
    return Stepped(before, fresh, watched.memory, learnt, watched, ripe)


def _with_gone(
    watched: "Watched", before: Mapping[Cell, Open], after: Mapping[Cell, Open], fresh: History
) -> "Watched":
    """With an end for alarms of cells and directions that are watched no more: nobody would end them."""
    gone = [Recovery(cell, one.level, fresh.start) for cell, one in before.items() if cell not in after]
    return replace(watched, recoveries=(*gone, *watched.recoveries))


def _recent(watched: "Watched", fresh: History) -> "Watched":
    """Of a plain CUSUM that was caught up: only what the newest day shows is news."""
    newest = fresh.at(len(fresh)) - max(timedelta(days=1), fresh.step)
    return replace(watched, alarms=tuple(one for one in watched.alarms if one.at > newest))


def _learnt(
    session: Session,
    monitor: Monitor,
    method: Seasonal,
    learnt: "Learnt | None",
    memory: "Memory",
    fresh: History,
    *,
    anew: bool,
) -> "tuple[Learnt | None, Memory]":
    """What it goes by: as learnt before, or `anew` or where that is old, with the charts carried over."""
    from bot.core.monitor_memory import carried
    from bot.core.monitor_watch import learn
    from bot.sources.monitor_history import joined
    from bot.stats.monitor import MIN_WEEKS
    from bot.stats.undecided import Undecided

    until = fresh.at(len(fresh))
    if learnt is not None and not anew:
        young = learnt.baseline.weeks < MIN_WEEKS
        if until - learnt.at < (WHILE_YOUNG if young else LEARN_EVERY):
            return learnt, memory
    since = until - timedelta(weeks=method.baseline_weeks)
    history = joined(past(session, monitor, since), fresh)
    history = monitor_alarms.without_alarms(session, monitor, history)
    found = learn(monitor, method, history)
    if isinstance(found, Undecided):
        return None if anew else learnt, memory
    return found, carried(memory, learnt, found)


def _past(monitor: Monitor) -> timedelta:
    """How much history it asks for when it begins."""
    if isinstance(monitor.method, Seasonal):
        return timedelta(weeks=monitor.method.baseline_weeks)
    return PLAIN_PAST * monitor.method.baseline * monitor.step


def _nothing() -> "tuple[Any, Any]":
    import numpy as np

    return np.empty((0, 0)), np.empty((0, 0))


def _store(
    desk: Desk,
    monitor: Monitor,
    stepped: Stepped,
    hours: Sequence[tuple[datetime, Sequence[Any]]],
    now: datetime,
    session: Session,
) -> None:
    """Keep what the step came to and say it, unless another step was first."""
    monitors.begin(session, monitor.id, f"{monitor.numbers}/{monitor.sha256}")
    kept = monitors.find(session, monitor.id, lock=True)
    if kept is None:
        return
    until = kept.memory["until"] if kept.memory else None
    same = kept.sha256.partition("/")[0] == monitor.numbers
    if same and until != (stepped.before.isoformat() if stepped.before else None):
        return
    if not same:
        monitors.forget(session, monitor.id)
        monitor_alarms.end_all(session, desk, monitor, kept, now)
    monitors.add_hours(session, monitor.id, hours)
    values: dict[str, Any] = {"sha256": f"{monitor.numbers}/{monitor.sha256}"}
    values["memory"] = stepped.memory.to_json()
    if stepped.learnt is None:
        values["learnt"] = None
    elif (
        kept.learnt is None
        or kept.learnt["at"] != stepped.learnt.at.isoformat()
        or kept.sha256 != values["sha256"]
    ):
        values["learnt"] = stepped.learnt.to_json()
    monitors.save(session, monitor.id, **values)
    monitor_alarms.sight(session, desk, monitor, kept, stepped.trouble, now)
    if stepped.watched is not None:
        monitor_alarms.say(session, desk, monitor, stepped.watched, ripe=stepped.ripe, now=now)
    if stepped.ripe and stepped.learnt is not None:
        monitor_alarms.say_ripe(session, desk, monitor, stepped.learnt, now)


def _blind(desk: Desk, monitor: Monitor, why: str, now: datetime, session: Session) -> None:
    monitors.begin(session, monitor.id, f"{monitor.numbers}/{monitor.sha256}")
    kept = monitors.find(session, monitor.id, lock=True)
    if kept is not None:
        monitor_alarms.sight(session, desk, monitor, kept, why, now)


def _cells(history: History, row: int) -> list[Any]:
    """What is kept of an hour: cells that were seen, with their sums."""
    return [
        [list(cell), float(history.x[row, column]), float(history.n[row, column])]
        for column, cell in enumerate(history.cells)
        if history.n[row, column] > 0
    ]
