"""The card of a look: the verdict first, then why, then what next and when; then facts, then small print."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.effect import Block, Message
from bot.core.figures import day_of, interval, level, plain, share, signed
from bot.core.look import CohortResult, GuardrailResult, LookResult, Verdict, relative
from bot.core.registration import Registration
from bot.stats.guardrail import Status
from bot.stats.undecided import Undecided
from bot.views import text
from bot.views.experiment_actions import ExperimentAction, Reference, button
from bot.views.look_words import MARKS, by_dimension, cohort, guardrail, short

_COHORTS = 12
"""Cohorts named on the card; the matrix has the rest."""


@dataclass(frozen=True)
class Shown:
    """A look and its place in the record; `chart` is the key of the uploaded chart, with its alt text."""

    registration: Registration
    result: LookResult
    record: int
    chart: str = ""
    alt: str = ""


def card(shown: Shown) -> Message:
    """The card of a look."""
    registration, result = shown.registration, shown.result
    head = f"Look {result.look} of {result.looks}: {shout(result.verdict)}"
    why = text.escape(" ".join(_why(result)), 1500)
    blocks: list[Block] = [
        text.header(f"{head} · {_because(result)}"),
        text.section(why),
        *_facts(registration, result),
    ]
    if shown.chart:
        blocks.append(
            {
                "type": "image",
                "slack_file": {"id": f"upload:{shown.chart}"},
                "alt_text": text.plain(shown.alt, 2000),
            }
        )
    blocks += [_buttons(shown), text.context(_small_print(shown))]
    name = text.escape(registration.name, 200)
    return Message(f"{name} · {head}. {why}", tuple(blocks))


def failed(registration: Registration, look: int, reason: str) -> Message:
    """A look that could not be taken: what is missing, and what to do."""
    head = f"Look {look} of {len(registration.looks)}: not taken, the data could not be read"
    said = text.escape(reason, 1000)
    advice = (
        f"Nothing was recorded. Mend the source, then ask again: `/experiment look {registration.id} {look}`."
    )
    blocks = (text.header(head), text.section(f"{said}\n{advice}"))
    return Message(f"{text.escape(registration.name, 200)} · {head}: {said}", blocks)


def shout(verdict: Verdict) -> str:
    """The verdict as a header says it: NO SHIP."""
    return verdict.replace("-", " ").upper()


def _because(result: LookResult) -> str:
    """The header's few words."""
    if result.verdict == "veto":
        return _veto_words(result)
    if result.verdict == "continue" and result.primary.significant:
        return "shown, but not yet all that the rule asks"
    if result.verdict == "continue" and isinstance(result.primary.effect, Undecided):
        return "the primary cannot be judged yet"
    return {
        "invalid": "the data cannot be judged",
        "ship": "significant on the plan, no veto",
        "continue": "not significant on the plan",
        "stop-futility": "going on is not worth it",
        "no-ship": "the effect was not shown",
        "inconclusive": "the question was not answered",
    }[result.verdict]


def _veto_words(result: LookResult) -> str:
    for one in result.guardrails:
        if one.judgement.status is Status.VETO and one.judgement.measured is not None:
            show = signed if one.threshold.relative else level
            line = signed(one.threshold.limit) if one.threshold.relative else level(one.threshold.limit)
            return f"{one.metric} {show(one.judgement.measured)}, the line was {line}"
    for each in result.cohorts:
        if each.judgement.status is Status.VETO and each.judgement.measured is not None:
            return f"{each.cohort} {signed(each.judgement.measured)}"
    return "a line was crossed"


def _why(result: LookResult) -> Sequence[str]:
    return result.reasons[:4]


def _facts(registration: Registration, result: LookResult) -> list[Block]:
    lines = [*_primary_lines(result)]
    if result.guardrails:
        marked = [f"{MARKS[one.judgement.status]} {guardrail(one)}" for one in _worst(result.guardrails)]
        lines += ["*Guardrails*", *marked]
    if result.cohorts:
        lines += ["*Cohorts*", *_cohort_lines(result.cohorts)]
    lines.append(_data_line(registration, result))
    lines += [text.escape(note, 300) for note in result.notes]
    if result.verdict == "ship" and registration.signoffs:
        signers = text.escape(", ".join(registration.signoffs), 200)
        lines.append(f"The rule allows it; the decision is for people: {signers}.")
    return [text.section(text.fit(lines))]


def _primary_lines(result: LookResult) -> list[str]:
    primary = result.primary
    name = text.escape(primary.metric, 80)
    if isinstance(primary.effect, Undecided):
        return [f"*{name}* unknown: {text.escape(primary.effect.reason, 300)}"]
    rel, ci = relative(primary.effect)
    figure = level(primary.effect.absolute) if rel is None else signed(rel)
    span = f" {interval(ci)}" if ci else ""
    sizes = f"n {primary.effect.treatment.n:,} / {primary.effect.control.n:,}"
    saved = "" if primary.cuped is None else f" · CUPED saves {share(primary.cuped.variance_reduction, 0)}"
    line = f"*{name}* {figure}{span} · {sizes}{saved}"
    power = primary.conditional_power
    if result.verdict != "continue" or power is None:
        return [line]
    return [line, f"If this is the effect, a later look will show it with probability {share(power, 0)}"]


def _cohort_lines(cohorts: Sequence[CohortResult]) -> list[str]:
    """A line per dimension; of the crossings only those that are more than a note."""
    lines = []
    for group in by_dimension(cohorts):
        if "," not in group[0].cohort:
            named = [f"{MARKS[one.judgement.status]} {short(one)}" for one in group]
            lines.append(
                f"{text.escape(group[0].cohort.partition('=')[0], 40)}: {' · '.join(named[:_COHORTS])}"
            )
            continue
        loud = [one for one in group if one.judgement.status in (Status.VETO, Status.NEAR_VETO)]
        lines += [f"{MARKS[one.judgement.status]} {cohort(one)}" for one in loud[:_COHORTS]]
        weak = sum(one.judgement.status is Status.UNDERPOWERED for one in group)
        rest = f", {weak} under-powered" if weak else ""
        lines.append(f"crossings: {len(group)}, {len(loud) or 'none'} with a line crossed{rest}")
    return lines


def _worst(guardrails: Sequence[GuardrailResult]) -> list[GuardrailResult]:
    order = [
        Status.VETO,
        Status.NEAR_VETO,
        Status.UNDECIDED,
        Status.UNPROVEN,
        Status.UNDERPOWERED,
        Status.CLEAR,
    ]
    return sorted(guardrails, key=lambda one: order.index(one.judgement.status))


def _data_line(registration: Registration, result: LookResult) -> str:
    control, treatment = result.units
    total = control + treatment
    split = "no units"
    if total:
        fine = "unknown" if isinstance(result.srm, Undecided) else ("fine" if result.srm.ok else "broken")
        split = f"split {treatment / total * 100:.1f}/{control / total * 100:.1f}, {fine}"
    until = "" if result.last_day is None else f" · data to {day_of(registration, result.last_day)}"
    return f"Alpha spent {plain(result.alpha_spent)} of {registration.alpha:g} · {split}{until}"


def _buttons(shown: Shown) -> Block:
    reference = Reference(shown.registration.id, shown.record)
    label = f"Why {shown.result.verdict.replace('-', ' ')}?"
    return {
        "type": "actions",
        "block_id": "look",
        "elements": [
            button(label, ExperimentAction.WHY, reference),
            button("Plan", ExperimentAction.PLAN, reference),
            button("Matrix", ExperimentAction.MATRIX, reference),
        ],
    }


def _small_print(shown: Shown) -> str:
    result = shown.result
    planned = "" if result.planned else " · not a planned look"
    return (
        f"`{shown.registration.id}` · registration {result.sha256[:12]}… · record {shown.record} · "
        f"data {result.data_fingerprint[:12]}…{planned}"
    )
