"""A monitor of `kind: cusum` at work: the reference's plain CUSUM, a chart for each cell and for the whole.

After an alarm a chart learns its baseline anew from the points that follow, as whoever calls the reference's
function again does.
"""

from collections.abc import Mapping
from datetime import datetime

import numpy as np

from bot.core.monitor import Alarm, Cell, Direction, History, Level, Monitor, PlainSums
from bot.core.monitor_memory import Memory
from bot.core.monitor_watch import QUIET, Watched
from bot.stats.monitor import Floats
from bot.stats.monitor_plain import Plain, baseline_of, learn, step
from bot.stats.undecided import Undecided


def watch(monitor: Monitor, method: PlainSums, memory: Memory, history: History) -> Watched:
    """Judge the points of `history`, which follow those that `memory` has seen."""
    series = series_of(history)
    charts = {cell: memory.plain.get(cell, Plain()) for cell in series}
    scores = np.zeros((len(history), len(series)))
    effects = np.full((len(history), len(series)), np.nan)
    alarms: list[Alarm] = []
    paged, held = memory.paged, 0
    for row in range(len(history)):
        at, found = history.at(row + 1), []
        for number, (cell, values) in enumerate(series.items()):
            charts[cell] = _take(charts[cell], float(values[row]), method)
            chart = charts[cell]
            score, sign = _worse(chart, monitor.direction)
            scores[row, number] = score
            effects[row, number] = _effect(chart, float(values[row]), method)
            if score > method.h:
                found.append(_alarm(monitor, method, cell, chart, float(values[row]), sign, at))
                charts[cell] = Plain()
        if found and (paged is None or at - paged >= QUIET):
            alarms += sorted(found, key=lambda alarm: (alarm.cell != (), -alarm.score))
            paged = at
        else:
            held += len(found)
    until = history.at(len(history)) if len(history) else memory.until
    after = Memory(until, None, {**memory.plain, **charts}, {}, paged, None)
    return Watched(after, tuple(alarms), (), held, scores, effects)


def series_of(history: History) -> Mapping[Cell, Floats]:
    """The value of each cell over time, and of the whole behind them; NaN where nothing was seen."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = {
            cell: np.where(history.n[:, number] > 0, history.x[:, number] / history.n[:, number], np.nan)
            for number, cell in enumerate(history.cells)
        }
        size = np.nansum(history.n, axis=1)
        whole = np.where(size > 0, np.nansum(history.x, axis=1) / size, np.nan)
    return {**{cell: values for cell, values in found.items() if cell}, (): whole}


def _take(chart: Plain, value: float, method: PlainSums) -> Plain:
    if len(chart.first) < method.baseline:
        return learn(chart, value, method.baseline)
    after = step(chart, value, k=method.k)
    return chart if isinstance(after, Undecided) else after


def _worse(chart: Plain, direction: Direction) -> tuple[float, int]:
    """The sum in the direction that is bad news, the higher where both are."""
    sums = {-1: chart.down, 1: chart.up}
    sign = max(direction.signs, key=lambda one: sums[one])
    return sums[sign], sign


def _effect(chart: Plain, value: float, method: PlainSums) -> float:
    if len(chart.first) < method.baseline or not baseline_of(chart)[0]:
        return float("nan")
    return value / baseline_of(chart)[0] - 1


def _alarm(
    monitor: Monitor, method: PlainSums, cell: Cell, chart: Plain, value: float, sign: int, at: datetime
) -> Alarm:
    target, _ = baseline_of(chart)
    return Alarm(
        cell=cell,
        level=Level.PAGE,
        sign=sign,
        at=at,
        began=at - (chart.since_up if sign > 0 else chart.since_down) * monitor.step,
        effect=value / target - 1 if target else float("nan"),
        value=value,
        baseline=target,
        score=chart.up if sign > 0 else chart.down,
        h=method.h,
    )
