"""Patterns, windows and lengths of time: what silences, rules and maintenance windows are made of."""

from datetime import UTC, datetime, time, timedelta
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.duration_words import typed
from bot.core.matching import fits, matches, words
from bot.core.silence_words import read
from bot.core.window import Window


@pytest.mark.parametrize(
    ("value", "pattern", "fit"),
    [
        ("rag", "rag", True), ("RAG", "rag", True), ("rag-index", "rag", False), ("rag-index", "rag-*", True),
        ("rag-index", "*index", True), ("rag-index", "*a*d*", True), ("rag-index", "*d*a*", False),
        ("aa", "aa*a", False), ("", "*", False), ("", "", True), ("x", "", False), ("a.b", "a?b", False),
        ("a*b", "a*b", True), ("[x]", "[x]", True),
    ],
)  # fmt: skip
def test_a_pattern_is_text_in_which_a_star_is_anything(value, pattern, fit):
    """No other character has a meaning."""
    assert fits(value, pattern) is fit


@given(st.text("ab", max_size=12), st.text("ab*", max_size=8))
def test_a_pattern_fits_what_the_same_regular_expression_fits(value, pattern):
    """The oracle is the standard library's fnmatch, which knows the same star."""
    from fnmatch import fnmatchcase

    assert fits(value, pattern) is (fnmatchcase(value, pattern) if value else pattern == "")


def test_no_pattern_takes_long():
    """What a regular expression would try in a hundred thousand million ways."""
    began = perf_counter()
    assert not fits("a" * 10_000, "*a" * 90 + "*b")
    assert perf_counter() - began < 1


def test_all_labels_have_to_fit_and_any_of_their_patterns():
    """A label that the alert lacks does not."""
    match = {"service": ("rag", "answers"), "locale": ("jp",)}
    assert matches({"service": "answers", "locale": "JP", "more": "x"}, match)
    assert not matches({"service": "answers"}, match)
    assert matches({}, {})
    assert words(match) == "service=rag|answers locale=jp"


def test_a_silence_is_read_with_its_labels_and_reason_in_any_order():
    """Quoted values may have spaces, also between the quotes a phone makes."""
    wish = read('1h30m reindex service=rag-* "under way" team=“a b” locale=jp|en by hand')
    assert wish.length == timedelta(minutes=90)
    assert wish.match == {"service": ("rag-*",), "team": ("a b",), "locale": ("jp", "en")}
    assert wish.reason == 'reindex "under way" by hand'


@pytest.mark.parametrize(
    ("word", "length"),
    [
        ("30m", timedelta(minutes=30)), ("30min", timedelta(minutes=30)), ("2H", timedelta(hours=2)),
        ("1d12h", timedelta(hours=36)), ("1w", timedelta(days=7)), ("2", None), ("h", None), ("-2h", None),
        ("99999h", None), ("", None), ("2h!", None),
    ],
)  # fmt: skip
def test_lengths_of_time_as_they_are_typed(word, length):
    """What is no length is none."""
    assert typed(word) == length


BERLIN = Window("w", {}, weekdays=(6,), at=time(2, 30), length=timedelta(hours=2), zone="Europe/Berlin")


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        (datetime(2026, 11, 22, 1, 29, tzinfo=UTC), None),
        (datetime(2026, 11, 22, 1, 30, tzinfo=UTC), datetime(2026, 11, 22, 3, 30, tzinfo=UTC)),
        (datetime(2026, 11, 22, 3, 29, tzinfo=UTC), datetime(2026, 11, 22, 3, 30, tzinfo=UTC)),
        (datetime(2026, 11, 22, 3, 30, tzinfo=UTC), None),
        (datetime(2026, 11, 23, 2, 0, tzinfo=UTC), None),
        # the clock goes back on 25 October 2026: 02:30 comes twice, and is meant once
        (datetime(2026, 10, 25, 0, 31, tzinfo=UTC), datetime(2026, 10, 25, 2, 30, tzinfo=UTC)),
        (datetime(2026, 10, 25, 2, 31, tzinfo=UTC), None),
        # and forward on 29 March: there is no 02:30, it is meant as 03:30
        (datetime(2026, 3, 29, 1, 29, tzinfo=UTC), None),
        (datetime(2026, 3, 29, 1, 31, tzinfo=UTC), datetime(2026, 3, 29, 3, 30, tzinfo=UTC)),
    ],
)
def test_a_weekly_window_is_open_in_its_own_zone(now, ends):
    """As long as it says, also on the days on which the clock changes."""
    assert BERLIN.ends(now) == ends


def test_a_window_over_midnight_and_one_for_days_are_open_on_the_days_after():
    """They began on a day that is named."""
    long = Window("w", {}, weekdays=(4,), at=time(22), length=timedelta(hours=60), zone="UTC")
    monday = datetime(2026, 11, 23, 9, 59, tzinfo=UTC)
    assert long.ends(monday) == datetime(2026, 11, 23, 10, tzinfo=UTC)
    assert long.ends(monday + timedelta(minutes=2)) is None
    assert long.next_start(monday) == datetime(2026, 11, 27, 22, tzinfo=UTC)


def test_a_window_that_is_held_once_comes_never_again():
    """It has a start and an end."""
    start = datetime(2026, 11, 23, 2, tzinfo=UTC)
    once = Window("w", {}, start, start + timedelta(hours=1))
    assert once.next_start(start - timedelta(days=90)) == start
    assert once.ends(start) == start + timedelta(hours=1)
    assert (once.ends(start - timedelta(seconds=1)), once.ends(start + timedelta(hours=1))) == (None, None)
    assert once.next_start(start) is None
