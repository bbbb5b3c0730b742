"""How many units an arm needs, and what a given number can show, for one look.

Sizes are real numbers per arm; round up where people are counted. A sequential plan multiplies them by its
`inflation`, whatever the variance; CUPED multiplies the variance by 1 - variance_reduction.
"""

import math

from scipy import special

from bot.stats.root import find_root

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
) -> float:
    """Units per arm for a two-sided two-sample t-test of equal arms.

    sd and mde_abs are in metric units. By the noncentral t distribution, counting both tails, as statsmodels'
    TTestIndPower does; `inflation` multiplies the result.

    >>> round(n_per_arm(0.142, 0.03 * 0.183), 2)
    10502.88
    """
    size = abs(mde_abs) / (_positive("sd", sd) * math.sqrt(_kept(variance_reduction)))
    _check(size, alpha, power)
    guess = n_normal(sd, mde_abs, alpha, power, variance_reduction=variance_reduction)
    low, high = 2.0, max(4.0, 2 * guess + 8)
    if t_power(low, size, alpha) >= power:
        return low
    return inflation * find_root(lambda n: t_power(n, size, alpha) - power, low, high)


def n_normal(
    sd: float,
    mde_abs: float,
    alpha: float = 0.05,
    power: float = 0.8,
    *,
    variance_reduction: float = 0.0,
    inflation: float = 1.0,
) -> float:
    """Units per arm by the normal approximation: 2 sd^2 (z_{alpha/2} + z_beta)^2 / mde^2."""
    size = abs(mde_abs) / (_positive("sd", sd) * math.sqrt(_kept(variance_reduction)))
    _check(size, alpha, power)
    return inflation * 2 * ((_z(alpha / 2) + _z(1 - power)) / size) ** 2


def n_per_arm_proportion(
    baseline: float,
    mde_abs: float,
    alpha: float = 0.05,
    power: float = 0.8,
    *,
    variance_reduction: float = 0.0,
    inflation: float = 1.0,
) -> float:
    """Units per arm to tell two proportions apart, variance pooled under no effect.

    (Fleiss, Levin & Paik 2003, eq. 4.14, no continuity correction; R's power.prop.test.)

    >>> round(n_per_arm_proportion(0.31, 0.04), 2)
    2168.05
    """
    other = baseline + mde_abs
    if not (0 < baseline < 1 and 0 < other < 1):
        raise ValueError(f"both proportions must lie between 0 and 1, not {baseline:g} and {other:g}")
    _check(mde_abs, alpha, power)
    pooled = (baseline + other) / 2
    spread_0 = math.sqrt(2 * pooled * (1 - pooled))
    spread_1 = math.sqrt(baseline * (1 - baseline) + other * (1 - other))
    root = (_z(alpha / 2) * spread_0 + _z(1 - power) * spread_1) / mde_abs
    return inflation * root * root * _kept(variance_reduction)


def t_power(n: float, size: float, alpha: float = 0.05) -> float:
    """Power of the two-sided t-test with n units an arm; size is the effect over the sd."""
    df, shift = 2 * (n - 1), abs(size) * math.sqrt(n / 2)
    critical = -float(special.stdtrit(df, alpha / 2))
    if shift > critical + 40:
        return 1.0
    if df > 1e6:  # the noncentral t is normal to 7 digits there, and scipy's series slow
        return float(special.ndtr(shift - critical) + special.ndtr(-shift - critical))
    upper = 1 - float(special.nctdtr(df, shift, critical))
    lower = float(special.nctdtr(df, shift, -critical))
    return upper + (0.0 if math.isnan(lower) else lower)  # scipy's series gives NaN for tails below 1e-14


def power_at(
    n: float,
    sd: float,
    effect_abs: float,
    alpha: float = 0.05,
    *,
    variance_reduction: float = 0.0,
    inflation: float = 1.0,
) -> float:
    """Power of the t-test for this true effect with n units an arm, a sequential plan costing `inflation`.

    >>> round(power_at(10_503, 0.142, 0.03 * 0.183), 4)
    0.8
    """
    size = abs(effect_abs) / (_positive("sd", sd) * math.sqrt(_kept(variance_reduction)))
    return t_power(max(2.0, n / inflation), size, alpha)


def detectable(
    n: float,
    sd: float,
    alpha: float = 0.05,
    power: float = 0.8,
    *,
    variance_reduction: float = 0.0,
    inflation: float = 1.0,
) -> float:
    """The smallest true difference (metric units, positive) that n units an arm show with this power."""
    _check(1.0, alpha, power)
    units = n / inflation
    if units < 2:
        raise ValueError(f"at least 2 units an arm are needed, not {units:g}")
    widest = 1 / math.sqrt(units)
    while t_power(units, widest, alpha) < power:
        widest *= 2
    size = find_root(lambda d: t_power(units, d, alpha) - power, 0.0, widest)
    return size * _positive("sd", sd) * math.sqrt(_kept(variance_reduction))


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


def _check(size: float, alpha: float, power: float) -> None:
    if not 0 < alpha < power < 1:
        raise ValueError(f"need 0 < alpha < power < 1, not alpha {alpha} and power {power}")
    if size == 0 or 2 * ((_z(alpha / 2) + _z(1 - power)) / size) ** 2 > LARGEST:
        raise ValueError(f"an effect of {size:g} standard deviations cannot be detected by any real sample")
