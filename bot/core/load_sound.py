"""Holds what a result file came to against what a load test can come to; other figures are refused."""

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

from bot.core.load_result import LoadResult, Series
from bot.errors import InputError

MOST = 10**15
"""Of anything that is counted, and of seconds."""
_MEND = "Attach the file as its tool wrote it."


def sound(read: Callable[[], LoadResult]) -> LoadResult:
    """Read, and check what came.

    Raises:
        InputError: it cannot be read in the form that it has, or a figure in it is none.

    """
    try:
        found = read()
    except (ArithmeticError, ValueError, OSError):  # no number, or no moment
        raise InputError("A figure in the file is no number, or far too large.", _MEND) from None
    except (AttributeError, LookupError, TypeError):
        raise InputError(
            "The file begins as what k6 or Locust writes and goes on otherwise.", _MEND
        ) from None
    if found.seconds is not None and not 0 <= found.seconds <= MOST:
        raise InputError(f"The file says that the test ran {found.seconds:g} seconds.", _MEND)
    negative = []
    series = []
    for one in found.series:
        fault = _fault(one)
        if fault:
            raise InputError(f"“{one.name[:60]}” in the file has {fault}.", _MEND)
        below = any(point.ms < 0 for point in one.percentiles)
        negative += [one.name[:60]] if below else []
        series.append(replace(one, percentiles=()) if below else one)
    remarks = (f"Negative times are none: {', '.join(negative[:5])} left out.",) if negative else ()
    return replace(found, series=tuple(series), remarks=(*found.remarks, *remarks))


def _fault(one: Series) -> str:
    """What is wrong with a series, "" for nothing."""
    for name, count in (("values", one.n), ("hits", one.hits), ("cases", one.of)):
        if count is not None and not 0 <= count <= MOST:
            return f"{count:.3g} {name}" if abs(count) < 1e300 else f"an endless number of {name}"
    if one.hits is not None and one.of is not None and one.hits > one.of:
        return f"{one.hits:,} hits in {one.of:,}"
    points = sorted(one.percentiles, key=lambda point: point.level)
    ends = [end for point in points for end in (point.ms, point.low, point.high) if end is not None]
    if not all(map(math.isfinite, ends)):
        return "a percentile that is no number"
    if any(later.ms < earlier.ms for earlier, later in pairwise(points)):
        return f"a p{100 * points[-1].level:g} below a lower percentile"
    return ""
