"""What can be pressed on a rollout's cards: the action ids; each button's value says at which stage."""

from enum import StrEnum

from bot.core.effect import Block
from bot.views.experiment_actions import Reference
from bot.views.text import BUTTON, plain


class RolloutAction(StrEnum):
    """Action ids. Those of a form end in a word that says so."""

    START = "launch.start"
    CHECK = "launch.check_now"
    ADVANCE = "launch.advance"
    PAUSE = "launch.pause"
    RESUME = "launch.resume"
    INCIDENT = "launch.incident"


class RolloutForm(StrEnum):
    """The forms: what they ask for is a reason."""

    PAUSE = "launch.pause.form"
    RESUME = "launch.resume.form"


REASON = "reason"
REASON_MOST = 1000
REASON_LEAST = 5


def button(label: str, action: RolloutAction, reference: Reference, style: str = "") -> Block:
    """A button of a rollout's card; `reference.record` is the stage, or the entry it is about."""
    return {
        "type": "button",
        "action_id": str(action),
        "text": {"type": "plain_text", "text": plain(label, BUTTON), "emoji": False},
        "value": reference.encode(),
        **({"style": style} if style else {}),
    }
