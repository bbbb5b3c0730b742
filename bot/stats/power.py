"""How many units an arm needs, and what a given number can show, for one look.

Sizes are real numbers per arm; round up where people are counted. A sequential plan multiplies them by its
`inflation`, whatever the variance; CUPED multiplies the variance by 1 - variance_reduction. Where the arms
are unequal a size is their harmonic mean, which the variance of a difference depends on: see `arms_of`.
"""

import math
from typing import Literal, TypeAlias

from scipy import special

from bot.stats.root import find_root

Sided: TypeAlias = Literal[1, 2]
"""1: alpha is that of the one direction tested."""

LARGEST = 1e12
"""Units per arm beyond which a size is not looked for."""


def n_per_arm(
    sd: float,
    mde_abs: float,
    alpha: float = 0.05,
    power: float = 0.8,
    *,
    variance_reduction: float = 0.0,
    inflation: float = 1.0,
    sided: Sided = 2,
    share: float = 0.5,
) -> float:
    """Units per arm for a two-sample t-test; with unequal arms their harmonic mean, see `arms_of`.

    sd and mde_abs are in metric units. By the noncentral t distribution, counting both tails when two-sided,
    as statsmodels' TTestIndPower does; `inflation` multiplies the result. share: of the treatment.

    >>> round(n_per_arm(0.142, 0.03 * 0.183), 2)
    10502.88
    """
    size = abs(mde_abs) / (_positive("sd", sd) * math.sqrt(_kept(variance_reduction)))
    _check(size, alpha, power, sided)
    guess = n_normal(sd, mde_abs, alpha, power, variance_reduction=variance_reduction, sided=sided)
    low, high = 2.0, max(4.0, 2 * guess + 8)
    if t_power(low, size, alpha, sided=sided, share=share) >= power:
        return low
    return inflation * find_root(
        lambda n: t_power(n, size, alpha, sided=sided, share=share) - power, low, high
    )


def n_normal(
    sd: float,
    mde_abs: float,
    alpha: float = 0.05,
    power: float = 0.8,
    *,
    variance_reduction: float = 0.0,
    inflation: float = 1.0,
    sided: Sided = 2,
) -> float:
    """Units per arm by the normal approximation: 2 sd^2 (z_{alpha/sided} + z_beta)^2 / mde^2."""
    size = abs(mde_abs) / (_positive("sd", sd) * math.sqrt(_kept(variance_reduction)))
    _check(size, alpha, power, sided)
    return inflation * 2 * ((_z(alpha / sided) + _z(1 - power)) / size) ** 2


def n_per_arm_proportion(
    baseline: float,
    mde_abs: float,
    alpha: float = 0.05,
    power: float = 0.8,
    *,
    variance_reduction: float = 0.0,
    inflation: float = 1.0,
    sided: Sided = 2,
    share: float = 0.5,
) -> float:
    """Units per arm to tell two proportions apart, variance pooled under no effect.

    (Fleiss, Levin & Paik 2003, eq. 4.14 and, for unequal arms, 4.19, no continuity correction; R's
    power.prop.test.) With unequal arms their harmonic mean, see `arms_of`; share: of the treatment.

    >>> round(n_per_arm_proportion(0.31, 0.04), 2)
    2168.05
    """
    other = baseline + mde_abs
    if not (0 < baseline < 1 and 0 < other < 1):
        raise ValueError(f"both proportions must lie between 0 and 1, not {baseline:g} and {other:g}")
    _check(mde_abs, alpha, power, sided)
    here, there = baseline * (1 - baseline), other * (1 - other)
    pooled = (1 - _share(share)) * baseline + share * other
    spread_0 = math.sqrt(2 * pooled * (1 - pooled))
    # The variance of the difference over that of equal arms with as many units in harmonic mean.
    spread_1 = math.sqrt(2 * (share * here + (1 - share) * there))
    root = (_z(alpha / sided) * spread_0 + _z(1 - power) * spread_1) / mde_abs
    return inflation * root * root * _kept(variance_reduction)


def t_power(n: float, size: float, alpha: float = 0.05, *, sided: Sided = 2, share: float = 0.5) -> float:
    """Power of the t-test with n units an arm (their harmonic mean); size is the effect over the sd."""
    df, shift = sum(arms_of(n, share)) - 2, abs(size) * math.sqrt(n / 2)
    critical = -float(special.stdtrit(df, alpha / sided))
    if shift > critical + 40:
        return 1.0
    if df > 1e6:  # the noncentral t is normal to 7 digits there, and scipy's series slow
        upper, lower = float(special.ndtr(shift - critical)), float(special.ndtr(-shift - critical))
    else:
        upper = 1 - float(special.nctdtr(df, shift, critical))
        lower = float(special.nctdtr(df, shift, -critical))
    if sided == 1 or math.isnan(lower):  # scipy's series gives NaN for tails below 1e-14
        return upper
    return upper + lower


def power_at(
    n: float,
    sd: float,
    effect_abs: float,
    alpha: float = 0.05,
    *,
    variance_reduction: float = 0.0,
    inflation: float = 1.0,
    sided: Sided = 2,
    share: float = 0.5,
) -> float:
    """Power of the t-test for this true effect with n units an arm, a sequential plan costing `inflation`.

    >>> round(power_at(10_503, 0.142, 0.03 * 0.183), 4)
    0.8
    """
    size = abs(effect_abs) / (_positive("sd", sd) * math.sqrt(_kept(variance_reduction)))
    return t_power(max(2.0, n / inflation), size, alpha, sided=sided, share=share)


def detectable(
    n: float,
    sd: float,
    alpha: float = 0.05,
    power: float = 0.8,
    *,
    variance_reduction: float = 0.0,
    inflation: float = 1.0,
    sided: Sided = 2,
    share: float = 0.5,
) -> float:
    """The smallest true difference (metric units, positive) that n units an arm show with this power."""
    _check(1.0, alpha, power, sided)
    units = n / inflation
    if units < 2:
        raise ValueError(f"at least 2 units an arm are needed, not {units:g}")
    widest = 1 / math.sqrt(units)
    while t_power(units, widest, alpha, sided=sided, share=share) < power:
        widest *= 2
    size = find_root(lambda d: t_power(units, d, alpha, sided=sided, share=share) - power, 0.0, widest)
    return size * _positive("sd", sd) * math.sqrt(_kept(variance_reduction))


def detectable_proportion(
    n: float,
    baseline: float,
    alpha: float = 0.05,
    power: float = 0.8,
    *,
    direction: int = 1,
    variance_reduction: float = 0.0,
    inflation: float = 1.0,
    sided: Sided = 2,
    share: float = 0.5,
) -> float:
    """The same for a proportion, up (direction 1) or down (-1): the inverse of `n_per_arm_proportion`.

    Raises ValueError when no proportion on that side is far enough away.

    >>> round(detectable_proportion(2168.05, 0.31), 6)
    0.04
    """

    def needed(gap: float) -> float:
        return n_per_arm_proportion(
            baseline,
            direction * gap,
            alpha,
            power,
            variance_reduction=variance_reduction,
            inflation=inflation,
            sided=sided,
            share=share,
        )

    room = 1 - baseline if direction > 0 else baseline
    # The smallest effect that a real sample can show at all, see `_check`.
    least, most = 1.01 * math.sqrt(2 / LARGEST) * (_z(alpha / sided) + _z(1 - power)), room * (1 - 1e-9)
    if not n > 0 or least >= most or needed(most) > n:
        raise ValueError(f"{n:,.0f} units an arm are too few to tell any proportion from {baseline:g}")
    if needed(least) < n:
        return least
    return find_root(lambda gap: math.log(needed(gap)) - math.log(n), least, most)


def harmonic(control: float, treatment: float) -> float:
    """The equal arms that tell as much as these two: variances of a difference go with 1/n_c + 1/n_t.

    >>> harmonic(100, 100), harmonic(1000, 250), harmonic(5, 0)
    (100.0, 400.0, 0.0)
    """
    return 2 * control * treatment / (control + treatment) if control > 0 and treatment > 0 else 0.0


def arms_of(n: float, share: float = 0.5) -> tuple[float, float]:
    """Units of control and treatment whose harmonic mean is n when the treatment has this share of them.

    >>> arms_of(100), arms_of(300, 0.25)
    ((100.0, 100.0), (600.0, 200.0))
    """
    total = n / (2 * _share(share) * (1 - share))
    return total * (1 - share), total * share


def adequacy(n: float, needed: float) -> float:
    """Units there are over units needed: below the registered minimum a cohort is shown, never evidence."""
    return n / _positive("needed", needed)


def _z(tail: float) -> float:
    return -float(special.ndtri(tail))


def _kept(variance_reduction: float) -> float:
    if not 0 <= variance_reduction < 1:
        raise ValueError(f"variance_reduction must lie in [0, 1), not {variance_reduction}")
    return 1 - variance_reduction


def _positive(name: str, value: float) -> float:
    if not (value > 0 and math.isfinite(value)):
        raise ValueError(f"{name} must be positive, not {value}")
    return value


def _share(share: float) -> float:
    if not 0 < share < 1:
        raise ValueError(f"the treatment's share must lie between 0 and 1, not {share}")
    return share


def _check(size: float, alpha: float, power: float, sided: Sided = 2) -> None:
    if not 0 < alpha < power < 1:
        raise ValueError(f"need 0 < alpha < power < 1, not alpha {alpha} and power {power}")
    if size == 0 or 2 * ((_z(alpha / sided) + _z(1 - power)) / size) ** 2 > LARGEST:
        raise ValueError(f"an effect of {size:g} standard deviations cannot be detected by any real sample")
