"""Registrations: the form, the card that locks the rule, where experiments stand, the plan in words."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from bot.core.effect import Block, Message
from bot.core.figures import bound, day_of, level, share
from bot.core.finding import Finding
from bot.core.plan import LaunchPlan, PlannedLook
from bot.core.registration import Guardrail, Registration
from bot.stats.undecided import Undecided
from bot.views import text
from bot.views.experiment_actions import ExperimentAction, Reference, button

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
        text.section(text.fit(_primary(plan))),
        text.section(
            text.fit(["*When it may stop*", *(_look_line(registration, one) for one in plan.looks)])
        ),
        *_lines("*Guardrails*", [guardrail_line(one) for one in registration.guardrails]),
        *_lines("*Cohorts*", _cohorts(plan)),
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


def plan(work: LaunchPlan) -> Message:
    """The plan in words, for the person who asked."""
    registration = work.registration
    error = (
        f"True type-I error of these looks: {work.type1_error:.4f}. "
        f"Probability that a harmless change is vetoed by a guardrail: {share(work.false_veto_probability)}."
    )
    blocks = [
        text.section(text.fit([f"*Plan of {text.escape(registration.name, 200)}*", *_primary(work)])),
        text.section(text.fit([_look_line(registration, one) for one in work.looks])),
        *_lines("*Cohorts*", _cohorts(work)),
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


def guardrail_line(guardrail: Guardrail) -> str:
    """One guardrail in words: `csat may not fall by more than 1 %`."""
    kind, value = next(iter(guardrail.thresholds.items()))
    name = text.escape(guardrail.metric, 80)
    words = {
        "max_relative_regression": f"may not get worse by more than {share(value)}",
        "max_relative_increase": f"may not rise by more than {share(value)}",
        "max": f"may not be above {level(value)}",
        "min": f"may not be below {level(value)}",
    }
    return f"• {name} {words[kind]}"


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


def _primary(work: LaunchPlan) -> list[str]:
    registration, sizing = work.registration, work.sizing
    primary = registration.primary
    name, verb = text.escape(primary.metric, 80), {"increase": "rise", "decrease": "fall"}[primary.direction]
    mde = "" if primary.mde is None else f" by {_mde(primary.mde.relative, primary.mde.absolute)} or more"
    lines = [f"*Primary* {name} is to {verb}{mde}"]
    if isinstance(sizing.n_fixed, Undecided):
        return [*lines, f"Units per arm: unknown, {text.escape(sizing.n_fixed.reason, 200)}"]
    sizes = f"Needs {sizing.n_cuped:,} units per arm"
    if primary.cuped is not None:
        sizes += f" with CUPED ({sizing.n:,} without)"
    days = "" if sizing.runtime_days is None else f", {sizing.runtime_days:.1f} days of traffic"
    return [*lines, f"{sizes}{days}; power {share(registration.power, 0)}, alpha {registration.alpha:g}"]


def _mde(relative: float | None, absolute: float | None) -> str:
    return share(relative) if relative is not None else level(absolute or 0.0)


def _look_line(registration: Registration, one: PlannedLook) -> str:
    when = day_of(registration, one.day)
    if one.z > 1e300:
        return f"• Look {one.look}, {when}: cannot stop"
    return f"• Look {one.look}, {when}: stops only if p is below {bound(one.nominal_p)}"


def _cohorts(work: LaunchPlan) -> list[str]:
    registration = work.registration
    cohorts = registration.cohorts
    if not cohorts.dimensions:
        return []
    lines = []
    limit = cohorts.max_relative_regression
    if limit is not None:
        lines.append(f"None may get worse by more than {share(limit)}.")
    for dimension, values in cohorts.dimensions.items():
        lines.append(f"• {text.escape(dimension, 40)}: {text.escape(', '.join(values), 200)}")
    weak = [need for need in work.sizing.cohorts if need.powered is False]
    lines += [
        f"⚠ {text.escape(need.cohort, 80)} is under-powered: it needs {need.days or 0:.1f} days of traffic; "
        "its figures will never count as evidence"
        for need in weak
    ]
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
