"""The effect on one metric, in all or in a cohort, by the metric's kind."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bot.core.metric import Metric, Proportion, Quantile, Ratio
from bot.core.observation import Observations, QuantileArm
from bot.core.registration import Registration
from bot.stats.cuped import CupedEffect, cuped_effect
from bot.stats.effect import Arm, Effect, compare, mean_effect, proportion_effect, ratio_arm, ratio_effect
from bot.stats.sample import Sample
from bot.stats.undecided import Undecided

_COLUMN = re.compile(r"\bvalue(?=:| is not| has mean)")
"""The samples' own name for a metric's column, where statistics name what they speak of."""


@dataclass(frozen=True)
class Measured:
    """One metric: the effect that is judged, and how it came about.

    effect: with CUPED where a covariate is declared and can be used; plain: without. cuped is None when no
    covariate was used, no_cuped says why one that was declared could not be.
    """

    effect: Effect | Undecided
    plain: Effect | Undecided
    cuped: CupedEffect | None = None
    no_cuped: str = ""


def measure(
    registration: Registration,
    seen: Observations,
    name: str,
    cohort: Mapping[int, str] | None = None,
    *,
    alpha: float = 0.05,
) -> Measured:
    """The effect on metric `name`; cohort is {dimension number: value}, empty for all units."""
    if name in seen.missing:
        return _undecided(seen.missing[name])
    metric = registration.metrics[name]
    if isinstance(metric, Quantile) and not seen.summary:
        return _quantile(seen.quantiles.get(name, {}), cohort, alpha)
    control, treatment = seen.sample("control", name, cohort), seen.sample("treatment", name, cohort)
    if control is None or treatment is None:
        side = "control" if control is None else "treatment"
        return _undecided(f"{name}: no units in the {side} arm")
    if seen.summary:
        return _plain(mean_effect(control, treatment, "value", alpha=alpha), name)
    return _of_kind(metric, name, control, treatment, alpha)


def _of_kind(metric: Metric, name: str, control: Sample, treatment: Sample, alpha: float) -> Measured:
    if isinstance(metric, Ratio):
        plain = ratio_effect(control, treatment, "numerator", "denominator", alpha=alpha)
    elif isinstance(metric, Proportion):
        plain = proportion_effect(control, treatment, "value", alpha=alpha)
    else:
        plain = mean_effect(control, treatment, "value", alpha=alpha)
    found = _plain(plain, name)
    if isinstance(found.effect, Undecided) or isinstance(metric, Quantile) or metric.covariate is None:
        return found
    if isinstance(metric, Ratio):
        control, treatment = _linearised(control), _linearised(treatment)
    adjusted = cuped_effect(control, treatment, "value", "covariate", alpha=alpha)
    if isinstance(adjusted, Undecided):
        return Measured(found.effect, found.plain, None, f"without CUPED: {adjusted.reason}")
    return Measured(adjusted.effect, found.plain, adjusted)


def _linearised(sample: Sample) -> Sample:
    """A ratio metric as a mean: each unit's linearised contribution about the arm's own ratio."""
    arm = ratio_arm(sample, "numerator", "denominator")
    if isinstance(arm, Undecided):
        return sample
    bottom = sample.mean_of("denominator")
    line = sample.linear(
        {
            "value": {"numerator": 1 / bottom, "denominator": -arm.mean / bottom},
            "covariate": {"covariate": 1.0},
        }
    )
    mean = np.array([arm.mean, line.mean_of("covariate")])
    return Sample(line.n, line.columns, mean, line.cov)


def _quantile(arms: Mapping[str, QuantileArm], cohort: Mapping[int, str] | None, alpha: float) -> Measured:
    if cohort:
        return _undecided("quantiles are not computed per cohort")
    if len(arms) < 2:
        return _undecided("an arm has no quantile")
    sides = [Arm(arms[side].n, arms[side].value, arms[side].sd) for side in ("control", "treatment")]
    return _plain(compare(sides[0], sides[1], alpha=alpha), "quantile")


def _plain(effect: Effect | Undecided, name: str) -> Measured:
    if isinstance(effect, Undecided):
        named = _COLUMN.sub(name, effect.reason).replace("numerator/denominator", name)
        return _undecided(named)
    return Measured(effect, effect)


def _undecided(reason: str) -> Measured:
    return Measured(Undecided(reason), Undecided(reason))
