"""A stretch of being on call, as a service that keeps schedules says it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Duty:
    """Somebody is on call in a schedule.

    `person` is an e-mail address or Slack id, "" where the service gave none that helps; `name` is what it
    calls them (outside text). `starts` and `ends` are None where it does not say: then it was so when asked.
    """

    schedule: str
    person: str
    name: str = ""
    starts: datetime | None = None
    ends: datetime | None = None

    def covers(self, at: datetime) -> bool:
        """Whether it is this person's time, as far as is known."""
        return (self.starts is None or self.starts <= at) and (self.ends is None or at < self.ends)
