"""Registrations: the form that takes one, what is said of one known already, the plan in words."""

import json

from bot.core.effect import Block, Message
from bot.core.figures import share
from bot.core.plan import LaunchPlan
from bot.core.registration import Registration
from bot.core.timetable import Calendar
from bot.views import text
from bot.views.plan_words import (
    cohorts,
    guardrail_chances,
    primary,
    reach,
    spending_line,
)

REGISTER = "experiment.register"
INPUT_MOST = 3000
"""Characters a form's text field takes (Slack); longer YAML is given as a file."""


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
                "The rule is written before the result: once it is signed it decides, "
                "and a change is an amendment."
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
        *text.listed("*Guardrails*", guardrail_chances(work)),
        *text.listed("*Cohorts*", cohorts(work)),
        text.context(f"{error} Registration {work.sha256[:12]}…"),
    ]
    return Message(text.escape(f"Plan of {registration.name}. {error}", text.NOTIFICATION), tuple(blocks))
