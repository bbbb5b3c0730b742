"""Group-sequential plans: boundaries for looks at any information fractions, and their true error.

Two-sided and symmetric: a look crosses when |Z| reaches its boundary. Nothing here knows calendar days; an
information fraction is the sample had so far over the planned one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import special

from bot.stats.root import find_root
from bot.stats.spending import Rule, Spending, check_fractions
from bot.stats.walk import Walk

NEVER = 1e-15
"""A look that would spend less than this cannot cross; its share is spent at the next one."""


@dataclass(frozen=True)
class Plan:
    """The looks of an experiment and what each asks of the data.

    fractions: information fractions, rising.
    z: |Z| that crosses at each look; inf where nothing can.
    nominal_p: the two-sided p of that z.
    cumulative_alpha: probability under no effect of having crossed by each look; the last is the true
        two-sided type-I error of the plan as written.
    spending: the rule it was made by.
    """

    fractions: tuple[float, ...]
    z: tuple[float, ...]
    nominal_p: tuple[float, ...]
    cumulative_alpha: tuple[float, ...]
    spending: Spending

    @property
    def alpha_at_look(self) -> tuple[float, ...]:
        """What each look spends by itself: the differences of `cumulative_alpha`."""
        before = (0.0, *self.cumulative_alpha)
        return tuple(b - a for a, b in zip(before, self.cumulative_alpha, strict=False))

    @property
    def type1_error(self) -> float:
        """Probability of crossing at any look when there is no effect."""
        return self.cumulative_alpha[-1]

    @property
    def last(self) -> int:
        """Index of the last look."""
        return len(self.fractions) - 1


def boundaries(
    fractions: Sequence[float],
    alpha: float = 0.05,
    spending: Rule = "obrien-fleming",
    *,
    gamma: float | None = None,
    alphas: Sequence[float] | None = None,
) -> Plan:
    """The plan for looks at these information fractions.

    gamma is for hwang-shih-decani, alphas (two-sided, one a look) for nominal.

    >>> [round(z, 6) for z in boundaries([4 / 14, 7 / 14, 11 / 14, 1]).z]
    [4.033339, 2.964561, 2.291841, 2.02377]
    """
    rule = Spending(spending, alpha, gamma, None if alphas is None else tuple(alphas))
    times = check_fractions(fractions)
    if rule.rule in ("exact-obrien-fleming", "exact-pocock"):
        return _plan(times, _constant(times, rule), rule)
    if not rule.by_function:
        return _plan(times, _nominal(times, rule), rule)
    targets = tuple(rule.spent(t) for t in times)
    return _spend(times, targets, rule)


def realised(plan: Plan, fractions: Sequence[float], *, final: bool = False) -> Plan:
    """The plan as it stands at a look, from the information there actually was.

    fractions: of every look held so far, this one last; the planned looks that lie after it follow. With
    `final` this look is the last one and spends what is left, whatever its fraction. A rule with a function
    spends by it; an exact boundary spends along the line through what it had planned to have spent; nominal
    levels stay as written, so that `type1_error` shows what they come to.
    """
    held = check_fractions(fractions)
    later = range(len(held), 0 if final else len(plan.fractions))
    kept = [k for k in later if plan.fractions[k] > held[-1] + 1e-5]
    times = held + tuple(plan.fractions[k] for k in kept)
    rule = plan.spending
    if rule.rule in ("none", "nominal"):
        if len(held) > len(plan.z):
            raise ValueError(f"look {len(held)} of a plan with {len(plan.z)} looks and no spending function")
        return _plan(times, plan.z[: len(held)] + tuple(plan.z[k] for k in kept), rule)
    targets = [rule.spent(t) if rule.by_function else _interpolated(plan, t) for t in times]
    if final:
        targets[-1] = rule.alpha
    return _spend(times, tuple(targets), rule)


def crossing_probabilities(
    z: Sequence[float], fractions: Sequence[float], drift: float = 0.0
) -> tuple[tuple[float, float], ...]:
    """Per look: probability of stopping there below -z and above z; drift is the expected Z at fraction 1."""
    times = check_fractions(fractions)
    walk = Walk.start(drift)
    exits: list[tuple[float, float]] = []
    for k, (t, bound) in enumerate(zip(times, z, strict=True)):
        exits.append((walk.below(t, -bound), walk.above(t, bound)))
        if k + 1 < len(times):
            walk = walk.through(t, -bound, bound, times[k + 1])
    return tuple(exits)


def crossing_probability(z: Sequence[float], fractions: Sequence[float], drift: float = 0.0) -> float:
    """Probability of crossing either boundary at any look."""
    return math.fsum(p for pair in crossing_probabilities(z, fractions, drift) for p in pair)


def type1_error(z: Sequence[float], fractions: Sequence[float]) -> float:
    """The true two-sided type-I error of any boundaries.

    >>> round(type1_error([1.959964] * 5, [0.2, 0.4, 0.6, 0.8, 1]), 4)
    0.1417
    """
    return crossing_probability(z, fractions)


def two_sided_p(z: float) -> float:
    """The two-sided p-value of a normal score."""
    return min(1.0, 2 * float(special.ndtr(-abs(z))))


def critical_z(p: float) -> float:
    """The |Z| whose two-sided p-value is p; inf for 0."""
    return math.inf if p <= 0 else -float(special.ndtri(p / 2))


def _plan(times: tuple[float, ...], z: tuple[float, ...], rule: Spending) -> Plan:
    total = 0.0
    cumulative = []
    for low, high in crossing_probabilities(z, times):
        total += low + high
        cumulative.append(total)
    return Plan(times, z, tuple(two_sided_p(b) for b in z), tuple(cumulative), rule)


def _nominal(times: tuple[float, ...], rule: Spending) -> tuple[float, ...]:
    if rule.alphas is None:
        return (critical_z(rule.alpha),) * len(times)
    if len(rule.alphas) != len(times):
        raise ValueError(f"{len(rule.alphas)} nominal alphas for {len(times)} looks")
    return tuple(critical_z(a) for a in rule.alphas)


def _spend(times: tuple[float, ...], targets: tuple[float, ...], rule: Spending) -> Plan:
    """Boundaries that have spent `targets` by each look (Lan & DeMets 1983)."""
    walk = Walk.start()
    spent = 0.0
    z: list[float] = []
    cumulative: list[float] = []
    for k, (t, target) in enumerate(zip(times, targets, strict=True)):
        bound = _bound(walk, t, target - spent)
        if math.isfinite(bound):
            spent += 2 * walk.above(t, bound)
        z.append(bound)
        cumulative.append(spent)
        if k + 1 < len(times):
            walk = walk.through(t, -bound, bound, times[k + 1])
    return Plan(times, tuple(z), tuple(two_sided_p(b) for b in z), tuple(cumulative), rule)


def _bound(walk: Walk, time: float, increment: float) -> float:
    """The z with probability `increment` outside -z..z at `time`, of the paths still running."""
    if increment < NEVER:
        return math.inf
    if walk.time == 0:
        return critical_z(increment)
    goal = math.log(increment / 2)
    return find_root(lambda b: math.log(max(walk.above(time, b), 1e-300)) - goal, 0.0, 9.0)


def _constant(times: tuple[float, ...], rule: Spending) -> tuple[float, ...]:
    """Exact boundaries c * t^(delta - 1/2): O'Brien & Fleming (1979) delta = 0, Pocock (1977) delta = 1/2."""
    last = times[-1]
    shape = [math.sqrt(last / t) if rule.rule == "exact-obrien-fleming" else 1.0 for t in times]
    goal = math.log(rule.alpha)

    def excess(c: float) -> float:
        return math.log(type1_error([c * s for s in shape], times)) - goal

    low = critical_z(rule.alpha)
    c = low if len(times) == 1 else find_root(excess, low, low + 4.0)
    return tuple(c * s for s in shape)


def _interpolated(plan: Plan, fraction: float) -> float:
    """Cumulative alpha on the line through what the plan's looks had spent."""
    times, spent = (0.0, *plan.fractions), (0.0, *plan.cumulative_alpha)
    for k in range(1, len(times)):
        if fraction <= times[k]:
            share = (fraction - times[k - 1]) / (times[k] - times[k - 1])
            return spent[k - 1] + share * (spent[k] - spent[k - 1])
    return spent[-1]
