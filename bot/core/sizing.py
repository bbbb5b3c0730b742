"""How many units a registration needs, in all and per cohort, and how long that takes."""

import math
from dataclasses import dataclass
from functools import lru_cache

from bot.core.metric import Metric, Proportion
from bot.core.registration import Registration
from bot.core.timetable import planned
from bot.stats import plan_power, power
from bot.stats.sequential import Plan
from bot.stats.undecided import Undecided


@dataclass(frozen=True)
class Need:
    """One cohort's claim to the same effect as the primary's.

    share: of all units; n_per_arm: units of the cohort needed per arm; total_needed: units of all cohorts in
    both arms until it has them; days: of traffic, and until the last of them has had the metric's window;
    powered: days within the horizon; the last two None when the traffic is not declared.
    """

    cohort: str
    share: float
    n_per_arm: int
    total_needed: int
    days: float | None
    powered: bool | None


@dataclass(frozen=True)
class Expected:
    """Mean units per arm when the first crossing stops it: no effect, half the declared one, all of it."""

    h0: float
    midway: float
    h1: float


@dataclass(frozen=True)
class Sizing:
    """The sizes of a plan, units per arm; of unequal arms the harmonic mean, which is what power depends on.

    n_fixed: one look, no CUPED, exact; n: with the sequential `inflation`, rounded up; n_cuped: with both.
    n_cuped_fixed: with CUPED alone, exact. arms: units of control and treatment that come to n_cuped, total:
    of both. runtime_days: of traffic until then, and until the last unit has had the metric's window.
    """

    n_fixed: float | Undecided
    n: int | None
    n_cuped_fixed: float | None
    n_cuped: int | None
    inflation: float
    runtime_days: float | None
    cohorts: tuple[Need, ...]
    arms: tuple[int, int] | None = None
    expected: Expected | None = None

    @property
    def total(self) -> int | None:
        """Units of both arms."""
        return None if self.arms is None else sum(self.arms)

    @property
    def needed(self) -> float | None:
        """Units per arm with the plan and CUPED, not rounded."""
        return None if self.n_cuped_fixed is None else self.n_cuped_fixed * self.inflation


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


def window_of(registration: Registration, metric: str) -> int:
    """Days a unit needs until its value of this metric is complete; 1 when nothing is declared."""
    found: Metric | None = registration.metrics.get(metric)
    return found.window_days or 1 if found is not None else 1


def size(registration: Registration) -> Sizing:
    """All sizes of a checked registration."""
    plan = planned(registration)
    inflation = _inflation(plan, registration.power)
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
        arms=_arms(registration, n_cuped),
        expected=_expected(plan, registration.power, cuped * inflation),
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
            sd,
            effect,
            registration.alpha,
            registration.power,
            variance_reduction=reduction(registration),
            sided=registration.sequential.sided,
            share=registration.allocation,
        )
    except ValueError as error:
        return Undecided(str(error))


@lru_cache(maxsize=64)
def _inflation(plan: Plan, wanted: float) -> float:
    return plan_power.inflation(plan, wanted)


@lru_cache(maxsize=64)
def design_drift(plan: Plan, wanted: float) -> float:
    """The expected Z at the last look under which the plan has the wanted power."""
    return plan_power.drift_for(plan, wanted)


@lru_cache(maxsize=64)
def _expected(plan: Plan, wanted: float, needed: float) -> Expected:
    drift = design_drift(plan, wanted)
    whole = needed / plan.fractions[-1]
    h0, midway, h1 = (whole * plan_power.expected_information(plan, drift * part) for part in (0.0, 0.5, 1.0))
    return Expected(h0, midway, h1)


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
    if effect is None:
        return Undecided("primary.baseline or primary.mde is missing")
    if isinstance(metric, Proportion) and primary.sd is None:
        if primary.baseline is None:
            return Undecided("primary.baseline is missing")
        return power.n_per_arm_proportion(
            primary.baseline,
            effect if primary.direction == "increase" else -effect,
            registration.alpha,
            registration.power,
            variance_reduction=variance_reduction,
            sided=registration.sequential.sided,
            share=registration.allocation,
        )
    if primary.sd is None:
        return Undecided("primary.sd is missing")
    return power.n_per_arm(
        primary.sd,
        effect,
        registration.alpha,
        registration.power,
        variance_reduction=variance_reduction,
        sided=registration.sequential.sided,
        share=registration.allocation,
    )


def _arms(registration: Registration, n_per_arm: int) -> tuple[int, int]:
    """Units of control and treatment that tell as much as n_per_arm in each of two equal arms."""
    control, treatment = power.arms_of(n_per_arm, registration.allocation)
    return math.ceil(control - 1e-9 * control), math.ceil(treatment - 1e-9 * treatment)


def _total(registration: Registration, n_per_arm: int) -> int:
    return sum(_arms(registration, n_per_arm))


def _days(registration: Registration, total: int) -> float | None:
    if registration.traffic is None:
        return None
    waiting = window_of(registration, registration.primary.metric) - 1
    return total / registration.traffic.eligible_per_day + waiting


def _needs(registration: Registration, n_per_arm: int) -> list[Need]:
    needs = []
    for cohort, share in cohort_shares(registration):
        total = math.ceil(_total(registration, n_per_arm) / share - 1e-9)
        days = _days(registration, total)
        powered = None if days is None else days <= registration.horizon_days
        needs.append(Need(cohort, share, n_per_arm, total, days, powered))
    return needs


def cohort_shares(registration: Registration) -> list[tuple[str, float]]:
    """The cohorts whose share of all units was declared, as `locale=jp`, in declared order."""
    found = []
    for dimension, values in registration.cohorts.dimensions.items():
        shares = registration.cohorts.shares.get(dimension, {})
        found += [(f"{dimension}={value}", shares[value]) for value in values if shares.get(value)]
    return found
