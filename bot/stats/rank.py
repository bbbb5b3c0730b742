"""How closely two orders agree: Spearman's rank correlation."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from bot.stats.correlation import LEAST, unit
from bot.stats.permutation import SEED, Permuted, permuted
from bot.stats.undecided import Undecided


@dataclass(frozen=True)
class Spearman:
    """rho: from -1 to 1, ties at their mean rank; low, high: its two-sided interval of level 1 - alpha.

    n: pairs. permuted: the p of no agreement and how it was found.
    """

    n: int
    rho: float
    low: float
    high: float
    permuted: Permuted

    @property
    def p(self) -> float:
        """Two-sided, of no agreement."""
        return self.permuted.p


def ranks(values: Sequence[float]) -> NDArray[np.float64]:
    """The rank of each value from 1, equal values at the mean of their ranks."""
    given = np.asarray(values, dtype=np.float64)
    _, where, counts = np.unique(given, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    means: NDArray[np.float64] = (last - (counts - 1) / 2)[where]
    return means


def spearman(
    first: Sequence[float], second: Sequence[float], *, alpha: float = 0.05, seed: int = SEED
) -> Spearman | Undecided:
    """Spearman's rho of pairs: Pearson's r of the ranks.

    The interval by Fisher's z with standard error sqrt((1 + rho^2 / 2) / (n - 3)) (Bonett and Wright 2000,
    Psychometrika 65:23, equation 3), close where |rho| < 0.95; p by permutation, of all orders for few pairs.

    >>> found = spearman([1.0, 2.0, 3.0, 4.0, 5.0], [1.0, 3.0, 2.0, 5.0, 4.0])
    >>> round(found.rho, 3), round(found.p, 3)
    (0.8, 0.133)
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} values are no pairs")
    n = len(first)
    if n < LEAST:
        return Undecided(f"{n} pair{'' if n == 1 else 's'}, and a rank correlation needs {LEAST}")
    if not all(math.isfinite(value) for value in (*first, *second)):
        return Undecided("a value is not finite")
    x, y = unit(ranks(first)), unit(ranks(second))
    if x is None or y is None:
        return Undecided("all values of one side are the same, so they have no order")
    rho = max(-1.0, min(1.0, float(x @ y)))
    found = permuted(x, y, seed=seed)
    if 1 - abs(rho) < 1e-12:
        whole = math.copysign(1.0, rho)
        return Spearman(n, whole, whole, whole, found)
    half = -float(special.ndtri(alpha / 2)) * math.sqrt((1 + rho * rho / 2) / (n - 3))
    centre = math.atanh(rho)
    return Spearman(n, rho, math.tanh(centre - half), math.tanh(centre + half), found)
