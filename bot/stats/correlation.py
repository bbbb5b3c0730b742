"""How closely two series of effects go together: Pearson's correlation with Fisher's interval."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from bot.stats.permutation import SEED, Permuted, permuted
from bot.stats.undecided import Undecided

LEAST = 4
"""Pairs below which Fisher's standard error, 1 / sqrt(n - 3), does not exist."""


@dataclass(frozen=True)
class Pearson:
    """r: from -1 to 1; low, high: its two-sided interval of level 1 - alpha; p: two-sided, of no correlation.

    n: pairs.
    """

    n: int
    r: float
    low: float
    high: float
    p: float


def pearson(first: Sequence[float], second: Sequence[float], *, alpha: float = 0.05) -> Pearson | Undecided:
    """Pearson's r of pairs; the interval by Fisher's z (Fisher 1921, Metron 1:3), p by Student's t.

    Assumes independent pairs from a bivariate normal distribution; with the few launches of a quarter the
    interval is wide, and that is the finding.

    >>> found = pearson([1.0, 2.0, 3.0, 4.0, 5.0], [1.0, 3.0, 2.0, 5.0, 4.0])
    >>> round(found.r, 3), round(found.low, 3), round(found.high, 3)
    (0.8, -0.28, 0.986)
    """
    x, y = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if len(x) != len(y):
        raise ValueError(f"{len(x)} and {len(y)} values are no pairs")
    n = len(x)
    if n < LEAST:
        return Undecided(f"{n} pair{'' if n == 1 else 's'}, and a correlation with an interval needs {LEAST}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        return Undecided("a value is not finite")
    unit_x, unit_y = unit(x), unit(y)
    if unit_x is None or unit_y is None:
        return Undecided("all values of one side are the same, so they go together with nothing")
    r = max(-1.0, min(1.0, float(unit_x @ unit_y)))
    if 1 - abs(r) < 1e-15:
        return Pearson(n, math.copysign(1.0, r), math.copysign(1.0, r), math.copysign(1.0, r), 0.0)
    # atanh(r) is close to normal with standard error 1 / sqrt(n - 3)
    half = -float(special.ndtri(alpha / 2)) / math.sqrt(n - 3)
    centre = math.atanh(r)
    t = r * math.sqrt((n - 2) / ((1 - r) * (1 + r)))
    p = min(1.0, 2 * float(special.stdtr(n - 2, -abs(t))))
    return Pearson(n, r, math.tanh(centre - half), math.tanh(centre + half), p)


def chance(first: Sequence[float], second: Sequence[float], *, seed: int = SEED) -> Permuted | Undecided:
    """How often random pairing alone gives an |r| as large: needs no normal distribution, so for small n.

    >>> found = chance([1.0, 2.0, 3.0, 4.0, 5.0], [1.0, 3.0, 2.0, 5.0, 4.0])
    >>> round(found.p, 4), found.how
    (0.1333, 'all 120 orders tried')
    """
    found = pearson(first, second)
    if isinstance(found, Undecided):
        return found
    x = unit(np.asarray(first, dtype=np.float64))
    y = unit(np.asarray(second, dtype=np.float64))
    if x is None or y is None:
        raise AssertionError("a series with a correlation varies")
    return permuted(x, y, seed=seed)


def unit(values: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The values about their mean, at length 1; None when they do not vary."""
    largest = float(np.abs(values).max())
    if largest == 0:
        return None
    scaled = values / largest  # so that nothing overflows
    centred = scaled - scaled.mean()
    length = float(np.sqrt(centred @ centred))
    if length <= len(values) * 2.3e-16:
        return None
    of_one: NDArray[np.float64] = centred / length
    return of_one
