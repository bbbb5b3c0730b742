"""The effect on one metric, in all or in a cohort, by the metric's kind."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bot.core.metric import Metric, Proportion, Quantile, Ratio
from bot.core.observation import SIDES, Observations, QuantileArm
from bot.core.registration import Registration
from bot.stats.arm import Arm, ratio_arm
from bot.stats.cuped import CupedEffect, Side, adjusted_by, cuped_effect
from bot.stats.effect import Effect, compare, mean_effect, proportion_effect, ratio_effect
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
    cohort: Mapping[int, str | None] | None = None,
    *,
    alpha: float = 0.05,
) -> Measured:
    """The effect on metric `name`; cohort is {dimension number: value}, empty for all units."""
    if name in seen.missing:
        return _undecided(seen.missing[name])
    metric = registration.metrics[name]
    early = _early(metric, name, seen)
    if early:
        return _undecided(early)
    if isinstance(metric, Quantile) and not seen.summary:
        arms = _arms(registration, seen, name, cohort)
        found = _quantile(arms, cohort, alpha)
        return (
            found
            if isinstance(found.effect, Undecided)
            else _adjusted_quantile(found, arms, seen, name, alpha)
        )
    control, treatment = seen.sample("control", name, cohort), seen.sample("treatment", name, cohort)
    if control is None or treatment is None:
        side = "control" if control is None else "treatment"
        return _undecided(f"{name}: no units in the {side} arm")
    if seen.summary:
        return _plain(mean_effect(control, treatment, "value", alpha=alpha), name)
    found = _of_kind(metric, name, control, treatment, alpha)
    if isinstance(found.effect, Undecided) or isinstance(metric, Quantile) or metric.covariate is None:
        return found
    if isinstance(metric, Ratio):
        control, treatment = _linearised(control), _linearised(treatment)
    return _with_cuped(found, cuped_effect(control, treatment, "value", "covariate", alpha=alpha), seen, name)


def known_units(
    registration: Registration, seen: Observations, name: str, cohort: Mapping[int, str | None] | None = None
) -> tuple[int, int]:
    """Units of the control and the treatment arm that have a value of metric `name`, in all or in a cohort.

    A quantile has none in a cohort where an arm is too small for its interval.
    """
    if isinstance(registration.metrics[name], Quantile) and not seen.summary:
        arms = _arms(registration, seen, name, cohort)
        control, treatment = (arms[side].n if side in arms else 0 for side in SIDES)
    else:
        samples = [seen.sample(side, name, cohort) for side in SIDES]
        control, treatment = (0 if sample is None else sample.n for sample in samples)
    return control, treatment


def _early(metric: Metric, name: str, seen: Observations) -> str:
    """Why a metric with a window has nothing to judge yet; empty when it has."""
    window = metric.window_days
    day = seen.day if seen.last_day is None else seen.last_day
    if window is None or day is None or day >= window:
        return ""
    days = f"{window} day{'' if window == 1 else 's'}"
    return f"{name} needs {days}, first complete on day {window}: not yet"


def _of_kind(metric: Metric, name: str, control: Sample, treatment: Sample, alpha: float) -> Measured:
    if isinstance(metric, Ratio):
        plain = ratio_effect(control, treatment, "numerator", "denominator", alpha=alpha)
    elif isinstance(metric, Proportion):
        plain = proportion_effect(control, treatment, "value", alpha=alpha)
    else:
        plain = mean_effect(control, treatment, "value", alpha=alpha)
    return _plain(plain, name)


def _with_cuped(
    found: Measured, adjusted: CupedEffect | Undecided, seen: Observations, name: str
) -> Measured:
    """What is judged: the adjusted effect, unless the covariate cannot be used."""
    if seen.covariate_moves(name):
        moving = seen.moving[name]
        units = f"{moving:,} unit{'' if moving == 1 else 's'}"
        why = f"the covariate changes for {units} during the experiment, so it was measured after exposure"
        return Measured(found.effect, found.plain, None, f"without CUPED: {why}")
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


def _arms(
    registration: Registration, seen: Observations, name: str, cohort: Mapping[int, str | None] | None
) -> Mapping[str, QuantileArm]:
    if not cohort:
        return seen.quantiles.get(name, {})
    dimensions = list(registration.cohorts.dimensions)
    where = ",".join(f"{dimensions[number]}={value}" for number, value in sorted(cohort.items()))
    return seen.cohort_quantiles.get(name, {}).get(where, {})


def _quantile(
    arms: Mapping[str, QuantileArm], cohort: Mapping[int, str | None] | None, alpha: float
) -> Measured:
    if len(arms) < len(SIDES):
        few = "an arm has too few units here for an interval of the quantile, or no spread between them"
        return _undecided(few if cohort else "an arm has no quantile")
    control, treatment = (Arm(arms[side].n, arms[side].value, arms[side].sd) for side in SIDES)
    return _plain(compare(control, treatment, alpha=alpha), "quantile")


def _adjusted_quantile(
    found: Measured, arms: Mapping[str, QuantileArm], seen: Observations, name: str, alpha: float
) -> Measured:
    control, treatment = (_side(arms[side]) for side in SIDES)
    if control is None or treatment is None:
        return found
    return _with_cuped(found, adjusted_by(control, treatment, name, "covariate", alpha=alpha), seen, name)


def _side(arm: QuantileArm) -> Side | None:
    if arm.before is None or arm.before_sd is None or arm.covariance is None:
        return None
    return Side(Arm(arm.n, arm.value, arm.sd), Arm(arm.n, arm.before, arm.before_sd), arm.covariance)


def _plain(effect: Effect | Undecided, name: str) -> Measured:
    if isinstance(effect, Undecided):
        named = _COLUMN.sub(name, effect.reason).replace("numerator/denominator", name)
        return _undecided(named)
    return Measured(effect, effect)


def _undecided(reason: str) -> Measured:
    return Measured(Undecided(reason), Undecided(reason))
