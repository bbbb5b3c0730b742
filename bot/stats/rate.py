"""The interval of a rate."""

import math

_Z = 1.959963984540054
"""The 97.5 % point of the normal distribution."""


def wilson(hits: float, of: float) -> tuple[float, float]:
    """Return the 95 % score interval of Wilson (1927) for a rate of `hits` in `of`, fractions.

    It holds its level on average also for few trials, and is never empty at 0 or all. Trials that are not
    independent count as fewer, so that they need not be whole. Raises ValueError where less than one was
    tried, or more hit than tried.

    >>> [round(end, 6) for end in wilson(3, 10)]
    [0.107791, 0.603222]
    """
    if not 0 <= hits <= of or of < 1:
        raise ValueError(f"no rate of {hits:g} in {of:g}")
    # Wilson (1927), JASA 22, eq. for p solved: centre (p + z^2/2n) / (1 + z^2/n)
    share, square = hits / of, _Z * _Z
    centre = (share + square / (2 * of)) / (1 + square / of)
    half = _Z / (1 + square / of) * math.sqrt(share * (1 - share) / of + square / (4 * of * of))
    low, high = centre - half, centre + half
    return (0.0 if hits == 0 else max(low, 0.0)), (1.0 if hits == of else min(high, 1.0))
