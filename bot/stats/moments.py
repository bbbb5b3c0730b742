"""Means of several quantities together, and intervals for what is computed from them.

All that a harness reports is a smooth function of a few means (a ratio of two, a difference of ratios). So
one set of sums gives all of it: the value, its variance by the delta method, and the skewness by which the
interval is corrected, since rewards that are rare and weights that are large make the plain one miss.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement, permutations
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

from bot.stats.undecided import Undecided

Array: TypeAlias = NDArray[np.float64]

FEWEST = 20
"""Independent units below which no interval is given."""
ROUNDING = 1e-12
"""A standard error below this share of what the value is made of is rounding; so is a variance below this
share of the squares whose difference it is."""


def pairs(width: int) -> list[tuple[int, int]]:
    """The pairs of columns whose products are summed."""
    return [(i, j) for i, j in combinations_with_replacement(range(width), 2)]


def triples(width: int) -> list[tuple[int, int, int]]:
    """The triples of columns whose products are summed."""
    return [(i, j, k) for i, j, k in combinations_with_replacement(range(width), 3)]


@dataclass(frozen=True, eq=False)
class Sums:
    """Sufficient statistics of `n` independent units with k quantities each, about fixed constants.

    about: (k,), any constants near the means, so that no digits are lost. first, second, third: sums of
    y, y y' and y y' y'' with y = x - about, of shape (k,), (k, k) and (k, k, k).
    """

    n: float
    about: Array
    first: Array
    second: Array
    third: Array

    @classmethod
    def gathered(
        cls,
        n: float,
        about: Sequence[float],
        first: Sequence[float],
        second: Sequence[float],
        third: Sequence[float],
    ) -> "Sums":
        """From sums in the order of `pairs` and `triples`."""
        width = len(about)
        squares, cubes = np.zeros((width, width)), np.zeros((width, width, width))
        for pair, value in zip(pairs(width), second, strict=True):
            for at in set(permutations(pair)):
                squares[at] = value
        for triple, value in zip(triples(width), third, strict=True):
            for place in set(permutations(triple)):
                cubes[place] = value
        return cls(n, np.array(about, dtype=float), np.array(first, dtype=float), squares, cubes)

    @classmethod
    def of_rows(cls, rows: Array, about: Array | None = None) -> "Sums":
        """From rows in memory, of shape (n, k)."""
        centre: Array = rows.mean(axis=0) if about is None else about
        y = rows - centre
        return cls(float(len(rows)), centre, y.sum(axis=0), y.T @ y, np.einsum("ni,nj,nk->ijk", y, y, y))

    def __add__(self, other: "Sums") -> "Sums":
        """The sums of both sets of units, which must be about the same constants."""
        if not np.array_equal(self.about, other.about):
            raise ValueError("sums about different constants cannot be added")
        return Sums(
            self.n + other.n,
            self.about,
            self.first + other.first,
            self.second + other.second,
            self.third + other.third,
        )

    @property
    def mean(self) -> Array:
        """The means, (k,)."""
        found: Array = self.about + self.first / self.n
        return found

    def variance(self, gradient: Array) -> float:
        """The variance over units, with n - 1, of gradient . x."""
        if self.n < 2:
            return math.nan
        off = float(gradient @ self.first) / self.n
        spread = float(gradient @ self.second @ gradient) - self.n * off * off
        size = np.abs(gradient)
        # What a term is made of may be large and cancel, as in a ratio of two columns that move together.
        whole = float(size @ np.abs(self.second) @ size)
        return 0.0 if spread <= ROUNDING * whole else spread / (self.n - 1)

    def skewness(self, gradient: Array) -> float:
        """The skewness over units of gradient . x; 0 where it does not vary."""
        off = float(gradient @ self.first) / self.n
        square = float(gradient @ self.second @ gradient) / self.n
        cube = float(np.einsum("ijk,i,j,k->", self.third, gradient, gradient, gradient)) / self.n
        spread = square - off * off
        if not spread > 0:
            return 0.0
        return float((cube - 3 * off * square + 2 * off**3) / spread**1.5)


@dataclass(frozen=True)
class Estimate:
    """A value with its two-sided interval. units: independent units behind it; se: its standard error."""

    value: float
    low: float
    high: float
    se: float
    units: float

    @property
    def beyond_zero(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0


def estimate(
    sums: Sums,
    value: float,
    gradient: Sequence[float] | Array,
    *,
    alpha: float = 0.05,
    also: Array | None = None,
) -> Estimate | Undecided:
    """The interval of a smooth function of the means, from its value and gradient there.

    Delta method: var = g' S g / n. Skewness is taken out by Hall's monotone transformation (Hall 1992,
    J. R. Statist. Soc. B 54:221, eq. 3.4): with T = (estimate - truth) / se and skewness c,
    T + a T^2 + a^2 T^3 / 3 + c / (6 sqrt n), a = c / (3 sqrt n), is normal to order 1/n. `also`: a covariance
    of the means, (k, k), that comes from elsewhere.
    """
    g = np.asarray(gradient, dtype=np.float64)
    if sums.n < FEWEST:
        return Undecided(f"{sums.n:g} independent units, and an interval needs {FEWEST}")
    if not (math.isfinite(value) and np.isfinite(g).all()):
        return Undecided("a value is not finite")
    variance = sums.variance(g) / sums.n + (0.0 if also is None else max(0.0, float(g @ also @ g)))
    se = math.sqrt(variance)
    if not se > ROUNDING * float(np.abs(g) @ np.abs(sums.mean)):
        return Undecided("it does not vary between units, so it has no interval")
    z = -float(special.ndtri(alpha / 2))
    root = math.sqrt(sums.n)
    skewed = sums.skewness(g)
    return Estimate(
        value,
        value - se * _untransformed(z, skewed, root),
        value - se * _untransformed(-z, skewed, root),
        se,
        sums.n,
    )


def apart(first: Estimate, second: Estimate) -> Estimate:
    """first - second of two independent estimates, each side's own skewness kept.

    Squares of the half widths add up on each side (Newcombe 1998, Statist. Med. 17:873, method 10).
    """
    value = first.value - second.value
    return Estimate(
        value,
        value - math.hypot(first.value - first.low, second.high - second.value),
        value + math.hypot(first.high - first.value, second.value - second.low),
        math.hypot(first.se, second.se),
        min(first.units, second.units),
    )


def _untransformed(z: float, skewness: float, root: float) -> float:
    """The T at which Hall's transformation is z: its inverse in closed form."""
    a = skewness / (3 * root)
    moved = z - skewness / (6 * root)
    if abs(a) < 1e-8:
        return moved
    return (math.cbrt(1 + 3 * a * moved) - 1) / a
