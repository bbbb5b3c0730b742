"""One guardrail, one cohort, in words: what was measured, against which line, and what that means."""

from collections.abc import Sequence

from bot.core.figures import interval, level, p_is, share, signed
from bot.core.look import CohortResult, GuardrailResult, LookResult, relative
from bot.core.verdict_words import line_of
from bot.stats.guardrail import Status
from bot.stats.undecided import Undecided
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
    measured, limit = one.judgement.measured, one.threshold.limit
    digits = 1 if abs(measured - limit) > 0.0005 else 2  # so that 1.04 % does not read as its line of 1 %
    shown = signed(measured, digits) if one.threshold.relative else level(measured)
    return f"{name} {shown}: {_STATUS[status]}, line {line_of(one.threshold)}"


def detailed(one: GuardrailResult) -> str:
    """The same with interval, p and level."""
    judged = one.judgement
    if judged.interval is None or judged.p is None:
        return guardrail(one)
    low, high = judged.interval
    span = interval(judged.interval, 2) if one.threshold.relative else f"({level(low)} … {level(high)})"
    return f"{guardrail(one)} · {span}, {chance(judged.p)}, judged at {judged.alpha:.3g}"


def chance(p: float) -> str:
    """`p = 0.040`; the < of a small one may not stand bare in mrkdwn."""
    return text.escape(p_is(p))


_STATUS = {
    Status.CLEAR: "holds",
    Status.UNPROVEN: "not crossed, not ruled out yet",
    Status.NEAR_VETO: "near-veto, crossed but not significant",
    Status.VETO: "veto, crossed",
    Status.UNDERPOWERED: "under-powered, not evidence",
}


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
    words = {Status.UNPROVEN: "not ruled out yet", Status.NEAR_VETO: "near-veto", Status.VETO: "veto"}
    return f"{name} {shown} ({words.get(status, 'unknown')})"


def grouped(cohorts: Sequence[CohortResult]) -> str:
    """The cohorts of a dimension by status, worst first: `✓ hold: en +1.0 %, jp +0.5 %`."""
    parts = []
    for status, said in _TOGETHER.items():
        names = [_short(one) for one in cohorts if one.judgement.status is status]
        if names:
            parts.append(f"{MARKS[status]} {said}: {', '.join(names)}")
    return " · ".join(parts)


_TOGETHER = {
    Status.VETO: "veto",
    Status.NEAR_VETO: "near-veto",
    Status.UNDECIDED: "not judged",
    Status.UNPROVEN: "not ruled out yet",
    Status.CLEAR: "hold",
    Status.UNDERPOWERED: "under-powered, not evidence",
}


def _short(one: CohortResult) -> str:
    value = relative(one.effect)[0]
    name = text.escape(one.cohort.partition("=")[2], 60)
    return name if value is None else f"{name} {signed(value)}"


def worst(result: LookResult) -> list[str]:
    """The cohort that moved furthest the wrong way, where there are others with units enough."""
    found = result.worst_cohort
    known = [one for one in result.cohorts if one.judgement.status not in _NO_EVIDENCE]
    if isinstance(found, Undecided) or found.distance is None or len(known) < 2:
        return []
    said = f"{text.escape(found.cohort, 120)} {signed(found.effect_rel)}"
    points = f"{abs(found.distance) * 100:.1f} points"
    if found.distance < 0:
        return [f"furthest beyond the floor: {said}, by {points}"]
    return [f"nearest to the floor: {said}, {points} from it"]


_NO_EVIDENCE = (Status.UNDERPOWERED, Status.UNDECIDED)


def mix_held(result: LookResult) -> list[str]:
    """The effect with the cohorts' shares held fixed, where the aggregate and the cohorts disagree."""
    held, agreed = result.post_stratified, result.reconciliation
    if isinstance(held, Undecided) or isinstance(agreed, Undecided) or agreed.ok:
        return []
    value, ends = relative(held.effect)
    if value is None or ends is None:
        return []
    over = text.escape(", ".join(held.over), 120)
    return [f"⚠ with the mix of {over} held fixed it is {signed(value)} {interval(ends)}: trust the cohorts"]


def by_dimension(cohorts: Sequence[CohortResult]) -> list[list[CohortResult]]:
    """The cohorts of each dimension, and those of the crossing, together."""
    groups: dict[str, list[CohortResult]] = {}
    for one in cohorts:
        key = "crossing" if "," in one.cohort else one.cohort.partition("=")[0]
        groups.setdefault(key, []).append(one)
    return list(groups.values())
