"""What can be pressed to sign: the action ids, and the value that says which text, and as what."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.core.effect import Block
from bot.errors import InputError
from bot.views.text import BUTTON, plain

MOST = 20
"""Sign-offs with a button of their own on one card; Slack takes 25 elements in a row."""


class SigningAction(StrEnum):
    """Action ids; a message appends `:number` to keep the sign-offs apart."""

    SIGN = "launch.sign"
    ACKNOWLEDGE = "launch.acknowledge"
    WITHDRAW = "launch.withdraw"


@dataclass(frozen=True)
class Text:
    """The value of a button: which registration or amendment is meant, by its hash, and in which role.

    The hash is what the person saw: a card drawn before the text changed signs nothing.
    """

    experiment: str
    sha256: str
    role: str = ""

    def encode(self) -> str:
        """Compact JSON."""
        value = {"e": self.experiment, "h": self.sha256, "r": self.role}
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def decode(cls, text: str) -> "Text":
        """Read it back.

        Raises:
            InputError: the message was not drawn by this version of Lookout.

        """
        try:
            fields = json.loads(text)
            found = [fields["e"], fields["h"], fields["r"]]
        except (ValueError, KeyError, TypeError, RecursionError):
            found = []
        if not found or not all(isinstance(one, str) for one in found):
            raise InputError("This button cannot be read.", "Use the newest card of the experiment.")
        return cls(*found)


def sign_buttons(experiment: str, sha256: str, roles: Sequence[str], warnings: Sequence[str]) -> list[Block]:
    """[Sign as …] for every role, and one for the warnings by their codes."""
    buttons = [
        _button(f"Sign as {role}", f"{SigningAction.SIGN}:{number}", Text(experiment, sha256, role))
        for number, role in enumerate(roles[:MOST])
    ]
    if warnings:
        codes = list(dict.fromkeys(warnings))
        label = f"Acknowledge {len(warnings)} warning{'s' if len(warnings) > 1 else ''}: {', '.join(codes)}"
        buttons.append(_button(label, SigningAction.ACKNOWLEDGE, Text(experiment, sha256)))
    return buttons


def withdraw_button(experiment: str, sha256: str) -> Block:
    """[Withdraw] of an amendment."""
    return _button("Withdraw", SigningAction.WITHDRAW, Text(experiment, sha256))


def _button(label: str, action: str, value: Text) -> Block:
    return {
        "type": "button",
        "action_id": action,
        "text": {"type": "plain_text", "text": plain(label, BUTTON), "emoji": False},
        "value": value.encode(),
    }
