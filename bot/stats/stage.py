"""What a stage does to its durations: scaled, replaced, asked twice, given up.

In this order, however it was said: a new model changes how long a request takes, hedging sends two of them,
and a fallback is engaged when neither has answered.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from scipy import special

from bot.stats.turns import Codes, Flags, Floats, Pool


@dataclass(frozen=True)
class Second:
    """A second request after `after_ms`; `shared` is the correlation of the normal scores of the two."""

    after_ms: float
    shared: float = 0.0


@dataclass(frozen=True)
class GivenUp:
    """It is waited for this long, then what is used instead takes `cost_ms` more."""

    after_ms: float
    cost_ms: float = 0.0


@dataclass(frozen=True)
class Treatment:
    """What is done to a stage.

    replaced: durations that take the place of the measured ones, rank by rank; factor: all are multiplied by
    it, after that. Of several times to give up the earliest counts.
    """

    replaced: Floats | None = field(default=None, repr=False)
    factor: float = 1.0
    second: Second | None = None
    given_up: tuple[GivenUp, ...] = ()

    @property
    def nothing(self) -> bool:
        """Whether durations stay as they are."""
        return self.replaced is None and self.factor == 1.0 and self.second is None and not self.given_up


@dataclass(frozen=True)
class Treated:
    """A stage's durations afterwards; which of its requests were asked twice, and which were given up (None
    where that is not done)."""

    pool: Pool
    twice: Flags | None = field(default=None, repr=False)
    given_up: Flags | None = field(default=None, repr=False)


def treated(pool: Pool, what: Treatment, rng: np.random.Generator) -> Treated:
    """Do it to durations; each turn keeps its place, so that what is slow together stays so."""
    if what.replaced is not None:
        pool = Pool(by_rank(pool.ms, what.replaced), min(pool.n, len(what.replaced)))
    if what.factor != 1.0:
        pool = _each(pool, lambda ms: ms * what.factor)
    twice = None
    if what.second is not None:
        second = what.second
        twice = pool.ms > second.after_ms
        at = _again(pool.ms, second.shared, rng)
        pool = _each(pool, lambda ms: np.minimum(ms, second.after_ms + ms[at]))
    if not what.given_up:
        return Treated(pool, twice)
    last = min(what.given_up, key=lambda one: one.after_ms)
    given_up = pool.ms > last.after_ms
    # A step up at `after_ms`, so monotone: bounds stay bounds.
    pool = _each(pool, lambda ms: np.where(ms > last.after_ms, last.after_ms + last.cost_ms, ms))
    return Treated(pool, twice, given_up)


def by_rank(ms: Floats, others: Floats) -> Floats:
    """Other durations in the order of these: the slowest turn gets the slowest of them (the same copula)."""
    ordered = np.sort(others)
    if len(ms) == 1:
        return ordered
    ranks = np.empty(len(ms), dtype=np.int64)
    ranks[np.argsort(ms, kind="stable")] = np.arange(len(ms))
    return ordered[((ranks + 0.5) * len(ordered) / len(ms)).astype(np.int64)]


def _again(ms: Floats, shared: float, rng: np.random.Generator) -> Codes:
    """For each request, which of the others its second one is like.

    With z the normal score of the first, that of the second is shared z + sqrt(1 - shared^2) e: a Gaussian
    copula (Nelsen, An Introduction to Copulas, 2nd ed. 2006, section 2.3).
    """
    n = len(ms)
    if shared == 0.0:
        return rng.integers(0, n, n)
    order = np.argsort(ms, kind="stable")
    ranks = np.empty(n, dtype=np.int64)
    ranks[order] = np.arange(n)
    z = shared * special.ndtri((ranks + 0.5) / n) + np.sqrt(1 - shared**2) * rng.standard_normal(n)
    levels = np.minimum((special.ndtr(z) * n).astype(np.int64), n - 1)
    found: Codes = order[levels]
    return found


def _each(pool: Pool, change: Callable[[Floats], Floats]) -> Pool:
    """The durations and their bounds, all changed."""
    low = None if pool.low is None else change(pool.low)
    high = None if pool.high is None else change(pool.high)
    return replace(pool, ms=change(pool.ms), low=low, high=high)
