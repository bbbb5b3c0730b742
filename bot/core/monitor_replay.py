"""A monitor over its past, as it would have gone: learning, watching, learning anew every week."""

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from bot.core import monitor_sums, monitor_watch
from bot.core.monitor import Alarm, Cell, History, Level, Monitor, Recovery, Seasonal
from bot.core.monitor_memory import Learnt, Memory, carried
from bot.stats.monitor import MIN_WEEKS, WEEK, Floats
from bot.stats.undecided import Undecided


@dataclass(frozen=True)
class Replay:
    """What a monitor would have raised from `start` on.

    charts: of what; scores, effects: by hour and chart; values, usual: of the whole, NaN where unknown.
    thresholds: of a page by hour. learnt: the first and the last; none for plain sums. held: alarms not said
    because one of the metric had been in the 24 hours before.
    """

    start: datetime
    charts: tuple[Cell, ...]
    scores: Floats
    effects: Floats
    values: Floats
    thresholds: Floats
    alarms: tuple[Alarm, ...]
    recoveries: tuple[Recovery, ...]
    held: int
    learnt: tuple[Learnt, ...]

    def counted(self, level: Level) -> int:
        """How often people would have been told: several charts in one hour are one page."""
        return len({alarm.at for alarm in self.alarms if alarm.level is level})

    def ended(self, alarm: Alarm) -> datetime | None:
        """When an alarm was over; None where it went on."""
        later = [one.at for one in self.recoveries if one.cell == alarm.cell and one.at > alarm.at]
        return min(later, default=None)


def replay(monitor: Monitor, history: History, since: datetime | None = None) -> Replay | Undecided:
    """Return what would have been raised; since: from when on, else from where four weeks are there."""
    if not isinstance(monitor.method, Seasonal):
        return _plain(monitor, history, since)
    first = MIN_WEEKS * WEEK if since is None else round((since - history.start) / history.step)
    if first < MIN_WEEKS * WEEK:
        return Undecided(f"{max(first, 0)} hours before it are there, {MIN_WEEKS * WEEK} are needed to learn")
    if len(history) <= first:
        return Undecided(f"{len(history)} hours are there, more than {first} are needed")
    return _seasonal(monitor, monitor.method, history, first)


def _seasonal(monitor: Monitor, method: Seasonal, history: History, first: int) -> Replay | Undecided:
    """Learn from what is before `first`, watch a week, learn again, and so on."""
    memory, learnt, known = Memory(), [], None
    parts: list[monitor_watch.Watched] = []
    thresholds: list[float] = []
    alarms: list[Alarm] = []
    recoveries: list[Recovery] = []
    for begin in range(first, len(history), WEEK):
        past = _clean(history.part(0, begin), alarms, recoveries)
        found = monitor_watch.learn(monitor, method, past)
        if isinstance(found, Learnt):
            memory = carried(memory, known, found)
            known = found
            learnt.append(found)
        if known is None:
            return found if isinstance(found, Undecided) else Undecided("nothing was learnt")
        week = history.part(begin, min(begin + WEEK, len(history)))
        watched = monitor_watch.watch(monitor, method, known, memory, week)
        memory = watched.memory
        alarms += watched.alarms
        recoveries += watched.recoveries
        thresholds += [known.h] * len(week)
        parts.append(watched)
    return Replay(
        start=history.at(first),
        charts=(*history.cells, ()),
        scores=np.vstack([part.scores for part in parts]),
        effects=np.vstack([part.effects for part in parts]),
        values=monitor_sums.series_of(history)[()][first:],
        thresholds=np.array(thresholds),
        alarms=tuple(alarms),
        recoveries=tuple(recoveries),
        held=sum(part.held for part in parts),
        learnt=tuple(learnt[:: max(len(learnt) - 1, 1)]),
    )


def _plain(monitor: Monitor, history: History, since: datetime | None) -> Replay | Undecided:
    method = monitor.method
    if isinstance(method, Seasonal) or len(history) <= method.baseline:
        return Undecided(f"{len(history)} points are there, more than its baseline is needed")
    first = 0 if since is None else max(round((since - history.start) / history.step), 0)
    if len(history) <= first:
        return Undecided(f"{len(history)} points are there, more than {first} are needed")
    watched = monitor_sums.watch(monitor, method, Memory(), history)
    return Replay(
        start=history.at(first),
        charts=tuple(watched.memory.plain),
        scores=watched.scores[first:],
        effects=watched.effects[first:],
        values=monitor_sums.series_of(history)[()][first:],
        thresholds=np.full(len(history) - first, method.h),
        alarms=tuple(alarm for alarm in watched.alarms if alarm.at > history.at(first)),
        recoveries=(),
        held=watched.held,
        learnt=(),
    )


def _clean(history: History, alarms: list[Alarm], recoveries: list[Recovery]) -> History:
    """Without the hours that were paged for, as the running monitor learns."""
    n = history.n.copy()
    for alarm in alarms:
        if alarm.level is not Level.PAGE:
            continue
        over = min(
            (one.at for one in recoveries if one.cell == alarm.cell and one.at > alarm.at), default=None
        )
        first = max(round((alarm.began - history.start) / history.step), 0)
        end = len(history) if over is None else round((over - history.start) / history.step)
        if alarm.cell:
            n[first:end, history.cells.index(alarm.cell)] = 0
        else:
            n[first:end] = 0
    return replace(history, n=n)
