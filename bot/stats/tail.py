"""Quantiles of durations with their intervals, and sums and differences of them.

A quantile is the smallest duration that at least its share of turns does not exceed. Its interval lies
between two order statistics, whose ranks are binomial (`bot.stats.order_interval`): free of any distribution.
Where turns share a cluster (a session, an hour), there are as many as give the share above the quantile the
variance it has between clusters (Korn & Graubard 1998, Survey Methodology 24:193).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from scipy import special

from bot.stats.order_interval import ranks
from bot.stats.rate import wilson
from bot.stats.turns import Clusters, Flags, Floats
from bot.stats.undecided import Undecided

ALPHA = 0.05
Z = -float(special.ndtri(ALPHA / 2))


@dataclass(frozen=True)
class Level:
    """A quantile, ms, with its 95 % interval; None for a bound that so few turns do not give."""

    quantile: float
    ms: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Share:
    """A share of turns with its 95 % interval."""

    value: float
    low: float
    high: float


def at(ordered: Floats, level: float) -> float:
    """The quantile of values in order.

    >>> at(np.arange(1.0, 101.0), 0.95)
    95.0
    """
    return float(ordered[_place(len(ordered) * level, len(ordered))])


def _place(rank: float, n: int) -> int:
    """Where the value of this rank (from 1, rounded up) stands."""
    return min(max(math.ceil(round(rank, 6)) - 1, 0), n - 1)


def level(ordered: Floats, quantile: float, n: float | None = None) -> Level:
    """The quantile of values in order, which tell as much as `n` independent ones."""
    many = len(ordered)
    told = max(math.floor(many if n is None else min(n, many)), 1)
    found = ranks(told, quantile, ALPHA)
    if isinstance(found, Undecided):
        low, high = _one_sided(ordered, quantile, told)
        return Level(quantile, at(ordered, quantile), low, high)
    # Ranks among `told` values, read at the same levels among all.
    first, last = (float(ordered[_place(rank * many / told, many)]) for rank in found)
    return Level(quantile, at(ordered, quantile), first, last)


def _one_sided(ordered: Floats, quantile: float, told: int) -> tuple[float | None, float | None]:
    """The bound that there is, if any: with few turns a p99 has a lower one alone."""
    low = next((k for k in range(told, 0, -1) if special.bdtr(k - 1, told, quantile) <= ALPHA / 2), 0)
    high = next((k for k in range(1, told + 1) if special.bdtrc(k - 1, told, quantile) <= ALPHA / 2), 0)
    many = len(ordered)
    first = float(ordered[_place(low * many / told, many)]) if low else None
    return first, (float(ordered[_place(high * many / told, many)]) if high else None)


def share(count: float, n: float) -> Share:
    """A share with Wilson's interval.

    >>> found = share(0, 100)
    >>> found.value, found.low, round(found.high, 6)
    (0.0, 0.0, 0.036993)
    """
    count, n = float(count), float(n)
    return Share(count / n, *wilson(count, n))


@dataclass(frozen=True)
class Beyond:
    """Which of `n` turns exceed a value: the turns themselves, or by cluster how many more than its share.

    groups: of clusters, 0 where turns are independent.
    """

    share: float
    n: int
    groups: int
    flags: Flags | None = field(default=None, repr=False)
    sums: Floats | None = field(default=None, repr=False)

    def product(self, other: "Beyond") -> float:
        """Their covariance over turns, or over clusters, but for a factor that all of one kind share."""
        if self.flags is not None and other.flags is not None:
            both = np.count_nonzero(self.flags & other.flags)
            return float(both - self.n * self.share * other.share)
        if self.sums is not None and other.sums is not None:
            return float(self.sums @ other.sums)
        return 0.0

    @property
    def turns(self) -> float:
        """As many independent turns as would tell as much of this share.

        Variance between clusters, with t of so many clusters instead of z; no more than there are turns.
        """
        if self.sums is None:
            return float(self.n)
        p, groups = self.share, self.groups
        if groups < 2:
            return 1.0
        if p in (0.0, 1.0):
            return float(groups)
        # sum over clusters of (sum - p size)^2, over n^2: the share's variance by linearisation
        between = self.product(self) / self.n**2 * groups / (groups - 1)
        few = Z / float(special.stdtrit(groups - 1, 1 - ALPHA / 2))
        return min(p * (1 - p) / between * few**2, self.n) if between > 0 else float(self.n)


def beyond(which: Flags, cluster: Clusters | None) -> Beyond:
    """Turns as those that exceed a value."""
    share = np.count_nonzero(which) / len(which)
    if cluster is None:
        return Beyond(share, len(which), 0, flags=which)
    sums = cluster.counts(which) - share * cluster.sizes
    return Beyond(share, len(which), len(cluster.sizes), sums=sums)


def share_of(which: Flags, told: float, cluster: Clusters | None) -> Share:
    """The share of turns that these are, which count as at most `told` independent ones."""
    found = beyond(which, cluster)
    n = min(told, found.turns)
    return share(found.share * n, n)


def together(exceed: Sequence[Beyond | None]) -> Floats:
    """The correlations of quantiles' estimates: those of exceeding them, turn by turn or cluster by cluster.

    A sample quantile is q + (1{x > q} - (1 - p))/f(q) averaged over turns, plus what vanishes (Bahadur 1966,
    Ann. Math. Stat. 37:577), so that two of them are correlated as their indicators are. None is a quantile
    of other turns, correlated with nothing.
    """
    spread = [0.0 if one is None else math.sqrt(max(one.product(one), 0.0)) for one in exceed]
    found = np.eye(len(exceed))
    for (i, one), (j, other) in combinations(enumerate(exceed), 2):
        if one is not None and other is not None and spread[i] > 0 and spread[j] > 0:
            found[i, j] = found[j, i] = one.product(other) / (spread[i] * spread[j])
    return found


def combined(levels: Sequence[Level], weights: Sequence[float], correlations: Floats | None) -> Level:
    """A sum or difference of quantiles, its interval from theirs and their correlations.

    Variances add up with covariances: each side of the intervals by itself for a sum, half their widths for a
    difference (Zou & Donner 2008, Statistics in Medicine 27:1693, for intervals of any origin). correlations
    None: not known, so that the halves add up, which no correlation exceeds.
    """
    ms = sum(weight * one.ms for one, weight in zip(levels, weights, strict=True))
    known = [
        (one.ms - one.low, one.high - one.ms)
        for one in levels
        if one.low is not None and one.high is not None
    ]
    if len(known) < len(levels):
        return Level(levels[0].quantile, ms, None, None)
    if min(weights) < 0 < max(weights):
        known = [((down + up) / 2, (down + up) / 2) for down, up in known]
    low, high = (_spread(np.array(side) * weights, correlations) for side in zip(*known, strict=True))
    return Level(levels[0].quantile, ms, ms - low, ms + high)


def _spread(halves: Floats, correlations: Floats | None) -> float:
    """The half of an interval of a sum, from those of its terms."""
    if correlations is None:
        return float(abs(halves).sum())
    return math.sqrt(max(float(halves @ correlations @ halves), 0.0))


def rank_correlation(a: Floats, b: Floats) -> float | None:
    """Spearman's rho, tied values by their middle rank; None where one does not vary."""
    x, y = _ranked(a), _ranked(b)
    sx, sy = float(x.std()), float(y.std())
    return None if sx == 0 or sy == 0 else float(((x - x.mean()) * (y - y.mean())).mean() / (sx * sy))


def _ranked(values: Floats) -> Floats:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[place]
