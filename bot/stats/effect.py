"""The difference between two arms: absolute and relative, with intervals and p-values.

Every metric kind is brought to the same form first: per arm a number of units, an estimate, and the
variance of one unit's contribution to it. Then one comparison serves all:

- absolute: treatment - control, Welch's t with the Welch-Satterthwaite degrees of freedom;
- relative: treatment / control - 1, by the delta method with the variances of both means; by Fieller's
  theorem when the control mean is near 0; `Undecided` when even that interval is unbounded.

Signs: positive means that the treatment is higher, never that it is better.
"""

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from scipy import special

from bot.stats.arm import Arm, few_events, mean_arm, proportion_arm, ratio_arm
from bot.stats.sample import Sample
from bot.stats.undecided import Undecided

Interval: TypeAlias = tuple[float, float]
Harm: TypeAlias = Literal["decrease", "increase"]

NEAR_ZERO = 0.1
"""Standard error of the control mean over its absolute value above which the delta method gives way to
Fieller's interval: beyond it the ratio's distribution is visibly skewed."""


@dataclass(frozen=True)
class Effect:
    """Treatment against control.

    control, treatment: what was compared.
    absolute: treatment - control, metric units; se: its standard error.
    ci_absolute: two-sided interval of level 1 - alpha.
    relative: treatment / control - 1, a fraction; ci_relative: two-sided, level 1 - alpha.
    relative_method: how ci_relative was had, "delta" or "fieller"; "" when undecided.
    statistic: absolute / se, a t; df: its Welch-Satterthwaite degrees of freedom.
    p: two-sided. p_decrease, p_increase: one-sided, small when the treatment is lower, higher.
    """

    control: Arm
    treatment: Arm
    absolute: float
    se: float
    ci_absolute: Interval
    relative: float | Undecided
    ci_relative: Interval | Undecided
    relative_method: Literal["delta", "fieller", ""]
    statistic: float
    df: float
    p: float
    p_decrease: float
    p_increase: float
    alpha: float

    @property
    def z(self) -> float:
        """The standard normal score with the same p as the t: what a sequential boundary is asked about."""
        return normal_score(self.statistic, self.df)

    def at(self, alpha: float) -> "Effect":
        """The same comparison with intervals of level 1 - alpha."""
        effect = compare(self.control, self.treatment, alpha=alpha)
        assert isinstance(effect, Effect)  # noqa: S101  # these arms were compared before
        return effect


def mean_effect(
    control: Sample, treatment: Sample, column: str, *, alpha: float = 0.05
) -> Effect | Undecided:
    """Difference of the means of one column.

    Assumes independent units and means close to normal (Welch 1947, Biometrika 34:28).

    >>> a = Sample.of([1.0, 2.0, 3.0, 4.0], ("y",))
    >>> b = Sample.of([2.0, 4.0, 5.0, 7.0], ("y",))
    >>> effect = mean_effect(a, b, "y")
    >>> effect.absolute, effect.relative, round(effect.p, 6)
    (2.0, 0.8, 0.163279)
    """
    arms = mean_arm(control, column), mean_arm(treatment, column)
    return _compare_named(*arms, column, alpha)


def ratio_effect(
    control: Sample, treatment: Sample, numerator: str, denominator: str, *, alpha: float = 0.05
) -> Effect | Undecided:
    """Difference of sum(numerator) / sum(denominator), units being the randomised ones.

    Variance by the delta method with the covariance of both columns (Deng, Knoblich, Lu 2018, eq. 3).
    """
    arms = (ratio_arm(control, numerator, denominator), ratio_arm(treatment, numerator, denominator))
    return _compare_named(*arms, f"{numerator}/{denominator}", alpha)


def proportion_effect(
    control: Sample, treatment: Sample, column: str, *, alpha: float = 0.05
) -> Effect | Undecided:
    """Difference of two shares of units: Welch on a 0/1 column, which is the unpooled comparison.

    Unpooled, because the interval and the p-value then agree and no equality of the arms is assumed. The
    variance follows from the share, so a summary without variance is enough. Undecided where events are few
    and the arms unequal (`FEW_EVENTS`).
    """
    arms = proportion_arm(control, column), proportion_arm(treatment, column)
    few = few_events(*arms, column)
    return few if few else _compare_named(*arms, column, alpha)


def compare(control: Arm, treatment: Arm, *, alpha: float = 0.05) -> Effect | Undecided:
    """The effect between two arms whose units are independent."""
    difference = treatment.mean - control.mean
    v_c, v_t = control.variance, treatment.variance
    se = math.sqrt(v_c + v_t)
    if not _varies(control) and not _varies(treatment):
        return Undecided(f"no variance in either arm (all values {control.mean:g} and {treatment.mean:g})")
    if not (0 < se < math.inf and math.isfinite(difference)):
        return Undecided(
            f"standard deviations {control.sd:g} and {treatment.sd:g} around {control.mean:g} and "
            f"{treatment.mean:g} are beyond double precision: state the metric in another unit"
        )
    # Welch-Satterthwaite, written with the share of the variance so that nothing overflows.
    share = v_t / (v_c + v_t)
    df = 1 / (share**2 / treatment.freedom + (1 - share) ** 2 / control.freedom)
    t = difference / se
    margin = -float(special.stdtrit(df, alpha / 2))
    relative, ci_relative, method = _relative(control, treatment, margin)
    p_decrease, p_increase = float(special.stdtr(df, t)), float(special.stdtr(df, -t))
    return Effect(
        control=control,
        treatment=treatment,
        absolute=difference,
        se=se,
        ci_absolute=(difference - margin * se, difference + margin * se),
        relative=relative,
        ci_relative=ci_relative,
        relative_method=method,
        statistic=t,
        df=df,
        p=min(1.0, 2 * min(p_decrease, p_increase)),
        p_decrease=p_decrease,
        p_increase=p_increase,
        alpha=alpha,
    )


def fieller(control: Arm, treatment: Arm, margin: float) -> Interval | Undecided:
    """Fieller's interval of treatment / control - 1; margin is the critical value.

    All r with (m_t - r m_c)^2 <= margin^2 (v_t + r^2 v_c) (Fieller 1954, JRSS B 16:175). It is bounded only
    when the control mean differs from 0 at that level.
    """
    m_c, ratio = control.mean, treatment.mean / control.mean
    # Both margins over the control mean; the discriminant u_c^2 r^2 + u_t^2 (1 - u_c^2) has no cancellation.
    u_c, u_t = (margin * math.sqrt(arm.variance) / abs(m_c) for arm in (control, treatment))
    if u_c >= 1:
        return Undecided(
            f"the control mean {m_c:g} (standard error {math.sqrt(control.variance):g}) cannot be told "
            "from 0, so a relative effect has no bounded interval"
        )
    a = (1 - u_c) * (1 + u_c)
    root = math.hypot(u_c * ratio, u_t * math.sqrt(a))
    return (ratio - root) / a - 1, (ratio + root) / a - 1


def normal_score(t: float, df: float) -> float:
    """The z with the same tail probability as t with df degrees of freedom."""
    tail = float(special.stdtr(df, -abs(t)))
    if tail > 1e-300:
        return math.copysign(-float(special.ndtri(tail)), t)
    # Beyond the smallest double: Wallace (1959), Ann. Math. Stat. 30:1121, eq. 2.6 without its correction.
    return math.copysign(abs(t) if math.isinf(df) else math.sqrt(df * math.log1p(t * t / df)), t)


def _relative(
    control: Arm, treatment: Arm, margin: float
) -> tuple[float | Undecided, Interval | Undecided, Literal["delta", "fieller", ""]]:
    m_c, m_t = control.mean, treatment.mean
    if m_c == 0:
        reason = Undecided("the control mean is 0, so there is no relative effect")
        return reason, reason, ""
    relative = (m_t - m_c) / m_c
    method: Literal["delta", "fieller"] = "delta"
    if math.sqrt(control.variance) > NEAR_ZERO * abs(m_c):
        method, interval = "fieller", fieller(control, treatment, margin)
        if isinstance(interval, Undecided):
            return relative, interval, ""
    else:
        # Var(m_t/m_c) = v_t/m_c^2 + m_t^2 v_c/m_c^4 (Deng, Knoblich, Lu 2018, section 3.1)
        spread = math.hypot(math.sqrt(treatment.variance), (1 + relative) * math.sqrt(control.variance))
        half = margin * spread / abs(m_c)
        interval = relative - half, relative + half
    if not all(map(math.isfinite, (relative, *interval))):
        reason = Undecided(f"{m_t:g} over the control mean {m_c:g} is beyond double precision")
        return reason, reason, ""
    return relative, interval, method


def _varies(arm: Arm) -> bool:
    """Whether the spread is more than the rounding of a constant."""
    return arm.sd > 4 * 2.220446049250313e-16 * abs(arm.mean)


def _compare_named(
    control: Arm | Undecided, treatment: Arm | Undecided, name: str, alpha: float
) -> Effect | Undecided:
    if isinstance(control, Undecided):
        return Undecided(f"control: {control.reason}")
    if isinstance(treatment, Undecided):
        return Undecided(f"treatment: {treatment.reason}")
    effect = compare(control, treatment, alpha=alpha)
    return Undecided(f"{name}: {effect.reason}") if isinstance(effect, Undecided) else effect
