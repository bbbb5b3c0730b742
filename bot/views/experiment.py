"""Registrations: the form, the card that locks the rule, where experiments stand, the plan in words."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.effect import Block, Message
from bot.core.figures import day_of, share
from bot.core.finding import Finding
from bot.core.plan import LaunchPlan
from bot.core.registration import Registration
from bot.core.timetable import Calendar
from bot.views import text
from bot.views.experiment_actions import ExperimentAction, Reference, button
from bot.views.plan_words import (
    cohorts,
    guardrail_chances,
    guardrail_line,
    look_line,
    primary,
    reach,
    spending_line,
)

REGISTER = "experiment.register"
INPUT_MOST = 3000
"""Characters a form's text field takes (Slack); longer YAML is given as a file."""


@dataclass(frozen=True)
class Standing:
    """One experiment in the list of `/experiment status`: the last look's number, verdict and record."""

    registration: Registration
    look: int = 0
    verdict: str = ""
    record: int = 0


def register_form(channel: str) -> Block:
    """The form of `/experiment register`: the YAML pasted, or a file."""
    return {
        "type": "modal",
        "callback_id": REGISTER,
        "private_metadata": json.dumps({"channel": channel}),
        "title": {"type": "plain_text", "text": "Register an experiment"},
        "submit": {"type": "plain_text", "text": "Register"},
        "close": {"type": "plain_text", "text": "Not now"},
        "blocks": [
            text.section(
                "The rule is written before the result: from now on this file decides, "
                "and a change needs a new id."
            ),
            _input(
                "yaml",
                "Registration (YAML)",
                {
                    "type": "plain_text_input",
                    "multiline": True,
                    "max_length": INPUT_MOST,
                    "placeholder": {"type": "plain_text", "text": "id: us-mle-02-reranker-l12"},
                },
            ),
            _input(
                "file",
                f"Or the file, if longer than {INPUT_MOST:,} characters",
                {"type": "file_input", "filetypes": ["yaml", "yml", "text"], "max_files": 1},
            ),
        ],
    }


def _input(name: str, label: str, element: Block) -> Block:
    """A field that may stay empty; its block and action have the same name."""
    return {
        "type": "input",
        "block_id": name,
        "optional": True,
        "label": {"type": "plain_text", "text": label},
        "element": {**element, "action_id": name},
    }


def registered(plan: LaunchPlan, by: str) -> Message:
    """The card of a new registration."""
    registration = plan.registration
    first, last = plan.looks[0], plan.looks[-1]
    head = f"Registered: {registration.name}"
    decides = (
        f"The rule is locked. {len(plan.looks)} looks, the first on {day_of(registration, first.day)}, "
        f"the last on {day_of(registration, last.day)}; nothing is decided in between."
    )
    blocks = [
        text.header(head),
        text.section(text.fit([decides, *_hypothesis(registration)])),
        text.section(text.fit(primary(plan))),
        text.section(text.fit(["*When it may stop*", *(look_line(registration, one) for one in plan.looks)])),
        *_lines("*Guardrails*", [guardrail_line(one) for one in registration.guardrails]),
        *_lines("*Cohorts*", cohorts(plan)),
        *_lines("*To know*", [f"⚠ {_finding(one)}" for one in plan.findings if one.level == "warning"]),
        {
            "type": "actions",
            "block_id": "experiment",
            "elements": [button("Plan", ExperimentAction.PLAN, Reference(registration.id))],
        },
        text.context(
            f"`{registration.id}` · registered by {text.person(by)} · registration {plan.sha256[:12]}…"
        ),
    ]
    return Message(text.escape(f"{head}. {decides}", text.NOTIFICATION), tuple(blocks))


def again(registration: Registration, sha256: str) -> Message:
    """Said to the person who registers the same content twice."""
    said = f"{registration.id} is registered already, with the same content (registration {sha256[:12]}…)."
    return Message(f"{said} Nothing changed.")


def plan(work: LaunchPlan, calendar: Calendar | None = None) -> Message:
    """The plan in words, for the person who asked; calendar: when its looks are posted."""
    registration = work.registration
    error = (
        f"True type-I error of these looks: {work.type1_error:.4f}. Probability that a harmless change is "
        f"vetoed by a guardrail: {'at most ' if work.guardrails.upper_bound else ''}"
        f"{share(work.false_veto_probability)}."
    )
    head = f"*Plan of {text.escape(registration.name, 200)}*"
    by_hand = calendar is not None and calendar.start is None
    asked = ["No start is known: looks are asked for by hand, `/experiment look N`"] if by_hand else []
    looks = [spending_line(registration, one, calendar) for one in work.looks]
    blocks = [
        text.section(text.fit([head, *primary(work), *reach(work)])),
        text.section(text.fit(["*When it may stop*", *looks, *asked])),
        *_lines("*Guardrails*", guardrail_chances(work)),
        *_lines("*Cohorts*", cohorts(work)),
        text.context(f"{error} Registration {work.sha256[:12]}…"),
    ]
    return Message(text.escape(f"Plan of {registration.name}. {error}", text.NOTIFICATION), tuple(blocks))


def standings(every: Sequence[Standing]) -> Message:
    """Where the experiments of a channel stand."""
    if not every:
        return Message(
            "No experiment is registered in this channel. `/experiment register` takes a YAML file; "
            "`lookout check` says beforehand whether it will do."
        )
    lines = [_standing(one) for one in every]
    blocks: list[Block] = [text.section(text.fit(["*Experiments of this channel*", *lines]))]
    buttons = [
        {
            **button(f"Why: {one.registration.id}", ExperimentAction.WHY, _reference(one)),
            "action_id": f"{ExperimentAction.WHY}:{number}",
        }
        for number, one in enumerate(every[:5])
        if one.record
    ]
    if buttons:
        blocks.append({"type": "actions", "block_id": "standings", "elements": buttons})
    return Message("\n".join(lines), tuple(blocks))


def _reference(one: Standing) -> Reference:
    return Reference(one.registration.id, one.record)


def _standing(one: Standing) -> str:
    registration = one.registration
    name = f"`{registration.id}` {text.escape(registration.title, 120)}".rstrip()
    if not one.look:
        first = day_of(registration, registration.looks[0])
        return f"• {name}: no look yet, the first is on {first}"
    done = f"look {one.look} of {len(registration.looks)}: {one.verdict.replace('-', ' ').upper()}"
    if one.verdict == "continue" and one.look < len(registration.looks):
        done += f", next on {day_of(registration, registration.looks[one.look])}"
    return f"• {name}: {done} (record {one.record})"


def _hypothesis(registration: Registration) -> list[str]:
    hypothesis = registration.hypothesis
    lines = [f"*{text.escape(hypothesis.intervention, 300)}*"]
    if hypothesis.h1:
        lines.append(f"Claim: {text.escape(hypothesis.h1, 400)}")
    if hypothesis.disconfirming:
        against = "; ".join(hypothesis.disconfirming)
        lines.append(f"Would count against it: {text.escape(against, 500)}")
    return lines


def _finding(finding: Finding) -> str:
    return text.escape(f"{finding.code} {finding.message} {finding.hint}".strip(), 400)


def _lines(title: str, lines: Sequence[str]) -> list[Block]:
    return [text.section(text.fit([title, *lines]))] if lines else []


__all__ = [
    "ExperimentAction",
    "Reference",
    "Standing",
    "again",
    "guardrail_line",
    "plan",
    "register_form",
    "registered",
    "standings",
]
