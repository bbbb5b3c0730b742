"""A look as the JSON of `lookout look`; what is not finite is null, with the reason beside it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from bot.core.look import (
    CohortResult,
    GuardrailResult,
    LookResult,
    PostStratified,
    PrimaryResult,
    WorstCohort,
    no_relative,
    reason_of,
    relative,
)
from bot.core.primary_table import NO_FUNCTION
from bot.stats.adjusted import Adjusted
from bot.stats.effect import Effect, Interval
from bot.stats.guardrail import Judgement
from bot.stats.heterogeneity import Heterogeneity
from bot.stats.reconciliation import Reconciliation
from bot.stats.undecided import Undecided

SPENDS_NOTHING = "the plan spends nothing at this look, so it cannot cross"


def look_json(result: LookResult) -> dict[str, Any]:
    """The shape of `lookout look --json`; what is not finite is null."""
    shape = {
        "registration": result.registration,
        "sha256": result.sha256,
        **_identity(result),
        "reasons": list(result.reasons),
        "notes": list(result.notes),
        "findings": [one.to_json() for one in result.findings],
        "srm": _srm(result),
        "primary": _primary(result.primary),
        "alpha_spent": result.alpha_spent,
        "alpha_at_look": result.alpha_at_look,
        "information": _information(result),
        "remaining": _remaining(result),
        "guardrails": [_guardrail(one) for one in result.guardrails],
        "cohorts": [_cohort(one) for one in result.cohorts],
        **_worst_cohort(result.worst_cohort),
        **_post_stratified(result.post_stratified),
        "heterogeneity": _heterogeneity(result.heterogeneity),
        "reconciliation": _reconciliation(result.reconciliation),
        "data_fingerprint": result.data_fingerprint,
        "data_last_day": None if result.last_day is None else _whole(result.last_day),
    }
    finite: dict[str, Any] = _finite(shape)
    return finite


def _identity(result: LookResult) -> dict[str, Any]:
    """Which look this is, and its verdict; a peek has no number, and not always a verdict."""
    judged = result.verdict != "unjudged"
    shape: dict[str, Any] = {
        "look": None if result.peek else result.look,
        "day": _whole(result.day),
        "asked_day": _whole(result.asked),
        "planned": result.planned,
        "peek": result.peek,
        "verdict": result.verdict if judged else None,
    }
    if result.peek:
        shape["look_reason"] = "the plan has no look on this day"
    return shape if judged else {**shape, "verdict_reason": NO_FUNCTION}


def _information(result: LookResult) -> dict[str, Any]:
    """The share of the planned information that this look has, and what it was counted in."""
    known = result.course.information
    return {"fraction": known.fractions[-1], "counted_in": known.counted_in}


def _remaining(result: LookResult) -> list[dict[str, Any]]:
    """The looks to come: what each asks now, and what it asked as registered."""
    course, plan = result.course, result.plan
    return [
        {
            "look": number,
            "day": _whole(day),
            "boundary_z": z,
            **({} if math.isfinite(z) else {"boundary_z_reason": SPENDS_NOTHING}),
            "boundary_p": p,
            "boundary_p_registered": result.planned_p[number - 1],
            "alpha_spent": spent,
        }
        for number, day, z, p, spent in zip(
            course.numbers, course.days, plan.z, plan.nominal_p, plan.cumulative_alpha, strict=True
        )
        if day > result.day
    ]


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


def _srm(result: LookResult) -> dict[str, Any]:
    shape = _chosen(result.srm, ("p", "ok"))
    shape |= {"n_control": result.units[0], "n_treatment": result.units[1]}
    known = result.srm_anytime_p
    if isinstance(known, Undecided):
        return {**shape, "anytime_p": None, "anytime_p_reason": known.reason}
    return {**shape, "anytime_p": known}


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
        "sided": primary.sided,
        "p_judged": primary.p_judged,
        "boundary_p": None if primary.unjudged == NO_FUNCTION else primary.boundary_p,
        "futility_z": primary.futility_z,
        "significant": primary.significant,
        "adjusted": _adjusted(primary.adjusted, effect),
        "cuped": None
        if primary.cuped is None
        else _chosen(primary.cuped, ("theta", "variance_reduction", "balance_p")),
        "conditional_power": primary.conditional_power,
        "predictive_power": primary.predictive_power,
    }
    if primary.note:
        shape["note"] = primary.note
    shape["reasons"] = {name: why for name, why in _absences(primary).items() if shape[name] is None}
    if math.isinf(primary.boundary_z):
        shape["reasons"]["boundary_z"] = NO_FUNCTION if shape["boundary_p"] is None else SPENDS_NOTHING
    if math.isinf(primary.futility_z):
        shape["reasons"]["futility_z"] = "the plan does not stop this look for futility"
    return _with_reason(shape, effect)


def _absences(primary: PrimaryResult) -> dict[str, str]:
    """Why each field that may be null is, when it is."""
    known = dict.fromkeys(("effect_abs", "se", "z", "p", "p_judged"), reason_of(primary.effect))
    no_power = reason_of(primary.effect) or primary.unjudged or "this is the last look"
    return {
        **known,
        **dict.fromkeys(("effect_rel", "ci_rel"), no_relative(primary.effect)),
        "significant": reason_of(primary.effect) or primary.unjudged,
        "cuped": reason_of(primary.effect) or primary.note or "no covariate is declared",
        "boundary_p": primary.unjudged,
        **dict.fromkeys(("conditional_power", "predictive_power"), no_power),
    }


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
        "spending": one.spending,
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
        "adjusted_alpha": one.judgement.alpha,
        **_shrunk(one.shrunk),
        "status": str(one.judgement.status),
        "reason": one.judgement.reason,
    }


def _shrunk(shrunk: tuple[float, float] | Undecided) -> dict[str, Any]:
    if isinstance(shrunk, Undecided):
        names = ("shrunk_rel", "shrunk_sd")
        return dict.fromkeys(names) | {f"{name}_reason": shrunk.reason for name in names}
    return {"shrunk_rel": shrunk[0], "shrunk_sd": shrunk[1]}


def _worst_cohort(worst: WorstCohort | Undecided) -> dict[str, Any]:
    if isinstance(worst, Undecided):
        return {"worst_cohort": None, "worst_cohort_reason": worst.reason}
    shape: dict[str, Any] = {
        "cohort": worst.cohort,
        "effect_rel": worst.effect_rel,
        "distance": worst.distance,
        "status": worst.status,
    }
    if worst.distance is None:
        shape["distance_reason"] = "no cohort threshold was declared"
    return {"worst_cohort": shape}


def _post_stratified(found: PostStratified | Undecided) -> dict[str, Any]:
    if isinstance(found, Undecided):
        return {"post_stratified": None, "post_stratified_reason": found.reason}
    rel, ci = relative(found.effect)
    shape = {
        "effect_abs": found.effect.absolute,
        "effect_rel": rel,
        "ci_rel": _list(ci),
        "p": found.effect.p,
        "shares": found.shares,
        "over": list(found.over),
    }
    why = no_relative(found.effect)
    return {"post_stratified": {**shape, "reason": why} if why else shape}


def _heterogeneity(found: Heterogeneity | Undecided) -> dict[str, Any]:
    names = ("tau2", "q", "p", "i2")
    if isinstance(found, Undecided):
        return _chosen(found, (*names, "mean_rel", "mean_ci_rel"))
    return {**_chosen(found, names), "mean_rel": found.mean, "mean_ci_rel": list(found.mean_ci)}


def _reconciliation(value: Reconciliation | Undecided) -> Mapping[str, Any]:
    names = ("aggregate_rel", "cohort_weighted_rel", "mix_shift", "unexplained", "ok")
    shape = _chosen(value, names)
    return shape if isinstance(value, Undecided) else {**shape, "reason": value.reason}
