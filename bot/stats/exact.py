"""The classical boundaries, one constant for all looks."""

import math
from collections.abc import Sequence

from bot.stats.bounds import critical, exits
from bot.stats.root import find_root
from bot.stats.spending import Spending


def constant(times: Sequence[float], rule: Spending, floor: Sequence[float] = ()) -> tuple[float, ...]:
    """Exact boundaries c * t^(delta - 1/2): O'Brien & Fleming (1979) delta = 0, Pocock (1977) delta = 1/2.

    floor: binding futility bounds; () for none.
    """
    shape = _shape(times, rule)
    goal = math.log(rule.alpha)

    def excess(c: float) -> float:
        stops = exits([c * s for s in shape], times, sided=rule.sided, floor=floor)
        return math.log(math.fsum(rule.sided * one.up for one in stops)) - goal

    single = critical(rule.alpha, rule.sided)
    if len(times) == 1:
        return (single,)
    # Below the single look's critical value only when binding futility gives alpha back, or alpha is large.
    low = single - 0.01 if not floor and single > 0.01 else min(single - 2.0, 0.0)
    c = find_root(excess, low, max(single, 0.0) + 4.0)
    return tuple(c * s for s in shape)


def is_constant(times: Sequence[float], z: Sequence[float], rule: Spending) -> bool:
    """Whether boundaries have the classical shape, as they do until a look is held at another time."""
    ratios = [bound / s for bound, s in zip(z, _shape(times, rule), strict=True)]
    return max(ratios) - min(ratios) <= 1e-7


def _shape(times: Sequence[float], rule: Spending) -> list[float]:
    return [math.sqrt(times[-1] / t) if rule.rule == "exact-obrien-fleming" else 1.0 for t in times]
