"""The value of a button that names an incident and nothing else."""

import json

from bot.errors import InputError
from bot.views.triage_actions import MAX_NUMBER


def encode(incident: int) -> str:
    """The value: which incident."""
    return json.dumps({"i": incident}, separators=(",", ":"))


def decode(value: str) -> int:
    """Read it back.

    Raises:
        InputError: the message was not drawn by this version of Lookout.

    """
    try:
        number = json.loads(value)["i"]
    except (ValueError, KeyError, TypeError, RecursionError):
        number = None
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number <= MAX_NUMBER:
        raise InputError("This button cannot be read.", "Use the newest message about the incident.")
    return number
