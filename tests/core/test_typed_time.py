"""Times as people type them, in their zone, and whatever else they type."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.typed_time import FURTHEST, moment, span
from bot.errors import InputError

NOW = datetime(2026, 11, 23, 3, 12, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")
"""There it is 12:12."""


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("11:50", "2026-11-23T02:50"),
        ("12:13", "2026-11-22T03:13"),
        ("3:00 UTC", "2026-11-23T03:00"),
        ("4:00Z", "2026-11-22T04:00"),
        ("today 00:10", "2026-11-22T15:10"),
        ("yesterday  23:50", "2026-11-22T14:50"),
        ("today", "2026-11-22T15:00"),
        ("20m", "2026-11-23T02:52"),
        ("1.5 h ago", "2026-11-23T01:42"),
        ("3D", "2026-11-20T03:12"),
        ("1w", "2026-11-16T03:12"),
        ("2026-11-20", "2026-11-19T15:00"),
        ("2026-11-20 9:05", "2026-11-20T00:05"),
        ("2026-11-20T09:05:00+02:00", "2026-11-20T07:05"),
    ],
)
def test_a_time_is_the_last_one_that_was_in_the_zone_of_whoever_types(typed, meant):
    """Unless it says another zone, or a day."""
    assert f"{moment(typed, now=NOW, zone=TOKYO).astimezone(UTC):%Y-%m-%dT%H:%M}" == meant


@pytest.mark.parametrize(
    "typed",
    ["", "noon", "25:00", "12:60", "2026-02-30", "99999d", "9999-12-31", "2026-11-20 9:05+99:00", "-3h"],
)
def test_what_is_no_time_is_refused_with_examples(typed):
    """And with what was read."""
    with pytest.raises(InputError) as error:
        moment(typed, now=NOW, zone=TOKYO)
    assert "which is no time I know" in error.value.message
    assert "02:34" in error.value.hint


@pytest.mark.parametrize("typed", ["11:40-11:50", "11:40 to 11:50", "11:40..11:50", "11:40 \u2013 11:50"])
def test_two_times_are_a_span(typed):
    """One time is both of its ends."""
    first, last = span(typed, now=NOW, zone=TOKYO)
    assert last - first == timedelta(minutes=10)
    assert span("11:40", now=NOW, zone=TOKYO) == (first, first)
    with pytest.raises(InputError, match="ends before it begins"):
        span("11:50 to 11:40", now=NOW, zone=TOKYO)


def test_the_second_time_of_a_span_is_on_the_day_of_the_first():
    """It is not the last one that was."""
    for typed in ("2026-11-20 02:20-02:41", "2026-11-20T02:20 to 02:41", "2026-11-20 02:20..02:41"):
        first, last = span(typed, now=NOW, zone=TOKYO)
        assert first == datetime(2026, 11, 19, 17, 20, tzinfo=UTC)
        assert last - first == timedelta(minutes=21), typed
    for typed in ("yesterday 23:00-23:10", "23:55-00:05", "2026-11-20 23:55 to 00:05"):
        first, last = span(typed, now=NOW, zone=TOKYO)
        assert last - first == timedelta(minutes=10), typed


def test_a_day_whose_clock_is_turned_has_its_times():
    """02:30 did not exist on the day it goes forward in Berlin."""
    at = datetime(2026, 3, 29, 10, tzinfo=UTC)
    assert moment("02:30", now=at, zone=ZoneInfo("Europe/Berlin")).astimezone(UTC).hour in (0, 1)


@given(st.text(max_size=40) | st.from_regex(r"[0-9:\-TZ mhd]{1,20}", fullmatch=True))
def test_any_text_is_a_time_with_a_zone_or_refused(typed):
    """Nothing else comes of it."""
    try:
        first, last = span(typed, now=NOW, zone=TOKYO)
    except InputError:
        return
    assert first <= last
    assert first.tzinfo is not None
    assert abs(first - NOW) <= FURTHEST
