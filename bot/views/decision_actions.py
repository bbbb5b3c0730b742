"""What can be pressed on cards that decide: the action ids, which also name the forms, and the values."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

from bot.core.effect import Block
from bot.errors import InputError
from bot.views.experiment_actions import MAX_RECORD
from bot.views.text import BUTTON, plain

Style: TypeAlias = Literal["", "primary", "danger"]


class DecisionAction(StrEnum):
    """Action ids; a message may append `:suffix` to keep them apart. The comment says what they open."""

    SHIP = "launch.ship"  # a form
    STOP = "launch.stop"  # a form
    INVESTIGATE = "launch.investigate"
    OVERRIDE = "launch.override"  # a form
    APPROVE = "launch.approve"
    REFUSE = "launch.refuse"  # a form
    CHOOSE = "launch.choose"
    CHOOSE_OTHER = "launch.choose_other"  # a form
    TASK_DONE = "launch.task_done"
    TASK_CHANGE = "launch.task_change"  # a form
    TASK_SNOOZE = "launch.task_snooze"
    TASK_QUIET = "launch.task_quiet"


@dataclass(frozen=True)
class Pick:
    """The value of a button: the experiment, the look's record, and a task's, option's or review's id."""

    experiment: str
    record: int
    choice: str = ""

    def encode(self) -> str:
        """Compact JSON."""
        return json.dumps({"e": self.experiment, "r": self.record, "c": self.choice}, separators=(",", ":"))

    @classmethod
    def decode(cls, text: str) -> "Pick":
        """Read it back.

        Raises:
            InputError: the message was not drawn by this version of Lookout.

        """
        try:
            fields = json.loads(text)
            experiment, record, choice = fields["e"], fields["r"], fields["c"]
        except (ValueError, KeyError, TypeError, RecursionError):
            experiment = record = choice = None
        texts = isinstance(experiment, str) and isinstance(choice, str)
        number = isinstance(record, int) and not isinstance(record, bool) and abs(record) <= MAX_RECORD
        if not (texts and number):
            hint = "Use the newest card, or type `/experiment decide`."
            raise InputError("This button cannot be read.", hint)
        return cls(experiment, record, choice)


def button(label: str, action: DecisionAction, pick: Pick, *, style: Style = "", suffix: str = "") -> Block:
    """A button of a card."""
    shape = {
        "type": "button",
        "action_id": f"{action}:{suffix}" if suffix else str(action),
        "text": {"type": "plain_text", "text": plain(label, BUTTON), "emoji": False},
        "value": pick.encode(),
    }
    return {**shape, "style": style} if style else shape
