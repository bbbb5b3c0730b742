"""The card of a look: the verdict first, then why, then what next and when; then facts, then small print."""

from collections.abc import Sequence
from datetime import timedelta

from bot.core.effect import Block, Message
from bot.core.figures import day_of, interval, plain, share, signed, weekday
from bot.core.look import CohortResult, GuardrailResult, LookResult, relative
from bot.core.metric import Mean
from bot.core.registration import Registration
from bot.core.verdict_words import moved
from bot.stats.guardrail import WORST_FIRST, Status
from bot.stats.undecided import Undecided
from bot.views import look_remarks as remarks
from bot.views import text
from bot.views.experiment_actions import ExperimentAction, Reference, button
from bot.views.ledger import witness
from bot.views.look_head import because, called, shout
from bot.views.look_shown import Shown
from bot.views.look_words import MARKS, by_dimension, cohort, grouped, guardrail, mix_held, worst

_COHORTS = 12
"""Cohorts named on the card; the matrix has the rest."""


def card(shown: Shown) -> Message:
    """The card of a look."""
    registration, result = shown.registration, shown.result
    head = f"{called(result)}: {shout(result.verdict)}"
    why = text.escape(" ".join(_why(shown)), 1500)
    blocks: list[Block] = [
        text.header(f"{head} · {because(registration, result)}"),
        text.section(
            text.fit([*remarks.unplanned(shown), why, *remarks.expected(shown), *remarks.of_plan(shown)])
        ),
        *_facts(registration, result),
        text.context(text.fit([_data_line(shown), *(text.escape(n, 300) for n in remarks.notes(shown))])),
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
    unplanned = " (not in the plan)" if result.peek else ""
    said = f"{called(result)}{unplanned}: {shout(result.verdict)} · {name}. {why}{remarks.broken(shown)}"
    return Message(said, tuple(blocks))


def _why(shown: Shown) -> Sequence[str]:
    """The reasons that fit: of many the first ones, and always the last, which says what next and when."""
    reasons = shown.reasons
    if len(reasons) <= 4:
        return reasons
    return [*reasons[:2], f"And {len(reasons) - 3} more, see the matrix.", reasons[-1]]


def _facts(registration: Registration, result: LookResult) -> list[Block]:
    lines = [*_primary_lines(registration, result)]
    if result.guardrails:
        marked = [f"{MARKS[one.judgement.status]} {guardrail(one)}" for one in _worst(result.guardrails)]
        lines += ["*Guardrails*", *marked]
    if result.cohorts:
        lines += [_cohort_title(registration), *_cohort_lines(result.cohorts), *worst(result)]
    return [text.section(text.fit(lines))]


def _primary_lines(registration: Registration, result: LookResult) -> list[str]:
    primary, metric = result.primary, registration.metrics[result.primary.metric]
    name = text.escape(primary.metric, 80)
    if result.verdict == "invalid":
        return [f"*{name}* not judged: figures from broken data mislead"]
    if isinstance(primary.effect, Undecided):
        return [f"*{name}* unknown: {text.escape(primary.effect.reason, 300)}"]
    rel, ci = relative(primary.effect)
    figure = moved(primary.effect) if rel is None else signed(rel)
    span = _fair_interval(result) or (f" {interval(ci)}" if ci else "")
    sizes = f"n {primary.effect.treatment.n:,} treated / {primary.effect.control.n:,} control"
    saved = "" if primary.cuped is None else f" · CUPED saves {share(primary.cuped.variance_reduction, 0)}"
    clipped = " · winsorised" if isinstance(metric, Mean) and metric.winsorise else ""
    lines = [f"*{name}* {figure}{span} · {sizes}{saved}{clipped}", *mix_held(result)]
    power = primary.conditional_power
    if result.verdict != "continue" or power is None:
        return lines
    return [*lines, f"If this is the effect, a later look will show it with probability {share(power, 0)}"]


def _fair_interval(result: LookResult) -> str:
    """While it goes on, the interval that holds however often one looks: it has 0 where the plan goes on."""
    fair = result.primary.adjusted
    if result.verdict != "continue" or isinstance(fair, Undecided) or isinstance(fair.ci_rel, Undecided):
        return ""
    known = relative(result.primary.effect)[0] is not None
    return f" {interval(fair.ci_rel)} allowing for the looks" if known else ""


def _cohort_title(registration: Registration) -> str:
    limit = registration.cohorts.max_relative_regression
    return "*Cohorts*" if limit is None else f"*Cohorts* none may get worse by more than {share(limit)}"


def _cohort_lines(cohorts: Sequence[CohortResult]) -> list[str]:
    """A line per dimension; of the crossings only those that are more than a note."""
    lines = []
    for group in by_dimension(cohorts):
        if "," not in group[0].cohort:
            name = text.escape(group[0].cohort.partition("=")[0], 40)
            lines.append(text.cut(f"{name} {grouped(group)}", 900))
            continue
        loud = [one for one in group if one.judgement.status in (Status.VETO, Status.NEAR_VETO)]
        lines += [f"{MARKS[one.judgement.status]} {cohort(one)}" for one in loud[:_COHORTS]]
        weak = sum(one.judgement.status is Status.UNDERPOWERED for one in group)
        judged = len(group) - weak
        over = f", {len(loud) or 'none'} over the line" if judged else ""
        lines.append(f"combined: {judged} of {len(group)} groups have the units to be judged{over}")
    return lines


def _worst(guardrails: Sequence[GuardrailResult]) -> list[GuardrailResult]:
    return sorted(guardrails, key=lambda one: WORST_FIRST.index(one.judgement.status))


def _data_line(shown: Shown) -> str:
    registration, result = shown.registration, shown.result
    control, treatment = result.units
    total = control + treatment
    split = "no units"
    if total:
        fine = "unknown" if isinstance(result.srm, Undecided) else ("fine" if result.srm.ok else "broken")
        split = f"split {treatment / total * 100:.1f}/{control / total * 100:.1f}, {fine}"
    if result.verdict == "invalid":
        return split
    until = "" if result.last_day is None else f" · data to {_day(shown, result.last_day)}"
    return f"Alpha spent {plain(result.alpha_spent)} of {registration.alpha:g} · {split}{until}"


def _day(shown: Shown, day: float) -> str:
    """A day with its date, where the start is known."""
    start = None if shown.calendar is None else shown.calendar.start
    if start is None:
        return day_of(shown.registration, day)
    return f"day {day:g} ({weekday(start + timedelta(days=int(day) - 1))})"


def _buttons(shown: Shown) -> Block:
    reference = Reference(shown.registration.id, shown.record)
    label = f"Why {shout(shown.result.verdict).lower()}?"
    elements = [
        button(label, ExperimentAction.WHY, reference),
        button("Plan", ExperimentAction.PLAN, reference),
        button("Matrix", ExperimentAction.MATRIX, reference),
    ]
    if shown.result.cohorts:
        elements.append(button("Cohorts", ExperimentAction.COHORTS, reference))
    return {"type": "actions", "block_id": "look", "elements": elements}


def _small_print(shown: Shown) -> str:
    result = shown.result
    planned = "" if result.planned else (" · a peek, not in the plan" if result.peek else " · not on its day")
    entered = "" if shown.entry is None else f" · {witness(shown.entry)}"
    return (
        f"`{shown.registration.id}` · registration {result.sha256[:12]}… · record {shown.record} · "
        f"data {result.data_fingerprint[:12]}…{planned}{entered}"
    )
