"""One guardrail, one cohort, in words: what was measured, against which line, and what that means."""

from collections.abc import Sequence

from bot.core.figures import level, share, signed
from bot.core.look import CohortResult, GuardrailResult, relative
from bot.stats.guardrail import Status
from bot.views import text

MARKS = {
    Status.CLEAR: "✓",
    Status.UNPROVEN: "?",
    Status.NEAR_VETO: "⚠",
    Status.VETO: "✗",
    Status.UNDERPOWERED: "?",
    Status.UNDECIDED: "?",
}


def guardrail(one: GuardrailResult) -> str:
    """One guardrail in words: what was measured, against which line, and what that means."""
    name, status = text.escape(one.metric, 80), one.judgement.status
    if status is Status.UNDECIDED or one.judgement.measured is None:
        return f"{name}: unknown, {text.escape(one.judgement.reason, 200)}"
    measured = one.judgement.measured
    show = (lambda value: signed(value)) if one.threshold.relative else level
    return f"{name} {show(measured)}: {_STATUS[status]} {_line(one)}"


_STATUS = {
    Status.CLEAR: "holds",
    Status.UNPROVEN: "not crossed, not yet excluded:",
    Status.NEAR_VETO: "near-veto, crossed but not significant:",
    Status.VETO: "veto, crossed",
    Status.UNDERPOWERED: "under-powered, not evidence:",
}


def _line(one: GuardrailResult) -> str:
    if one.threshold.relative:
        return signed(one.threshold.limit)
    return f"{'≤' if one.threshold.kind == 'max' else '≥'} {level(one.threshold.limit)}"


def cohort(one: CohortResult) -> str:
    """One cohort in words."""
    name, value = text.escape(one.cohort, 120), relative(one.effect)[0]
    shown = "no figure" if value is None else signed(value)
    status = one.judgement.status
    if status is Status.UNDERPOWERED:
        have = "" if one.adequacy is None else f", {share(one.adequacy, 0)} of the units needed"
        return f"{name} {shown} (under-powered{have}: not evidence)"
    if status is Status.CLEAR:
        return f"{name} {shown}"
    words = {Status.UNPROVEN: "not excluded yet", Status.NEAR_VETO: "near-veto", Status.VETO: "veto"}
    return f"{name} {shown} ({words.get(status, 'unknown')})"


def by_dimension(cohorts: Sequence[CohortResult]) -> list[list[CohortResult]]:
    """The cohorts of each dimension, and those of the crossing, together."""
    groups: dict[str, list[CohortResult]] = {}
    for one in cohorts:
        key = "crossing" if "," in one.cohort else one.cohort.partition("=")[0]
        groups.setdefault(key, []).append(one)
    return list(groups.values())
