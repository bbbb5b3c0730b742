"""Estimate, interval and p-value that allow for having been able to stop early.

Stage-wise ordering (Fairbanks & Madsen 1982; Tsiatis, Rosner & Mehta 1984, Biometrics 40:797; Jennison &
Turnbull 2000, ch. 8): an outcome is more extreme upwards the earlier it crossed above. It needs no look
after the one that stopped, so it holds when later looks are not held at all. Futility that does not bind is
ignored, as the efficacy bounds ignore it; binding futility is one more way in which the looks before could
stop.
"""

import math
from dataclasses import dataclass
from typing import Literal

from bot.stats.effect import Effect, Interval
from bot.stats.levels import level_at
from bot.stats.root import find_root
from bot.stats.sequential import Plan, is_futile, p_of
from bot.stats.undecided import Undecided
from bot.stats.walk import Walk


@dataclass(frozen=True)
class Drift:
    """What a stopped experiment says of the drift (the expected Z at information 1).

    estimate: median-unbiased. In a two-sided plan p is two-sided and ci has level 1 - alpha; in a one-sided
    one p is that of the declared direction and each end of ci misses with probability alpha, so that ci
    excludes 0 just when the plan crosses.
    """

    estimate: float
    ci: Interval
    p: float


@dataclass(frozen=True)
class Adjusted:
    """The same in the metric's units.

    estimate, ci: treatment - control, metric units; estimate_rel, ci_rel: over the control mean, a fraction.
    p: as the plan, two-sided or that of the declared direction.
    method: "stage-wise" after stopping, "repeated" at any look.
    """

    estimate: float
    ci: Interval
    estimate_rel: float | Undecided
    ci_rel: Interval | Undecided
    p: float | Undecided
    method: Literal["stage-wise", "repeated"]


def adjusted(plan: Plan, look: int, effect: Effect, *, alpha: float | None = None) -> Adjusted | Undecided:
    """The effect of an experiment that stopped at this look (index from 0), allowing for the looks before.

    `effect` is the ordinary one at the look. An experiment that has neither crossed nor become futile nor
    reached its last look is undecided: ask `repeated` for an interval that holds at every look.
    """
    level = plan.spending.alpha if alpha is None else alpha
    drift = stopped(plan, look, effect.z, alpha=level)
    if isinstance(drift, Undecided):
        return drift
    # One unit of drift in metric units: Z = absolute / unit / sqrt(t)
    unit = effect.se if abs(effect.z) < 0.01 else effect.absolute / effect.z
    unit *= math.sqrt(plan.fractions[look])
    low, high = drift.ci[0] * unit, drift.ci[1] * unit
    estimate = drift.estimate * unit
    estimate_rel, ci_rel = _relative(effect, estimate, (low, high))
    return Adjusted(estimate, (low, high), estimate_rel, ci_rel, drift.p, "stage-wise")


def repeated(plan: Plan, look: int, effect: Effect) -> Adjusted | Undecided:
    """The repeated confidence interval and p at this look: valid at every look, whether it stops or not.

    The ordinary interval with the boundary as its critical value (Jennison & Turnbull 1989, JRSS B 51:305).
    """
    if math.isinf(plan.z[look]):
        return Undecided(f"look {look + 1} cannot cross, so it has no repeated interval")
    # Two-sided with the boundary on both sides, also when only one of them was tested.
    level = plan.nominal_p[look] * (2 / plan.sided)
    if level >= 1:
        return Undecided(f"look {look + 1} asks for z {plan.z[look]:.3g}, which bounds no interval")
    wide = effect.at(level)
    p = repeated_p(plan, look, effect.z)
    return Adjusted(wide.absolute, wide.ci_absolute, wide.relative, wide.ci_relative, p, "repeated")


def repeated_p(plan: Plan, look: int, z: float) -> float | Undecided:
    """The smallest alpha at which this look would have crossed, by the plan's rule; at least 1e-10.

    z: positive when the treatment is higher. Binding futility bounds are taken as they stand.
    """
    rule = plan.spending
    if rule.rule in ("nominal", "none"):
        return Undecided("nominal levels do not say what they would be at another alpha")
    if rule.rule == "haybittle-peto" and look != plan.last:
        return Undecided("Haybittle and Peto ask the same of this look at every alpha")
    seen = max(p_of(z * plan.direction, plan.sided), 1e-300)

    def distance(log_alpha: float) -> float:
        return math.log(max(level_at(plan, look, math.exp(log_alpha)), 1e-300)) - math.log(seen)

    low, high = math.log(1e-10), math.log(0.999)
    if distance(low) >= 0:
        return 1e-10
    return 1.0 if distance(high) <= 0 else math.exp(find_root(distance, low, high, tolerance=1e-9))


def stopped(plan: Plan, look: int, z: float, *, alpha: float | None = None) -> Drift | Undecided:
    """Stage-wise inference on the drift for an experiment that stopped at this look with this Z.

    z: positive when the treatment is higher. alpha: the plan's by default. Futility that does not bind may
    have been obeyed or not: the end towards the declared direction and the estimate count it as obeyed, p and
    the other end as not, so that either way no end misses oftener than it should.
    """
    bound, declared = plan.z[look], z * plan.direction
    crossed = declared >= bound or (plan.sided == 2 and declared <= -bound)
    if look != plan.last and not crossed and not is_futile(plan, look, z):
        return Undecided(f"look {look + 1} has not crossed its boundary and is not the last: nothing stopped")
    error = (plan.spending.alpha if alpha is None else alpha) / plan.sided
    # Downwards all is the same, turned round: the smaller tail is the one that keeps its digits.
    side = 1 if declared >= 0 else -1
    bracket = _bracket(plan, look, abs(declared), side)

    def tail(drift: float, floor: tuple[float, ...]) -> float:
        return _more_extreme(plan, look, declared, drift * side, side, floor)

    def drift_at(probability: float, floor: tuple[float, ...]) -> float:
        return find_root(lambda d: tail(d, floor) - probability, *bracket, tolerance=1e-10)

    floors = (plan.binding, plan.floor) if side > 0 else (plan.floor, plan.binding)
    low, high = drift_at(error, floors[0]), drift_at(1 - error, floors[1])
    middle, under_none = drift_at(0.5, plan.floor), tail(0.0, plan.binding)
    p = min(1.0, 2 * under_none) if plan.sided == 2 else _upwards(under_none, side)
    turn = side * plan.direction
    ends = (low, high) if turn > 0 else (-high, -low)
    return Drift(turn * middle, ends, p)


def _upwards(tail: float, side: int) -> float:
    """The p of the declared direction from the tail on the side where the outcome lies."""
    return tail if side > 0 else 1 - tail


def _bracket(plan: Plan, look: int, extreme: float, side: int) -> Interval:
    """Drifts between which every end of an interval lies, counted towards the side where the outcome lies.

    Below the lower one no look so far is reached (each is 12 standard deviations away), above the upper one
    this look surely is. An enormous Z at a late look says that the looks before were not crossed, so the
    lower end comes from them.
    """
    roots = [math.sqrt(t) for t in plan.fractions[: look + 1]]
    bounds = [plan.z[k] if side > 0 else -_under(plan, k, plan.floor) for k in range(look)]
    low = min((z - 12) / root for z, root in zip([*bounds, extreme], roots, strict=True) if math.isfinite(z))
    return low, (extreme + 12) / roots[look] + 12 / roots[0]


def _more_extreme(
    plan: Plan, look: int, z: float, drift: float, side: int, floor: tuple[float, ...]
) -> float:
    """Probability under `drift` of an outcome at least as far to this side as stopping at `look` with z.

    z, drift: in the declared direction. floor: the futility that is obeyed; () for none.
    """
    walk = Walk.start(drift)
    total = 0.0
    for k in range(look):
        bound, under, time = plan.z[k], _under(plan, k, floor), plan.fractions[k]
        total += walk.above(time, bound) if side > 0 else walk.below(time, under)
        walk = walk.through(time, under, bound, plan.fractions[k + 1])
    time = plan.fractions[look]
    return total + (walk.above(time, z) if side > 0 else walk.below(time, z))


def _under(plan: Plan, look: int, floor: tuple[float, ...]) -> float:
    """Below this the look stops: the mirrored efficacy bound, or the futility that is obeyed."""
    mirrored = -plan.z[look] if plan.sided == 2 else -math.inf
    return max(mirrored, floor[look]) if floor else mirrored


def _relative(
    effect: Effect, estimate: float, ci: Interval
) -> tuple[float | Undecided, Interval | Undecided]:
    """Over the control mean, the interval stretched as the ordinary relative one is (delta method)."""
    if isinstance(effect.relative, Undecided):
        return effect.relative, effect.relative
    base = effect.control.mean
    centre = estimate / base
    if isinstance(effect.ci_relative, Undecided):
        return centre, effect.ci_relative
    width = effect.ci_absolute[1] - effect.ci_absolute[0]
    # An interval narrower than the difference's last digit is stretched by the control mean alone.
    stretch = (effect.ci_relative[1] - effect.ci_relative[0]) / width if width > 0 else 1 / abs(base)
    low, high = (ci[0] - estimate, ci[1] - estimate) if base > 0 else (estimate - ci[1], estimate - ci[0])
    return centre, (centre + stretch * low, centre + stretch * high)
