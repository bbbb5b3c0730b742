"""What can be pressed on an incident's dashboard: the action ids, and the value that each button carries."""

import json
from enum import StrEnum

from bot.errors import InputError
from bot.views.triage_actions import MAX_NUMBER


class DashboardAction(StrEnum):
    """Action ids."""

    REFRESH = "incident.refresh"
    QUERIES = "incident.queries"


def encode(incident: int) -> str:
    """The value: which incident."""
    return json.dumps({"i": incident}, separators=(",", ":"))


def decode(text: str) -> int:
    """Read it back.

    Raises:
        InputError: the message was not drawn by this version of Lookout.

    """
    try:
        number = json.loads(text)["i"]
    except (ValueError, KeyError, TypeError, RecursionError):
        number = None
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number <= MAX_NUMBER:
        raise InputError("This button cannot be read.", "Use the newest dashboard of the incident.")
    return number
