"""A quarter: its name, its days, and the weeks that are counted from its first day."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from bot.errors import InputError

STATUS_WEEK = 6
"""Weeks after which it is asked how the portfolio does (AML-02, "week +6")."""
RETRO_WEEK = 12
"""Weeks after which the quarter is looked back on (AML-02, "week +12")."""
_NAME = re.compile(r"(20\d\d)-?\s?q([1-4])", re.IGNORECASE)


@dataclass(frozen=True, order=True)
class Quarter:
    """A quarter by the name that people use."""

    year: int
    number: int

    def __str__(self) -> str:
        """Return the name: 2026-Q4."""
        return f"{self.year}-Q{self.number}"

    @classmethod
    def read(cls, text: str) -> "Quarter":
        """Read a name as typed. Raises InputError for anything else.

        >>> str(Quarter.read("2026q4"))
        '2026-Q4'
        """
        found = _NAME.fullmatch(text.strip())
        if found is None:
            shown = re.sub(r"[`<>&\s]+", " ", text).strip()[:40]
            raise InputError(
                f"Read `{shown or 'nothing'}`, which names no quarter.", "Write for example 2026-Q4."
            )
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, day: date) -> "Quarter":
        """Return the calendar's quarter of a day."""
        return cls(day.year, (day.month + 2) // 3)

    @property
    def following(self) -> "Quarter":
        """The one after it."""
        return Quarter(self.year + self.number // 4, self.number % 4 + 1)

    @property
    def previous(self) -> "Quarter":
        """The one before it."""
        return Quarter(self.year - (self.number == 1), (self.number + 2) % 4 + 1)

    @property
    def calendar_first(self) -> date:
        """Its first day in the calendar."""
        return date(self.year, 3 * self.number - 2, 1)


@dataclass(frozen=True)
class Term:
    """A quarter with its days; `last` is in it."""

    quarter: Quarter
    first: date
    last: date

    def after_weeks(self, weeks: int) -> date:
        """Return the day on which so many weeks of it are over."""
        return self.first + timedelta(weeks=weeks)

    def week(self, day: date) -> int:
        """Return the week of the term in which a day falls, the first is 1; 0 or less before it.

        >>> Term(Quarter(2026, 4), date(2026, 10, 1), date(2026, 12, 31)).week(date(2026, 11, 12))
        7
        """
        return (day - self.first).days // 7 + 1

    def holds(self, day: date) -> bool:
        """Whether a day is in it."""
        return self.first <= day <= self.last


def term(quarter: Quarter, starts: Mapping[str, date]) -> Term:
    """Return the days of a quarter; `starts` are first days, by name, that differ from the calendar's."""
    first = starts.get(str(quarter), quarter.calendar_first)
    following = starts.get(str(quarter.following), quarter.following.calendar_first)
    return Term(quarter, first, following - timedelta(days=1))


def running(day: date, starts: Mapping[str, date]) -> Term:
    """Return the quarter that a day is in."""
    found = Quarter.of(day)
    for one in (found.previous, found, found.following):
        days = term(one, starts)
        if days.holds(day):
            return days
    return term(found, starts)
