"""The primary metric against what a look asks of it."""

import math

from bot.core.course import Course
from bot.core.futility import boundary
from bot.core.look import PrimaryResult
from bot.core.measure import Measured
from bot.core.registration import Registration
from bot.stats.adjusted import Adjusted, adjusted, repeated
from bot.stats.effect import Effect
from bot.stats.plan_power import conditional_power, current_drift, predictive_power
from bot.stats.sequential import Plan, crosses
from bot.stats.undecided import Undecided

NO_FUNCTION = "the plan's rule does not say what an unplanned look may spend"
"""Why a peek is not judged."""


def primary(
    registration: Registration, measured: Measured, course: Course, *, unjudged: str
) -> PrimaryResult:
    """The primary at this look; `unjudged` is why nothing may be judged, empty when it may."""
    why = unjudged or (NO_FUNCTION if course.at is None else "")
    effect, plan, at = measured.effect, course.plan, course.at
    increase = registration.primary.direction == "increase"
    significant, fair, power, predictive, p = None, None, None, None, None
    if isinstance(effect, Effect):
        declared = effect.p_increase if increase else effect.p_decrease
        p = effect.p if plan.sided == 2 else declared
    if isinstance(effect, Effect) and at is not None and not why:
        significant = crosses(plan, at, effect.p, declared)
        fair = _adjusted(plan, at, effect)
        power, predictive = _powers(plan, at, effect, direction=1 if increase else -1)
    return PrimaryResult(
        metric=registration.primary.metric,
        effect=effect,
        plain=measured.plain,
        cuped=measured.cuped,
        boundary_z=math.inf if at is None else plan.z[at],
        boundary_p=0.0 if at is None else plan.nominal_p[at],
        significant=significant,
        good=isinstance(effect, Effect) and (effect.absolute > 0) == increase,
        adjusted=fair or (effect if isinstance(effect, Undecided) else Undecided(why)),
        conditional_power=power,
        note=measured.no_cuped,
        predictive_power=predictive,
        futility_z=-math.inf if at is None else boundary(registration, plan, at + 1),
        unjudged=why,
        sided=plan.sided,
        p_judged=p,
    )


def _powers(plan: Plan, at: int, effect: Effect, *, direction: int) -> tuple[float | None, float | None]:
    """Conditional power at the effect so far, and predictive power; None at the last look."""
    if at == plan.last:
        return None, None
    drift = current_drift(plan, at, effect.z)
    return (
        conditional_power(plan, at, effect.z, drift, direction=direction),
        predictive_power(plan, at, effect.z, direction=direction),
    )


def _adjusted(plan: Plan, at: int, effect: Effect) -> Adjusted | Undecided:
    """Stage-wise when the experiment has stopped here, the repeated interval while it goes on."""
    try:
        stopped = adjusted(plan, at, effect)
    except ValueError as error:
        return Undecided(f"no adjusted estimate for z {effect.z:.1f} at look {at + 1}: {error}")
    return repeated(plan, at, effect) if isinstance(stopped, Undecided) else stopped
