"""A seasonal monitor at work: it learns what is usual, then judges hour by hour, and speaks rarely.

A page needs a chart above its threshold and a day's effect as large as the file says; there is one page per
metric in 24 hours, whichever chart it is of, and one ticket. A chart whose alarm goes on is not said again.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from bot.core.monitor import Alarm, Cell, History, Level, Monitor, Open, Recovery, Seasonal
from bot.core.monitor_memory import Learnt, Memory
from bot.stats import monitor_chart
from bot.stats.monitor import MIN_WEEKS, WEEK, Block, Floats, Measure, fit, residuals
from bot.stats.monitor_calibration import calibrate
from bot.stats.monitor_chart import State
from bot.stats.undecided import Undecided

USUAL_H = 12.0
"""The threshold of a page where history gives none; at 18 cells it came to .11 pages a week."""
QUIET = timedelta(hours=24)
"""Between two pages, and between two tickets, of one metric."""
ABOVE = 4.0
"""How far above a page's threshold a sum goes on to grow."""


@dataclass(frozen=True)
class Watched:
    """What some hours brought. scores, effects: by hour and chart (the worse direction), for drawing; held:
    alarms that were not said because one of the metric had been within 24 hours."""

    memory: Memory
    alarms: tuple[Alarm, ...]
    recoveries: tuple[Recovery, ...]
    held: int
    scores: Floats
    effects: Floats


@dataclass
class _Hours:
    """What is in hand while hours are judged."""

    monitor: Monitor
    method: Seasonal
    learnt: Learnt
    state: State
    open: dict[Cell, Open]
    paged: datetime | None
    ticketed: datetime | None
    alarms: list[Alarm] = field(default_factory=list)
    recoveries: list[Recovery] = field(default_factory=list)
    held: int = 0


def weeks_of(monitor: Monitor, history: History) -> float:
    """Weeks of history in which something was seen."""
    if not len(history):
        return 0.0
    seen = (np.nan_to_num(history.n) > 0).any(axis=1)
    return float(seen.sum()) * monitor.step.total_seconds() / 604_800


def learn(monitor: Monitor, method: Seasonal, history: History) -> Learnt | Undecided:
    """Return what the newest weeks of history teach; Undecided where there are too few of them."""
    history = history.part(len(history) - method.baseline_weeks * WEEK, len(history))
    seen = (np.nan_to_num(history.n) > 0).any(axis=1)
    history = history.part(int(seen.argmax()) if seen.any() else len(history), len(history))
    measure = Measure.RATE if monitor.feed.is_rate else Measure.VALUE
    block = block_of(monitor, history)
    found = fit(block, measure)
    if isinstance(found, Undecided):
        return found
    signs = monitor.direction.signs
    if method.h is not None:
        h, how = method.h, "set in its file"
        return Learnt(history.cells, found, h, how, history.at(len(history)))
    threshold = calibrate(
        block, found, budget=method.budget, gate=method.effect, directions=signs, least=method.ticket_h
    )
    if isinstance(threshold, Undecided):
        h = max(USUAL_H, method.ticket_h)
        return Learnt(history.cells, found, h, threshold.reason, history.at(len(history)))
    return Learnt(history.cells, found, threshold.h, threshold, history.at(len(history)))


def ripe(monitor: Monitor, learnt: Learnt) -> bool:
    """Whether what it finds may be said; before, and where its file says so, it is only noted."""
    return learnt.baseline.weeks >= MIN_WEEKS and not monitor.shadow


def watch(monitor: Monitor, method: Seasonal, learnt: Learnt, memory: Memory, history: History) -> Watched:
    """Judge the hours of `history`, which follow those that `memory` has seen."""
    charts = len(learnt.charts)
    signs = monitor.direction.signs
    state = memory.state
    if state is None or state.sums.shape != (len(signs), charts):
        state = monitor_chart.begin(charts, len(signs))
    block = block_of(monitor, history, learnt.cells)
    seen = residuals(block, learnt.baseline, state.last)
    hours = _Hours(monitor, method, learnt, state, dict(memory.open), memory.paged, memory.ticketed)
    scores, effects = np.zeros((len(block), charts)), np.full((len(block), charts), np.nan)
    for row in range(len(block)):
        hours.state = monitor_chart.step(hours.state, seen, row, signs, learnt.h + ABOVE)
        effects[row] = hours.state.effect()
        scores[row] = hours.state.sums.max(axis=0)
        _judge(hours, effects[row], history.at(row + 1))
    until = history.at(len(history)) if len(block) else memory.until
    after = Memory(until, hours.state, {}, hours.open, hours.paged, hours.ticketed, signs)
    return Watched(after, tuple(hours.alarms), tuple(hours.recoveries), hours.held, scores, effects)


def warmed(monitor: Monitor, method: Seasonal, learnt: Learnt, history: History) -> Memory:
    """The memory of one that begins after `history`: it knows the last day's effects, and its sums are 0."""
    day = history.part(len(history) - monitor_chart.DAY, len(history))
    found = watch(monitor, method, learnt, Memory(), day).memory
    state = None if found.state is None else found.state.without(np.ones(len(found.state.last), dtype=bool))
    return Memory(state=state, signs=found.signs)


def block_of(monitor: Monitor, history: History, cells: tuple[Cell, ...] | None = None) -> Block:
    """The history as numbers, its columns in the order of `cells`; a cell it has not is a column unseen."""
    zone = ZoneInfo(monitor.timezone)
    local = [history.at(row).astimezone(zone) for row in range(len(history))]
    slots = np.array([moment.weekday() * 24 + moment.hour for moment in local], dtype=np.int64)
    if cells is None or cells == history.cells:
        return Block(history.x, history.n, slots)
    place = {cell: number for number, cell in enumerate(history.cells)}
    x, n = (np.zeros((len(history), len(cells))) for _ in range(2))
    for column, cell in enumerate(cells):
        if cell in place:
            x[:, column], n[:, column] = history.x[:, place[cell]], history.n[:, place[cell]]
    return Block(x, n, slots)


def _judge(hours: _Hours, effects: Floats, at: datetime) -> None:
    """Say what this hour brought; of several charts the whole first, then the highest."""
    method, learnt = hours.method, hours.learnt
    signs = np.array(hours.monitor.direction.signs, dtype=float)[:, None]
    lost = np.nan_to_num(signs * effects, nan=0.0)
    sums = np.where(_watched(hours), hours.state.sums, 0.0)
    _recover(hours, sums, lost, at)
    for level, h, effect in (
        (Level.PAGE, learnt.h, method.effect),
        (Level.TICKET, method.ticket_h, method.ticket_effect),
    ):
        found = [
            (int(chart), int(row))
            for row, chart in np.argwhere((sums > h) & (lost >= effect))
            if _is_news(hours, learnt.charts[chart], level)
        ]
        if found:
            found.sort(key=lambda one: (one[0] != len(learnt.cells), -sums[one[1], one[0]]))
            _raise(hours, level, h, found, at)


def _watched(hours: _Hours) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """The charts that count: a single cell is the whole."""
    fit = hours.learnt.baseline.charted.copy()
    if len(hours.learnt.cells) == 1:
        fit[0] = False
    return fit


def _is_news(hours: _Hours, cell: Cell, level: Level) -> bool:
    """An alarm that goes on is none; a ticket may become a page."""
    going = hours.open.get(cell)
    return going is None or (going.level is Level.TICKET and level is Level.PAGE)


def _raise(hours: _Hours, level: Level, h: float, found: list[tuple[int, int]], at: datetime) -> None:
    last = hours.paged if level is Level.PAGE else _latest(hours.paged, hours.ticketed)
    if last is not None and at - last < QUIET:
        hours.held += len(found)
        return
    for chart, row in found:
        alarm = _alarm(hours, level, h, chart, row, at)
        hours.open[alarm.cell] = Open(level, alarm.sign, at)
        hours.alarms.append(alarm)
    if level is Level.PAGE:
        hours.paged = at
    else:
        hours.ticketed = at


def _alarm(hours: _Hours, level: Level, h: float, chart: int, row: int, at: datetime) -> Alarm:
    state = hours.state
    since = int(state.since[row, chart])
    recent = slice(-min(max(since, 1), monitor_chart.DAY), None)
    seen = np.isfinite(state.deviation[recent, chart])
    expected = state.expected[recent, chart][seen].sum()
    effect = float(state.deviation[recent, chart][seen].sum() / expected)
    baseline = float(expected / state.size[recent, chart][seen].sum())
    return Alarm(
        cell=hours.learnt.charts[chart],
        level=level,
        sign=hours.monitor.direction.signs[row],
        at=at,
        began=at - since * hours.monitor.step,
        effect=effect,
        value=baseline * (1 + effect),
        baseline=baseline,
        score=float(state.sums[row, chart]),
        h=h,
    )


def _recover(hours: _Hours, sums: Floats, lost: Floats, at: datetime) -> None:
    """End alarms whose chart came down, or whose effect is gone."""
    gone = np.zeros(sums.shape[1], dtype=bool)
    for cell, alarm in list(hours.open.items()):
        if cell not in hours.learnt.charts:
            continue  # a cell that is no longer seen
        chart = hours.learnt.chart(cell)
        row = hours.monitor.direction.signs.index(alarm.sign)
        if sums[row, chart] < hours.method.ticket_h / 2 or lost[row, chart] < hours.method.effect / 4:
            del hours.open[cell]
            hours.recoveries.append(Recovery(cell, alarm.level, at))
            gone[chart] = True
    if gone.any():
        hours.state = hours.state.without(gone)


def _latest(*moments: datetime | None) -> datetime | None:
    """The latest of those there are."""
    return max((one for one in moments if one is not None), default=None)
