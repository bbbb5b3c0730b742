"""A scored portfolio as JSON for other programs: fractions for rates, null with a reason beside it."""

from collections.abc import Mapping
from typing import Any

from bot.core.candidate_fields import sha256_of
from bot.core.candidate_trial import Trial
from bot.core.candidate_value import Estimate, Lesson
from bot.core.portfolio import Unit
from bot.core.portfolio_beside import Beside, Rival
from bot.core.portfolio_outcome import Compared, Retrospective
from bot.core.portfolio_pick import Pick, tied
from bot.core.portfolio_score import Score, Scored
from bot.stats.calibration import Haircut
from bot.stats.rank import Spearman
from bot.stats.undecided import Undecided

Shape = dict[str, Any]


def shape(scored: Scored, found: Pick, other: Beside) -> Shape:
    """Everything that `lookout portfolio --json` prints but findings and the retrospective."""
    portfolio = scored.portfolio
    return {
        "quarter": portfolio.quarter or None,
        "sha256": sha256_of(portfolio),
        "seed": scored.seed,
        "draws": scored.draws,
        "unit": _unit(scored.unit),
        "haircut": haircut_shape(scored.haircut),
        "overruns": {
            scope or "team": {"median": one.median, "mean": one.mean, "projects": one.projects}
            for scope, one in scored.overruns.items()
        },
        "candidates": [_score(scored, one, found) for one in scored.scores],
        "pick": {
            "ids": list(found.picked),
            "feasible": not found.infeasible,
            "infeasible": list(found.infeasible),
            "value": found.value,
            "expected": found.expected,
            "learning": found.learning,
            "engineer_weeks": found.weeks,
            "slots": found.slots,
            "shared": list(found.shared),
            "without_learning": list(found.without_learning),
            "holds_from": found.holds_from,
            "bindings": [
                {"limit": one.limit, "gains": one.gains, "enters": list(one.enters)} for one in found.bindings
            ],
        },
        "beside": _beside(other),
    }


def _score(scored: Scored, score: Score, found: Pick) -> Shape:
    one, value = score.candidate, score.value
    swing = found.swings.get(one.id)
    return {
        "id": one.id,
        "title": one.title,
        "kind": one.kind.value,
        "unit": _unit(score.unit),
        **_maybe("rice", score.rice),
        **_maybe("rice_corrected", score.corrected),
        "rank": score.rank,
        "confidence": one.confidence,
        "confidence_after_haircut": score.confidence,
        **_trial(value.trial),
        "expected_gain": _estimate(value.gain) if isinstance(value.gain, Estimate) else None,
        "expected_gain_reason": value.gain.reason if isinstance(value.gain, Undecided) else None,
        "p_exists": None if value.exists is None else _estimate(value.exists),
        "size_if_exists": None if value.size is None else _estimate(value.size),
        "p_nothing": value.nothing,
        "engineer_weeks": None if value.weeks is None else _estimate(value.weeks),
        "p_finished": value.finished,
        "evoi": score.learning,
        "decisions": [
            _lesson(lesson) if isinstance(lesson, Lesson) else {"value": None, "reason": lesson.reason}
            for lesson in value.lessons
        ],
        "picked": one.id in found.picked,
        "barred": [{"rule": bar.rule.value, "reason": bar.reason, "mend": bar.mend} for bar in score.bars],
        "otherwise": None
        if swing is None
        else {
            "loses": swing.loses,
            "instead": list(swing.instead),
            "tied": tied(scored, one.id, swing),
        },
        "assumed": list(value.assumed),
    }


def _trial(found: Trial | Undecided) -> Shape:
    if isinstance(found, Undecided):
        return {"power": None, "power_reason": found.reason, "trial": None}
    timing = found.timing
    return {
        "power": found.power,
        "power_reason": None,
        "trial": {
            "per_arm": found.per_arm,
            "standard_error": found.error,
            "smallest": found.smallest,
            "build_weeks": timing.build,
            "engineers": timing.engineers,
            "test_weeks": timing.running,
            "lag_weeks": timing.lag,
            "fits": timing.fits,
        },
    }


def _lesson(one: Lesson) -> Shape:
    return {
        "what": one.choice.what,
        "horizon_quarters": one.choice.horizon,
        "reach_per_quarter": one.reach,
        "threshold": one.choice.threshold,
        "prior_mean": one.mean,
        "prior_sd": one.sd,
        "p_changes": one.information.changes,
        "value": one.value,
        "perfect": one.perfect,
        "reason": None,
    }


def _beside(other: Beside) -> Shape:
    rho = other.rho
    return {
        "pick": _rival(other.pick),
        "ranking": list(other.ranking),
        "plain_rice": _rival(other.plain),
        "gut_feel": None if other.gut is None else _rival(other.gut),
        "spearman": {
            "rho": rho.rho if isinstance(rho, Spearman) else None,
            "low": rho.low if isinstance(rho, Spearman) else None,
            "high": rho.high if isinstance(rho, Spearman) else None,
            "p": rho.p if isinstance(rho, Spearman) else None,
            "n": rho.n if isinstance(rho, Spearman) else None,
            "reason": rho.reason if isinstance(rho, Undecided) else None,
            "adds_little": other.redundant,
        },
        **_maybe("better", other.better),
        "p_better": other.likely,
        "random": other.random,
        "undersized": list(other.undersized),
        "engineer_weeks_saved": other.saved,
    }


def _rival(one: Rival) -> Shape:
    return {
        "ids": list(one.names),
        "gain": _estimate(one.gain),
        "unknown": list(one.unknown),
        "barred": list(one.barred),
        "engineer_weeks": one.weeks,
        "p_holds": one.holds,
    }


def retrospective_shape(found: Retrospective) -> Shape:
    """A quarter looked back on."""
    score = found.score
    return {
        "rows": [_compared(row) for row in found.rows],
        "predicted": found.predicted,
        **_maybe("realised", found.realised),
        "targets": [
            {
                "name": one.name,
                **_maybe("value", one.value),
                "low": one.low,
                "high": one.high,
                "target": one.target,
                "alert": one.alert,
                "standing": one.standing.value,
            }
            for one in found.targets
        ],
        "gut_feel": [_compared(row) for row in found.counterfactual],
        **_maybe("gut_feel_realised", found.gut_realised),
        "reliability": [vars(one) for one in found.curve],
        "brier": None if isinstance(score, Undecided) else {**vars(score), **_maybe("p", score.p)},
        "brier_reason": score.reason if isinstance(score, Undecided) else None,
        "haircut_before": haircut_shape(found.before),
        "haircut_after": haircut_shape(found.after),
    }


def _compared(row: Compared) -> Shape:
    return {
        "id": row.candidate,
        "confidence": row.confidence,
        "predicted": None if row.predicted is None else _estimate(row.predicted),
        "realised": row.realised,
        "succeeded": row.succeeded,
        "estimated_weeks": row.estimated,
        "weeks_ratio": row.ratio,
        "record": row.outcome.record if row.outcome is not None and row.outcome.record else None,
    }


def haircut_shape(one: Haircut) -> Shape:
    """A haircut and the record it comes from."""
    return dict(vars(one))


def _estimate(one: Estimate) -> Mapping[str, float]:
    return dict(vars(one))


def _unit(unit: Unit | None) -> Shape | None:
    return None if unit is None else dict(vars(unit))


def _maybe(name: str, value: float | Undecided) -> Shape:
    """A number, or null and its reason beside it."""
    if isinstance(value, Undecided):
        return {name: None, f"{name}_reason": value.reason}
    return {name: value, f"{name}_reason": None}
