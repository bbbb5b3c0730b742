"""Quantiles of events, such as the p95 of turn latency, when users are what was randomised.

Turns of one user are not independent, so the variance of a quantile of turns must come from users. Deng,
Knoblich & Lu 2018, KDD, "Applying the Delta Method in Metric Analytics", section 4.2: the share of events
at or below the quantile is a ratio metric over units, whose interval, read off at the outer levels of the
distribution, is the interval of the quantile.

The interval for one sample is Woodruff's (1952, JASA 47:635), for clusters that of Francisco & Fuller (1991,
Ann. Stat. 19:454). Only aggregates leave the source:

1. the quantile `q_hat`, then per unit `below` (events at or below q_hat) and `events`: a `Sample` of both;
2. the values at `outer_levels(...)`.

With a covariate in the sample of the first pass, `quantile_side` adds its covariance with a unit's
contribution, and CUPED is the same as for a mean.

`quantile_arm` makes an ordinary arm of these, so `compare` and everything after it is the same.
"""

import math
from dataclasses import dataclass

from scipy import special

from bot.stats.arm import Arm, mean_arm, ratio_arm
from bot.stats.cuped import Side
from bot.stats.effect import Effect, compare
from bot.stats.sample import Sample
from bot.stats.undecided import Undecided


@dataclass(frozen=True)
class OuterLevels:
    """Levels of the event distribution at which the source reads the second pass.

    low, high: between 0 and 1. margin: the normal critical value they are apart by, to either side.
    """

    low: float
    high: float
    margin: float


@dataclass(frozen=True)
class QuantileSummary:
    """What the two passes of one arm brought.

    value: the quantile, metric units; counts: per-unit sample with columns (below, events) and, if there is
    one, the covariate;
    levels: where the second pass was read; low, high: the values there, metric units.
    """

    value: float
    counts: Sample
    levels: OuterLevels
    low: float
    high: float


def outer_levels(
    counts: Sample, q: float, *, below: str = "below", events: str = "events", alpha: float = 0.05
) -> OuterLevels | Undecided:
    """q plus and minus the margin of the share below it, with the variance between units.

    Undecided when a level would lie outside the distribution: too few units for this quantile.
    """
    if not 0 < q < 1:
        raise ValueError(f"a quantile lies between 0 and 1, not {q}")
    share = ratio_arm(counts, below, events)
    if isinstance(share, Undecided):
        return share
    margin = -float(special.ndtri(alpha / 2))
    half = margin * math.sqrt(share.variance)
    if half == 0:
        return Undecided(f"quantile {q:g}: the share below it does not vary between units")
    if q - half <= 0 or q + half >= 1:
        reach = q + half if q + half >= 1 else q - half
        return Undecided(f"quantile {q:g}: {counts.n} units are too few, the interval reaches {reach:.4f}")
    return OuterLevels(q - half, q + half, margin)


def quantile_arm(summary: QuantileSummary) -> Arm | Undecided:
    """The arm of a quantile: its standard error is the outer interval's width over twice the margin."""
    width = summary.high - summary.low
    if not math.isfinite(width) or width < 0:
        return Undecided(f"the values at the outer levels, {summary.low:g} and {summary.high:g}, do not rise")
    se = width / (2 * summary.levels.margin)
    return Arm(summary.counts.n, summary.value, se * math.sqrt(summary.counts.n))


def quantile_side(
    summary: QuantileSummary, covariate: str, *, below: str = "below", events: str = "events"
) -> Side | Undecided:
    """The arm of a quantile with its covariate, for CUPED (`bot.stats.cuped.adjusted_by`).

    A unit's contribution is -(below_i - p events_i) / (mean(events) f), p the share below (Bahadur 1966, Ann.
    Math. Stat. 37:577, for sums over clusters). The density f is the outer levels' distance over that of the
    values there, so that the variance of the contributions is the arm's own.
    """
    arm, before = quantile_arm(summary), mean_arm(summary.counts, covariate)
    if isinstance(arm, Undecided):
        return arm
    if isinstance(before, Undecided):
        return Undecided(f"covariate: {before.reason}")
    counts, levels = summary.counts, summary.levels
    share = counts.mean_of(below) / counts.mean_of(events)
    line = counts.covariance(below, covariate) - share * counts.covariance(events, covariate)
    one_over_f = (summary.high - summary.low) / (levels.high - levels.low)
    return Side(arm, before, -line / counts.mean_of(events) * one_over_f)


def quantile_effect(
    control: QuantileSummary, treatment: QuantileSummary, *, alpha: float = 0.05
) -> Effect | Undecided:
    """The difference of the arms' quantiles."""
    arms = quantile_arm(control), quantile_arm(treatment)
    if isinstance(arms[0], Undecided):
        return Undecided(f"control: {arms[0].reason}")
    if isinstance(arms[1], Undecided):
        return Undecided(f"treatment: {arms[1].reason}")
    return compare(arms[0], arms[1], alpha=alpha)
