"""What can be pressed about an incident's onset."""

import json
from enum import StrEnum

from bot.errors import InputError

MAX_NUMBER = 2**31 - 1


class OnsetAction(StrEnum):
    """Action ids, and the name of the form they open."""

    CORRECT = "incident.onset"


def encode(incident: int) -> str:
    """The value of the button: which incident."""
    return json.dumps({"i": incident}, separators=(",", ":"))


def decode(value: str) -> int:
    """The incident of a button's value.

    Raises:
        InputError: the message was not drawn by this version of Lookout.

    """
    try:
        number = json.loads(value)["i"]
    except (ValueError, KeyError, TypeError, RecursionError):
        number = None
    if not isinstance(number, int) or isinstance(number, bool) or abs(number) > MAX_NUMBER:
        raise InputError("This control cannot be read.", "Use the newest message about the onset.")
    return number
