"""Hours of the local day, and when a person is not to be disturbed for what can wait."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MOST_STEPS = 20
"""Quiet nights and days that may follow each other: a week of them is all of it."""


@dataclass(frozen=True)
class Hours:
    """A part of the local day, from `start` up to `end`; over midnight where `end` is the earlier one."""

    start: time
    end: time

    def hold(self, local: datetime) -> bool:
        """Whether a local time is within them.

        >>> night = Hours(time(22), time(8))
        >>> [night.hold(datetime(2026, 11, 23, hour)) for hour in (21, 22, 3, 8)]
        [False, True, True, False]
        """
        now = local.time()
        if self.start < self.end:
            return self.start <= now < self.end
        return now >= self.start or now < self.end

    def over(self, at: datetime, zone: ZoneInfo) -> datetime:
        """The first moment after `at` at which the local clock shows `end`, in UTC."""
        day = at.astimezone(zone).date() - timedelta(days=1)
        while (moment := local_moment(day, self.end, zone)) <= at:
            day += timedelta(days=1)
        return moment

    def begin(self, at: datetime, zone: ZoneInfo) -> datetime:
        """The first moment after `at` at which the local clock shows `start`, in UTC."""
        return Hours(self.end, self.start).over(at, zone)


@dataclass(frozen=True)
class Quiet:
    """When people are not disturbed for what can wait: `hours` of a day, and whole `days` (0 is Monday)."""

    hours: Hours | None = None
    days: frozenset[int] = frozenset()

    def until(self, at: datetime, zone: ZoneInfo) -> datetime | None:
        """When the quiet at `at` ends in this zone, in UTC; None where it is not quiet."""
        moment = at
        for _ in range(_MOST_STEPS):
            local = moment.astimezone(zone)
            if local.weekday() in self.days:
                moment = local_moment(local.date() + timedelta(days=1), time(0), zone)
            elif self.hours is not None and self.hours.hold(local):
                moment = self.hours.over(moment, zone)
            else:
                break
        return None if moment == at else moment


def local_moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The moment of a local day and time, in UTC.

    A time that comes twice, where the clock goes back, means its first; one that is left out, where the clock
    goes forward, is meant by as much later.
    """
    return datetime.combine(day, at.replace(fold=0), tzinfo=zone).astimezone(UTC)


def read_hours(text: str) -> Hours:
    """Read "22:00-08:00".

    Raises:
        ValueError: it is no such span, or an empty one.

    """
    start, dash, end = text.replace("\u2013", "-").partition("-")
    try:
        hours = Hours(_clock(start), _clock(end))
    except ValueError:
        hours = None
    if hours is None or not dash:
        raise ValueError(f"{text!r} is no span of hours; write one such as 22:00-08:00")
    if hours.start == hours.end:
        raise ValueError(f"{text!r} begins when it ends; write one such as 22:00-08:00")
    return hours


def _clock(text: str) -> time:
    hour, _, minute = text.strip().partition(":")
    if not (hour.isdigit() and minute.isdigit() and len(minute) == 2):
        raise ValueError(text)
    return time(int(hour), int(minute))
