"""`/changes`: what is asked for, what a page shows, and how it is turned."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.change import Change, ChangeKind
from bot.core.inbound import Ask, Place, Press
from bot.errors import InputError
from bot.limits import check_blocks
from bot.services import change_log, changes
from bot.store import change_sources
from bot.store.change_sources import Reading
from handlers import grammar, needs, switchboard
from tests.services.incident_bench import ENG, Bench, Shown


@pytest.fixture
def bench(sqlite, clock):
    """A bench on SQLite."""
    return Bench(sqlite, clock)


def put(bench, name, hours, kind=ChangeKind.CODE_DEPLOY, **fields):
    """Report a change that took effect so many hours ago."""
    at = bench.now - timedelta(hours=hours)
    with bench.write() as session:
        changes.record(session, [Change("github", name, kind, name, at, **fields)], now=bench.now)


def asked(bench, text=""):
    """Ask as the slash command does."""
    read = grammar.parse("changes", text, by=ENG, place=Place("C1"))
    assert isinstance(read, Ask)
    with bench.db.read() as session:
        message = switchboard.QUESTIONS[read.topic, read.question](session, bench.desk, read, bench.now)
    assert check_blocks(list(message.blocks)) == []
    return Shown({"text": message.text, "blocks": list(message.blocks)})


def titles(shown):
    """The titles shown, in order."""
    return [part.split("*")[0] for part in shown.text.split(" · *")[1:]]


def test_the_last_day_is_shown_the_latest_first_in_the_order_of_effect(bench):
    """Whatever order they were heard of in; what was heard of late says so."""
    put(bench, "eleven", 11)
    put(bench, "two", 2, service="reranker", by="ana", version="6f1", previous_version="5e0")
    put(bench, "yesterday", 30)
    put(bench, "five", 5)
    shown = asked(bench)
    assert titles(shown) == ["two", "five", "eleven"]
    assert "3 changes" in shown.notification
    assert "5e0 → 6f1 · reranker · by ana · github (heard of 2 h later)" in shown.text


@pytest.mark.parametrize(
    ("typed", "seen"),
    [
        ("3h", ["b"]),
        ("2d", ["b", "c", "a"]),
        ("since 2d service=Reranker", ["a"]),
        ("2d kind=prompt", ["c"]),
        ("2d kind=code-deploy", ["b", "a"]),
        ("2026-11-22 source=github", ["b", "c"]),
        ("yesterday", ["b", "c"]),
        ("2d source=mlflow", []),
    ],
)
def test_the_log_is_narrowed_by_time_service_kind_and_source(bench, typed, seen):
    """Times of day and days are in the configured zone, Tokyo."""
    put(bench, "a", 40, service="reranker")
    put(bench, "b", 2)
    put(bench, "c", 20, ChangeKind.PROMPT)
    assert titles(asked(bench, typed)) == seen


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("last tuesday or so", "is no time I know"),
        ("2d kind=magic", "There is no kind of change “magic”. Kinds: code_deploy"),
        ("2d colour=red", "which is no filter I know"),
        ("2d service=<!channel>", "No change ever named the service “&lt;!channel&gt;”. Known: reranker"),
        ("2026-12-24", "which is still to come"),
        ("999999999999999d", "is no time I know"),
    ],
)
def test_what_is_not_understood_says_what_was_read_and_what_is_known(bench, typed, says):
    """Nobody has to look the words up."""
    put(bench, "a", 1, service="reranker")
    with pytest.raises(InputError) as error:
        asked(bench, typed)
    assert says in f"{error.value.message} {error.value.hint}".replace("\u200b", "")


def test_a_long_log_pages(bench):
    """Thirty changes are three pages; what comes in meanwhile moves nothing."""
    for number in range(30):
        put(bench, f"n{number:02}", number / 2 + 0.1, service="s" * 200, by="<!here>", version="v" * 300)
    shown = asked(bench)
    assert titles(shown)[0] == "n00"
    assert len(titles(shown)) == 12
    assert shown.buttons == ["Older"]
    bench.clock.advance(minutes=5)
    put(bench, "just now", 0)
    for count, buttons in ((12, ["Newer", "Older"]), (6, ["Newer"])):
        press = Press(ENG, Place("C1"), "x", shown.elements[-1]["value"])
        with bench.write() as session:
            needs.press(session, bench.desk, ENG, "incident.changes_older")
            change_log.turn(session, bench.desk, press, f"k{count}", bench.now)
        shown = Shown(bench.effects("ephemeral")[-1]["message"])
        assert (len(titles(shown)), shown.buttons) == (count, buttons)
    assert titles(shown)[-1] == "n29"
    assert "just now" not in shown.text
    with bench.write() as session, pytest.raises(InputError, match="cannot be read"):
        change_log.turn(session, bench.desk, Press(ENG, Place("C1"), "x", '{"a": 1e99}'), "k", bench.now)


def test_a_page_of_names_in_any_script_can_be_turned(bench):
    """What a button may carry is counted in characters, not in escapes of them."""
    name = "推薦" * 90
    for number in range(13):
        put(bench, f"n{number:02}", number, service=name)
    assert asked(bench, f"service={name} source={name}").buttons == []
    shown = asked(bench, f"service={name}")
    assert shown.buttons == ["Older"]
    assert len(shown.elements[-1]["value"]) < 300


def test_an_incident_stands_where_it_began(bench):
    """Between the changes before and after it."""
    put(bench, "before", 3)
    bench.receive(bench.alert(started_at=bench.now - timedelta(hours=2)))
    put(bench, "after", 1)
    text = asked(bench).text
    assert text.index("after") < text.index("INC-1 began") < text.index("before")


def test_spans_ends_links_and_hostile_titles(bench):
    """A poll's span, a campaign's end; no mention, no link that was not meant."""
    now = bench.now
    with bench.write() as session:
        since = now - timedelta(minutes=2)
        given = [
            Change("ml", "1", ChangeKind.MODEL, "<!channel> *moved*", now, earliest=since),
            Change("plan", "2", ChangeKind.CAMPAIGN, "sale", now - timedelta(hours=40), now, url="https://x/y"),
            Change("plan", "3", ChangeKind.CAMPAIGN, "odd", now, url="https://x/<y|z>"),
        ]  # fmt: skip
        changes.record(session, given, now=now)
    text = asked(bench).text
    assert "<!channel>" not in text
    assert " to <!date^" in text
    assert "until <!date^" in text
    assert text.count("|open>") == 1


def test_an_empty_log_and_sources_that_cannot_be_read_are_said(bench):
    """Nothing reported is not nothing changed."""
    assert "Nobody reported any change in that time." in asked(bench).text
    with bench.write() as session:
        change_sources.keep(
            session, Reading("registry", failing_since=datetime(2026, 11, 23, 1, tzinfo=UTC), error="401")
        )
    assert "? registry cannot be read, never read: what it knows is missing here" in asked(bench).text


def test_help_is_still_help(bench):
    """And a text that is too long is refused."""
    assert grammar.parse("changes", "help", by=ENG, place=Place("C1")).question == "help"
    with pytest.raises(InputError, match="2001 characters"):
        grammar.parse("changes", "x" * 2001, by=ENG, place=Place("C1"))
