"""What can be pressed on an incident's card: the action ids, and the value that each control carries."""

import json
from dataclasses import dataclass
from enum import StrEnum

from bot.core.playbook import Playbook
from bot.errors import InputError

MAX_NUMBER = 2**31 - 1
"""The largest number an incident can have in both databases."""


class TriageAction(StrEnum):
    """Action ids; a message may append `:suffix` to keep them apart."""

    ANSWER = "triage.answer"
    NAME = "triage.name"
    BACK = "triage.back"
    RETRY = "triage.retry"
    MITIGATED = "triage.mitigated"
    RESOLVED = "triage.resolved"
    REOPEN = "triage.reopen"
    MORE = "triage.more"
    ROLL_BACK = "triage.roll_back"
    TAKE = "triage.take"
    DONE = "triage.done"
    UNDO = "triage.undo"


ANYWAY = "anyway"
"""The choice of [Mitigated] where the person confirmed it although the metric has not recovered."""


class More(StrEnum):
    """The entries of the overflow menu, as `choice` of its value."""

    TAKE_LEAD = "lead"
    ESCALATE = "escalate"
    FALSE_ALARM = "false_alarm"


SWITCH = "tree:"


def switch_choice(tree: Playbook) -> str:
    """The entry of the overflow menu that goes over to this tree."""
    return f"{SWITCH}{tree.sha256[:12]}"


@dataclass(frozen=True)
class Control:
    """The value of a control: which incident, the version its card showed, and the answer or entry chosen.

    Encoded it stays below the 75 characters that an option's value may have.
    """

    incident: int
    version: int
    choice: str = ""

    def encode(self) -> str:
        """Compact JSON."""
        return json.dumps({"i": self.incident, "v": self.version, "c": self.choice}, separators=(",", ":"))

    @classmethod
    def decode(cls, text: str) -> "Control":
        """Read it back.

        Raises:
            InputError: the message was not drawn by this version of Lookout.

        """
        try:
            fields = json.loads(text)
            incident, version, choice = fields["i"], fields["v"], fields["c"]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise InputError("This control cannot be read.", "Use the newest card of the incident.") from None
        if not (isinstance(incident, int) and isinstance(version, int) and isinstance(choice, str)) or (
            abs(incident) > MAX_NUMBER
        ):
            raise InputError("This control cannot be read.", "Use the newest card of the incident.")
        return cls(incident, version, choice)
