"""The interval of a quantile, free of any distribution, from the values in order or from a few percentiles.

Of n independent values the number below the quantile of level q is binomial(n, q), so two values in the order
of their size enclose it (David & Nagaraja, Order Statistics, 3rd ed. 2003, section 7.1). Requests of one load
test are less than independent: the interval is the narrowest that can be claimed.
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate

from scipy import special

from bot.stats.undecided import Undecided

ALPHA = 0.05
"""What the interval misses, two-sided."""


def ranks(n: int, level: float, alpha: float = ALPHA) -> tuple[int, int] | Undecided:
    """The ranks (1 is the smallest) of two values that enclose the quantile at least 1 - alpha of the time.

    Raises ValueError for a level not between 0 and 1, or no values. Undecided where so few values enclose it
    on one side only.

    >>> ranks(100, 0.5)
    (40, 61)
    """
    if not 0 < level < 1 or n < 1:
        raise ValueError(f"no quantile of level {level} of {n} values")
    # P(X_(l) > x_q) = P(B <= l - 1) <= alpha/2, the largest such l; B ~ binomial(n, q)
    low = _first(n, lambda k: float(special.bdtr(k, n, level)) > alpha / 2)
    # P(X_(u) < x_q) = 1 - P(B <= u - 1) <= alpha/2, the smallest such u
    high = _first(n, lambda k: float(special.bdtr(k, n, level)) >= 1 - alpha / 2) + 1
    if low < 1 or high > n:
        least = math.ceil(math.log(alpha / 2) / math.log(max(level, 1 - level)))
        return Undecided(f"{n:,} values say little of the quantile {level:g}: it takes {least:,}")
    return low, high


def of_counts(
    values: Sequence[float], counts: Sequence[int], level: float, alpha: float = ALPHA
) -> tuple[float, float, float] | Undecided:
    """The quantile and its interval, of values in order of their size that came so often each.

    The quantile is the smallest value that at least a share `level` of all does not exceed.
    """
    cumulative = list(accumulate(counts))
    if not cumulative or cumulative[-1] < 1:
        return Undecided("there are no values")
    n = cumulative[-1]
    enclosing = ranks(n, level, alpha)
    if isinstance(enclosing, Undecided):
        return enclosing
    at = math.ceil(level * n - 1e-9)
    middle, low, high = (values[bisect_left(cumulative, rank)] for rank in (at, *enclosing))
    return middle, low, high


def of_percentiles(
    known: Mapping[float, float], n: int, level: float, alpha: float = ALPHA
) -> tuple[float, float] | Undecided:
    """The interval, approximately, of a quantile of which only some percentiles are known, by level.

    Between two of them, and beyond the last, the value is taken to grow evenly with -log(1 - level), as it
    does in an exponential tail: exact where the tail is exponential, close to it over so short a way.
    Undecided where the quantile itself is not known, no other is, or so few values cannot enclose it.
    """
    points = sorted((one, value) for one, value in known.items() if 0 <= one < 1)
    if level not in known or len(points) < 2:
        return Undecided(f"too few percentiles are known around {level:g}")
    enclosing = ranks(n, level, alpha)
    if isinstance(enclosing, Undecided):
        return enclosing
    low, high = (_read(points, min(rank / n, 1 - 0.5 / n)) for rank in enclosing)
    return min(low, known[level]), max(high, known[level])


def _read(points: Sequence[tuple[float, float]], level: float) -> float:
    """The value at a level: between the two points around it, or along the nearest two."""
    above = next((i for i, (one, _) in enumerate(points) if one >= level), len(points) - 1)
    left, right = points[max(above, 1) - 1], points[max(above, 1)]
    span = math.log((1 - left[0]) / (1 - right[0]))
    return left[1] + (right[1] - left[1]) * math.log((1 - left[0]) / (1 - level)) / span


def _first(n: int, holds: Callable[[int], bool]) -> int:
    """The smallest k from 0 to n for which it holds, of a condition that goes on holding."""
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low
