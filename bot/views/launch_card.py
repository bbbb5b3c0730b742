"""The living card of a launch: where it stands, who is to do what, then the rule as it was registered."""

from collections.abc import Mapping

from bot.core.effect import Block, Message
from bot.core.launch import Mark, State
from bot.core.plan import PlannedLook
from bot.views import text
from bot.views.experiment_actions import ExperimentAction, Reference, button
from bot.views.launch_words import Living, broken_plan, called, expected, headline, waiting
from bot.views.plan_words import cohorts, guardrail_line, look_line, primary
from bot.views.signing_actions import sign_buttons


def card(shown: Living) -> Message:
    """The card as it stands."""
    launch, plan = shown.launch, shown.plan
    head = f"{headline(shown)} · {shown.name}"
    asks = [*expected(shown), *_changes(shown)]
    blocks: list[Block] = [
        text.header(head),
        text.section(text.fit(asks)) if asks else text.section(text.escape(shown.name, 200)),
        *_buttons(shown),
        text.section(text.fit([*_hypothesis(shown), *primary(plan)])),
        text.section(text.fit(["*When it may stop*", *(_look(shown, one) for one in plan.looks)])),
        *text.listed("*Guardrails*", [guardrail_line(one) for one in plan.registration.guardrails]),
        *text.listed("*Cohorts*", cohorts(plan)),
        *text.listed("*Warnings*", [_warning(shown, one) for one in launch.warnings]),
        *text.listed("*Signatures*", [_signature(role, mark) for role, mark in launch.signatures.items()]),
        text.context(_small_print(shown)),
    ]
    said = asks[0].removeprefix("• ") if asks else ""
    return Message(f"{text.escape(head, 300)}. {said}".strip(), tuple(blocks))


def _changes(shown: Living) -> list[str]:
    """What is being changed, and that the plan was broken."""
    launch, amendment = shown.launch, shown.launch.amendment
    lines = [broken_plan(launch)] if launch.broken else []
    if amendment is not None:
        what = waiting(amendment) or "ready"
        lines.append(f"An amendment by {text.person(amendment.by)} is proposed. {text.escape(what, 300)}.")
    return lines


def _hypothesis(shown: Living) -> list[str]:
    hypothesis = shown.plan.registration.hypothesis
    lines = [f"*{text.escape(hypothesis.intervention, 300)}*"]
    if shown.plan.registration.rerun_of:
        lines.append(f"A re-run of `{shown.plan.registration.rerun_of}`")
    if hypothesis.h1:
        lines.append(f"Claim: {text.escape(hypothesis.h1, 400)}")
    if hypothesis.disconfirming:
        lines.append(f"Would count against it: {text.escape('; '.join(hypothesis.disconfirming), 500)}")
    return lines


def _look(shown: Living, one: PlannedLook) -> str:
    """When a look may stop, and what it said once it was taken."""
    taken = [seen for seen in shown.launch.looks if seen.look == one.look]
    calendar = shown.calendar if shown.calendar.start is not None else None
    line = look_line(shown.plan.registration, one, calendar)
    return f"{line} · said {called(taken[-1].verdict)}, record {taken[-1].record}" if taken else line


def _warning(shown: Living, warning: Mapping[str, str]) -> str:
    mark = shown.launch.acknowledged.get(warning["code"])
    taken = f"acknowledged by {_mark(mark)}" if mark else "nobody has acknowledged it"
    return f"⚠ {warning['code']} {text.escape(warning['message'], 400)} · {taken}"


def _signature(role: str, mark: Mark) -> str:
    return f"✓ {text.escape(role, 80)} signed: {_mark(mark)}"


def _mark(mark: Mark) -> str:
    return f"{text.person(mark.by)}, {text.when(mark.at, style='{date_short_pretty} {time}')}"


def _buttons(shown: Living) -> list[Block]:
    """What can be done where it stands: sign and acknowledge, else ask why."""
    launch = shown.launch
    elements: list[Block] = []
    if launch.state is State.SIGNING:
        codes = [one["code"] for one in launch.missing_acknowledgements]
        elements = sign_buttons(launch.id, launch.sha256, launch.missing_signoffs, codes)
    elif launch.newest is not None:
        seen = Reference(launch.id, launch.newest.record)
        label = f"Why {called(launch.newest.verdict).lower()}?"
        elements = [
            button(label, ExperimentAction.WHY, seen),
            button("Matrix", ExperimentAction.MATRIX, seen),
        ]
    elements.append(button("Plan", ExperimentAction.PLAN, Reference(launch.id)))
    return [{"type": "actions", "block_id": "experiment", "elements": elements}]


def _small_print(shown: Living) -> str:
    launch = shown.launch
    times = f", amended {launch.amended} times" if launch.amended > 1 else ", amended once"
    amended = times if launch.amended else ""
    return (
        f"`{launch.id}` · written by {text.person(launch.author) or 'CI'}{amended} · "
        f"registration {launch.sha256[:12]}… · ledger {launch.entry} · head {launch.head[:12]}…"
    )
