"""The header of a look's card: which look, the verdict, and why in a few words."""

from bot.core.look import LookResult, Verdict
from bot.core.registration import Registration
from bot.core.verdict_words import cohort_line, line_of, measured
from bot.stats.guardrail import Status
from bot.stats.undecided import Undecided


def called(result: LookResult) -> str:
    """Which look: `Look 2 of 4`, or `Peek on day 9`."""
    return f"Peek on day {result.day:g}" if result.peek else f"Look {result.look} of {result.looks}"


def shout(verdict: Verdict) -> str:
    """The verdict as a header says it: NO SHIP."""
    named = {"stop-futility": "STOP", "unjudged": "NO VERDICT"}
    return named.get(verdict, verdict.replace("-", " ").upper())


def because(registration: Registration, result: LookResult) -> str:
    """The header's few words."""
    if result.verdict == "veto":
        return _veto_words(registration, result)
    if result.verdict == "continue" and result.primary.significant:
        return "shown, but not yet all that the rule asks"
    if result.verdict == "no-ship" and result.primary.significant:
        return "shown, but less than the rule asks" if result.primary.good else "it moved the wrong way"
    if result.verdict == "inconclusive" and result.primary.significant:
        return "harm was not ruled out"
    if result.verdict == "continue" and isinstance(result.primary.effect, Undecided):
        return "the primary cannot be judged yet"
    return {
        "invalid": "the data cannot be judged",
        "ship": "significant on the plan, no veto",
        "continue": "not significant on the plan",
        "stop-futility": "going on is not worth it",
        "no-ship": "the effect was not shown",
        "inconclusive": "the question was not answered",
        "unjudged": "the plan does not have this look",
    }[result.verdict]


def _veto_words(registration: Registration, result: LookResult) -> str:
    for one in result.guardrails:
        if one.judgement.status is Status.VETO and one.judgement.measured is not None:
            said = measured(one.threshold, one.judgement.measured)
            return f"{one.metric} {said}, the line was {line_of(one.threshold)}"
    for each in result.cohorts:
        if each.judgement.status is Status.VETO and each.judgement.measured is not None:
            line = cohort_line(registration)
            return f"{each.cohort} {measured(line, each.judgement.measured)}, the line was {line_of(line)}"
    return "a line was crossed"
