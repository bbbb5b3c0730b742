"""The looks of a plan as registered: days and boundaries, and when on the calendar they are."""

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

from bot.core.futility import declared
from bot.core.registration import Registration
from bot.stats.futility import Futility
from bot.stats.sequential import Direction, Plan, boundaries
from bot.stats.spending import Spending


def planned(registration: Registration) -> Plan:
    """The boundaries at the planned looks; time stands for information, the last look for all of it.

    Raises ValueError when the plan makes no sense; a checked registration does.
    """
    sequential = registration.sequential
    rule = Spending(
        sequential.spending,
        registration.alpha,
        sequential.gamma,
        None if sequential.alphas is None else tuple(sequential.alphas),
        sequential.interim_z,
        sequential.sided,
    )
    direction: Direction = 1 if registration.primary.direction == "increase" else -1
    return _planned(registration.fractions(), rule, direction, declared(registration))


@lru_cache(maxsize=64)
def _planned(
    fractions: tuple[float, ...], rule: Spending, direction: Direction, futility: Futility | None
) -> Plan:
    return boundaries(
        fractions,
        rule.alpha,
        rule.rule,
        gamma=rule.gamma,
        alphas=rule.alphas,
        interim_z=rule.interim_z,
        sided=rule.sided,
        direction=direction,
        futility=futility,
    )


def date_of(registration: Registration, day: float) -> dt.date | None:
    """The calendar date of a day of the experiment; None when the registration has no start."""
    start = registration.data.start
    return None if start is None else start + dt.timedelta(days=int(day) - 1)


def posted_at(start: dt.date, day: float, at: dt.time, zone: ZoneInfo) -> dt.datetime:
    """When the look at a day is posted, in UTC: once the day is over, at the local time `at` of the next one.

    Where the clock goes back, a time that comes twice is meant once, its first; where it goes forward, a time
    that is left out is meant by as much later.

    >>> berlin = ZoneInfo("Europe/Berlin")
    >>> posted_at(dt.date(2026, 10, 18), 7, dt.time(2, 30), berlin).isoformat()
    '2026-10-25T00:30:00+00:00'
    """
    date = start + dt.timedelta(days=int(day))
    return dt.datetime.combine(date, at.replace(fold=0), tzinfo=zone).astimezone(dt.UTC)


def clock_change(start: dt.date, day: float, at: dt.time, zone: ZoneInfo) -> str:
    """What a change of the clock does to the time at which a look is posted; empty on any other day.

    >>> clock_change(dt.date(2026, 10, 18), 7, dt.time(2, 30), ZoneInfo("Europe/Berlin"))
    '02:30 comes twice that day: the first'
    """
    first = dt.datetime.combine(start + dt.timedelta(days=int(day)), at.replace(fold=0), tzinfo=zone)
    if first.utcoffset() == first.replace(fold=1).utcoffset():
        return ""
    if first.astimezone(dt.UTC).astimezone(zone).time() == at.replace(fold=0):
        return f"{at:%H:%M} comes twice that day: the first"
    return f"the clock leaves out {at:%H:%M} that day"


@dataclass(frozen=True)
class Calendar:
    """When the days of one experiment are: `start` is the local date of day 1, None while nobody knows it.

    at: the local time at which looks are posted.
    """

    start: dt.date | None
    at: dt.time
    zone: ZoneInfo

    def over(self, day: float) -> dt.datetime | None:
        """The first moment after a day: from then on its look may be asked for."""
        return None if self.start is None else posted_at(self.start, day, dt.time(0), self.zone)

    def posted(self, day: float) -> dt.datetime | None:
        """When the look at a day is posted."""
        return None if self.start is None else posted_at(self.start, day, self.at, self.zone)

    def clock_change(self, day: float) -> str:
        """What a change of the clock does to the time of the look at a day; empty where none does."""
        return "" if self.start is None else clock_change(self.start, day, self.at, self.zone)

    def last_full_day(self, now: dt.datetime) -> int | None:
        """The newest day that is over, 0 or less before the first one is; None without a start."""
        if self.start is None:
            return None
        return (now.astimezone(self.zone).date() - self.start).days
