"""The plain CUSUM of the reference (AML-08): mean and deviation of the first points, then sums up
to a threshold.

It knows no hour of the week and no autocorrelation, and takes 14 points for the truth. It is here for those
who want it all the same; `cost` says what that costs.
"""

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from bot.stats.monitor import Floats
from bot.stats.run_length import two_sided, two_sided_each
from bot.stats.undecided import Undecided

CHARTS = 40_000
"""Simulated for the probability of an early alarm: a standard error of at most .0025."""
BASELINES = 4000
"""Drawn for the spread of the average run length."""
WITHIN = 30
"""Points within which a false alarm is counted."""


@dataclass(frozen=True)
class Plain:
    """One series. first: the points of its baseline so far; up, down: the sums, in standard deviations;
    since_up, since_down: points since they left 0."""

    first: tuple[float, ...] = ()
    up: float = 0.0
    down: float = 0.0
    since_up: int = 0
    since_down: int = 0


@dataclass(frozen=True)
class Cost:
    """What a plain CUSUM comes to on independent normal points whose mean never changes.

    known: average points between false alarms of one series if its mean and deviation were known, detect:
    average points until it sees a shift of one standard deviation, both exact. early: the probability of a
    false alarm within 30 points when both are estimated from `baseline` points as the reference does it;
    early_known: if they were known; early_sample: if the deviation were taken with n - 1. runs: the 10th,
    50th and 90th percentile, over baselines, of the average points to a false alarm, with n - 1.
    """

    known: float
    detect: float
    early: float
    early_known: float
    early_sample: float
    runs: tuple[float, float, float]
    baseline: int


def learn(chart: Plain, value: float, baseline: int) -> Plain:
    """Take a point for the baseline; one that is no finite number is left out."""
    if not math.isfinite(value) or len(chart.first) >= baseline:
        return chart
    return replace(chart, first=(*chart.first, value))


def step(chart: Plain, value: float, *, k: float) -> Plain | Undecided:
    """Take in a point: s_pos = max(0, s_pos + (x - target - k sigma) / sigma), and s_neg alike (AML-08)."""
    if not math.isfinite(value):
        return chart
    target, sigma = baseline_of(chart)
    if sigma == 0:
        return Undecided("its baseline does not vary")
    up = max(0.0, chart.up + (value - target) / sigma - k)
    down = max(0.0, chart.down + (target - value) / sigma - k)
    return replace(
        chart,
        up=up,
        down=down,
        since_up=chart.since_up + 1 if up else 0,
        since_down=chart.since_down + 1 if down else 0,
    )


def baseline_of(chart: Plain) -> tuple[float, float]:
    """Mean and standard deviation of the first points, with n in its denominator, as the reference has it."""
    mean = math.fsum(chart.first) / len(chart.first)
    return mean, math.sqrt(math.fsum((value - mean) ** 2 for value in chart.first) / len(chart.first))


@lru_cache(maxsize=32)
def cost(k: float, h: float, baseline: int, seed: int = 1) -> Cost:
    """Return what it costs; the same numbers at every call."""
    rng = np.random.default_rng(seed)
    first = rng.normal(size=(CHARTS, baseline))
    noise = rng.normal(size=(CHARTS, WITHIN))
    target, sigma, sample = first.mean(axis=1), first.std(axis=1), first.std(axis=1, ddof=1)
    # With mean t and deviation s taken for the truth, z' = (z - t) / s: in units of z, slack k s,
    # threshold h s, and a shift of -t.
    scale = sample[:BASELINES]
    runs = two_sided_each(k * scale, h * scale, -target[:BASELINES])
    low, half, high = (float(one) for one in np.quantile(runs, (0.1, 0.5, 0.9)))
    nought, one = np.zeros(CHARTS), np.ones(CHARTS)
    return Cost(
        known=two_sided(k, h),
        detect=two_sided(k, h, 1.0),
        early=_early(noise, target, sigma, k, h),
        early_known=_early(noise, nought, one, k, h),
        early_sample=_early(noise, target, sample, k, h),
        runs=(low, half, high),
        baseline=baseline,
    )


def _early(noise: Floats, target: Floats, sigma: Floats, k: float, h: float) -> float:
    """The share of charts that alarm within these points."""
    up, down, ended = (np.zeros(len(noise)) for _ in range(3))
    for z in (noise.T - target) / sigma:
        up, down = np.maximum(0.0, up + z - k), np.maximum(0.0, down - z - k)
        ended = np.maximum(ended, np.maximum(up, down) > h)
    return float(ended.mean())
