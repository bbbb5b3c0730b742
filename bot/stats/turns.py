"""Turns that go through stages: when each stage begins, and how long the whole takes.

A graph is a mapping of stages to those that they wait for, in an order in which each comes after those. All
times are milliseconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]
Graph: TypeAlias = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Clusters:
    """Which turns belong together: a number for each turn, from 0 without a gap, and how many each has."""

    codes: Codes = field(repr=False)
    sizes: Codes = field(repr=False)

    def counts(self, which: Flags) -> Codes:
        """How many of these turns each cluster has."""
        found: Codes = np.bincount(self.codes[which], minlength=len(self.sizes))
        return found

    def part(self, which: Flags) -> "Clusters":
        """The clusters of these turns alone."""
        return clusters(self.codes[which])


def clusters(values: NDArray[Any]) -> Clusters:
    """The clusters of turns that have the same value."""
    codes = np.unique(values, return_inverse=True)[1].astype(np.int64)
    return Clusters(codes, np.bincount(codes))


@dataclass(frozen=True)
class Turns:
    """Whole measured turns, one number a turn and stage.

    total: of the whole turn as it was measured, None where only its stages were. cluster: which turns are not
    independent of each other, None where all are. cohorts: for each turn the place of its cohort in
    `cohort_names`.
    """

    ms: Mapping[str, Floats]
    total: Floats | None = None
    cluster: Clusters | None = None
    cohorts: Codes | None = None
    cohort_names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(next(iter(self.ms.values()), ()))


@dataclass(frozen=True)
class Buckets:
    """A histogram: counts up to each edge (ms, growing), and last the count beyond them all."""

    edges: Floats
    counts: Floats

    @property
    def total(self) -> float:
        """How many there are."""
        return float(self.counts.sum())


@dataclass(frozen=True)
class Pool:
    """What a stage's durations are drawn from.

    low, high: the least and the most that each may be where only its bucket is known (`high` is infinite
    beyond the last bucket), else None. n: how many measurements it rests on, infinite where it is assumed.
    """

    ms: Floats
    n: float
    low: Floats | None = None
    high: Floats | None = None


@dataclass(frozen=True)
class Course:
    """How turns went: when each stage began and ended, and how long the whole took."""

    begins: Mapping[str, Floats] = field(repr=False)
    total: Floats = field(repr=False)


def course(after: Graph, ms: Mapping[str, Floats]) -> Course:
    """Each stage begins when the last of those it waits for is done; the turn is done when all are.

    Exact for every turn: nothing is drawn here.
    """
    begins: dict[str, Floats] = {}
    done: dict[str, Floats] = {}
    for name, waits in after.items():
        start = reduce(np.maximum, [done[one] for one in waits]) if waits else np.zeros(1)
        begins[name] = start
        done[name] = start + ms[name]
    waited = {one for waits in after.values() for one in waits}
    return Course(begins, reduce(np.maximum, [done[name] for name in after if name not in waited]))


def from_buckets(buckets: Buckets, draws: int) -> Pool:
    """Durations spread evenly within each bucket, in order, each bucket with its share of the draws.

    Of a bucket nothing is known but its edges, which are the bounds; beyond the last one there is no upper
    bound, and the lower one stands for the value, as in Prometheus' histogram_quantile.
    """
    lower = np.concatenate([[0.0], buckets.edges])
    upper = np.concatenate([buckets.edges, [np.inf]])
    shares = np.cumsum(buckets.counts) / buckets.counts.sum()
    levels = (np.arange(draws) + 0.5) / draws
    at = np.minimum(np.searchsorted(shares, levels, side="left"), len(upper) - 1)
    before = np.concatenate([[0.0], shares[:-1]])
    width = np.maximum(shares - before, 1e-300)
    within = (levels - before[at]) / width[at]
    last = np.isinf(upper[at])
    middle = lower[at] + np.where(last, 0.0, within * (np.where(last, lower[at], upper[at]) - lower[at]))
    return Pool(middle, buckets.total, lower[at], upper[at])


def lognormal(p50: float, p95: float, draws: int) -> Pool:
    """A lognormal with this median and p95, in order: value = p50 exp(sigma z), sigma = ln(p95/p50)/z_95."""
    from scipy import special

    sigma = np.log(p95 / p50) / special.ndtri(0.95)
    levels = (np.arange(draws) + 0.5) / draws
    return Pool(p50 * np.exp(sigma * special.ndtri(levels)), float("inf"))


def constant(ms: float) -> Pool:
    """Always the same."""
    return Pool(np.full(1, ms), float("inf"))


def drawn(pool: Pool, draws: int, rng: np.random.Generator) -> Pool:
    """Durations drawn with replacement, each with its bounds."""
    if len(pool.ms) == 1:
        return Pool(np.full(draws, pool.ms[0]), pool.n)
    at = rng.integers(0, len(pool.ms), draws, dtype=np.int32)
    low = None if pool.low is None else pool.low[at]
    high = None if pool.high is None else pool.high[at]
    return Pool(pool.ms[at], pool.n, low, high)
