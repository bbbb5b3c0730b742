"""How many units a registration needs, in all and per cohort, and how long that takes."""

import math
from dataclasses import dataclass

from bot.core.metric import Metric, Proportion, Quantile
from bot.core.registration import Registration
from bot.core.timetable import planned
from bot.stats import plan_power, power
from bot.stats.undecided import Undecided


@dataclass(frozen=True)
class Need:
    """One cohort's claim to the same effect as the primary's.

    share: of all units; n_per_arm: units of the cohort needed per arm; total_needed: units of all cohorts in
    both arms until it has them; days: of traffic; powered: days within the horizon; the last two None when
    the traffic is not declared.
    """

    cohort: str
    share: float
    n_per_arm: int
    total_needed: int
    days: float | None
    powered: bool | None


@dataclass(frozen=True)
class Sizing:
    """The sizes of a plan, units per arm of equal arms.

    n_fixed: one look, no CUPED, exact; n: with the sequential `inflation`, rounded up; n_cuped: with both.
    n_cuped_fixed: with CUPED alone, exact. runtime_days: of traffic until both arms have n_cuped.
    """

    n_fixed: float | Undecided
    n: int | None
    n_cuped_fixed: float | None
    n_cuped: int | None
    inflation: float
    runtime_days: float | None
    cohorts: tuple[Need, ...]


def mde_absolute(registration: Registration, baseline: float | None = None) -> float | None:
    """The minimum effect in metric units; `baseline` stands in where none was registered."""
    mde = registration.primary.mde
    if mde is None:
        return None
    if mde.absolute is not None:
        return mde.absolute
    base = registration.primary.baseline if registration.primary.baseline is not None else baseline
    return None if base is None or mde.relative is None else abs(base) * mde.relative


def reduction(registration: Registration) -> float:
    """The variance reduction planned with."""
    cuped = registration.primary.cuped
    return cuped.variance_reduction if cuped else 0.0


def size(registration: Registration) -> Sizing:
    """All sizes of a checked registration."""
    inflation = plan_power.inflation(planned(registration), registration.power)
    fixed = _fixed(registration, 0.0)
    if isinstance(fixed, Undecided):
        return Sizing(fixed, None, None, None, inflation, None, ())
    cuped = fixed * (1 - reduction(registration))
    adjusted = _fixed(registration, reduction(registration))
    cuped = cuped if isinstance(adjusted, Undecided) else adjusted
    n_cuped = math.ceil(cuped * inflation)
    return Sizing(
        n_fixed=fixed,
        n=math.ceil(fixed * inflation),
        n_cuped_fixed=cuped,
        n_cuped=n_cuped,
        inflation=inflation,
        runtime_days=_days(registration, _total(registration, n_cuped)),
        cohorts=tuple(_needs(registration, n_cuped)),
    )


def needed_per_arm(registration: Registration, baseline: float, sd: float) -> float | Undecided:
    """Units per arm of a cohort for its claim; `baseline` and `sd` stand in for what was not registered."""
    sizing = size(registration)
    if sizing.n_cuped is not None:
        return float(sizing.n_cuped)
    effect = mde_absolute(registration, baseline)
    if effect is None or not sd > 0 or not math.isfinite(sd):
        return Undecided("the size a cohort needs is not known: primary.baseline, sd or mde is missing")
    try:
        return sizing.inflation * power.n_per_arm(
            sd, effect, registration.alpha, registration.power, variance_reduction=reduction(registration)
        )
    except ValueError as error:
        return Undecided(str(error))


def _fixed(registration: Registration, variance_reduction: float) -> float | Undecided:
    try:
        units = _one_look(registration, variance_reduction)
    except (ValueError, OverflowError) as error:
        return Undecided(str(error))
    if isinstance(units, Undecided) or math.isfinite(units):
        return units
    return Undecided("primary.baseline, sd and mde lie too far apart for a sample size")


def _one_look(registration: Registration, variance_reduction: float) -> float | Undecided:
    primary = registration.primary
    metric: Metric | None = registration.metrics.get(primary.metric)
    effect = mde_absolute(registration)
    if isinstance(metric, Quantile):
        return Undecided("no sample size is computed for a quantile metric")
    if effect is None or primary.baseline is None:
        return Undecided("primary.baseline or primary.mde is missing")
    if isinstance(metric, Proportion) and primary.sd is None:
        signed = effect if primary.direction == "increase" else -effect
        return power.n_per_arm_proportion(
            primary.baseline,
            signed,
            registration.alpha,
            registration.power,
            variance_reduction=variance_reduction,
        )
    if primary.sd is None:
        return Undecided("primary.sd is missing")
    return power.n_per_arm(
        primary.sd, effect, registration.alpha, registration.power, variance_reduction=variance_reduction
    )


def _total(registration: Registration, n_per_arm: int) -> int:
    """Units in both arms until the smaller one has n_per_arm."""
    smaller = min(registration.allocation, 1 - registration.allocation)
    return math.ceil(n_per_arm / smaller - 1e-9)


def _days(registration: Registration, total: int) -> float | None:
    return None if registration.traffic is None else total / registration.traffic.eligible_per_day


def _needs(registration: Registration, n_per_arm: int) -> list[Need]:
    needs = []
    for dimension, values in registration.cohorts.dimensions.items():
        shares = registration.cohorts.shares.get(dimension, {})
        for value in values:
            share = shares.get(value)
            if not share:
                continue
            total = math.ceil(_total(registration, n_per_arm) / share - 1e-9)
            days = _days(registration, total)
            powered = None if days is None else days <= registration.horizon_days
            needs.append(Need(f"{dimension}={value}", share, n_per_arm, total, days, powered))
    return needs
