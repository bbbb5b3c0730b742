"""CUPED: the effect with what a pre-experiment covariate predicts taken out.

Deng, Xu, Kohavi & Walker 2013, WSDM, "Improving the sensitivity of online controlled experiments by
utilizing pre-experiment data". The covariate must be measured before exposure, so that its expectation is
the same in both arms.
"""

import math
from dataclasses import dataclass

from bot.stats.arm import Arm, mean_arm, ratio_arm
from bot.stats.effect import Effect, compare
from bot.stats.sample import Sample
from bot.stats.undecided import Undecided


@dataclass(frozen=True)
class CupedEffect:
    """An effect adjusted by a covariate.

    effect: the adjusted one; plain: the unadjusted one.
    theta: slope of metric on covariate within arms, both arms pooled.
    variance_reduction: 1 - (adjusted se / plain se)^2, as realised; negative when the covariate hurts.
    balance_p: two-sided p that the covariate's mean is the same in both arms. A small one says that the
        arms differed before the experiment began.
    """

    effect: Effect
    plain: Effect
    theta: float
    variance_reduction: float
    balance_p: float


@dataclass(frozen=True)
class Side:
    """One arm: metric, covariate, and the covariance of single units' contributions to them.

    Whatever can be written as a mean of units' contributions can be adjusted: means, ratios, quantiles.
    """

    metric: Arm
    covariate: Arm
    covariance: float


def cuped_effect(
    control: Sample, treatment: Sample, column: str, covariate: str, *, alpha: float = 0.05
) -> CupedEffect | Undecided:
    """The effect on the mean of `column`, adjusted by `covariate`; theta is the within-arm slope (ANCOVA)."""
    names = column, covariate
    sides = _mean_side(control, *names), _mean_side(treatment, *names)
    return adjusted_by(sides[0], sides[1], column, covariate, alpha=alpha)


def cuped_ratio_effect(
    control: Sample,
    treatment: Sample,
    ratio: tuple[str, str],
    covariate: tuple[str, str],
    *,
    alpha: float = 0.05,
) -> CupedEffect | Undecided:
    """The effect on a ratio metric, adjusted by the ratio of the covariates.

    ratio and covariate are (numerator, denominator). Both ratios are linearised per unit at the arm's own
    value (Deng et al. 2013, appendix B), after which they are means.
    """
    sides = _ratio_side(control, ratio, covariate), _ratio_side(treatment, ratio, covariate)
    return adjusted_by(sides[0], sides[1], "/".join(ratio), "/".join(covariate), alpha=alpha)


def _mean_side(sample: Sample, column: str, covariate: str) -> Side | Undecided:
    return _side(mean_arm(sample, column), mean_arm(sample, covariate), sample.covariance(column, covariate))


def _ratio_side(sample: Sample, ratio: tuple[str, str], covariate: tuple[str, str]) -> Side | Undecided:
    metric, before = ratio_arm(sample, *ratio), ratio_arm(sample, *covariate)
    if isinstance(metric, Undecided) or isinstance(before, Undecided):
        return _side(metric, before, math.nan)
    lines = sample.linear(
        {"metric": _line(sample, ratio, metric), "before": _line(sample, covariate, before)}
    )
    return _side(metric, before, lines.covariance("metric", "before"))


def _line(sample: Sample, ratio: tuple[str, str], arm: Arm) -> dict[str, float]:
    bottom = sample.mean_of(ratio[1])
    return {ratio[0]: 1 / bottom, ratio[1]: -arm.mean / bottom}


def _side(metric: Arm | Undecided, covariate: Arm | Undecided, covariance: float) -> Side | Undecided:
    if isinstance(metric, Undecided):
        return metric
    if isinstance(covariate, Undecided):
        return Undecided(f"covariate: {covariate.reason}")
    if math.isnan(covariance):
        return Undecided("the covariance of metric and covariate is not known")
    return Side(metric, covariate, covariance)


def adjusted_by(
    control: Side | Undecided, treatment: Side | Undecided, name: str, covariate: str, *, alpha: float = 0.05
) -> CupedEffect | Undecided:
    """The effect between two arms of any kind, adjusted by their covariate; both names are for reasons."""
    if isinstance(control, Undecided):
        return Undecided(f"control: {control.reason}")
    if isinstance(treatment, Undecided):
        return Undecided(f"treatment: {treatment.reason}")
    balance = compare(control.covariate, treatment.covariate, alpha=alpha)
    if isinstance(balance, Undecided):
        return Undecided(f"covariate {covariate}: {balance.reason}")
    plain = compare(control.metric, treatment.metric, alpha=alpha)
    if isinstance(plain, Undecided):
        return Undecided(f"{name}: {plain.reason}")
    theta = _theta(control, treatment)
    n_c, n_t = control.metric.n, treatment.metric.n
    # A weighted mean, so that the centre keeps the digits of a large covariate.
    centre = control.covariate.mean + n_t / (n_c + n_t) * (treatment.covariate.mean - control.covariate.mean)
    effect = compare(
        _adjusted_arm(control, theta, centre), _adjusted_arm(treatment, theta, centre), alpha=alpha
    )
    if isinstance(effect, Undecided):
        return Undecided(f"{name}: the covariate {covariate} leaves {effect.reason}")
    return CupedEffect(effect, plain, theta, 1 - (effect.se / plain.se) ** 2, balance.p)


def _theta(control: Side, treatment: Side) -> float:
    """Pooled within-arm covariance over pooled within-arm variance (Deng et al. 2013, eq. 4)."""
    w_c, w_t = control.metric.n - 1, treatment.metric.n - 1
    above = w_c * control.covariance + w_t * treatment.covariance
    return above / (w_c * control.covariate.sd**2 + w_t * treatment.covariate.sd**2)


def _adjusted_arm(side: Side, theta: float, centre: float) -> Arm:
    variance = side.metric.sd**2 - 2 * theta * side.covariance + (theta * side.covariate.sd) ** 2
    mean = side.metric.mean - theta * (side.covariate.mean - centre)
    return Arm(side.metric.n, mean, math.sqrt(max(variance, 0.0)))
