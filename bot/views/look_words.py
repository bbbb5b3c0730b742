"""One guardrail, one cohort, in words: what was measured, against which line, and what that means."""

from collections.abc import Sequence

from bot.core.figures import interval, level, p_is, plain, share, signed
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
    shown = signed(measured) if one.threshold.relative else level(measured)
    return f"{name} {shown}: {_STATUS[status]}, line {line_of(one)}"


def detailed(one: GuardrailResult) -> str:
    """The same with interval, p and level."""
    judged = one.judgement
    if judged.interval is None or judged.p is None:
        return guardrail(one)
    low, high = judged.interval
    span = interval(judged.interval, 2) if one.threshold.relative else f"({level(low)} … {level(high)})"
    return f"{guardrail(one)} · {span}, {p_is(judged.p)}, judged at {plain(judged.alpha)}"


_STATUS = {
    Status.CLEAR: "holds",
    Status.UNPROVEN: "not crossed, not yet excluded",
    Status.NEAR_VETO: "near-veto, crossed but not significant",
    Status.VETO: "veto, crossed",
    Status.UNDERPOWERED: "under-powered, not evidence",
}


def line_of(one: GuardrailResult) -> str:
    """The threshold as a reader compares with it."""
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


def short(one: CohortResult) -> str:
    """One cohort of a dimension in the fewest words: its value and figure."""
    value = relative(one.effect)[0]
    name, status = text.escape(one.cohort.partition("=")[2], 60), one.judgement.status
    shown = "no figure" if value is None else signed(value)
    words = {
        Status.UNDERPOWERED: " (under-powered: not evidence)",
        Status.UNPROVEN: " (not excluded yet)",
        Status.NEAR_VETO: " (near-veto)",
        Status.VETO: " (veto)",
        Status.UNDECIDED: " (unknown)",
    }
    return f"{name} {shown}{words.get(status, '')}"


def by_dimension(cohorts: Sequence[CohortResult]) -> list[list[CohortResult]]:
    """The cohorts of each dimension, and those of the crossing, together."""
    groups: dict[str, list[CohortResult]] = {}
    for one in cohorts:
        key = "crossing" if "," in one.cohort else one.cohort.partition("=")[0]
        groups.setdefault(key, []).append(one)
    return list(groups.values())
