"""What can be pressed of a thing's history and of the documents that tell it: action ids and their value."""

import json
from dataclasses import dataclass
from enum import StrEnum

from bot.core.effect import Block
from bot.core.thing import Thing, ThingKind
from bot.errors import InputError
from bot.views.text import BUTTON, plain


class TraceAction(StrEnum):
    """Action ids; a message may append `:suffix` to keep them apart."""

    SHOW = "trace.show"
    JOIN = "trace.join_with"  # a form
    DRAFT = "narrative.draft"


@dataclass(frozen=True)
class About:
    """The value of a button: the thing."""

    thing: Thing

    def encode(self) -> str:
        """Compact JSON."""
        return json.dumps({"k": self.thing.kind.value, "i": self.thing.id}, separators=(",", ":"))

    @classmethod
    def decode(cls, text: str) -> "About":
        """Read it back.

        Raises:
            InputError: the message was not drawn by this version of Lookout.

        """
        try:
            fields = json.loads(text)
            kind, name = ThingKind(fields["k"]), fields["i"]
        except (ValueError, KeyError, TypeError, RecursionError):
            kind, name = ThingKind.EXPERIMENT, None
        if not isinstance(name, str) or not 0 < len(name) <= 100:
            raise InputError("This button cannot be read.", "Type `/trace` with the name instead.")
        return cls(Thing(kind, name))


def button(label: str, action: TraceAction, thing: Thing) -> Block:
    """A button about a thing, as [Trace] on its card."""
    return {
        "type": "button",
        "action_id": f"{action}:{plain(thing.id, 80)}",
        "text": {"type": "plain_text", "text": plain(label, BUTTON), "emoji": False},
        "value": About(thing).encode(),
    }
