"""How far the mix of an eval set is from production's: Kullback-Leibler divergence with its error."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from bot.stats.drift import FEWEST_ROWS, Array, shares
from bot.stats.undecided import Undecided

ESTIMATOR = "counts by segment with half a row added to each (Jeffreys), less its bias (k-1)/2 (1/n + 1/m)"
"""What `divergence` computes, in words."""


@dataclass(frozen=True)
class Divergence:
    """KL(p || q) in nats. value: less its bias, never below 0; low, high: its two-sided interval.

    plain: before the bias was taken off; bias: what chance alone gives. unseen: the share of q in segments of
    which p has no row, which KL(p || q) does not feel. segments: how many were told apart.
    """

    value: float
    low: float
    high: float
    plain: float
    bias: float
    unseen: float
    segments: int


def divergence(p: Array, q: Array, *, alpha: float = 0.05) -> Divergence | Undecided:
    """KL(p || q) of two samples counted by the same segments.

    KL = sum p ln(p / q) (Kullback & Leibler 1951, eq. 2.2). Two samples of one source are
    (k - 1)/2 (1/n + 1/m) apart by chance (Wilks 1938; Miller 1955 for the entropy): that is taken off. The
    variance by the delta method, Var_p[ln(p / q)] / n + Var_q[p / q] / m, and beside it that of the chance
    itself, (k - 1)/2 (1/n + 1/m)^2, which is all there is where both mixes are one. Simulated, 95 % intervals
    hold the truth in .91 (50 segments, many of them rare) to .99 of samples.
    """
    if len(p) != len(q):
        raise ValueError(f"{len(p)} and {len(q)} segments")
    n, m = float(p.sum()), float(q.sum())
    if min(n, m) < FEWEST_ROWS:
        return Undecided(f"{n:.0f} and {m:.0f} rows have a segment, {FEWEST_ROWS} each are needed")
    segments = len(p)
    if segments < 2:
        return Undecided("there is one segment only")
    one, other = shares(p), shares(q)
    logs, ratio = np.log(one / other), one / other
    plain = max(0.0, float(one @ logs))
    bias = (segments - 1) / 2 * (1 / n + 1 / m)
    spread_p = float(one @ logs**2) - float(one @ logs) ** 2
    spread_q = float(other @ ratio**2) - 1.0
    by_chance = (segments - 1) / 2 * (1 / n + 1 / m) ** 2
    se = math.sqrt(max(0.0, spread_p) / n + max(0.0, spread_q) / m + by_chance)
    half = -float(special.ndtri(alpha / 2)) * se
    value = plain - bias
    unseen = float(q[p == 0].sum()) / m
    return Divergence(
        max(0.0, value), max(0.0, value - half), max(0.0, value + half), plain, bias, unseen, segments
    )
