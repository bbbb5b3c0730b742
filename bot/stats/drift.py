"""How far a distribution has moved, and whether that is more than it moves from day to day.

Nothing here is tested against a fixed threshold or by a p-value: a Kolmogorov-Smirnov test rejects shifts of
no consequence when there are many rows, and a PSI of .1 is never reached by a shift of .2 sd. What counts is
the distance itself, against the distances of the reference's own days from each other.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from bot.stats.undecided import Undecided

Array: TypeAlias = npt.NDArray[np.float64]

FEWEST_DAYS = 7
"""Reference days below which their variation says nothing about the next one."""
FEWEST_ROWS = 100
"""Rows below which a distribution is not compared."""
SPREADS = 5.0
"""How many spreads above the median of the null its limit is."""
BEYOND = 1.25
"""The limit is this much above the largest of the null, too."""
HALF = 0.5
"""Rows put into every bin before shares are compared, so that an empty one stays finite (Jeffreys)."""
_NORMAL_MAD = 1.482602218505602
"""1 / Phi^-1(.75): makes the median absolute deviation of a normal sample its sd."""


def shares(counts: Array) -> Array:
    """The share of each bin, each given HALF a row more."""
    filled: Array = (counts + HALF) / (counts.sum() + HALF * len(counts))
    return filled


def kl(now: Array, usual: Array) -> float:
    """Kullback & Leibler's divergence of `now` from `usual`, in nats, of counts by bin; never below 0.

    KL(p || q) = sum p ln(p / q) (Kullback & Leibler 1951, eq. 2.2), p and q smoothed by `shares`.

    >>> round(kl(np.array([300.0, 700.0]), np.array([500.0, 500.0])), 4)  # .3 ln .6 + .7 ln 1.4, smoothed
    0.0821
    """
    p, q = shares(now), shares(usual)
    return max(0.0, float(p @ np.log(p / q)))


def psi(now: Array, usual: Array) -> float:
    """The population stability index of counts by bin: sum (p - q) ln(p / q) = KL(p || q) + KL(q || p).

    Siddiqi 2006, Credit Risk Scorecards, ch. 9.
    """
    p, q = shares(now), shares(usual)
    return float((p - q) @ np.log(p / q))


def wasserstein(now: Array, usual: Array, edges: Array) -> float | Undecided:
    """The Wasserstein-1 distance over the sd of `usual`, of counts by bin of a number.

    Bin 0 is below the first edge, the last one above the last edge; both count as lying at that edge, so
    outliers count as far as the outermost edges and no further. W1 = integral |F(x) - G(x)| dx (Vallender
    1974), F and G straight between edges.

    >>> edges = np.linspace(-4, 4, 81)
    >>> normal = lambda mean: np.diff([0, *[0.5 * math.erfc((mean - e) / 2**0.5) for e in edges], 1]) * 1e6
    >>> round(wasserstein(normal(0.2), normal(0), edges), 3)
    0.2
    """
    if not (len(now) == len(usual) == len(edges) + 1):
        raise ValueError(f"{len(now)} and {len(usual)} bins do not go with {len(edges)} edges")
    sd = spread(usual, edges)
    if isinstance(sd, Undecided):
        return sd
    apart = np.cumsum(now / now.sum() - usual / usual.sum())[:-1]
    left, right = apart[:-1], apart[1:]
    crossing = left * right < 0
    both = np.abs(left) + np.abs(right)
    # The mean of |a + (b - a) u| over u in 0..1: (|a| + |b|) / 2, or (a^2 + b^2) / 2(|a| + |b|) where its
    # sign changes on the way.
    mean = np.where(crossing, (left**2 + right**2) / np.where(both > 0, 2 * both, 1.0), both / 2)
    return float(mean @ np.diff(edges)) / sd


def spread(counts: Array, edges: Array) -> float | Undecided:
    """The sd of counts by bin, rows spread evenly within bins and those outside at the outermost edges."""
    total = counts.sum()
    if len(edges) < 2 or not total > 0:
        return Undecided("fewer than two edges or no rows")
    low, high = edges[:-1], edges[1:]
    inner = counts[1:-1]
    first = counts[0] * edges[0] + counts[-1] * edges[-1] + inner @ ((low + high) / 2)
    centre = first / total
    inside = ((high - centre) ** 2 + (high - centre) * (low - centre) + (low - centre) ** 2) / 3
    outside = counts[0] * (edges[0] - centre) ** 2 + counts[-1] * (edges[-1] - centre) ** 2
    variance = float(inner @ inside + outside) / float(total)
    if not variance > 0:
        return Undecided("the reference does not vary")
    return math.sqrt(variance)


@dataclass(frozen=True)
class Distance:
    """A distance and its limit: what the reference's own days do not exceed.

    name: "Wasserstein/sd", "KL" or "PSI". usual: the median distance of a reference day from the others.
    limit: never below the least effect that is asked for. All in the unit of the distance.
    """

    name: str
    value: float
    usual: float
    limit: float

    @property
    def beyond(self) -> bool:
        """Whether it is over its limit."""
        return self.value > self.limit

    @property
    def times(self) -> float:
        """How many times its limit it is, on the scale of a shift: KL and PSI grow with its square."""
        ratio = self.value / self.limit
        return ratio if self.name == "Wasserstein/sd" else math.sqrt(ratio)


@dataclass(frozen=True)
class Drift:
    """How a distribution stands against its reference days.

    now, usual: rows by bin, of now and of all reference days together. distances: the furthest over its limit
    first. days: reference days behind the limits.
    """

    now: tuple[float, ...]
    usual: tuple[float, ...]
    distances: tuple[Distance, ...]
    days: int

    @property
    def drifted(self) -> bool:
        """Whether any distance is over its limit."""
        return self.distances[0].beyond

    def distance(self, name: str) -> Distance | None:
        """The distance of that name."""
        return next((one for one in self.distances if one.name == name), None)


def drift(
    now: Array,
    days: Sequence[Array],
    *,
    rng: np.random.Generator,
    least: float = 0.1,
    edges: Array | None = None,
    apart: int = 0,
) -> Drift | Undecided:
    """Hold the rows of now by bin against those of each reference day.

    edges: of the bins where they are of a number; the last `apart` bins then hold what has no place among
    numbers (nulls). least: the shift in sd below which nothing is called drift; a normal variable that shifts
    by d sd has KL d^2/2, PSI d^2 and Wasserstein/sd d.

    The null is what each reference day is away from all the others. A day with more rows than now is thinned
    to as many by multinomial draws first: a small sample is further away by chance alone.
    """
    fitting = [day for day in days if day.sum() >= FEWEST_ROWS]
    rows = float(now.sum())
    if rows < FEWEST_ROWS:
        return Undecided(f"{rows:g} row{'' if rows == 1 else 's'} now, {FEWEST_ROWS} are needed")
    if len(fitting) < FEWEST_DAYS:
        return Undecided(
            f"{len(fitting)} reference day{'' if len(fitting) == 1 else 's'} with {FEWEST_ROWS} rows, "
            f"{FEWEST_DAYS} are needed"
        )
    usual = np.sum(fitting, axis=0)
    null = [(thinned(day, rows, rng), usual - day) for day in fitting]
    found = [
        _against("KL", kl(now, usual), [kl(*pair) for pair in null], least**2 / 2),
        _against("PSI", psi(now, usual), [psi(*pair) for pair in null], least**2),
    ]
    moved = _moved(now, usual, null, edges, apart, least)
    distances = sorted([*found, *moved], key=lambda one: -one.times)
    return Drift(tuple(map(float, now)), tuple(map(float, usual)), tuple(distances), len(fitting))


def limit(null: Sequence[float], least: float) -> float:
    """What the next distance of the same kind should not exceed, at least `least`.

    SPREADS robust sd above the median and BEYOND times the largest: distances are skewed, and few days do not
    show their tail. Simulated with 28 days: over the limit in .2 % of half-normal distances, 1.1 % where days
    vary like a t with 4 degrees of freedom (`tests/stats/test_drift.py`).
    """
    values = np.asarray(null, dtype=np.float64)
    middle = float(np.median(values))
    width = _NORMAL_MAD * float(np.median(np.abs(values - middle)))
    return max(middle + SPREADS * width, BEYOND * float(values.max()), least)


def thinned(counts: Array, rows: float, rng: np.random.Generator) -> Array:
    """The counts of a sample of so many rows; the counts themselves where there are no more."""
    total = counts.sum()
    if total <= rows:
        return counts
    drawn: Array = rng.multinomial(round(rows), counts / total).astype(np.float64)
    return drawn


def _against(name: str, value: float, null: Sequence[float], least: float) -> Distance:
    """A squared distance: its limit is found on the scale of its root."""
    above = limit([math.sqrt(max(one, 0.0)) for one in null], math.sqrt(least))
    return Distance(name, value, float(np.median(null)), above**2)


def _moved(
    now: Array,
    usual: Array,
    null: Sequence[tuple[Array, Array]],
    edges: Array | None,
    apart: int,
    least: float,
) -> list[Distance]:
    """The distance of numbers, where they are numbers and vary."""
    if edges is None:
        return []
    numbers = len(edges) + 1
    pairs = [(one[:numbers], other[:numbers]) for one, other in [(now, usual), *null]]
    if apart != len(now) - numbers:
        raise ValueError(f"{len(now)} bins are not those of {len(edges)} edges and {apart} more")
    if any(not one.sum() > 0 or not other.sum() > 0 for one, other in pairs):
        return []
    found = [wasserstein(one, other, edges) for one, other in pairs]
    values = [one for one in found if not isinstance(one, Undecided)]
    if len(values) < len(found):
        return []
    return [Distance("Wasserstein/sd", values[0], float(np.median(values[1:])), limit(values[1:], least))]
