"""What is said to a YAML file in a channel: that it is a registration, and who may register it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.core.effect import Block, Message
from bot.core.figures import day_of
from bot.core.registration import Registration
from bot.errors import InputError
from bot.views import text


class DroppedAction(StrEnum):
    """What can be pressed beside a dropped registration."""

    REGISTER = "experiment.take"
    LEAVE = "experiment.leave"


@dataclass(frozen=True)
class Offered:
    """The value of both buttons: the key of the offer, and the text as it was read, by its SHA-256."""

    key: str
    blob: str
    name: str

    def encode(self) -> str:
        """Compact JSON."""
        return json.dumps({"k": self.key, "b": self.blob, "n": self.name}, separators=(",", ":"))

    @classmethod
    def decode(cls, value: str) -> "Offered":
        """Read it back. Raises InputError when it was not drawn by this version of Lookout."""
        try:
            fields = json.loads(value)
            read = cls(fields["k"], fields["b"], fields["n"])
        except (ValueError, KeyError, TypeError, RecursionError):
            read = None
        if read is None or not all(isinstance(one, str) for one in (read.key, read.blob, read.name)):
            raise InputError("This button cannot be read.", "Drop the file again.")
        return read


def offer(registration: Registration, warnings: Sequence[str], offered: Offered) -> Message:
    """The file is a registration without errors: anybody may register it."""
    name = text.escape(registration.name, 150)
    looks = registration.looks
    head = f"This is a registration: {name}."
    facts = (
        f"`{registration.id}` · {text.escape(registration.hypothesis.intervention, 200)} · {len(looks)} "
        f"look{'' if len(looks) == 1 else 's'}, the last on {day_of(registration, looks[-1])} · "
        f"signed by {text.escape(', '.join(registration.signoffs), 200) or 'nobody: it locks at once'}"
    )
    known = [f"⚠ {text.escape(one, 300)}" for one in warnings[:6]]
    if len(warnings) > 6:
        known.append(f"(and {len(warnings) - 6} more warnings)")
    blocks: list[Block] = [
        text.section(text.fit([f"*{head}* Nothing is registered until somebody presses.", facts, *known])),
        {
            "type": "actions",
            "block_id": "dropped",
            "elements": [
                _button("Register", DroppedAction.REGISTER, offered, style="primary"),
                _button("Not now", DroppedAction.LEAVE, offered),
            ],
        },
    ]
    return Message(f"{head} [Register] puts it on record.", tuple(blocks))


def registered(name: str, by: str) -> Message:
    """The offer, once somebody registered the file."""
    return text.message(f"✓ {text.escape(name, 150)} was registered by {text.person(by)}.")


def left(name: str, by: str) -> Message:
    """The offer, once somebody waved it away."""
    again = "Drop the file again, or use `/experiment register`."
    return text.message(f"Not registered: {text.escape(name, 150)}, says {text.person(by)}. {again}")


def known(registration: Registration, sha256: str) -> Message:
    """The very content is registered already."""
    return text.message(f"✓ This is `{registration.id}` as registered ({sha256[:12]}…). Nothing to do.")


def differs(registration: Registration, sha256: str, in_force: str) -> Message:
    """Its id is registered with other content."""
    return text.message(
        f"⚠ This differs from `{registration.id}` as registered ({in_force[:12]}…, this is {sha256[:12]}…). "
        f"A change is an amendment: `/experiment amend {registration.id}`."
    )


def unreadable(name: str, reason: str) -> Message:
    """A YAML file that could not be read at all, told to who dropped it."""
    said = f"{text.escape(name, 150)} was not read: {reason}"
    return Message(f"{said} If it is no registration, never mind.")


def _button(label: str, action: DroppedAction, offered: Offered, *, style: str = "") -> Block:
    return {
        "type": "button",
        "action_id": str(action),
        "text": {"type": "plain_text", "text": label, "emoji": False},
        "value": offered.encode(),
        **({"style": style} if style else {}),
    }
