"""The mixed model of the cohorts on raw units, as a cross-check of the two-stage analysis on small data.

`y ~ arm + (1 + arm | cohort)`: each cohort has its own level and its own effect, normal about a mean (Laird &
Ware 1982, Biometrics 38:963), fitted by REML. Optimisers of such models stop early and say so in warnings
alone: a warning, or two optimisers that disagree, counts as no result.
"""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bot.stats.effect import Effect, mean_effect
from bot.stats.heterogeneity import Heterogeneity, heterogeneity
from bot.stats.sample import FloatArray, Sample
from bot.stats.undecided import Undecided

MOST_ROWS = 20_000
"""Units beyond which the model is not fitted: it takes seconds there, and the two stages agree by then."""
MOST_COHORTS = 200
LEAST_COHORTS = 3
OPTIMISERS = ("powell", "bfgs")
"""In the order tried; of those that agree, the one with the higher likelihood is reported."""

SAME_LIKELIHOOD = 0.05
"""Difference of two REML log-likelihoods, in nats, below which two optimisers found the same top:
a parameter then moves by a third of its standard error at most."""
NEAR = 0.25
"""How far the mixed model and the two stages may lie apart: the means in standard errors, the spreads between
cohorts as a share of what one cohort's effect varies by in all."""


@dataclass(frozen=True)
class MixedModel:
    """The mixed model beside the two stages, both on the plain difference of means, metric units.

    mean: the effect in a typical cohort; se: its standard error; tau2: variance of the effects between
    cohorts, squared metric units. rows, cohorts: units and cohorts fitted. two_stage: one effect per cohort
    first, then REML. agrees: whether the two are near each other; reason: how far apart, in words.
    """

    mean: float
    se: float
    tau2: float
    rows: int
    cohorts: int
    two_stage: Heterogeneity
    agrees: bool
    reason: str


@dataclass(frozen=True)
class _Fit:
    mean: float
    se: float
    tau2: float
    likelihood: float


def mixed_model(y: npt.ArrayLike, treated: npt.ArrayLike, cohort: Sequence[object]) -> MixedModel | Undecided:
    """Fit the model; y: (n,) values, treated: (n,) true for the treatment, cohort: n labels.

    Undecided when there are too many units or cohorts for it, when an optimiser warns or fails, when two of
    them disagree, or when the cohorts do not differ at all (the variance is then at its bound).
    """
    values, arm = np.asarray(y, dtype=np.float64), np.asarray(treated, dtype=bool)
    labels, group = np.unique([str(one) for one in cohort], return_inverse=True)
    reason = _unfit(values, len(labels))
    if reason:
        return Undecided(reason)
    stages = _two_stages(values, arm, group, labels)
    if isinstance(stages, Undecided):
        return stages
    effects, two_stage = stages
    variance = float(np.mean([one.se**2 for one in effects]))
    fits: list[_Fit] = []
    for optimiser in OPTIMISERS:
        found = _fit(values, arm, group, math.sqrt(variance), optimiser)
        if isinstance(found, Undecided):
            return found
        fits.append(found)
    best, other = sorted(fits, key=lambda one: -one.likelihood)[:2]
    apart = _apart(best, other, variance)
    if apart:
        return Undecided(f"the mixed model's optimisers ({', '.join(OPTIMISERS)}) disagree: {apart}")
    agrees, words = _agreement(best, two_stage, variance)
    return MixedModel(best.mean, best.se, best.tau2, len(values), len(labels), two_stage, agrees, words)


def _unfit(values: FloatArray, cohorts: int) -> str:
    if len(values) > MOST_ROWS:
        return f"the mixed model is fitted to at most {MOST_ROWS:,} units, and there are {len(values):,}"
    if not LEAST_COHORTS <= cohorts <= MOST_COHORTS:
        return f"the mixed model needs {LEAST_COHORTS} to {MOST_COHORTS} cohorts with units, not {cohorts}"
    if not np.isfinite(values).all():
        return "the mixed model needs finite values"
    return ""


def _two_stages(
    values: FloatArray, arm: npt.NDArray[np.bool_], group: npt.NDArray[np.int_], labels: npt.NDArray[np.str_]
) -> tuple[list[Effect], Heterogeneity] | Undecided:
    effects: list[Effect] = []
    for number, label in enumerate(labels):
        inside = group == number
        sides = [Sample.of(values[inside & (arm == side)], ("value",)) for side in (False, True)]
        effect = mean_effect(sides[0], sides[1], "value")
        if isinstance(effect, Undecided):
            return Undecided(f"cohort {label}: {effect.reason}")
        effects.append(effect)
    found = heterogeneity([one.absolute for one in effects], [one.se**2 for one in effects])
    return found if isinstance(found, Undecided) else (effects, found)


def _fit(
    values: FloatArray, arm: npt.NDArray[np.bool_], group: npt.NDArray[np.int_], unit: float, optimiser: str
) -> _Fit | Undecided:
    from statsmodels.regression.mixed_linear_model import MixedLM

    # statsmodels takes a variance below 0.01 for one at its bound, whatever the unit: in units of a cohort's
    # standard error that is a hundredth of what chance does, and 0 for every purpose.
    design = np.column_stack([np.ones(len(values)), arm.astype(np.float64)])
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            model = MixedLM((values - values.mean()) / unit, design, groups=group, exog_re=design)
            found = model.fit(method=optimiser, reml=True)
        except (np.linalg.LinAlgError, ValueError) as error:
            return Undecided(f"the mixed model ({optimiser}) failed: {error}")
    if said or not found.converged:
        words = "; ".join(dict.fromkeys(str(one.message) for one in said)) or "it did not converge"
        return Undecided(f"the mixed model ({optimiser}) is not to be trusted: {words}")
    tau2 = float(np.asarray(found.cov_re)[1, 1])
    mean, se = float(found.fe_params[1]), float(found.bse_fe[1])
    return _Fit(mean * unit, se * unit, tau2 * unit * unit, float(found.llf))


def _apart(one: _Fit, other: _Fit, variance: float) -> str:
    """What two optimisers disagree on; empty when they found the same top."""
    if abs(one.likelihood - other.likelihood) > SAME_LIKELIHOOD:
        return f"log-likelihoods {one.likelihood:.3f} and {other.likelihood:.3f}"
    if abs(one.mean - other.mean) > 0.01 * one.se:
        return f"effects {one.mean:.6g} and {other.mean:.6g}"
    if abs(one.tau2 - other.tau2) > 0.05 * (one.tau2 + variance):
        return f"variances {one.tau2:.3g} and {other.tau2:.3g}"
    return ""


def _agreement(one: _Fit, two: Heterogeneity, variance: float) -> tuple[bool, str]:
    means = abs(one.mean - two.mean) / two.mean_se
    spreads = abs(math.sqrt(one.tau2) - math.sqrt(two.tau2)) / math.sqrt(two.tau2 + variance)
    agrees = means <= NEAR and spreads <= NEAR
    said = (
        f"mixed model {one.mean:+.4g} (tau {math.sqrt(one.tau2):.3g}), two stages {two.mean:+.4g} "
        f"(tau {math.sqrt(two.tau2):.3g}): {means:.2f} standard errors apart"
    )
    return agrees, f"{said}, they {'agree' if agrees else 'do not agree'}"
