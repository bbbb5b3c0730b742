"""The controls of monitors, and what their values hold."""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum

from bot.errors import InputError


class MonitorAction(StrEnum):
    """Action ids."""

    OPEN = "incident.monitor_open"


@dataclass(frozen=True)
class Ticket:
    """A ticket: whose it is, and its number."""

    monitor: str
    number: int

    def encode(self) -> str:
        """Compact JSON."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def decode(cls, value: str) -> "Ticket":
        """Read it back; InputError for what no version wrote."""
        try:
            found = json.loads(value)
            return cls(str(found["monitor"]), int(found["number"]))
        except (ValueError, KeyError, TypeError):
            raise InputError("This control cannot be read.", "Use a newer ticket.") from None
