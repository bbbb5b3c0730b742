"""What can be pressed about silences: the button on an incident's card, its form, the one that ends it."""

from enum import StrEnum


class SilenceAction(StrEnum):
    """Action ids; in the form, those of its fields."""

    OPEN = "incident.silence"
    END = "incident.unsilence"
    LENGTH = "incident.silence_for"
    MATCH = "incident.silence_what"
    REASON = "incident.silence_why"


FORM = "incident.silence"
"""The form's name, its callback id."""
