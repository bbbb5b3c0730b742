"""The decision card: what the rule says and why, what is expected of whom, and what can be done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from bot.core.declaration import Declaration
from bot.core.effect import Block, Message
from bot.core.figures import weekday
from bot.core.launch import Launch, LookSeen
from bot.core.ledger import Entry
from bot.core.look import LookResult
from bot.core.registration import Registration
from bot.views import decision_matrix as matrix
from bot.views import text
from bot.views.decision_actions import DecisionAction, Pick, button
from bot.views.decision_words import argument, broken, declared, stays
from bot.views.ledger import witness
from bot.views.look_head import because, called, shout
from bot.views.look_remarks import peeks

_MATRIX = 14
"""Lines of the matrix on the card; the record has all of them."""
_STEPS = 6
SHOWN = 12
"""Characters of a registration's hash that cards show, and that [Ship] carries."""


@dataclass(frozen=True)
class Step:
    """Something that is done next; `owner` in words, with mentions."""

    short: str
    due: date
    owner: str


@dataclass(frozen=True)
class Case:
    """All that a decision card shows. newer: the look that says otherwise; missing: readiness rows, in words.

    asked: who decides; larger: what a larger run would take; directors: who answers a review;
    reruns: the ids of what runs it again.
    """

    launch: Launch
    registration: Registration
    result: LookResult
    seen: LookSeen
    entry: Entry
    declaration: Declaration
    zone: ZoneInfo
    asked: str
    steps: tuple[Step, ...] = ()
    missing: tuple[str, ...] = ()
    larger: str = ""
    newer: str = ""
    directors: str = ""
    reruns: tuple[str, ...] = ()

    @property
    def pick(self) -> Pick:
        """What the buttons carry."""
        return Pick(self.launch.id, self.seen.record)

    @property
    def to_ship(self) -> Pick:
        """What [Ship] carries: the registration in force too, so that an amendment makes it stale."""
        return Pick(self.launch.id, self.seen.record, self.launch.sha256[:SHOWN])


def card(case: Case) -> Message:
    """The card as it stands."""
    head = f"{shout(case.result.verdict)} · {because(case.registration, case.result)}"
    lead = _lead(case)
    rows = matrix.rows(case.registration, case.result)
    blocks: list[Block] = [
        text.header(head),
        text.section(text.fit([lead, *_expected(case, rows), *_peeks(case)])),
        text.section(text.fit(_matrix(case, rows))),
        *_sections(case, rows),
        *_buttons(case),
        text.context(_small_print(case)),
    ]
    name = text.escape(case.registration.name, 200)
    return Message(f"{name} · {text.escape(head)}. {lead}", tuple(blocks))


def _lead(case: Case) -> str:
    """The second line: why the rule is what it is, and where the launch stands."""
    place = called(case.result)
    said = [declared(case.declaration, case.launch.start or case.registration.data.start, case.zone)]
    if case.result.verdict == "veto":
        vetoes = matrix.crossed(matrix.rows(case.registration, case.result))
        said += [f"{text.escape(vetoes[0].p)}."] if vetoes and vetoes[0].p else []
    else:
        said.insert(0, f"{text.escape(case.result.reasons[0], 500)}" if case.result.reasons else "")
    said.append(stays(case.launch))
    return f"{place}. " + " ".join(one for one in said if one)


def _expected(case: Case, rows: Sequence[matrix.Row]) -> list[str]:
    """What is expected of the reader."""
    launch, lines = case.launch, []
    if case.reruns:
        names = ", ".join(f"`{one}`" for one in case.reruns[-3:])
        lines.append(f"It is run again, as {names}.")
    if case.newer:
        return [*lines, f"*{case.newer}* Nothing can be decided on this card."]
    if launch.decision is not None:
        done = launch.decision
        when = text.when(done.at, style="{date_short_pretty} {time}")
        under = " under an override" if done.override else ""
        why = f" {text.escape(done.reason, 500)}" if done.reason else ""
        return [*lines, f"*Decided: {done.decision.upper()}{under}* by {text.person(done.by)}, {when}.{why}"]
    if broken(launch):
        lines.append(f"⚠ {broken(launch)}")
    lines.append(_ask(case, rows))
    if launch.paused is not None:
        why = text.escape(launch.paused_why, 300)
        lines.append(f"⚠ The rollout is paused: {why}. A decision to ship does not resume it.")
    if case.missing:
        lines.append("⚠ Missing before it can ship, see `/launch check`:")
    return [*lines, *(f"• {text.escape(one, 300)}" for one in case.missing)]


def _peeks(case: Case) -> list[str]:
    return peeks(case.launch, case.result, case.seen.record)


def _ask(case: Case, rows: Sequence[matrix.Row]) -> str:
    verdict, asked = case.result.verdict, case.asked
    if verdict == "ship":
        near = matrix.to_acknowledge(rows)
        names = text.escape(", ".join(row.name for row in near), 500)
        ack = f" It must acknowledge {names}." if near else ""
        return f"*The rule allows a launch; the decision is for {asked}.*{ack}"
    if verdict == "veto":
        under = case.launch.override
        if under is not None and under.record == case.seen.record:
            until = weekday(under.expires)
            return f"*The rule says no; an approved override lets {asked} ship until {until}.*"
        begun = opened(case.launch, case.seen.record)
        said = "The investigation is open" if begun else "Open the investigation"
        return f"*Nothing ships.* {said}; {asked} may also stop it."
    if verdict == "inconclusive":
        return f"*Nothing ships: the question was not answered.* {asked} may stop it. {case.larger}".strip()
    return f"*Nothing ships.* {asked} closes it with [Stop], and says what was learned."


def _matrix(case: Case, rows: Sequence[matrix.Row]) -> list[str]:
    """The primary, what is crossed, the guardrails, then the other cohorts, which share one line."""
    usual = f"at {case.registration.alpha:.3g}"
    shown = rows[:_MATRIX]
    crossed = matrix.crossed(shown)
    cohorts = [row for row in shown if row.cohort and row not in crossed]
    lines = [f"*What was measured, against which line* (judged {usual})"]
    lines += [matrix.in_words(row, usual) for row in shown if row not in cohorts]
    if cohorts:
        metric = text.escape(case.registration.primary.metric, 120)
        lines.append(f"*Cohorts* ({metric}, line {cohorts[0].line})")
        lines += [matrix.in_words(row, usual, short=True) for row in cohorts]
    rest = len(rows) - _MATRIX
    return [*lines, f"(and {rest} more lines, see the record)"] if rest > 0 else lines


def _sections(case: Case, rows: Sequence[matrix.Row]) -> list[Block]:
    if case.result.verdict != "veto" or case.newer:
        return []
    blocks = [
        text.section(
            text.fit(
                [
                    "*The argument*",
                    *argument(case.registration, case.result, rows, case.declaration, case.zone),
                ]
            )
        )
    ]
    if case.steps:
        blocks.append(text.section(text.fit([f"*Next:* {_next(case.steps[:_STEPS])}"])))
    said = _override(case)
    return [*blocks, text.section(said)] if said else blocks


def _next(steps: Sequence[Step]) -> str:
    """What is done next; its owner is named where it is not that of the one before."""
    said, before = [], ""
    for one in steps:
        owner = f" ({one.owner})" if one.owner != before else ""
        said.append(f"{text.escape(one.short, 120)} by {weekday(one.due)}{owner}")
        before = one.owner
    return " · ".join(said)


def _override(case: Case) -> str:
    """Where a review of this veto stands."""
    here = [one for one in case.launch.overrides if one.record == case.seen.record]
    if not here:
        return ""
    newest = here[-1]
    if newest.ended is not None:
        return f"The override asked for by {text.person(newest.by)} has ended. The veto stands."
    if newest.refused is not None:
        return f"The override was refused by {text.person(newest.refused.by)}. The veto stands."
    if newest.approved is not None:
        return (
            f"⚠ An override was approved by {text.person(newest.approved.by)}; it ends with "
            f"{weekday(newest.expires)}, and is looked back on {weekday(newest.retrospective)}."
        )
    return f"An override was asked for by {text.person(newest.by)}; it waits for {case.directors}."


def _buttons(case: Case) -> list[Block]:
    if case.newer or not case.launch.open:
        return []
    launch, pick = case.launch, case.pick
    here = [one for one in launch.overrides if one.record == case.seen.record and one.ended is None]
    approved = [one for one in here if one.approved]
    made: list[Block] = []
    if case.result.verdict == "ship":
        made.append(button("Ship…", DecisionAction.SHIP, case.to_ship, style="primary"))
    if case.result.verdict == "veto":
        if not opened(launch, case.seen.record):
            made.append(button("Open investigation", DecisionAction.INVESTIGATE, pick, style="primary"))
        if approved:
            made.append(button("Ship under override…", DecisionAction.SHIP, case.to_ship, style="danger"))
        elif not any(one.pending for one in here):
            made.append(button("Request override…", DecisionAction.OVERRIDE, pick))
    made.append(button("Stop…", DecisionAction.STOP, pick))
    return [{"type": "actions", "block_id": "decision", "elements": made}]


def opened(launch: Launch, record: int) -> bool:
    """Whether the investigation of this veto is open: its tasks name the record."""
    return any(one.id.endswith(f".{record}") for one in launch.tasks)


def _small_print(case: Case) -> str:
    return (
        f"`{case.launch.id}` · registration {case.declaration.sha256[:12]}… · record {case.seen.record} · "
        f"{witness(case.entry)}"
    )
