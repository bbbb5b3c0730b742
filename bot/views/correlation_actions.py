"""What can be pressed about offline against online, and the names of its forms."""

import json
from dataclasses import dataclass
from enum import StrEnum

from bot.core.effect import Block
from bot.errors import InputError
from bot.views.text import BUTTON, plain


class CorrelationAction(StrEnum):
    """Action ids; a message may append `:suffix` to keep them apart."""

    DIAGNOSE = "correlation.diagnose"
    ANSWER = "correlation.answer"
    BACK = "correlation.back"
    GATHER = "correlation.gather"
    NOTE = "correlation.note"
    CONCLUDE = "correlation.conclude"
    RECORD = "correlation.record"
    REPLAY = "correlation.replay"


class CorrelationForm(StrEnum):
    """Names of the forms, which are their callback ids."""

    RECORD = "correlation.form.record"
    REPLAY = "correlation.form.replay"
    NOTE = "correlation.form.note"
    CONCLUDE = "correlation.form.conclude"


@dataclass(frozen=True)
class About:
    """The value of a button: the diagnosis's number, the cause that was shown, and the verdict it gives."""

    number: int
    cause: str = ""
    verdict: str = ""

    def encode(self) -> str:
        """Compact JSON."""
        return json.dumps({"n": self.number, "c": self.cause, "v": self.verdict}, separators=(",", ":"))

    @classmethod
    def decode(cls, text: str) -> "About":
        """Read it back. Raises InputError where this version of Lookout did not draw it."""
        try:
            fields = json.loads(text)
            number, cause, verdict = fields["n"], fields["c"], fields["v"]
        except (ValueError, KeyError, TypeError, RecursionError):
            number, cause, verdict = None, "", ""
        if type(number) is not int or not isinstance(cause, str) or not isinstance(verdict, str):
            raise InputError("This button cannot be read.", "Type `/correlation answer` instead.")
        return cls(number, cause, verdict)


def button(
    label: str, action: CorrelationAction, value: str = "-", *, style: str = "", end: str = ""
) -> Block:
    """A button."""
    shape: dict[str, object] = {
        "type": "button",
        "action_id": f"{action}:{end}" if end else str(action),
        "text": {"type": "plain_text", "text": plain(label, BUTTON), "emoji": False},
        "value": value,
    }
    return shape | ({"style": style} if style else {})
