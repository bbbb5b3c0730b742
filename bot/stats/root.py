"""The root of an increasing or decreasing function of one variable, without importing scipy.optimize.

That import alone takes longer than everything `lookout plan` computes.
"""

import itertools
import math
from collections.abc import Callable


def find_root(
    function: Callable[[float], float], low: float, high: float, *, tolerance: float = 1e-12
) -> float:
    """The x in [low, high] where `function` changes sign, to `tolerance` (absolute and relative).

    Ridders' method (1979, IEEE Trans. Circuits Syst. 26:979): superlinear, and never leaves the bracket.
    Raises ValueError when both ends have the same sign.

    >>> round(find_root(lambda x: x * x - 2, 0.0, 2.0), 12)
    1.414213562373
    """
    f_low, f_high = function(low), function(high)
    if f_low == 0 or f_high == 0:
        return low if f_low == 0 else high
    if (f_low > 0) == (f_high > 0):
        raise ValueError(f"no root between {low:g} and {high:g}")
    x = math.inf
    for _ in range(200):
        middle = (low + high) / 2
        f_middle = function(middle)
        scale = math.sqrt(f_middle * f_middle - f_low * f_high)
        if scale == 0:
            return middle
        step = (middle - low) * f_middle / scale
        previous, x = x, middle + math.copysign(step, step * (f_low - f_high))
        f_x = function(x)
        if f_x == 0 or abs(x - previous) <= tolerance * max(1.0, abs(x)):
            return x
        low, f_low, high, f_high = _bracket((low, f_low), (middle, f_middle), (x, f_x), (high, f_high))
    return x


def _bracket(*points: tuple[float, float]) -> tuple[float, float, float, float]:
    """The neighbouring pair with a change of sign."""
    ordered = sorted(points)
    for (a, f_a), (b, f_b) in itertools.pairwise(ordered):
        if (f_a > 0) != (f_b > 0):
            return a, f_a, b, f_b
    raise ValueError("the function is not continuous between its ends")
