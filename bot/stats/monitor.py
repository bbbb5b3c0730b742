"""Cohort cells against their hour of the week: a robust baseline, and what is left when it is taken off.

An hour of a cell is a sum `x` over `n`: successes of trials (`RATE`), or a value times its weight (`VALUE`,
a weight of 1 where there is none). What is charted is relative: `x / (n b) - 1` against the baseline `b` of
that hour of the week, from which the median over all cells is taken off, so that what moves them all is seen
once, in a chart of the whole. Units: hours, fractions. Arrays have a row per hour and a column per cell; the
whole is the last chart.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bot.stats.undecided import Undecided

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

WEEK = 168
"""Hours; an hour's slot is its number in the week, 0 to 167."""
MIN_WEEKS = 4
"""Of history before anything may be paged."""
LEAST_WEEKS = 2
"""Of history for a baseline at all: an hour is judged by the other weeks."""
MIN_EXPECTED = 5.0
"""Expected successes in the cell's median hour, below which the normal curve is no guide."""
MIN_SEEN = 0.5
"""Share of the hours that a cell needs in its history."""
FEW_CELLS = 5
"""With fewer cells than this their median is no common movement, and is not taken off."""
CLIP = 4.0
"""Innovations beyond this many standard deviations count as this: one odd hour is not a change."""
_FAR = 8.0
"""Residuals are cut here before they are carried into the next hour."""
_CONSISTENT = 1.482602218505602
"""1 / Φ⁻¹(3/4): the median absolute deviation of a normal, times this, is its standard deviation."""


class Measure(StrEnum):
    """What an hour of a cell is."""

    RATE = "rate"
    VALUE = "value"


@dataclass(frozen=True)
class Block:
    """Hours in order: sums, what they are divided by (0 or NaN: nothing was seen), slots of the week."""

    x: Floats
    n: Floats
    slots: Ints

    def __len__(self) -> int:
        return len(self.slots)

    def __getitem__(self, part: slice) -> "Block":
        return Block(self.x[part], self.n[part], self.slots[part])


@dataclass(frozen=True)
class Baseline:
    """What is usual, from `weeks` weeks of history.

    level: by slot and cell, NaN where unknown. scale: over-dispersion by chart, the robust standard deviation
    of its residuals in units of the one that counting alone would give; rho: their lag-1 autocorrelation.
    charted: which charts can be judged; reasons: why the others cannot, by their number.
    """

    measure: Measure
    level: Floats
    scale: Floats
    rho: Floats
    weeks: float
    reasons: tuple[tuple[int, str], ...] = ()

    @property
    def cells(self) -> int:
        """How many cells there are; the whole is one chart more."""
        return int(self.level.shape[1])

    @property
    def charted(self) -> NDArray[np.bool_]:
        """The charts that can be judged."""
        return np.isfinite(self.scale) & (self.scale > 0)


@dataclass(frozen=True)
class Residuals:
    """By hour and chart, NaN where nothing can be said.

    innovation: in standard deviations, prewhitened; residual: before that. deviation, and what it is relative
    to, are in the unit of `x`: their sums over a day give the day's relative effect. size: `n`.
    """

    innovation: Floats
    residual: Floats
    deviation: Floats
    expected: Floats
    size: Floats


def fit(block: Block, measure: Measure) -> Baseline | Undecided:
    """Return the baseline of a history, newest hour last; whole weeks are used, counted from the end."""
    weeks = len(block) // WEEK
    if weeks < LEAST_WEEKS:
        return Undecided(f"{len(block)} hours of history, {LEAST_WEEKS * WEEK} are needed")
    block = block[len(block) - weeks * WEEK :]
    ratios, usual = _by_week(block, weeks)
    left_out = _leave_one_out(usual, weeks)[np.arange(len(block)) // WEEK, block.slots]
    level = _median(usual)
    deviation, expected, spread, _ = _relative(block, left_out, measure)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = deviation / expected / spread
        scale = _robust_scale(z)
        rho = _autocorrelation(np.clip(z / scale, -CLIP, CLIP))
    reasons = _reasons(block, level, ratios, scale, measure)
    unfit = [number for number, _ in reasons]
    scale[unfit] = np.nan
    return Baseline(measure, level, scale, rho, float(weeks), tuple(reasons))


def replayed(block: Block, baseline: Baseline) -> Residuals:
    """Return what the charts would have seen of the history itself, each week against the others."""
    weeks = int(baseline.weeks)
    block = block[len(block) - weeks * WEEK :]
    _, usual = _by_week(block, weeks)
    level = _leave_one_out(usual, weeks)[np.arange(len(block)) // WEEK, block.slots]
    return _residuals(block, level, baseline, np.full(baseline.cells + 1, np.nan))


def residuals(block: Block, baseline: Baseline, last: Floats) -> Residuals:
    """Return what the charts see of further hours; last: the residuals of the hour before, NaN for none."""
    return _residuals(block, baseline.level[block.slots], baseline, last)


def _residuals(block: Block, level: Floats, baseline: Baseline, last: Floats) -> Residuals:
    deviation, expected, spread, size = _relative(block, level, baseline.measure)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.clip(deviation / expected / spread / baseline.scale, -_FAR, _FAR)
    before = np.vstack([last, z[:-1]])
    # u_t = (z_t - rho z_{t-1}) / sqrt(1 - rho^2); an hour after a gap stands for itself.
    white = (z - baseline.rho * before) / np.sqrt(1 - baseline.rho**2)
    innovation = np.clip(np.where(np.isfinite(before), white, z), -CLIP, CLIP)
    return Residuals(innovation, z, deviation, expected, size)


def _relative(block: Block, level: Floats, measure: Measure) -> tuple[Floats, Floats, Floats, Floats]:
    """Deviation, what it is relative to, the relative standard deviation that counting gives, and the size.

    For each cell and, last, the whole: `sum(x) / sum(n b) - 1`, which a change of the mix does not move.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        seen = (block.n > 0) & np.isfinite(block.x) & (level > 0)
        n, x = np.where(seen, block.n, np.nan), np.where(seen, block.x, np.nan)
        expected = n * level
        relative = x / expected - 1
        counted = np.maximum(expected * (1 - level), 1.0)  # of the count; never less than one event's
        variance = counted if measure is Measure.RATE else n * level**2
        common = _common(relative)
        deviation = (relative - common[:, None]) * expected
        whole = np.nansum(expected, axis=1)
        whole = np.where(whole > 0, whole, np.nan)
        excess = np.nansum(x, axis=1) - whole
        spread = np.sqrt(variance) / expected
        all_spread = np.sqrt(np.nansum(variance, axis=1)) / whole
    return (
        np.column_stack([deviation, excess]),
        np.column_stack([expected, whole]),
        np.column_stack([spread, all_spread]),
        np.column_stack([n, np.nansum(n, axis=1)]),
    )


def _common(relative: Floats) -> Floats:
    """What moves all cells: their median, hour by hour; nothing where they are few."""
    seen = np.isfinite(relative).sum(axis=1)
    return np.where(seen >= FEW_CELLS, _median(relative.T), 0.0)


def _by_week(block: Block, weeks: int) -> tuple[Floats, Floats]:
    """The ratios as they came, and by week, slot and cell: NaN where nothing was seen."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(block.n > 0, block.x / block.n, np.nan)
    usual = np.full((weeks, WEEK, ratios.shape[1]), np.nan)
    usual[np.arange(len(block)) // WEEK, block.slots] = ratios
    return ratios, usual


def _leave_one_out(usual: Floats, weeks: int) -> Floats:
    return np.stack([_median(np.delete(usual, week, axis=0)) for week in range(weeks)])


def _median(values: Floats) -> Floats:
    """The median over the first axis, of what there is; NaN where there is nothing."""
    ordered = np.sort(values, axis=0)  # NaN comes last
    count = np.isfinite(values).sum(axis=0)
    low, high = np.maximum(count - 1, 0) // 2, np.minimum(count // 2, len(values) - 1)
    pick = [np.take_along_axis(ordered, index[None], axis=0)[0] for index in (low, high)]
    return np.asarray(np.where(count > 0, (pick[0] + pick[1]) / 2, np.nan), dtype=np.float64)


def _robust_scale(z: Floats) -> Floats:
    return _CONSISTENT * _median(np.abs(z - _median(z)))


def _autocorrelation(z: Floats) -> Floats:
    """Lag 1, of clipped residuals, over the pairs of hours that are both there; between 0 and .98."""
    both = np.isfinite(z[1:]) & np.isfinite(z[:-1])
    products = np.where(both, z[1:] * z[:-1], 0.0).sum(axis=0)
    squares = np.where(both, (z[1:] ** 2 + z[:-1] ** 2) / 2, 0.0).sum(axis=0)
    rho = np.divide(products, squares, out=np.zeros_like(products), where=squares > 0)
    return np.asarray(np.clip(rho, 0.0, 0.98), dtype=np.float64)


def _reasons(
    block: Block, level: Floats, ratios: Floats, scale: Floats, measure: Measure
) -> list[tuple[int, str]]:
    """Why a chart cannot be judged, by its number."""
    found: list[tuple[int, str]] = []
    for number in range(len(scale)):
        if number < ratios.shape[1]:
            reason = _unfit(block.n[:, number], ratios[:, number], level[:, number], measure)
            if reason:
                found.append((number, reason))
                continue
        if not scale[number] > 0:
            found.append((number, "it does not vary, so nothing is unusual"))
    return found


def _unfit(n: Floats, ratios: Floats, level: Floats, measure: Measure) -> str:
    seen = float(np.isfinite(ratios).mean())
    if seen < MIN_SEEN:
        return f"seen in {seen:.0%} of the hours, {MIN_SEEN:.0%} are needed".replace("%", " %")
    if np.nanmin(level) <= 0 and measure is Measure.VALUE:
        return f"its usual value falls to {np.nanmin(level):.4g}, and an effect is relative to one above 0"
    if measure is Measure.RATE:
        usual = float(np.nanmedian(n)) * float(np.nanmedian(level))
        if usual < MIN_EXPECTED:
            return f"{usual:.1f} successes in its median hour, {MIN_EXPECTED:g} are needed"
    return ""
