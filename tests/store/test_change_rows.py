"""The change log and the readings of its sources, on both databases."""

from datetime import UTC, datetime, timedelta

from bot.core.change import Change, ChangeKind
from bot.store import change_sources, changes
from bot.store.change_sources import Reading
from bot.store.database import Database

NOW = datetime(2026, 11, 23, 3, 12, tzinfo=UTC)


def change(name: str, minutes: float, **fields) -> Change:
    """A model change so many minutes ago."""
    kind = fields.pop("kind", ChangeKind.MODEL)
    return Change("mlflow", name, kind, name, NOW - timedelta(minutes=minutes), **fields)


def test_a_page_is_in_the_order_of_effect_and_filters_without_regard_to_case(database: Database) -> None:
    """With how many there are altogether, and when each was heard of."""
    with database.write() as session:
        for number, given in enumerate(
            [
                change("c", 30, service="Reranker"),
                change("a", 5),
                change("b", 10, service="reranker", kind=ChangeKind.PROMPT),
                change("campaign", 9000, ended_at=NOW - timedelta(minutes=20)),
                change("old", 9000),
            ]
        ):
            changes.put(session, given, now=NOW + timedelta(seconds=number))
    with database.read() as session:
        span = {"start": NOW - timedelta(hours=1), "end": NOW}
        found, count = changes.page(session, **span, most=2)
        assert ([one.change.id for one in found], count) == (["a", "b"], 4)
        assert found[0].received_at == NOW + timedelta(seconds=1)
        found, _ = changes.page(session, **span, skip=2, most=2)
        assert [one.change.id for one in found] == ["c", "campaign"]
        found, count = changes.page(session, **span, service="RERANKER")
        assert ([one.change.id for one in found], count) == (["b", "c"], 2)
        found, _ = changes.page(session, **span, kinds=[ChangeKind.PROMPT], source="MLflow")
        assert [one.change.id for one in found] == ["b"]
        assert set(changes.services(session)) == {"Reranker", "reranker"}


def test_a_span_that_begins_before_the_end_is_among_what_was_before_it(database: Database) -> None:
    """It may have taken effect in time."""
    with database.write() as session:
        changes.put(session, change("span", -2, earliest=NOW - timedelta(minutes=1)), now=NOW)
        changes.put(session, change("after", -2), now=NOW)
    with database.read() as session:
        found = changes.between(session, NOW - timedelta(hours=1), NOW)
    assert [one.id for one in found] == ["span"]


def test_of_twins_the_one_with_the_exact_time_is_kept(database: Database) -> None:
    """Whichever came first; twins further apart than the span are two."""
    span = {"earliest": NOW - timedelta(minutes=10), "twin": "t"}
    with database.write() as session:
        assert changes.put(session, change("poll", 5, **span), now=NOW)
        assert changes.put(session, change("exact", 7, twin="t"), now=NOW)
        assert not changes.put(session, change("poll again", 5, **span), now=NOW)
        assert changes.put(session, change("an hour before", 60, twin="t"), now=NOW)
    with database.read() as session:
        found = changes.between(session, NOW - timedelta(days=1), NOW)
    assert [one.id for one in found] == ["exact", "an hour before"]


def test_how_far_a_source_was_read_is_kept_and_forgotten(database: Database) -> None:
    """Every field of it."""
    cursor = {"at": "x", "aliases": {"a": {"b": "1"}}}
    kept = Reading("registry", cursor, NOW, NOW, NOW, 3, "401 \x00", told=True)
    with database.write() as session:
        assert change_sources.reading(session, "registry", lock=True) == Reading("registry")
        change_sources.keep(session, kept)
        change_sources.keep(session, kept)
    with database.read() as session:
        (found,) = change_sources.readings(session)
        assert found.cursor == kept.cursor
        assert (found.failures, found.told, found.failing_since) == (3, True, NOW)
        assert "\x00" not in found.error
    with database.write() as session:
        change_sources.forget(session, "registry")
        change_sources.forget(session, "registry")
        assert change_sources.readings(session) == ()
