"""What can be pressed about an incident's onset."""

from enum import StrEnum


class OnsetAction(StrEnum):
    """Action ids, and the name of the form they open; their value is `incident_button`'s."""

    CORRECT = "incident.onset"
