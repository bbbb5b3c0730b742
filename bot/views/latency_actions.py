"""What can be pressed about latency budgets, and the names of their forms."""

from collections.abc import Sequence
from enum import StrEnum

from bot.core.effect import Block
from bot.views.text import BUTTON, plain


class LatencyAction(StrEnum):
    """Action ids; the value is the budget's id."""

    SIMULATE = "latency.simulate"
    WHAT_IF = "latency.what_if"
    LOCK = "latency.lock"
    RESULT = "latency.result"
    JOIN = "latency.join"
    RULES = "latency.rules"


class LatencyForm(StrEnum):
    """Names of the forms, which are their callback ids."""

    BUDGET = "latency.form.budget"
    RESULT = "latency.form.result"
    LOCK = "latency.form.lock"
    JOIN = "latency.form.join"
    WHAT_IF = "latency.form.what_if"


LABELS = {
    LatencyAction.SIMULATE: "Simulate",
    LatencyAction.WHAT_IF: "What if…",
    LatencyAction.LOCK: "Lock load test…",
    LatencyAction.RESULT: "Give a result…",
    LatencyAction.JOIN: "Join…",
    LatencyAction.RULES: "Alert rules",
}


def row(budget: str, actions: Sequence[LatencyAction], primary: LatencyAction | None) -> Block:
    """The buttons of a budget's card; `primary` is what comes next."""
    return {
        "type": "actions",
        "block_id": "latency",
        "elements": [
            {
                "type": "button",
                "action_id": str(action),
                "text": {"type": "plain_text", "text": plain(LABELS[action], BUTTON), "emoji": False},
                "value": budget,
                **({"style": "primary"} if action is primary else {}),
            }
            for action in actions
        ],
    }
