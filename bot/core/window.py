"""Maintenance windows: times, once or every week, in which alerts of some kind open no incident."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.core.matching import Match

_AHEAD = timedelta(days=8)
"""As far as the next start of a weekly window can be."""


@dataclass(frozen=True)
class Window:
    """Either once, from `start` to `end`, or at a local time on some weekdays (0 is Monday) for `length`.

    `match` says which alerts are meant. A weekly window is as long as it says also on the days on which the
    clock changes: a start that comes twice is meant once (its first), one that is left out as much later.
    """

    name: str
    match: Match
    start: datetime | None = None
    end: datetime | None = None
    weekdays: tuple[int, ...] = ()
    at: time = time(0)
    length: timedelta = timedelta(0)
    zone: str = "UTC"
    why: str = field(default="", kw_only=True)

    def ends(self, now: datetime) -> datetime | None:
        """When the window that is open now ends; None when none is open."""
        begun = [start for start in self._starts(now - self.length, now) if start <= now]
        ends = [start + self._length(start) for start in begun]
        return max((end for end in ends if end > now), default=None)

    def next_start(self, now: datetime) -> datetime | None:
        """When it opens next; None when it never does again."""
        return min((start for start in self._starts(now, now + _AHEAD) if start > now), default=None)

    def _length(self, start: datetime) -> timedelta:
        return self.length if self.end is None else self.end - start

    def _starts(self, since: datetime, until: datetime) -> list[datetime]:
        """The starts in [since, until] of a weekly window, or the only one of one that is held once."""
        if self.start is not None:
            return [self.start]
        zone = ZoneInfo(self.zone)
        day, last = (since.astimezone(zone).date(), until.astimezone(zone).date())
        found = []
        while day <= last:
            if day.weekday() in self.weekdays:
                found.append(datetime.combine(day, self.at.replace(fold=0), tzinfo=zone).astimezone(UTC))
            day += timedelta(days=1)
        return [start for start in found if since <= start <= until]
