"""What can be pressed on the readiness card; each button opens the form of its name."""

from enum import StrEnum

from bot.core.effect import Block
from bot.views.experiment_actions import Reference
from bot.views.text import BUTTON, plain


class ReadinessAction(StrEnum):
    """Action ids, and the names of the forms they open."""

    CHECK = "launch.check"
    SUPPLY = "launch.supply"
    WAIVE = "launch.waive"


def button(label: str, action: ReadinessAction, experiment: str) -> Block:
    """A button of a card."""
    return {
        "type": "button",
        "action_id": str(action),
        "text": {"type": "plain_text", "text": plain(label, BUTTON), "emoji": False},
        "value": Reference(experiment).encode(),
    }
