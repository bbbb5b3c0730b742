"""The mechanical answer of a look, and why, in words a product manager can use."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.figures import bound, day_of, p_is, share, signed
from bot.core.look import CohortResult, GuardrailResult, PrimaryResult, Verdict, relative
from bot.core.registration import Registration
from bot.stats.guardrail import Status
from bot.stats.undecided import Undecided


@dataclass(frozen=True)
class Findings:
    """What a verdict is made of. adequate: units of the smaller arm over units needed, None when unknown;
    clears_mde: None when there is no such rule; futile: the plan's futility boundary was crossed."""

    look: int
    faults: Sequence[str]
    primary: PrimaryResult
    guardrails: Sequence[GuardrailResult]
    cohorts: Sequence[CohortResult]
    adequate: float | None = None
    clears_mde: bool | None = None
    futile: bool = False

    def last(self, registration: Registration) -> bool:
        """Whether no look follows."""
        return self.look == len(registration.looks)


def decide(registration: Registration, found: Findings) -> tuple[Verdict, list[str]]:
    """The verdict and its reasons, the weightiest first."""
    if found.faults:
        return "invalid", [*found.faults, "Nothing else is judged until the data are sound."]
    vetoes = [*_guardrail_words(found, Status.VETO), *_cohort_words(found, Status.VETO)]
    if vetoes:
        return "veto", [*vetoes, _primary_words(registration, found)]
    if found.primary.significant:
        return _crossed(registration, found)
    return _not_crossed(registration, found)


def _crossed(registration: Registration, found: Findings) -> tuple[Verdict, list[str]]:
    words = _primary_words(registration, found)
    if not found.primary.good:
        return "no-ship", [words, "The primary moved against the declared direction: stop."]
    if found.clears_mde is False:
        short = "The effect is real but below the declared minimum, and the rule is clears_mde."
        if found.last(registration):
            return "no-ship", [words, short]
        return "continue", [words, short, _next(registration, found)]
    if registration.guardrail_rule == "noninferiority":
        open_ends = [
            *_words_of_all(found, (Status.UNPROVEN, Status.NEAR_VETO, Status.UNDECIDED)),
        ]
        if open_ends and found.last(registration):
            return "inconclusive", [words, *open_ends, "Harm was not ruled out, so nothing ships."]
        if open_ends:
            return "continue", [words, *open_ends, _next(registration, found)]
    return "ship", [words, *_acknowledge(found)]


def _not_crossed(registration: Registration, found: Findings) -> tuple[Verdict, list[str]]:
    words = _primary_words(registration, found)
    undecided = isinstance(found.primary.effect, Undecided)
    if found.futile and not undecided:
        return "stop-futility", [words, "The futility boundary was crossed: going on is not worth it."]
    if not found.last(registration):
        return "continue", [words, _next(registration, found)]
    if undecided:
        return "inconclusive", [words, "The question cannot be answered from these data."]
    if found.adequate is not None and found.adequate < registration.cohorts.min_adequacy:
        return "inconclusive", [
            words,
            f"The arms have {share(found.adequate, 0)} of the units the plan needs, so no effect shown is no "
            "evidence of no effect.",
        ]
    return "no-ship", [words, "This was the last look: the effect was not shown."]


def _primary_words(registration: Registration, found: Findings) -> str:
    primary = found.primary
    name, look = registration.primary.metric, f"look {found.look}"
    if isinstance(primary.effect, Undecided):
        return f"{name} cannot be judged: {primary.effect.reason}."
    p, line = p_is(primary.effect.p), bound(primary.boundary_p)
    if not primary.significant:
        if primary.boundary_p <= 0:
            return f"{p}, and {look} cannot stop: the plan spends nothing yet."
        return f"{p}, and {look} stops only below {line}."
    rel = relative(primary.effect)[0]
    by = f" by {signed(rel)}" if rel is not None else ""
    return f"{name} moved{by}: {p}, below the {line} that {look} asks."


def _next(registration: Registration, found: Findings) -> str:
    following = registration.looks[found.look]
    return f"Nothing to decide before look {found.look + 1} on {day_of(registration, following)}."


def _acknowledge(found: Findings) -> list[str]:
    near = _words_of_all(found, (Status.NEAR_VETO, Status.UNDECIDED))
    return [*near, "The decision must acknowledge what is named above."] if near else []


def _words_of_all(found: Findings, statuses: Sequence[Status]) -> list[str]:
    return [
        words
        for status in statuses
        for words in (*_guardrail_words(found, status), *_cohort_words(found, status))
    ]


def _guardrail_words(found: Findings, status: Status) -> list[str]:
    return [
        f"Guardrail {one.metric}, {status}: {one.judgement.reason}."
        for one in found.guardrails
        if one.judgement.status is status
    ]


def _cohort_words(found: Findings, status: Status) -> list[str]:
    return [
        f"Cohort {one.cohort}, {status}: {one.judgement.reason}."
        for one in found.cohorts
        if one.judgement.status is status
    ]
