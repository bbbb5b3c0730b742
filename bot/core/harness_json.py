"""The shape that `lookout harness --json` prints: fractions; null with a reason where there is nothing."""

from typing import Any

from bot.core.found import Found
from bot.core.harness_declared import Cause
from bot.core.offline_metrics import Counterfactual, Measured, Ranked, Score
from bot.stats.moments import Estimate
from bot.stats.off_policy import OffPolicy
from bot.stats.undecided import Undecided


def harness_json(found: Measured, evidence: dict[Cause, tuple[Found, ...]]) -> dict[str, Any]:
    """All that was computed; `reason` stands beside what is null."""
    return {
        "harness": found.harness.id,
        "sha256": found.harness.sha256,
        "ranking": _ranked(found.ranked),
        "logged": _counterfactual(found.counterfactual),
        "evidence": {
            cause.value: [
                {"status": one.status.value, "verdict": one.finding or None, "line": one.line}
                for one in lines
            ]
            for cause, lines in evidence.items()
        },
    }


def _line(one: Found) -> dict[str, Any]:
    return {"status": one.status.value, "verdict": one.finding or None, "line": one.line}


def _ranked(found: Ranked | Undecided | None) -> dict[str, Any] | None:
    if found is None:
        return None
    if isinstance(found, Undecided):
        return {"queries": None, "metrics": None, "reason": found.reason}
    if isinstance(found.scores, Undecided):
        return {"queries": found.queries, "metrics": None, "reason": found.scores.reason}
    return {"queries": found.queries, "metrics": [_score(one) for one in found.scores], "reason": None}


def _score(one: Score) -> dict[str, Any]:
    return {
        "metric": one.metric.key,
        "device": one.device or None,
        "queries": one.queries,
        "control": _estimate(one.control),
        "treatment": _estimate(one.treatment),
        "difference": _estimate(one.difference),
        "relative": _estimate(one.relative),
    }


def _counterfactual(found: Counterfactual | Undecided | None) -> dict[str, Any] | None:
    if found is None:
        return None
    if isinstance(found, Undecided):
        return {"all": None, "reason": found.reason}
    return {
        "all": _off_policy(found.whole),
        "devices": {name: _off_policy(one) for name, one in found.found.items() if name},
        "own": _estimate(found.own),
        "apart": {name: _estimate(one) for name, one in found.apart.items()},
        "uncovered": found.uncovered,
        "remarks": list(found.remarks),
        "reason": None,
    }


def _off_policy(one: OffPolicy) -> dict[str, Any]:
    weights, model = one.weights, one.dm
    return {
        "rows": int(weights.rows),
        "effective_rows": weights.effective,
        "largest_weight": weights.largest,
        "clipped_rows": int(weights.clipped),
        "clipped_weight": weights.cut_share,
        "bad_rows": {what: many for what, many in weights.bad.items() if many},
        "mean_weight": _estimate(one.mean_weight),
        "logged": _estimate(one.logged),
        "ips": _estimate(one.ips),
        "snips": _estimate(one.snips),
        "dr": _estimate(one.dr),
        "dm": {"value": None, "reason": model.reason}
        if isinstance(model, Undecided)
        else {"value": model, "reason": None},
        "lifts": {name: _estimate(lift) for name, lift in one.lifts.items()},
    }


def _estimate(one: Estimate | Undecided | None) -> dict[str, Any] | None:
    if one is None:
        return None
    if isinstance(one, Undecided):
        return {"value": None, "ci": None, "se": None, "reason": one.reason}
    return {"value": one.value, "ci": [one.low, one.high], "se": one.se, "reason": None}
