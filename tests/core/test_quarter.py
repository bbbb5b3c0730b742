"""Quarters: names as people type them, days that differ from the calendar's, weeks from the first day."""

from datetime import date

import pytest

from bot.core.quarter import Quarter, running, term
from bot.errors import InputError

LATE = {"2027-Q1": date(2027, 1, 4)}


@pytest.mark.parametrize("typed", ["2026-Q4", "2026-q4", "2026q4", " 2026Q4 "])
def test_a_quarter_is_read_as_people_type_it(typed: str) -> None:
    """With or without its hyphen, in any case."""
    assert str(Quarter.read(typed)) == "2026-Q4"


@pytest.mark.parametrize("typed", ["", "2026-Q5", "Q4", "1999-Q1", "next quarter"])
def test_what_is_no_quarter_is_told_what_one_looks_like(typed: str) -> None:
    """The value that was read, and an example."""
    with pytest.raises(InputError, match=r"names no quarter.*2026-Q4"):
        Quarter.read(typed)


def test_quarters_follow_each_other_over_the_year() -> None:
    """The one after the fourth is the first of the next year, and back."""
    assert str(Quarter(2026, 4).following) == "2027-Q1"
    assert str(Quarter(2027, 1).previous) == "2026-Q4"
    assert Quarter(2026, 3).following.previous == Quarter(2026, 3)


def test_a_quarter_that_begins_late_takes_its_days_from_the_one_before() -> None:
    """No day is in two quarters, and none is in none."""
    before, after = term(Quarter(2026, 4), LATE), term(Quarter(2027, 1), LATE)
    assert (before.last, after.first) == (date(2027, 1, 3), date(2027, 1, 4))
    assert running(date(2027, 1, 2), LATE).quarter == Quarter(2026, 4)
    assert running(date(2027, 1, 4), LATE).quarter == Quarter(2027, 1)


def test_weeks_are_counted_from_the_first_day() -> None:
    """Week six is over six weeks after it."""
    quarter = term(Quarter(2026, 4), {})
    assert quarter.after_weeks(6) == date(2026, 11, 12)
    assert [
        quarter.week(date(2026, 9, 30)),
        quarter.week(date(2026, 10, 1)),
        quarter.week(date(2026, 11, 12)),
    ] == [0, 1, 7]
