"""Stopping for want of effect: a non-binding boundary that spends the type-II error."""

import math

from bot.core.registration import Registration
from bot.stats.effect import Effect
from bot.stats.plan_power import drift_for
from bot.stats.root import find_root
from bot.stats.sequential import Plan
from bot.stats.spending import Spending
from bot.stats.undecided import Undecided
from bot.stats.walk import Walk


def boundary(registration: Registration, plan: Plan, look: int) -> float:
    """The Z in the declared direction below which `look` (from 1) is futile; -inf when none is.

    Beta spending under the effect the plan detects with its power (Pampallona, Tsiatis & Kim 2001): of the
    paths that would have crossed, no more than the spent share is given up. The efficacy boundary is not
    moved by it, so ignoring it never raises the type-I error.
    """
    futility = registration.sequential.futility
    if futility is None or look > plan.last:
        return -math.inf
    beta = 1 - registration.power
    # One-sided, so twice beta over two sides.
    rule = Spending(futility.spending, min(2 * beta, 0.999), futility.gamma)
    walk, spent, bound = Walk.start(drift_for(plan, registration.power)), 0.0, -math.inf
    for k in range(look):
        time, upper = plan.fractions[k], plan.z[k]
        share = rule.spent(time) / 2 - spent
        bound = _bound(walk, time, share, upper)
        spent += share
        walk = walk.through(time, bound, upper, plan.fractions[k + 1])
    return bound


def is_futile(registration: Registration, plan: Plan, look: int, effect: Effect | Undecided) -> bool:
    """Whether this look's effect lies below the futility boundary."""
    if registration.sequential.futility is None or isinstance(effect, Undecided):
        return False
    z = effect.z if registration.primary.direction == "increase" else -effect.z
    return z < boundary(registration, plan, look)


def _bound(walk: Walk, time: float, share: float, upper: float) -> float:
    low, high = -9.0, min(upper, 9.0)
    if walk.below(time, low) >= share:
        return -math.inf
    if walk.below(time, high) <= share:
        return high
    return find_root(lambda z: walk.below(time, z) - share, low, high)
