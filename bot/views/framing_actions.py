"""What can be pressed on a framing's card, its form and its reminders: the action ids, and their value."""

from enum import StrEnum
from typing import Final, Literal, TypeAlias

from bot.core.effect import Block
from bot.core.framing import Framing, Step, number_of
from bot.errors import InputError
from bot.views.text import BUTTON, plain

Style: TypeAlias = Literal["", "primary", "danger"]

PAGES: Final = "frame.pages"
"""The form of several pages."""


class FramingAction(StrEnum):
    """Action ids; a message may append `:suffix` to keep them apart. The comment says what they open."""

    WRITE = "frame.write"  # the pages
    BACK = "frame.back"  # the page before, within the form
    DECIDE = "frame.decide"  # a form
    DOCUMENT = "frame.document"
    REGISTER = "frame.register"  # the form of a new experiment
    PROPOSE = "frame.propose"
    LINK = "frame.link"  # a form
    DROP = "frame.drop"  # a form
    SNOOZE = "frame.revisit_snooze"
    QUIET = "frame.revisit_quiet"


def value_of(framing: Framing, step: Step | None = None) -> str:
    """What a button carries: FRM-3, or FRM-3/evidence for a page of it."""
    return f"{framing.id}/{step.value}" if step else framing.id


def meant_by(value: str) -> tuple[int, Step | None]:
    """Read a button's value back.

    Raises:
        InputError: the message was not drawn by this version of Lookout.

    """
    name, _, step = value.partition("/")
    number = number_of(name)
    if number is None or (step and step not in set(Step)):
        raise InputError("This control cannot be read.", "Use the newest card: `/frame show FRM-1`.")
    return number, Step(step) if step else None


def button(
    label: str,
    action: FramingAction,
    framing: Framing,
    *,
    step: Step | None = None,
    style: Style = "",
) -> Block:
    """A button of a framing."""
    shape = {
        "type": "button",
        "action_id": str(action),
        "text": {"type": "plain_text", "text": plain(label, BUTTON), "emoji": False},
        "value": value_of(framing, step),
    }
    return {**shape, "style": style} if style else shape
