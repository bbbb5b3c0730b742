"""Group-sequential plans: boundaries for looks at any information fractions, and their true error.

Nothing here knows calendar days; an information fraction is the sample had so far over the planned one. A
two-sided plan is symmetric: a look crosses when |Z| reaches its boundary. A one-sided plan tests the declared
direction alone, at the whole alpha.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from scipy import special

from bot.stats.asks import asks_of, haybittle
from bot.stats.bounds import Ask, Bounds, Exit, Loss, critical, exits, solve
from bot.stats.exact import constant
from bot.stats.futility import Efficacy, Futility, FutilityBounds, at_drift, design
from bot.stats.root import find_root
from bot.stats.spending import INTERIM_Z, Rule, Sided, Spending, check_fractions

Direction: TypeAlias = Literal[1, -1]


class UnplannedLookError(ValueError):
    """A look that the plan does not have, under a rule that does not say what it may spend."""


@dataclass(frozen=True)
class Plan:
    """The looks of an experiment and what each asks of the data.

    fractions: information fractions, rising.
    z: Z that crosses at each look, on either side or, one-sided, in the declared direction; inf where
        nothing can.
    nominal_p: the p of that z, two-sided or one-sided as the plan is.
    cumulative_alpha: probability under no effect of having crossed by each look; the last is the true type-I
        error of the plan as written. Futility is counted only when it binds; a two-sided plan then spends
        less than its alpha, half of which is for either side.
    spending: the rule it was made by.
    direction: 1 when an increase is wanted, -1 for a decrease.
    futility: when to stop for want of effect; None when never.
    """

    fractions: tuple[float, ...]
    z: tuple[float, ...]
    nominal_p: tuple[float, ...]
    cumulative_alpha: tuple[float, ...]
    spending: Spending
    direction: Direction = 1
    futility: FutilityBounds | None = None

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

    @property
    def sided(self) -> Sided:
        """1 when only the declared direction is tested."""
        return self.spending.sided

    @property
    def floor(self) -> tuple[float, ...]:
        """Futility bounds in the declared direction; () without futility."""
        return () if self.futility is None else self.futility.z

    @property
    def binding(self) -> tuple[float, ...]:
        """The futility bounds that the efficacy bounds count on; () when they count on none."""
        return self.floor if self.futility is not None and self.futility.rule.binding else ()


def boundaries(
    fractions: Sequence[float],
    alpha: float = 0.05,
    spending: Rule = "obrien-fleming",
    *,
    gamma: float | None = None,
    alphas: Sequence[float] | None = None,
    interim_z: float | None = None,
    sided: Sided = 2,
    direction: Direction = 1,
    futility: Futility | None = None,
) -> Plan:
    """The plan for looks at these information fractions.

    gamma is for hwang-shih-decani, alphas (one a look, two-sided unless the plan is one-sided) for nominal,
    interim_z for haybittle-peto. Raises ValueError when there is no such plan.

    >>> [round(z, 6) for z in boundaries([4 / 14, 7 / 14, 11 / 14, 1]).z]
    [4.033339, 2.964561, 2.291841, 2.02377]
    """
    if spending == "haybittle-peto" and interim_z is None:
        interim_z = INTERIM_Z
    rule = Spending(spending, alpha, gamma, None if alphas is None else tuple(alphas), interim_z, sided)
    times = check_fractions(fractions)
    asks = asks_of(times, rule)
    plan = _plan(times, solve(times, asks, sided).z, rule, direction)
    return plan if futility is None else _with_futility(plan, asks, futility)


def realised(plan: Plan, fractions: Sequence[float], *, final: bool = False, extra: int = 0) -> Plan:
    """The plan as it stands at a look, from the information there actually was.

    fractions: of every look judged so far, this one last; the planned looks that lie after it follow. With
    `final` this look is the last one and spends what is left, whatever its fraction. extra: how many of the
    looks so far the plan does not have; a peek that was not judged spends nothing and is left out.

    A rule with a function spends by it. Without one: an exact boundary spends along the line through what it
    had planned to have spent, Haybittle and Peto's last look is solved again, and nominal levels stay as
    written, so that `type1_error` shows what they come to; none has anything for an extra look
    (UnplannedLookError). Futility keeps the effect that the plan was made for.
    """
    held = check_fractions(fractions)
    rule = plan.spending
    if extra and not rule.by_function:
        raise UnplannedLookError(
            f"the plan does not have this look, and {rule.rule} does not say what such a look may spend"
        )
    later = range(len(held) - extra, 0 if final else len(plan.fractions))
    kept = [k for k in later if plan.fractions[k] > held[-1] + 1e-5]
    times = held + tuple(plan.fractions[k] for k in kept)
    asks = _asks_again(plan, held, kept, times, final=final)
    if plan.futility is None:
        return _plan(times, solve(times, asks, plan.sided).z, rule, plan.direction)
    return _at_drift(plan, times, asks, plan.futility)


def crosses(plan: Plan, look: int, p: float, p_declared: float) -> bool:
    """Whether this look (index from 0) crosses its boundary.

    p: two-sided, which decides in a two-sided plan; p_declared: one-sided, small when the effect lies in the
    declared direction (`p_increase` or `p_decrease` of an Effect), which decides in a one-sided one. A look
    that cannot cross does not, however small the p.
    """
    asked = p if plan.sided == 2 else p_declared
    return math.isfinite(plan.z[look]) and asked <= plan.nominal_p[look]


def is_futile(plan: Plan, look: int, z: float) -> bool:
    """Whether a Z at this look (index from 0) is below its futility bound.

    z: positive when the treatment is higher. Never at the last look, where what does not cross is not futile
    but simply not shown.
    """
    if plan.futility is None or look == plan.last:
        return False
    return z * plan.direction < plan.futility.z[look]


def plan_exits(plan: Plan, drift: float, *, futility: bool = True) -> tuple[Exit, ...]:
    """Where the experiment stops, in the declared direction; drift: expected Z at information 1, likewise.

    futility: whether stopping for futility is obeyed; binding bounds always are.
    """
    floor = plan.floor if futility else plan.binding
    return exits(plan.z, plan.fractions, drift=drift, sided=plan.sided, floor=floor)


def crossing_probabilities(
    z: Sequence[float], fractions: Sequence[float], drift: float = 0.0
) -> tuple[tuple[float, float], ...]:
    """Per look: probability of stopping there below -z and above z; drift is the expected Z at fraction 1."""
    found = exits(tuple(z), check_fractions(fractions), drift=drift)
    return tuple((one.down, one.up) for one in found)


def type1_error(z: Sequence[float], fractions: Sequence[float], sided: Sided = 2) -> float:
    """The true type-I error of any boundaries, on both sides or above alone.

    >>> round(type1_error([1.959964] * 5, [0.2, 0.4, 0.6, 0.8, 1]), 4)
    0.1417
    """
    found = exits(tuple(z), check_fractions(fractions), sided=sided)
    return math.fsum(one.down + one.up for one in found)


def two_sided_p(z: float) -> float:
    """The two-sided p-value of a normal score."""
    return min(1.0, 2 * float(special.ndtr(-abs(z))))


def critical_z(p: float, sided: Sided = 2) -> float:
    """The Z whose p-value, two-sided by default, is p; inf for 0."""
    return critical(p, sided)


def p_of(z: float, sided: Sided) -> float:
    """The p-value of a normal score: two-sided, or one-sided upwards."""
    return two_sided_p(z) if sided == 2 else float(special.ndtr(-z))


def _plan(
    times: tuple[float, ...],
    z: tuple[float, ...],
    rule: Spending,
    direction: Direction,
    futility: FutilityBounds | None = None,
) -> Plan:
    floor = futility.z if futility is not None and futility.rule.binding else ()
    stops = exits(z, times, sided=rule.sided, floor=floor)
    cumulative = tuple(itertools.accumulate(one.down + one.up for one in stops))
    levels = tuple(p_of(b, rule.sided) for b in z)
    return Plan(times, z, levels, cumulative, rule, direction, futility)


def _asks_again(
    plan: Plan, held: tuple[float, ...], kept: Sequence[int], times: tuple[float, ...], *, final: bool
) -> tuple[Ask, ...]:
    """What each look asks once some were held at other times."""
    rule = plan.spending
    if rule.rule == "haybittle-peto":
        return haybittle(times, rule)
    if rule.rule in ("none", "nominal"):
        if len(held) > len(plan.z):
            raise UnplannedLookError(
                f"look {len(held)} of a plan with {len(plan.z)} looks and no spending function"
            )
        return tuple(Ask(z) for z in (*plan.z[: len(held)], *(plan.z[k] for k in kept)))
    known = () if rule.by_function else spent_by_rule(plan)
    spent = [rule.spent(t) if rule.by_function else _interpolated(plan.fractions, known, t) for t in times]
    if final:
        spent[-1] = rule.alpha
    return tuple(Ask(spent=one) for one in spent)


def _with_futility(plan: Plan, asks: tuple[Ask, ...], futility: Futility) -> Plan:
    """The plan with futility bounds, designed jointly with the power that futility leaves."""
    power = 1 - futility.beta
    if not plan.type1_error < power:
        raise ValueError(f"power {power:g} is not above the type-I error, {plan.type1_error:.4g}")
    times, rule = plan.fractions, plan.spending

    def detected(drift: float) -> float:
        return math.fsum(one.up for one in plan_exits(plan, drift)) - power

    start = find_root(detected, 0.0, 20.0, tolerance=1e-6)
    if not futility.binding:
        asks = tuple(Ask(z) for z in plan.z)  # whatever futility does
    found = design(times, futility, _efficacy(times, asks, rule), start)
    if futility.binding and rule.exact:
        return _exact_and_binding(plan, futility, found)
    return _at_drift(plan, times, asks, found)


def _exact_and_binding(plan: Plan, futility: Futility, found: FutilityBounds) -> Plan:
    """The constant and the futility bounds in turn until neither moves; each depends little on the other."""
    times, rule, z = plan.fractions, plan.spending, plan.z
    for _ in range(60):
        before = z
        z = constant(times, rule, (*found.z[:-1], -math.inf))
        asks = tuple(Ask(one) for one in z)
        if max(abs(new - old) for new, old in zip(z, before, strict=True)) < 1e-10:
            break
        found = design(times, futility, _efficacy(times, asks, rule), found.drift)
    return _at_drift(plan, times, asks, found)


def _efficacy(times: tuple[float, ...], asks: tuple[Ask, ...], rule: Spending) -> Efficacy:
    def bounds(loss: Loss) -> Bounds:
        return solve(times, asks, rule.sided, loss=loss)

    return bounds


def _at_drift(plan: Plan, times: tuple[float, ...], asks: tuple[Ask, ...], futility: FutilityBounds) -> Plan:
    """The plan at these times, its futility for the effect that it was made for."""
    efficacy = _efficacy(times, asks, plan.spending)
    bounds, found = at_drift(times, futility.rule, efficacy, futility.drift)
    return _plan(times, bounds.z, plan.spending, plan.direction, found)


def spent_by_rule(plan: Plan) -> tuple[float, ...]:
    """What each look has spent by the rule: `cumulative_alpha`, unless binding futility takes from it."""
    stops = plan_exits(plan, 0.0, futility=False)
    return tuple(itertools.accumulate(plan.sided * one.up for one in stops))


def _interpolated(looks: tuple[float, ...], known: tuple[float, ...], fraction: float) -> float:
    """Cumulative alpha on the line through what the plan's looks had spent."""
    times, spent = (0.0, *looks), (0.0, *known)
    for k in range(1, len(times)):
        if fraction <= times[k]:
            share = (fraction - times[k - 1]) / (times[k] - times[k - 1])
            return spent[k - 1] + share * (spent[k] - spent[k - 1])
    return spent[-1]
