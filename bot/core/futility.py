"""Whether a look stops for want of effect, by the plan's futility bounds, made in `stats.futility`."""

import math

from bot.core.registration import Registration
from bot.stats.effect import Effect
from bot.stats.futility import Futility
from bot.stats.sequential import Plan
from bot.stats.undecided import Undecided


def declared(registration: Registration) -> Futility | None:
    """The futility of a registration, losing 1 - power in all; None when it has none."""
    futility = registration.sequential.futility
    if futility is None:
        return None
    # Rounded, so that power .8 and beta .2 are the same plan to the last bit.
    beta = round(1 - registration.power, 12)
    return Futility(futility.spending, beta, futility.gamma, futility.binding)


def boundary(registration: Registration, plan: Plan, look: int) -> float:
    """The Z in the declared direction below which `look` (from 1) is futile; -inf when none is.

    At the last look none is: what does not cross there is not futile but not shown.
    """
    if registration.sequential.futility is None or plan.futility is None or look > plan.last:
        return -math.inf
    return plan.futility.z[look - 1]


def is_futile(registration: Registration, plan: Plan, look: int, effect: Effect | Undecided) -> bool:
    """Whether the effect at `look` (from 1) lies below the futility boundary."""
    if isinstance(effect, Undecided):
        return False
    z = effect.z if registration.primary.direction == "increase" else -effect.z
    return z < boundary(registration, plan, look)
