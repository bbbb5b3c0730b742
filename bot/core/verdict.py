"""The mechanical answer of a look, and why, in words a product manager can use."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core import verdict_words as words
from bot.core.course import Course
from bot.core.figures import p_is, share
from bot.core.look import CohortResult, GuardrailResult, PrimaryResult, Verdict
from bot.core.registration import Registration
from bot.stats.guardrail import Status
from bot.stats.undecided import Undecided


@dataclass(frozen=True)
class Findings:
    """What a verdict is made of. course: where this look stands in the plan; adequate: units of the smaller
    arm over units needed, None when unknown; clears_mde: None when there is no such rule; futile: the plan's
    futility boundary was crossed."""

    course: Course
    faults: Sequence[str]
    primary: PrimaryResult
    guardrails: Sequence[GuardrailResult]
    cohorts: Sequence[CohortResult]
    adequate: float | None = None
    clears_mde: bool | None = None
    futile: bool = False


def decide(registration: Registration, found: Findings) -> tuple[Verdict, list[str]]:
    """The verdict and its reasons: why, the weightiest first, then what next."""
    if found.faults:
        return "invalid", [*found.faults, "Nothing else is judged until the data are sound."]
    vetoes = _lines(registration, found, Status.VETO)
    if found.course.at is None:
        beside = [*vetoes, "Only a look of the plan can veto for it."] if vetoes else []
        return "unjudged", [words.no_function(registration), *beside, _next(registration, found)]
    if vetoes:
        return "veto", [*vetoes, _beside_a_veto(registration, found)]
    if found.primary.significant:
        return _crossed(registration, found)
    return _not_crossed(registration, found)


def _beside_a_veto(registration: Registration, found: Findings) -> str:
    effect, name = found.primary.effect, registration.primary.metric
    if found.primary.significant and found.primary.good and not isinstance(effect, Undecided):
        return f"{name} {words.moved(effect)} ({p_is(effect.p)}); that does not outweigh it: nothing ships."
    said = _primary(registration, found)
    return f"Nothing ships. {said if said.startswith(name) else f'For {name} {said}'}"


def _crossed(registration: Registration, found: Findings) -> tuple[Verdict, list[str]]:
    said = _primary(registration, found)
    if not found.primary.good:
        return "no-ship", [said, "That is against the declared direction: stop."]
    small = words.below_minimum(registration, found.primary.effect)
    if found.clears_mde is False:
        short = (
            f"{small or 'The effect is below the declared minimum'}, which the rule (clears_mde) asks for."
        )
        if found.course.last:
            return "no-ship", [said, short]
        return "continue", [said, short, _next(registration, found)]
    if registration.guardrail_rule == "noninferiority":
        open_ends = _all_lines(registration, found, (Status.UNPROVEN, Status.NEAR_VETO, Status.UNDECIDED))
        if open_ends and found.course.last:
            return "inconclusive", [said, *open_ends, "Harm was not ruled out, so nothing ships."]
        if open_ends:
            return "continue", [said, *open_ends, _next(registration, found)]
    known = [f"{small}: the rule ships it all the same, and whoever signs should know."] if small else []
    return "ship", [said, *known, *_acknowledge(registration, found)]


def _not_crossed(registration: Registration, found: Findings) -> tuple[Verdict, list[str]]:
    said = _primary(registration, found)
    undecided = isinstance(found.primary.effect, Undecided)
    if found.futile and not undecided:
        hopeless = (
            "The effect the plan was made for would have shown more by now: stop, going on is not worth it."
        )
        return "stop-futility", [said, hopeless]
    if not found.course.last:
        return "continue", [said, _next(registration, found)]
    if undecided:
        return "inconclusive", [said, "The question cannot be answered from these data."]
    if found.adequate is not None and found.adequate < registration.cohorts.min_adequacy:
        return "inconclusive", [
            said,
            f"The arms have {share(found.adequate, 0)} of the units the plan needs: an effect was neither "
            "shown nor ruled out. Register a longer run, or let it go.",
        ]
    return "no-ship", [said, words.over(registration, found.course)]


def _primary(registration: Registration, found: Findings) -> str:
    return words.primary(registration, found.primary, found.course)


def _next(registration: Registration, found: Findings) -> str:
    return words.next_look(registration, found.course)


def _acknowledge(registration: Registration, found: Findings) -> list[str]:
    near = _all_lines(registration, found, (Status.NEAR_VETO, Status.UNDECIDED))
    return [*near, "The decision must acknowledge what is named above."] if near else []


def _all_lines(registration: Registration, found: Findings, statuses: Sequence[Status]) -> list[str]:
    return [line for status in statuses for line in _lines(registration, found, status)]


def _lines(registration: Registration, found: Findings, status: Status) -> list[str]:
    """The guardrails and cohorts of this status; cohorts only where they have a line to hold."""
    lines = [words.guardrail(one) for one in found.guardrails if one.judgement.status is status]
    if registration.cohorts.max_relative_regression is None:
        return lines
    of_status = [one for one in found.cohorts if one.judgement.status is status]
    return [*lines, *(words.cohort(registration, one) for one in of_status)]
