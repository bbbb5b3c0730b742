"""A simulation of a latency budget as JSON: what `lookout latency FILE --json` prints, and records keep.

Times are ms, to a thousandth; shares are fractions; what cannot be computed is null with a reason beside it.
"""

from typing import TYPE_CHECKING, Any

from bot.core.latency_budget import QUANTILES
from bot.core.latency_result import CohortResult, Estimate, Method, Scenario, Simulation, StageResult
from bot.stats.undecided import Undecided

if TYPE_CHECKING:
    from bot.stats.tail import Level, Share

KEYS = {
    Method.WHOLE: "whole_turns",
    Method.INDEPENDENT: "independent_stages",
    Method.ADDITIVE: "added_up",
    Method.HISTOGRAM: "own_histogram",
}


def shape(found: Simulation) -> dict[str, Any]:
    """All of it."""
    budget = found.budget
    return {
        "budget": budget.id,
        "sha256": budget.sha256,
        "slo": {"quantile": budget.slo.quantile, "ms": budget.slo.ms},
        "source": found.source,
        "turns": found.turns,
        "independent_turns": _rounded(found.told),
        "draws": found.draws,
        "seed": found.seed,
        "allocated_ms": budget.allocated_ms,
        "now": _scenario(found, found.now),
        "what_if": [_scenario(found, one) for one in found.what_ifs],
        "cohorts": [_cohort(one) for one in found.cohorts],
        "correlations": [
            {"stages": [pair.first, pair.second], "spearman": round(pair.rho, 4)} for pair in found.pairs
        ],
        "notes": list(found.notes),
    }


def _scenario(found: Simulation, one: Scenario) -> dict[str, Any]:
    judged = one.estimate(one.judged)
    slo = found.budget.slo
    level = judged.at(slo.quantile) if judged else None
    said: dict[str, Any] = {} if one.what_if is None else {"id": one.what_if.id, "title": one.what_if.title}
    return {
        **said,
        "fit": None if one.why or one.judged is Method.ADDITIVE else one.fit.name.lower(),
        "judged_by": KEYS[one.judged],
        "reason": one.why or None,
        "headroom_ms": None if level is None else _rounded(slo.ms - level.ms),
        "longer_than_now": None if one.change is None else _level(one.change),
        "critical_path": list(one.path),
        "turn": {KEYS[method]: _estimate(estimate) for method, estimate in one.estimates.items()},
        "stages": [_stage(found, stage) for stage in one.stages],
    }


def _estimate(found: Estimate | Undecided) -> dict[str, Any]:
    if isinstance(found, Undecided):
        return {f"p{q * 100:g}": None for q in QUANTILES} | {"over_slo": None, "reason": found.reason}
    levels = {f"p{one.quantile * 100:g}": _level(one) for one in found.levels}
    return {**levels, "over_slo": _share(found.over), "reason": None}


def _level(level: "Level") -> dict[str, float | None]:
    return {"ms": _rounded(level.ms), "low": _rounded(level.low), "high": _rounded(level.high)}


def _share(share: "Share | None") -> dict[str, float] | None:
    if share is None:
        return None
    return {"share": round(share.value, 7), "low": round(share.low, 7), "high": round(share.high, 7)}


def _stage(found: Simulation, stage: StageResult) -> dict[str, Any]:
    budget = found.budget.stage(stage.name)
    return {
        "name": stage.name,
        "allocated_p95_ms": None if budget is None else budget.allocated_p95_ms,
        **{f"p{one.quantile * 100:g}": _level(one) for one in stage.levels},
        "assumed": stage.assumed or None,
        "falls_back": _share(stage.given_up),
        "late": _share(stage.warned),
        "asked_again": _share(stage.twice),
        "begins_ms": _rounded(stage.begins),
        "takes_ms": _rounded(stage.near),
    }


def _cohort(one: CohortResult) -> dict[str, Any]:
    return {
        "cohort": one.name,
        "turns": one.turns,
        **_level(one.level),
        "off": round(one.off, 6),
        "beyond_alert": one.beyond,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 3)
