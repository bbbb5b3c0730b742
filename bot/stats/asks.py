"""What a rule asks of each look of a new plan."""

import math

from bot.stats.bounds import Ask, critical, exits
from bot.stats.exact import constant
from bot.stats.spending import INTERIM_Z, Spending


def asks_of(times: tuple[float, ...], rule: Spending) -> tuple[Ask, ...]:
    """What each look of a new plan asks."""
    if rule.by_function:
        return tuple(Ask(spent=rule.spent(t)) for t in times)
    if rule.exact:
        return tuple(Ask(z) for z in constant(times, rule))
    if rule.rule == "haybittle-peto":
        return haybittle(times, rule)
    if rule.alphas is None:
        return (Ask(critical(rule.alpha, rule.sided)),) * len(times)
    if len(rule.alphas) != len(times):
        raise ValueError(f"{len(rule.alphas)} nominal alphas for {len(times)} looks")
    return tuple(Ask(critical(a, rule.sided)) for a in rule.alphas)


def haybittle(times: tuple[float, ...], rule: Spending) -> tuple[Ask, ...]:
    """Haybittle (1971) and Peto et al. (1976), with the last look solved so that alpha is exact."""
    before = times[:-1]
    z = INTERIM_Z if rule.interim_z is None else rule.interim_z
    interim = exits((z,) * len(before), before, sided=rule.sided)
    spent = math.fsum(one.down + one.up for one in interim)
    if spent >= rule.alpha:
        raise ValueError(
            f"the looks before the last at z {z:g} spend {spent:.4g}, all of alpha {rule.alpha:g}"
        )
    return (*(Ask(z) for _ in before), Ask(spent=rule.alpha))
