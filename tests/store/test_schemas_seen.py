"""Schemas as they were seen: one row for as long as it stays the same."""

from datetime import UTC, datetime, timedelta

from bot.core.feed import SchemaSeen, differences, fingerprint
from bot.store import schemas

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
FIRST, SECOND = {"id": "int64", "price": "float64"}, {"id": "int64", "price": "string"}


def test_a_schema_is_kept_from_when_until_when_it_was_seen(database):
    """What it was the day before is told apart from what it is now; back again is a new row."""
    seen = [(FIRST, 0), (FIRST, 1), (SECOND, 2), (SECOND, 30), (FIRST, 31)]
    with database.write() as session:
        news = [schemas.see(session, "w/feed", one, now=NOON + HOUR * hours) for one, hours in seen]
        assert news == [False, False, True, False, True]
        assert schemas.before(session, "w/feed", NOON) == SchemaSeen(FIRST, NOON, NOON + HOUR)
        assert schemas.before(session, "w/feed", NOON + HOUR * 26) == SchemaSeen(
            SECOND, NOON + HOUR * 2, NOON + HOUR * 30
        )
        assert schemas.before(session, "w/feed", NOON + HOUR * 99).schema == FIRST


def test_the_first_one_ever_seen_stands_in_where_none_was_seen_so_early(sqlite):
    """A watch that began this morning: better than nothing, and it says since when."""
    with sqlite.write() as session:
        assert schemas.before(session, "w/feed", NOON) is None
        schemas.see(session, "w/feed", FIRST, now=NOON)
        assert schemas.before(session, "w/feed", NOON - HOUR * 24) == SchemaSeen(FIRST, NOON, NOON)
        assert schemas.before(session, "w/other", NOON) is None


def test_a_look_that_comes_late_changes_nothing(sqlite):
    """Two replicas: the slower one saw what was there before."""
    with sqlite.write() as session:
        schemas.see(session, "w/feed", SECOND, now=NOON)
        assert schemas.see(session, "w/feed", FIRST, now=NOON - HOUR) is False
        assert schemas.before(session, "w/feed", NOON) == SchemaSeen(SECOND, NOON, NOON)


def test_a_fingerprint_is_of_names_and_types_in_any_order():
    """Twelve hex digits; a moved column is no change, a renamed one is two."""
    assert fingerprint(FIRST) == fingerprint(dict(reversed(FIRST.items())))
    assert fingerprint(FIRST) != fingerprint(SECOND)
    assert differences(FIRST, {"id": "int64", "cost": "float64"}) == (
        "price is gone",
        "cost (float64) is new",
    )
