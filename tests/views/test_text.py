"""Text in Slack: nothing from outside acts, nothing is longer than allowed, everything stays readable."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.outside import clean, kept
from bot.views import text


@pytest.mark.parametrize(
    ("given_text", "shown"),
    [
        ("<!channel>", "&lt;!channel&gt;"),
        ("<@U01> & co", "&lt;@\u200bU01&gt; &amp; co"),
        ("@here now", "@\u200bhere now"),
        ("NDCG@10", "NDCG@10"),
        ("`rm -rf`", "\u02cbrm -rf\u02cb"),
        ("*bold* ~no~ 3*4", "\u2217bold\u2217 \u223cno\u223c 3\u22174"),
        ("_it_ row_count", "\u200b_\u200bit\u200b_\u200b row_count"),
        ("https://evil.example/x", "https:\u200b//evil.example/x"),
        ("a\nb\x00\u202ec", "a b c"),
    ],
)
def test_what_slack_would_act_on_is_made_harmless(given_text, shown):
    """Mentions, links, formatting and line breaks."""
    assert text.escape(given_text) == shown


@given(st.text(), st.integers(min_value=1, max_value=60))
def test_escaped_text_never_exceeds_its_limit_nor_ends_in_half_an_entity(outside, limit):
    """Entities are counted as Slack counts them."""
    shown = text.escape(outside, limit)
    assert len(shown) <= limit
    bare = shown.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")
    assert "&" not in bare
    assert "<" not in bare
    assert ">" not in bare
    assert "\n" not in shown


@given(st.text())
def test_cleaned_text_can_be_stored_anywhere(outside):
    """No NUL, no half characters, one line; cleaning again changes nothing."""
    cleaned = clean(outside)
    cleaned.encode("utf-8")
    assert "\x00" not in cleaned
    assert clean(cleaned) == cleaned
    assert len(kept(outside, 20)) <= 20


def test_lines_that_do_not_fit_are_counted():
    """Whole lines only, and the reader is told how many are missing."""
    lines = ["x" * 100] * 50
    shown = text.fit(lines, 1000)
    assert len(shown) <= 1000
    assert shown.endswith("(and 41 more lines)")
    assert text.fit(["a", "b"], 100) == "a\nb"


def test_times_are_shown_in_the_readers_zone_with_utc_for_others():
    """Whatever zone they come in."""
    moment = datetime(2026, 11, 23, 11, 34, tzinfo=timezone(timedelta(hours=9)))
    unix = int(moment.timestamp())
    assert text.when(moment) == f"<!date^{unix}^{{time}}|2026-11-23 02:34 UTC>"
    assert text.clock_time(moment) == "02:34 UTC"


def test_people_and_channels_are_linked_only_by_id():
    """A name from outside cannot pose as a mention."""
    assert text.person("U01") == "<@U01>"
    assert text.person("S0ML") == "<!subteam^S0ML>"
    assert text.person("ana@example.com") == "ana@\u200bexample.com"
    assert text.person("U01> <!channel") == "U01&gt; &lt;!channel"
    assert text.people((), "nobody") == "nobody"
    assert text.channel("C0123") == "<#C0123>"
    assert text.channel("#inc-1") == "<#inc-1>"  # which becomes a link where it is sent
    assert text.channel("#inc <!channel>") == "#inc &lt;!channel&gt;"


@pytest.mark.parametrize(
    ("span", "shown"),
    [
        (timedelta(seconds=-5), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=1), "1 h"),
        (timedelta(hours=25), "1 d 1 h"),
    ],
)
def test_durations_have_at_most_two_units(span, shown):
    """Rounded down, never negative."""
    assert text.duration(span) == shown


def test_numbers_and_percentages_keep_their_sign_and_size():
    """A real minus sign; large numbers with separators; what is not finite is said."""
    assert text.percent(-0.2179) == "\u221221.8 %"
    assert text.percent(float("nan")) == "n/a"
    assert text.number(0.6100001) == "0.61"
    assert text.number(float("inf")) == "inf"


def test_a_percentage_is_never_broken_over_two_lines():
    """A no-break space in whatever is shown; a remainder (7 % 3) keeps its own."""
    shown = [text.section("at 51 %, not 5 %")["text"]["text"], text.header("+2.1 % (x)")["text"]["text"]]
    assert shown == ["at 51\u00a0%, not 5\u00a0%", "+2.1\u00a0% (x)"]
    assert text.plain("rate 7 % 3", 20) == "rate 7 % 3"


@pytest.mark.parametrize(
    ("title", "name"),
    [("NDCG@10: 0.78 → 0.61", "ndcg-10-0-78-0-61"), ("検索の品質", "incident"), ("a" * 99, "a" * 40)],
)
def test_channel_names_are_made_of_what_slack_allows(title, name):
    """Lower case, digits, hyphens; never empty."""
    assert text.slug(title) == name


def test_a_header_is_cut_to_slacks_limit():
    """150 characters of plain text, shown as they are."""
    block = text.header("<!channel>" + "x" * 200)
    assert len(block["text"]["text"]) == 150
    assert block["text"]["text"].startswith("<!channel>x")


def test_utc_is_utc():
    """The fallback does not depend on the machine's zone."""
    assert text.clock_time(datetime(2026, 1, 1, tzinfo=UTC)) == "00:00 UTC"
