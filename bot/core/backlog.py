"""The backlog: candidates as they are kept between quarters, and what each still lacks to be scored."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.core.candidate import Candidate, Kind


class Standing(StrEnum):
    """Where a candidate stands in the backlog."""

    OPEN = "open"
    DROPPED = "dropped"


@dataclass(frozen=True)
class Item:
    """A candidate of the backlog.

    why: what proposed it and on what evidence, or why it was dropped. by: a Slack id, empty for Lookout
    itself. alias: its id in the file that brought it, empty for none. edition: counts its changes from 1.
    """

    candidate: Candidate
    standing: Standing
    why: str
    by: str
    at: datetime
    changed_at: datetime
    edition: int
    alias: str = ""

    @property
    def id(self) -> str:
        """CAN-7."""
        return self.candidate.id

    @property
    def number(self) -> int:
        """The number in its id."""
        return int(self.candidate.id.removeprefix("CAN-"))


def lacking(candidate: Candidate) -> tuple[str, ...]:
    """Name what has to be known before it can be scored; nothing for maintenance, which is never ranked."""
    if candidate.kind is Kind.MAINTENANCE:
        return ()
    wanted: list[tuple[str, object]] = [("effort", candidate.effort)]
    if candidate.kind is Kind.EXPERIMENT:
        wanted = [
            ("reach", candidate.reach),
            ("impact", candidate.impact),
            ("confidence", candidate.confidence),
            *wanted,
        ]
    return tuple(name for name, value in wanted if value is None)
