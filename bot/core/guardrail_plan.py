"""What a registration's guardrails will do: false vetoes, the power to clear and to veto, what looks cost."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bot.core.horizon import NO_TRAFFIC
from bot.core.metric import Proportion
from bot.core.registration import Guardrail, Registration
from bot.core.sizing import Sizing, reduction, window_of
from bot.core.threshold import threshold_of
from bot.stats import guardrail_power as powers
from bot.stats import power
from bot.stats.guardrail import Threshold
from bot.stats.undecided import Undecided


@dataclass(frozen=True)
class Chance:
    """What one guardrail does under one spending.

    false_veto: probability of a veto at some look when nothing has changed, at most when the threshold's
    distance is not known. clears: that the last look's interval excludes the threshold then. vetoes: of a
    veto when the metric is worse by twice the threshold.
    """

    false_veto: float
    clears: float | Undecided
    vetoes: float | Undecided

    def to_json(self) -> dict[str, Any]:
        """Null where undecided, with the reason."""
        shape: dict[str, Any] = {
            "false_veto_probability": self.false_veto,
            "power_to_clear": None if isinstance(self.clears, Undecided) else self.clears,
            "power_to_veto": None if isinstance(self.vetoes, Undecided) else self.vetoes,
        }
        why = next((one.reason for one in (self.clears, self.vetoes) if isinstance(one, Undecided)), None)
        return shape if why is None else {**shape, "reason": why}


@dataclass(frozen=True)
class GuardrailPlan:
    """One guardrail; alpha: two-sided, corrected, for the whole experiment; chances: under every spending."""

    metric: str
    threshold: Threshold
    spending: powers.Watch
    alpha: float
    upper_bound: bool
    chances: dict[powers.Watch, Chance]

    @property
    def chance(self) -> Chance:
        """Under the spending declared."""
        return self.chances[self.spending]

    def to_json(self) -> dict[str, Any]:
        """One of `guardrails.each`."""
        return {
            "metric": self.metric,
            "threshold": self.threshold.value,
            "kind": self.threshold.kind,
            "spending": self.spending,
            "adjusted_alpha": self.alpha,
            **self.chance.to_json(),
            "upper_bound": self.upper_bound,
            "choices": {name: chance.to_json() for name, chance in self.chances.items()},
        }


@dataclass(frozen=True)
class GuardrailsPlan:
    """The set.

    false_veto: probability that some guardrail vetoes at some look when nothing has changed, taken as
    independent; upper_bound: whether it is only known to be at most that. choices: the same if all of them
    were watched by one spending.
    """

    false_veto: float
    upper_bound: bool
    each: tuple[GuardrailPlan, ...]
    choices: dict[powers.Watch, float]

    def to_json(self) -> dict[str, Any]:
        """The shape under `guardrails` in `lookout plan --json`."""
        shape: dict[str, Any] = {
            "false_veto_probability": self.false_veto,
            "upper_bound": self.upper_bound,
            "each": [one.to_json() for one in self.each],
            "choices": {name: {"false_veto_probability": p} for name, p in self.choices.items()},
        }
        if self.upper_bound:
            shape["reason"] = (
                "how many standard errors away a threshold lies is not known for every guardrail; a veto "
                "needs it crossed, so the probability is at most this"
            )
        return shape


@dataclass(frozen=True)
class _Distance:
    """A threshold in standard errors at the last look: of the difference, and of the treatment's own level.

    own is None for a threshold on the difference. known: whether the false-veto probability is exact.
    """

    difference: float
    own: float | None = None


def plan_guardrails(registration: Registration, sizing: Sizing) -> GuardrailsPlan:
    """Work out all guardrails of a checked registration, watched at every planned look."""
    each = tuple(_one(registration, sizing, one) for one in registration.guardrails if one.thresholds)
    return GuardrailsPlan(
        powers.any_of([one.chance.false_veto for one in each]),
        any(one.upper_bound for one in each),
        each,
        {name: powers.any_of([one.chances[name].false_veto for one in each]) for name in powers.CHOICES},
    )


def _one(registration: Registration, sizing: Sizing, guardrail: Guardrail) -> GuardrailPlan:
    threshold = threshold_of(registration, guardrail)
    alpha = powers.shared(registration.alpha, len(registration.guardrails), registration.correction)
    away = _distance(registration, sizing, guardrail, threshold)
    fractions = registration.fractions()
    chances = {name: _chance(alpha, name, fractions, away) for name in powers.CHOICES}
    upper = isinstance(away, Undecided) or away.own is not None
    return GuardrailPlan(guardrail.metric, threshold, guardrail.spending, alpha, upper, chances)


@lru_cache(maxsize=256)  # the linter and the plan ask for the same
def _chance(
    alpha: float, spending: powers.Watch, fractions: tuple[float, ...], away: _Distance | Undecided
) -> Chance:
    if isinstance(away, Undecided):
        return Chance(powers.veto_probability(alpha, spending, fractions), away, away)
    last = powers.level_at(fractions, alpha, spending, final=True)
    if away.own is not None:
        return _of_level(alpha, last, spending, fractions, away.difference, away.own)
    limit = away.difference
    return Chance(
        powers.veto_probability(alpha, spending, fractions, limit),
        powers.clear_probability(last, limit),
        powers.veto_probability(alpha, spending, fractions, limit, 2 * limit),
    )


def _of_level(
    alpha: float,
    last: float,
    spending: powers.Watch,
    fractions: Sequence[float],
    difference: float,
    own: float,
) -> Chance:
    """A threshold on the treatment's own level: the crossing and the harm are two scores.

    The false veto is at most the rarer of them at any look; the power is that of the last look alone, where
    both scores have the correlation of the treatment's mean with the difference.
    """
    by_harm = powers.veto_probability(alpha, spending, fractions)
    away = [own * math.sqrt(t / fractions[-1]) for t in fractions]
    by_level = powers.reached(away, fractions)
    clears = powers.clear_probability(last, own)
    if own <= 0:
        vetoes: float | Undecided = Undecided("the baseline lies beyond the threshold already")
    else:
        bound = powers.veto_bounds(alpha, spending, fractions)[-1]
        vetoes = powers.both_above(-own, bound - 2 * difference, difference / own)
    return Chance(min(by_harm, by_level), clears, vetoes)


def _distance(
    registration: Registration, sizing: Sizing, guardrail: Guardrail, threshold: Threshold
) -> _Distance | Undecided:
    figures = _figures(registration, guardrail)
    if isinstance(figures, Undecided):
        return figures
    baseline, sd = figures
    units = _units(registration, sizing, guardrail)
    if isinstance(units, Undecided):
        return units
    arms = units * (1 - registration.allocation), units * registration.allocation
    n = power.harmonic(*arms)
    if n < 2:
        return Undecided("the looks end before the metric's window does")
    error = sd * math.sqrt(2 / n)
    if threshold.relative:
        if baseline <= 0:
            return Undecided(f"the baseline {baseline:g} gives a relative threshold no direction")
        return _Distance(threshold.value * baseline / error)
    gap = (threshold.value - baseline) * (1 if threshold.harm == "increase" else -1)
    return _Distance(gap / error, gap / (sd / math.sqrt(arms[1])))


def _figures(registration: Registration, guardrail: Guardrail) -> tuple[float, float] | Undecided:
    """Baseline and sd of one unit: the guardrail's own, else the primary's where it is the same metric."""
    primary = registration.primary
    same = guardrail.metric == primary.metric
    baseline, sd = guardrail.baseline, guardrail.sd
    if same:
        baseline = primary.baseline if baseline is None else baseline
        sd = primary.sd if sd is None else sd
    if baseline is None:
        return Undecided("baseline is not given")
    if sd is None and isinstance(registration.metrics.get(guardrail.metric), Proportion):
        if not 0 < baseline < 1:
            return Undecided(f"a proportion of {baseline:g} has no spread")
        sd = math.sqrt(baseline * (1 - baseline))
    if sd is None:
        return Undecided("sd is not given")
    kept = 1 - reduction(registration) if same and guardrail.sd is None else 1.0
    return baseline, sd * math.sqrt(kept)


def _units(registration: Registration, sizing: Sizing, guardrail: Guardrail) -> float | Undecided:
    """Complete units of both arms at the last look: of the traffic, as declared, or as the plan needs."""
    last = registration.looks[-1]
    if registration.traffic is not None:
        complete = max(0, last - window_of(registration, guardrail.metric) + 1)
        return complete * registration.traffic.eligible_per_day
    if registration.sequential.planned_units is not None:
        return float(registration.sequential.planned_units)
    return Undecided(NO_TRAFFIC) if sizing.total is None else float(sizing.total)
