"""What so many days of traffic can show: the power for the declared effect, and the smallest effect."""

from dataclasses import dataclass
from typing import Any

from bot.core.metric import Proportion
from bot.core.registration import Registration
from bot.core.sizing import Sizing, cohort_shares, design_drift, reduction, window_of
from bot.core.timetable import planned
from bot.stats import plan_power, power
from bot.stats.undecided import Undecided

NO_TRAFFIC = "traffic.eligible_per_day is not declared"
CERTAIN = 30.0
"""A drift beyond which the power is 1 to every digit."""


@dataclass(frozen=True)
class Shown:
    """What a number of units shows, in all or in one cohort.

    n_per_arm: complete units, of unequal arms the harmonic mean. power: to find the primary's declared effect
    by the last look. mde_abs: the smallest true effect found with the declared power, metric units, positive;
    mde_rel: as a fraction of the baseline.
    """

    n_per_arm: float
    power: float | Undecided
    mde_abs: float | Undecided
    mde_rel: float | Undecided

    def to_json(self) -> dict[str, Any]:
        """Null where undecided, with the reasons beside it."""
        values = {name: getattr(self, name) for name in ("power", "mde_abs", "mde_rel")}
        shape: dict[str, Any] = {"n_per_arm": self.n_per_arm}
        shape |= {name: None if isinstance(value, Undecided) else value for name, value in values.items()}
        why = {name: value.reason for name, value in values.items() if isinstance(value, Undecided)}
        return {**shape, "reasons": why} if why else shape


@dataclass(frozen=True)
class Horizon:
    """A number of days of traffic, run to the end by the plan's looks; units: complete ones, of both arms."""

    days: int
    units: float
    primary: Shown
    cohorts: tuple[tuple[str, Shown], ...]

    def to_json(self) -> dict[str, Any]:
        """The shape under `horizon` and `at_days` in `lookout plan --json`."""
        return {
            "days": self.days,
            "units": self.units,
            "primary": self.primary.to_json(),
            "cohorts": [{"cohort": name, **shown.to_json()} for name, shown in self.cohorts],
        }


def horizon(registration: Registration, sizing: Sizing, days: int) -> Horizon | Undecided:
    """What `days` of traffic show, the looks lying at the same shares of it as in the plan."""
    if registration.traffic is None:
        return Undecided(NO_TRAFFIC)
    # Whoever comes later has not had the metric's window by then.
    complete = max(0, days - window_of(registration, registration.primary.metric) + 1)
    units = complete * registration.traffic.eligible_per_day
    cohorts = tuple(
        (name, shown(registration, sizing, units * of)) for name, of in cohort_shares(registration)
    )
    return Horizon(days, units, shown(registration, sizing, units), cohorts)


def shown(registration: Registration, sizing: Sizing, units: float) -> Shown:
    """What so many units of both arms together show."""
    split = registration.allocation
    n = power.harmonic(units * (1 - split), units * split)
    smallest = _smallest(registration, sizing, n)
    baseline = registration.primary.baseline
    if isinstance(smallest, Undecided):
        rel: float | Undecided = smallest
    elif not baseline:
        rel = Undecided("primary.baseline is " + ("0" if baseline == 0 else "missing"))
    else:
        rel = smallest / abs(baseline)
    return Shown(n, _power(registration, sizing, n), smallest, rel)


def _power(registration: Registration, sizing: Sizing, n: float) -> float | Undecided:
    if sizing.needed is None:
        return sizing.n_fixed if isinstance(sizing.n_fixed, Undecided) else Undecided("no sample size")
    plan = planned(registration)
    # Information goes with the units, and the drift with its root (Jennison & Turnbull 2000, section 3.1).
    drift = design_drift(plan, registration.power) * (n / sizing.needed) ** 0.5
    return 1.0 if drift > CERTAIN else plan_power.plan_power(plan, drift)


def _smallest(registration: Registration, sizing: Sizing, n: float) -> float | Undecided:
    primary = registration.primary
    given: dict[str, Any] = {
        "variance_reduction": reduction(registration),
        "inflation": sizing.inflation,
        "sided": registration.sequential.sided,
        "share": registration.allocation,
    }
    levels = (registration.alpha, registration.power)
    try:
        if primary.sd is not None:
            return power.detectable(n, primary.sd, *levels, **given)
        if not isinstance(registration.metrics.get(primary.metric), Proportion):
            return Undecided("primary.sd is missing")
        if primary.baseline is None:
            return Undecided("primary.baseline is missing")
        up = 1 if primary.direction == "increase" else -1
        return power.detectable_proportion(n, primary.baseline, *levels, direction=up, **given)
    except (ValueError, OverflowError) as error:
        return Undecided(str(error))
