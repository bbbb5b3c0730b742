"""What a look found, as frozen values and as the JSON of `lookout look`."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from bot.stats.adjusted import Adjusted
from bot.stats.cuped import CupedEffect
from bot.stats.effect import Effect, Interval
from bot.stats.guardrail import Judgement, Threshold
from bot.stats.heterogeneity import Heterogeneity
from bot.stats.reconciliation import Reconciliation
from bot.stats.sequential import Plan
from bot.stats.srm import Srm
from bot.stats.undecided import Undecided

Verdict: TypeAlias = Literal[
    "invalid", "veto", "ship", "continue", "stop-futility", "no-ship", "inconclusive"
]


@dataclass(frozen=True)
class PrimaryResult:
    """The primary metric at the look.

    effect: judged, with CUPED when `cuped`; plain: without. z: positive when the treatment is higher, with
    the same p as the t. boundary_z, boundary_p: what the plan asks at this look. significant: p at or below
    the boundary, None when the data are invalid or the effect undecided. good: the effect points the
    declared way. conditional_power: of crossing at a later look in the declared direction if the effect so
    far is the true one; None at the last look.
    """

    metric: str
    effect: Effect | Undecided
    plain: Effect | Undecided
    cuped: CupedEffect | None
    boundary_z: float
    boundary_p: float
    significant: bool | None
    good: bool
    adjusted: Adjusted | Undecided
    conditional_power: float | None
    note: str = ""


@dataclass(frozen=True)
class GuardrailResult:
    """One guardrail: what was measured against which line."""

    metric: str
    threshold: Threshold
    effect: Effect | Undecided
    judgement: Judgement


@dataclass(frozen=True)
class CohortResult:
    """One cohort; share: of all units; n: units of both arms; adequacy: smaller arm over units needed."""

    cohort: str
    share: float
    n: int
    effect: Effect | Undecided
    adequacy: float | None
    judgement: Judgement


@dataclass(frozen=True)
class LookResult:
    """A look: the verdict, why, and everything it rests on.

    reasons: why this verdict, the weightiest first; notes: what else a reader should know about the data.
    """

    registration: str
    sha256: str
    look: int
    looks: int
    day: float
    planned: bool
    verdict: Verdict
    reasons: tuple[str, ...]
    srm: Srm | Undecided
    units: tuple[int, int]
    primary: PrimaryResult
    plan: Plan
    guardrails: tuple[GuardrailResult, ...]
    cohorts: tuple[CohortResult, ...]
    heterogeneity: Heterogeneity | Undecided
    reconciliation: Reconciliation | Undecided
    data_fingerprint: str
    last_day: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def alpha_spent(self) -> float:
        """Cumulative two-sided alpha the plan has spent by this look."""
        return self.plan.cumulative_alpha[self.look - 1]

    def to_json(self) -> dict[str, Any]:
        """The shape of `lookout look --json`; what is not finite is null."""
        shape = {
            "registration": self.registration,
            "sha256": self.sha256,
            "look": self.look,
            "day": _whole(self.day),
            "planned": self.planned,
            "verdict": self.verdict,
            "reasons": list(self.reasons),
            "notes": list(self.notes),
            "srm": _srm(self.srm, self.units),
            "primary": _primary(self.primary),
            "alpha_spent": self.alpha_spent,
            "guardrails": [_guardrail(one) for one in self.guardrails],
            "cohorts": [_cohort(one) for one in self.cohorts],
            "heterogeneity": _chosen(self.heterogeneity, ("tau2", "q", "p", "i2")),
            "reconciliation": _reconciliation(self.reconciliation),
            "data_fingerprint": self.data_fingerprint,
            "data_last_day": None if self.last_day is None else _whole(self.last_day),
        }
        finite: dict[str, Any] = _finite(shape)
        return finite


def relative(effect: Effect | Undecided) -> tuple[float | None, Interval | None]:
    """Relative effect and interval; both None where there is none, `no_relative` then says why."""
    if no_relative(effect) or isinstance(effect, Undecided):
        return None, None
    if isinstance(effect.relative, Undecided) or isinstance(effect.ci_relative, Undecided):
        return None, None
    return effect.relative, effect.ci_relative


def no_relative(effect: Effect | Undecided) -> str:
    """Why there is no relative effect; empty when there is one.

    Below 0 a rise would have the sign of a fall; near 0 any figure would do, and no interval bounds it.
    """
    if isinstance(effect, Undecided):
        return effect.reason
    for part in (effect.relative, effect.ci_relative):
        if isinstance(part, Undecided):
            return part.reason
    if effect.control.mean < 0:
        return f"the control mean {effect.control.mean:g} is negative, so a relative effect has no direction"
    return ""


def _finite(value: Any) -> Any:
    """JSON has no infinity and no NaN."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _whole(day: float) -> float | int:
    return int(day) if day == int(day) else day


def _list(interval: Interval | Undecided | None) -> list[float] | None:
    return None if interval is None or isinstance(interval, Undecided) else list(interval)


def _with_reason(shape: dict[str, Any], *values: object) -> dict[str, Any]:
    reason = next((value.reason for value in values if isinstance(value, Undecided)), None)
    return shape if reason is None else {**shape, "reason": reason}


def _chosen(value: object, names: Sequence[str]) -> dict[str, Any]:
    if isinstance(value, Undecided):
        return _with_reason(dict.fromkeys(names), value)
    return {name: getattr(value, name) for name in names}


def _srm(srm: Srm | Undecided, units: tuple[int, int]) -> dict[str, Any]:
    return _chosen(srm, ("p", "ok")) | {"n_control": units[0], "n_treatment": units[1]}


def _arms(plain: Effect | Undecided) -> dict[str, dict[str, Any]]:
    names = ("n", "mean", "sd")
    if isinstance(plain, Undecided):
        return {side: _chosen(plain, names) for side in ("control", "treatment")}
    return {"control": _chosen(plain.control, names), "treatment": _chosen(plain.treatment, names)}


def _primary(primary: PrimaryResult) -> dict[str, Any]:
    effect = primary.effect
    rel, ci = relative(effect)
    known = effect if isinstance(effect, Effect) else None
    shape: dict[str, Any] = {
        "metric": primary.metric,
        **_arms(primary.plain),
        "effect_abs": known.absolute if known else None,
        "se": known.se if known else None,
        "effect_rel": rel,
        "ci_rel": _list(ci),
        "z": known.z if known else None,
        "p": known.p if known else None,
        "boundary_z": primary.boundary_z,
        "boundary_p": primary.boundary_p,
        "significant": primary.significant,
        "adjusted": _adjusted(primary.adjusted, effect),
        "cuped": None
        if primary.cuped is None
        else {"theta": primary.cuped.theta, "variance_reduction": primary.cuped.variance_reduction},
        "conditional_power": primary.conditional_power,
    }
    if primary.note:
        shape["note"] = primary.note
    shape["reasons"] = {name: why for name, why in _absences(primary).items() if shape[name] is None}
    if math.isinf(primary.boundary_z):
        shape["reasons"]["boundary_z"] = "the plan spends nothing at this look, so it cannot cross"
    return _with_reason(shape, effect)


def _absences(primary: PrimaryResult) -> dict[str, str]:
    """Why each field that may be null is, when it is."""
    known = dict.fromkeys(("effect_abs", "se", "z", "p"), reason_of(primary.effect))
    return {
        **known,
        **dict.fromkeys(("effect_rel", "ci_rel"), no_relative(primary.effect)),
        "significant": reason_of(primary.effect) or reason_of(primary.adjusted),
        "cuped": reason_of(primary.effect) or primary.note or "no covariate is declared",
        "conditional_power": (
            reason_of(primary.effect) or reason_of(primary.adjusted) or "this is the last look"
        ),
    }


def reason_of(value: object) -> str:
    """Why something is undecided; empty when it is not."""
    return value.reason if isinstance(value, Undecided) else ""


def _adjusted(adjusted: Adjusted | Undecided, effect: Effect | Undecided) -> dict[str, Any]:
    if isinstance(adjusted, Undecided):
        return _with_reason({"estimate_rel": None, "ci_rel": None, "p": None}, adjusted)
    why = no_relative(effect)
    undecided = isinstance(adjusted.estimate_rel, Undecided)
    p = None if isinstance(adjusted.p, Undecided) else adjusted.p
    shape = {
        "estimate_rel": None if why or undecided else adjusted.estimate_rel,
        "ci_rel": None if why else _list(adjusted.ci_rel),
        "p": p,
        "method": adjusted.method,
    }
    return _with_reason(shape, Undecided(why) if why else None, adjusted.estimate_rel, adjusted.p)


def _judged(effect: Effect | Undecided, judgement: Judgement) -> dict[str, Any]:
    at = effect if isinstance(effect, Undecided) else effect.at(judgement.alpha)
    rel, ci = relative(at)
    p = None if isinstance(effect, Undecided) else effect.p
    shape = {"effect_rel": rel, "ci_rel": _list(ci), "p": p}
    return shape if rel is not None else {**shape, "effect_rel_reason": no_relative(at)}


def _guardrail(one: GuardrailResult) -> dict[str, Any]:
    return {
        "metric": one.metric,
        "threshold": one.threshold.value,
        "kind": one.threshold.kind,
        **_judged(one.effect, one.judgement),
        "measured": one.judgement.measured,
        "interval": _list(one.judgement.interval),
        "adjusted_alpha": one.judgement.alpha,
        "status": str(one.judgement.status),
        "reason": one.judgement.reason,
    }


def _cohort(one: CohortResult) -> dict[str, Any]:
    return {
        "cohort": one.cohort,
        "share": one.share,
        "n": one.n,
        **_judged(one.effect, one.judgement),
        "adequacy": one.adequacy,
        "status": str(one.judgement.status),
        "reason": one.judgement.reason,
    }


def _reconciliation(value: Reconciliation | Undecided) -> Mapping[str, Any]:
    names = ("aggregate_rel", "cohort_weighted_rel", "mix_shift", "ok")
    shape = _chosen(value, names)
    return shape if isinstance(value, Undecided) else {**shape, "reason": value.reason}
