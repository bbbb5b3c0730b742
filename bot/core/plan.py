"""What `lookout plan` says of a registration: sizes, boundaries, the true error, cohorts, runtime."""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bot.core.finding import Finding
from bot.core.guardrail_plan import GuardrailsPlan, plan_guardrails
from bot.core.horizon import NO_TRAFFIC, Horizon, horizon
from bot.core.registration import Registration
from bot.core.sizing import Need, Sizing, size
from bot.core.timetable import date_of, planned
from bot.stats.undecided import Undecided


@dataclass(frozen=True)
class PlannedLook:
    """One look: its day, information, boundary (z and its p) and alpha spent by then.

    futility_z: the Z in the declared direction below which it stops for want of effect; None when none does.
    """

    look: int
    day: int
    date: dt.date | None
    fraction: float
    z: float
    nominal_p: float
    alpha_spent: float
    futility_z: float | None = None


@dataclass(frozen=True)
class LaunchPlan:
    """A registration worked out; horizon: what its days of traffic show; at_days: the same for others."""

    registration: Registration
    sha256: str
    sizing: Sizing
    looks: tuple[PlannedLook, ...]
    type1_error: float
    guardrails: GuardrailsPlan
    horizon: Horizon | Undecided
    findings: tuple[Finding, ...]
    at_days: Horizon | Undecided | None = None

    @property
    def false_veto_probability(self) -> float:
        """Probability that some guardrail vetoes a change that changes nothing."""
        return self.guardrails.false_veto

    def to_json(self) -> dict[str, Any]:
        """The shape of `lookout plan --json`."""
        sizing = self.sizing
        undecided = isinstance(sizing.n_fixed, Undecided)
        primary: dict[str, Any] = {
            "n_per_arm_fixed": None if undecided else sizing.n_fixed,
            "n_per_arm": sizing.n,
            "inflation": sizing.inflation,
            "n_per_arm_cuped": sizing.n_cuped,
            "n_control": None if sizing.arms is None else sizing.arms[0],
            "n_treatment": None if sizing.arms is None else sizing.arms[1],
            "total_needed": sizing.total,
            "n_per_arm_expected": None if sizing.expected is None else asdict(sizing.expected),
        }
        if isinstance(sizing.n_fixed, Undecided):
            primary["reason"] = sizing.n_fixed.reason
        shape = {
            "registration": self.registration.id,
            "sha256": self.sha256,
            "primary": primary,
            "looks": [_look(one) for one in self.looks],
            "type1_error": self.type1_error,
            "cohorts": [_cohort(need) for need in sizing.cohorts],
            "runtime_days": sizing.runtime_days,
            "guardrails": self.guardrails.to_json(),
            "horizon": _horizon(self.horizon, self.registration.horizon_days),
            "findings": [finding.to_json() for finding in self.findings],
        }
        if self.at_days is not None:
            shape["at_days"] = _horizon(self.at_days, None)
        if sizing.runtime_days is None:
            shape["reasons"] = {"runtime_days": primary.get("reason", NO_TRAFFIC)}
        return shape


def work_out(
    registration: Registration, sha256: str, findings: Sequence[Finding] = (), *, days: int | None = None
) -> LaunchPlan:
    """The plan of a registration whose looks make sense (raises ValueError when they do not).

    days: of traffic, to say what they show beside what the horizon does.
    """
    plan = planned(registration)
    floor = plan.floor
    looks = tuple(
        PlannedLook(
            look=number + 1,
            day=day,
            date=date_of(registration, day),
            fraction=plan.fractions[number],
            z=plan.z[number],
            nominal_p=plan.nominal_p[number],
            alpha_spent=plan.cumulative_alpha[number],
            futility_z=floor[number] if floor and math.isfinite(floor[number]) else None,
        )
        for number, day in enumerate(registration.looks)
    )
    sizing = size(registration)
    return LaunchPlan(
        registration,
        sha256,
        sizing,
        looks,
        plan.type1_error,
        plan_guardrails(registration, sizing),
        horizon(registration, sizing, registration.horizon_days),
        tuple(findings),
        None if days is None else horizon(registration, sizing, days),
    )


def _horizon(value: Horizon | Undecided, days: int | None) -> dict[str, Any]:
    if not isinstance(value, Undecided):
        return value.to_json()
    return {"days": days, "units": None, "primary": None, "cohorts": [], "reason": value.reason}


def _look(one: PlannedLook) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "look": one.look,
        "day": one.day,
        "fraction": one.fraction,
        "z": one.z if one.z < 1e300 else None,
        "nominal_p": one.nominal_p,
        "alpha_spent": one.alpha_spent,
    }
    if one.futility_z is not None:
        shape["futility_z"] = one.futility_z
    if shape["z"] is None:
        shape["reason"] = "the plan spends nothing at this look, so it cannot cross"
    return shape


def _cohort(need: Need) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "cohort": need.cohort,
        "share": need.share,
        "n_per_arm_needed": need.n_per_arm,
        "total_needed": need.total_needed,
        "days": need.days,
        "powered": need.powered,
    }
    return shape if need.days is not None else {**shape, "reason": NO_TRAFFIC}
