"""Estimate, interval and p-value that allow for having been able to stop early.

Stage-wise ordering (Fairbanks & Madsen 1982; Tsiatis, Rosner & Mehta 1984, Biometrics 40:797; Jennison &
Turnbull 2000, ch. 8): an outcome is more extreme upwards the earlier it crossed above. It needs no look
after the one that stopped, so it holds when later looks are not held at all.
"""

import math
from dataclasses import dataclass
from typing import Literal

from bot.stats.effect import Effect, Interval
from bot.stats.root import find_root
from bot.stats.sequential import Plan, boundaries, two_sided_p
from bot.stats.undecided import Undecided
from bot.stats.walk import Walk


@dataclass(frozen=True)
class Drift:
    """What a stopped experiment says of the drift (the expected Z at information 1).

    estimate: median-unbiased; ci: two-sided of level 1 - alpha; p: two-sided.
    """

    estimate: float
    ci: Interval
    p: float


@dataclass(frozen=True)
class Adjusted:
    """The same in the metric's units.

    estimate, ci: treatment - control, metric units; estimate_rel, ci_rel: over the control mean, a fraction.
    p: two-sided. method: "stage-wise" after stopping, "repeated" at any look.
    """

    estimate: float
    ci: Interval
    estimate_rel: float | Undecided
    ci_rel: Interval | Undecided
    p: float | Undecided
    method: Literal["stage-wise", "repeated"]


def adjusted(plan: Plan, look: int, effect: Effect, *, alpha: float | None = None) -> Adjusted | Undecided:
    """The effect of an experiment that stopped at this look (index from 0), allowing for the looks before.

    `effect` is the ordinary one at the look. An experiment that has neither crossed nor reached its last look
    is undecided: ask `repeated` for an interval that holds at every look.
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
    wide = effect.at(plan.nominal_p[look])
    p = repeated_p(plan, look, effect.z)
    return Adjusted(wide.absolute, wide.ci_absolute, wide.relative, wide.ci_relative, p, "repeated")


def repeated_p(plan: Plan, look: int, z: float) -> float | Undecided:
    """The smallest alpha at which this look would have crossed, by the plan's rule; at least 1e-10."""
    rule = plan.spending
    if rule.alphas is not None or rule.rule == "none":
        return Undecided("nominal levels do not say what they would be at another alpha")
    times = plan.fractions[: look + 1] if rule.by_function else plan.fractions
    goal = math.log(max(two_sided_p(z), 1e-300))

    def distance(log_alpha: float) -> float:
        at = boundaries(times, math.exp(log_alpha), rule.rule, gamma=rule.gamma)
        return math.log(max(at.nominal_p[look], 1e-300)) - goal

    low, high = math.log(1e-10), math.log(0.999)
    if distance(low) >= 0:
        return 1e-10
    return 1.0 if distance(high) <= 0 else math.exp(find_root(distance, low, high, tolerance=1e-9))


def stopped(plan: Plan, look: int, z: float, *, alpha: float = 0.05) -> Drift | Undecided:
    """Stage-wise inference on the drift for an experiment that stopped at this look with this Z."""
    if look != plan.last and abs(z) < plan.z[look]:
        return Undecided(f"look {look + 1} has not crossed its boundary and is not the last: nothing stopped")
    side = math.copysign(1.0, z)
    extreme = abs(z)
    bracket = _bracket(plan, look, extreme)

    def tail(drift: float) -> float:
        return _more_extreme(plan, look, extreme, drift)

    def drift_at(probability: float) -> float:
        return find_root(lambda d: tail(d) - probability, *bracket, tolerance=1e-10)

    low, middle, high = (drift_at(q) for q in (alpha / 2, 0.5, 1 - alpha / 2))
    p = min(1.0, 2 * tail(0.0))
    ends = (low, high) if side > 0 else (-high, -low)
    return Drift(side * middle, ends, p)


def _bracket(plan: Plan, look: int, extreme: float) -> Interval:
    """Drifts between which every end of an interval lies.

    Below the lower one no look so far is reached (each is 12 standard deviations away), above the upper one
    this look surely is. An enormous Z at a late look says that the looks before were not crossed, so the
    lower end comes from them.
    """
    roots = [math.sqrt(t) for t in plan.fractions[: look + 1]]
    bounds = [*plan.z[:look], extreme]
    low = min((z - 12) / root for z, root in zip(bounds, roots, strict=True) if math.isfinite(z))
    return low, (extreme + 12) / roots[look] + 12 / roots[0]


def _more_extreme(plan: Plan, look: int, z: float, drift: float) -> float:
    """Probability under `drift` of an outcome at least as far up as stopping at `look` with z >= 0."""
    walk = Walk.start(drift)
    total = 0.0
    for k in range(look):
        bound, time = plan.z[k], plan.fractions[k]
        total += walk.above(time, bound)
        walk = walk.through(time, -bound, bound, plan.fractions[k + 1])
    return total + walk.above(plan.fractions[look], z)


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
    stretch = (effect.ci_relative[1] - effect.ci_relative[0]) / (
        effect.ci_absolute[1] - effect.ci_absolute[0]
    )
    low, high = (ci[0] - estimate, ci[1] - estimate) if base > 0 else (estimate - ci[1], estimate - ci[0])
    return centre, (centre + stretch * low, centre + stretch * high)
