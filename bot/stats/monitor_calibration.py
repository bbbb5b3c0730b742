"""The threshold of a monitor, from its own past: pages a week that history would have raised, to a budget.

The average run length that textbooks give for a threshold holds for independent normal hours, and real ones
are neither: at h = 9, promised for one page in months, .7 to 2 come a week (benchmarks/monitors.py). History
is replayed, each week against the others, and the peaks that the charts reach while their day's effect passes
the gate are taken as they are: above a level they fall off exponentially, as those of a CUSUM do.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bot.stats.monitor import Baseline, Block, Floats, replayed
from bot.stats.monitor_chart import State, begin, step
from bot.stats.undecided import Undecided

FROM = 4.0
"""Peaks above this are counted."""
MIN_PEAKS = 5
"""Peaks needed for a tail."""
_EFFICIENCY = math.log(2) ** 2
"""Of the median as an estimate of an exponential's mean: so many of the peaks count."""


@dataclass(frozen=True)
class Calibration:
    """h: the threshold for the budget; pages_per_week: what it is expected to raise; peaks: how many were
    seen in `weeks` weeks; tail: mean excess of a peak; seen: pages that history would have raised at h;
    highest: the highest peak, which may be an incident that nobody took out of the history."""

    h: float
    pages_per_week: float
    peaks: int
    weeks: float
    tail: float
    seen: int
    highest: float


@dataclass(frozen=True)
class Peak:
    """The highest that a chart stood with the gate passed between two times at 0; at: number of the hour."""

    chart: int
    at: int
    height: float


def calibrate(
    block: Block,
    baseline: Baseline,
    *,
    budget: float,
    gate: float,
    directions: tuple[int, ...],
    least: float,
    most: float = 40.0,
) -> Calibration | Undecided:
    """Return the lowest threshold in [least, most] that stays within `budget` pages a week.

    gate: relative effect over a day, as a fraction above 0, that a page needs.
    """
    found = peaks(block, baseline, gate=gate, directions=directions)
    high = sorted(peak.height for peak in found if peak.height > FROM)
    if len(high) < MIN_PEAKS:
        return Undecided(
            f"{len(high)} excursions above {FROM:g} in {baseline.weeks:g} weeks, {MIN_PEAKS} are needed"
        )
    # The excess over a level is exponential; its median over ln 2 is its mean, and heeds no single incident.
    tail = float(np.median(np.array(high) - FROM)) / math.log(2)
    per_week, known = len(high) / baseline.weeks, len(high) * _EFFICIENCY
    # With the tail known, rate(h) = per_week exp(-(h - FROM) / tail); estimated from so few it is, for the
    # next peak, per_week (1 + (h - FROM) / (tail known)) ** -known (the predictive distribution, Pareto).
    wanted = FROM + tail * known * ((per_week / budget) ** (1 / known) - 1)
    h = float(min(max(wanted, least), most))
    expected = per_week * (1 + (h - FROM) / (tail * known)) ** -known
    return Calibration(h, expected, len(high), baseline.weeks, tail, _pages(found, h), high[-1])


def peaks(block: Block, baseline: Baseline, *, gate: float, directions: tuple[int, ...]) -> tuple[Peak, ...]:
    """Return the peaks of all charts over the history of the baseline, with the gate passed at that hour."""
    seen = replayed(block, baseline)
    hours, charts = seen.innovation.shape
    state = begin(charts, len(directions))
    signs = np.array(directions, dtype=float)[:, None]
    heights = np.zeros((hours, len(directions), charts))
    zero = np.zeros((hours, len(directions), charts), dtype=bool)
    for hour in range(hours):
        state = step(state, seen, hour, directions)
        passed = signs * _effect(state) >= gate
        heights[hour] = np.where(passed, state.sums, 0.0)
        zero[hour] = state.sums == 0
    return tuple(_collect(heights, zero))


def _effect(state: State) -> Floats:
    return np.nan_to_num(state.effect(), nan=0.0)


def _collect(heights: Floats, zero: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> list[Peak]:
    found: list[Peak] = []
    for direction in range(heights.shape[1]):
        for chart in range(heights.shape[2]):
            path = heights[:, direction, chart]
            runs = np.cumsum(zero[:, direction, chart])
            for run in np.unique(runs[path > 0]):
                inside = np.flatnonzero(runs == run)
                at = int(inside[path[inside].argmax()])
                found.append(Peak(chart, at, float(path[at])))
    return found


def _pages(found: Sequence[Peak], h: float) -> int:
    """Pages at this threshold, at most one in 24 hours; an excursion is dated by its peak."""
    count, last = 0, -math.inf
    for peak in sorted((one for one in found if one.height > h), key=lambda one: one.at):
        if peak.at - last >= 24:
            count, last = count + 1, peak.at
    return count
