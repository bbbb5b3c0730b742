"""What can be pressed on an experiment's cards: the action ids, and the value that each button carries."""

import json
from dataclasses import dataclass
from enum import StrEnum

from bot.core.effect import Block
from bot.errors import InputError
from bot.views.text import BUTTON, plain

MAX_RECORD = 2**31 - 1
"""The largest number a look's record can have in both databases."""


class ExperimentAction(StrEnum):
    """Action ids; a message may append `:suffix` to keep them apart."""

    WHY = "experiment.why"
    PLAN = "experiment.plan"
    MATRIX = "experiment.matrix"
    COHORTS = "experiment.cohorts"
    PEEK = "experiment.peek"


@dataclass(frozen=True)
class Reference:
    """The value of a button: the experiment, and the record number of the look where there is one."""

    experiment: str
    record: int = 0

    def encode(self) -> str:
        """Compact JSON."""
        return json.dumps({"e": self.experiment, "r": self.record}, separators=(",", ":"))

    @classmethod
    def decode(cls, text: str) -> "Reference":
        """Read it back.

        Raises:
            InputError: the message was not drawn by this version of Lookout.

        """
        try:
            fields = json.loads(text)
            experiment, record = fields["e"], fields["r"]
        except (ValueError, KeyError, TypeError, RecursionError):
            experiment = record = None
        if not (isinstance(experiment, str) and isinstance(record, int)) or abs(record) > MAX_RECORD:
            hint = "Use the newest card, or type `/experiment status`."
            raise InputError("This button cannot be read.", hint)
        return cls(experiment, record)


def button(label: str, action: ExperimentAction, reference: Reference) -> Block:
    """A button of a card."""
    return {
        "type": "button",
        "action_id": str(action),
        "text": {"type": "plain_text", "text": plain(label, BUTTON), "emoji": False},
        "value": reference.encode(),
    }
