"""The quarter: when it begins where that is not the calendar's day, and what a team can do in it."""

from collections.abc import Mapping
from datetime import date, time, timedelta
from typing import Annotated

from pydantic import Field, field_validator

from bot.core.quarter import Quarter, Term, running, term
from bot.errors import InputError
from bot.settings.frozen import ClockTime, Frozen, clock_time

_OFF = timedelta(days=45)


class PortfolioSettings(Frozen):
    """`[portfolio]`: the defaults of every quarter's portfolio.

    starts: the first day of a quarter that does not begin with the calendar's ("2027-Q1" = 2027-01-04).
    slots: experiments that run side by side. engineer_weeks: what the team has in a quarter. weeks: how long
    an experiment can gather data in a quarter. team: whose candidates can be picked, "" for everybody's.
    remind_at: the local time at which status and retrospective come.
    """

    starts: Mapping[str, date] = {}
    slots: Annotated[int, Field(ge=1, le=50)] = 3
    engineer_weeks: Annotated[float, Field(gt=0, le=10_000)] | None = None
    weeks: Annotated[float, Field(gt=0, le=26)] = 12.0
    team: Annotated[str, Field(max_length=100)] = ""
    remind_at: ClockTime = "09:00"

    @field_validator("starts")
    @classmethod
    def _near_the_calendar(cls, value: Mapping[str, date]) -> Mapping[str, date]:
        found: dict[str, date] = {}
        for name, day in value.items():
            try:
                quarter = Quarter.read(name)
            except InputError as error:
                raise ValueError(f"{name!r} names no quarter; write for example 2026-Q4") from error
            if abs(day - quarter.calendar_first) > _OFF:
                raise ValueError(f"{name} cannot begin on {day}: that is more than 45 days from its calendar")
            found[str(quarter)] = day
        return found

    @property
    def reminds(self) -> time:
        """The local time of what comes by itself."""
        return clock_time(self.remind_at)

    def term(self, quarter: Quarter) -> Term:
        """Return the days of a quarter."""
        return term(quarter, self.starts)

    def running(self, day: date) -> Term:
        """Return the quarter that a day is in."""
        return running(day, self.starts)
