"""What one reading of a source of changes gave."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.core.change import Change


@dataclass(frozen=True)
class ChangeReading:
    """changes: found this time, known ones among them; cursor: where the next reading begins, as JSON.

    fault: what could not be understood of an answer that was otherwise read, for people; "" for nothing.
    """

    changes: tuple[Change, ...]
    cursor: Mapping[str, Any] = field(default_factory=dict)
    fault: str = ""
