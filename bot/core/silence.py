"""A silence: for a while, alerts of some kind open no incident. It always has an end."""

from dataclasses import dataclass
from datetime import datetime

from bot.core.matching import Match


@dataclass(frozen=True)
class Silence:
    """`until` is when it was to end, `ended_at` when somebody ended it before, None where nobody did.

    `channel` is where it was said, `held` how many alerts it held in the end, None while it lasts.
    """

    id: int
    match: Match
    by: str
    since: datetime
    until: datetime
    channel: str
    reason: str = ""
    ended_at: datetime | None = None
    ended_by: str = ""
    held: int | None = None

    def lasts(self, now: datetime) -> bool:
        """Whether it holds alerts back; once what it held is let go it does not, whatever a clock says."""
        return self.ended_at is None and self.held is None and self.since <= now < self.until
