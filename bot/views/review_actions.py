"""What can be pressed on a review's card and its reminders: the action ids, which also name the forms."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

from bot.core.effect import Block
from bot.errors import InputError
from bot.views.text import BUTTON, plain
from bot.views.triage_actions import MAX_NUMBER

Style: TypeAlias = Literal["", "primary", "danger"]


class ReviewAction(StrEnum):
    """Action ids; a message may append `:suffix` to keep them apart. The comment says what they open."""

    OWN = "incident.review_own"
    WRITE = "incident.review_write"  # a form
    MILESTONES = "incident.review_milestones"  # a form
    CHECK = "incident.review_check"  # a form
    ASK = "incident.review_ask"  # a form
    REVIEWED = "incident.review_read"
    PUBLISH = "incident.review_publish"
    RECHECK = "incident.review_recheck"
    ADD_ITEM = "incident.action_add"  # a form
    CHANGE_ITEM = "incident.action_change"  # a form
    ITEM_DONE = "incident.action_done"
    SNOOZE = "incident.reminder_snooze"
    QUIET = "incident.reminder_quiet"


@dataclass(frozen=True)
class About:
    """The value of a control: the incident, and a check's name, an item's number or a reminder's subject."""

    incident: int
    what: str = ""

    def encode(self) -> str:
        """Compact JSON."""
        return json.dumps({"i": self.incident, "w": self.what}, separators=(",", ":"))

    @classmethod
    def decode(cls, text: str) -> "About":
        """Read it back.

        Raises:
            InputError: the message was not drawn by this version of Lookout.

        """
        try:
            fields = json.loads(text)
            incident, what = fields["i"], fields["w"]
        except (ValueError, KeyError, TypeError, RecursionError):
            incident = what = None
        number = isinstance(incident, int) and not isinstance(incident, bool) and abs(incident) <= MAX_NUMBER
        if not (number and isinstance(what, str) and len(what) <= 100):
            raise InputError("This control cannot be read.", "Use the newest card: `/incidents review`.")
        return cls(incident, what)


def button(
    label: str, action: ReviewAction, about: About, *, style: Style = "", confirm: Sequence[str] = ()
) -> Block:
    """A button; `confirm` is a title, a text, and the words for yes and no."""
    shape: dict[str, object] = {
        "type": "button",
        "action_id": f"{action}:{about.what}" if about.what else str(action),
        "text": {"type": "plain_text", "text": plain(label, BUTTON), "emoji": False},
        "value": about.encode(),
    }
    if style:
        shape["style"] = style
    if confirm:
        names = ("title", "text", "confirm", "deny")
        shape["confirm"] = {
            name: {"type": "plain_text", "text": said} for name, said in zip(names, confirm, strict=True)
        }
    return shape
