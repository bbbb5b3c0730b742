"""Changes by a query of a warehouse: columns, zones, cursors, and rows that are no changes."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb
import pytest

from bot.core.change import ChangeKind
from bot.errors import SourceError
from bot.settings import SourceSettings
from bot.settings.changes import ChangeSourceSettings
from bot.sources import change_query

NOW = datetime(2026, 11, 23, 3, 12, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")
QUERY = "SELECT * FROM deploys"


@pytest.fixture
def warehouse(tmp_path):
    """A DuckDB file, and what fills it."""
    path = tmp_path / "w.duckdb"

    def fill(*statements):
        with duckdb.connect(str(path)) as connection:
            for statement in statements:
                connection.execute(statement)
        return {"shop": SourceSettings(kind="ibis", url=f"duckdb://{path}")}

    return fill


def read(sources, cursor=None, query=QUERY, **given):
    """One reading."""
    settings = ChangeSourceSettings(**{"kind": "sql", "source": "shop", "query": query, **given})
    return change_query.read("deploys", settings, cursor or {}, NOW, sources, TOKYO)


TABLE = (
    'CREATE TABLE deploys (id INTEGER, title VARCHAR, "at" TIMESTAMP, kind VARCHAR, service VARCHAR, '
    "version VARCHAR, ended_at TIMESTAMP, url VARCHAR)"
)


def test_rows_are_changes_with_times_in_the_configured_zone(warehouse):
    """The latest of a week at first; ids are texts; a link that is none is left out."""
    sources = warehouse(
        TABLE,
        "INSERT INTO deploys VALUES (1, 'long ago', '2026-11-01 09:00', 'model', NULL, NULL, NULL, NULL),"
        "(7, 'l12', '2026-11-23 11:50', 'model', 'reranker', '12', NULL, 'https://x/7'),"
        "(8, 'sale', '2026-11-22 00:00', 'campaign', NULL, NULL, '2026-11-24 00:00', 'javascript:x'),"
        "(9, 'to come', '2026-12-01 00:00', 'model', NULL, NULL, NULL, NULL)",
    )
    found = read(sources)
    sale, model = found.changes
    assert (model.source, model.id, model.kind, model.version) == ("deploys", "7", ChangeKind.MODEL, "12")
    assert (model.at, model.url) == (datetime(2026, 11, 23, 2, 50, tzinfo=UTC), "https://x/7")
    assert (sale.ended_at, sale.url) == (datetime(2026, 11, 23, 15, tzinfo=UTC), "")
    assert found.cursor == {"until": "2026-11-23T02:50:00+00:00", "more": False}
    again = read(sources, found.cursor)
    assert [change.id for change in again.changes] == ["7"]


@pytest.mark.parametrize("kind", ["TIMESTAMPTZ", "TIMESTAMP", "DATE"])
def test_columns_may_have_other_names_and_kinds_of_time(warehouse, kind):
    """The kind and the service may be the same for all rows."""
    written = "2026-11-23 00:00:00+09" if kind == "TIMESTAMPTZ" else "2026-11-23 00:00:00"
    sources = warehouse(f"CREATE TABLE t AS SELECT 'a' AS run, 'set' AS what, '{written}'::{kind} AS made")
    columns = {"id": "run", "title": "what", "at": "made"}
    found = read(sources, query="SELECT * FROM t", columns=columns, change_kind="eval_set", service="rag")
    (change,) = found.changes
    assert change.at == datetime(2026, 11, 22, 15, tzinfo=UTC)
    assert (change.kind, change.service) == (ChangeKind.EVAL_SET, "rag")


def test_more_rows_than_one_reading_takes_come_with_the_next(warehouse):
    """From the last one on, and with what comes late again once it has caught up."""
    sources = warehouse(
        TABLE,
        "INSERT INTO deploys SELECT range, 'd', TIMESTAMP '2026-11-22 00:00' + to_seconds(range * 60), "
        "'model', NULL, NULL, NULL, NULL FROM range(1200)",
    )
    first = read(sources)
    assert (len(first.changes), first.cursor["more"]) == (1000, True)
    second = read(sources, first.cursor)
    assert [second.changes[0].id, second.changes[-1].id] == ["999", "1199"]
    assert second.cursor["more"] is False
    third = read(sources, second.cursor)
    assert third.changes[0].at >= datetime.fromisoformat(second.cursor["until"]) - timedelta(hours=24)


def test_rows_that_are_no_changes_are_counted_and_the_first_is_named(warehouse):
    """The others are taken."""
    sources = warehouse(
        TABLE,
        "INSERT INTO deploys VALUES (1, 'fine', '2026-11-23 11:00', 'Model', NULL, NULL, NULL, NULL),"
        "(2, 'odd', '2026-11-23 11:01', 'magic', NULL, NULL, NULL, NULL),"
        "(NULL, 'nameless', '2026-11-23 11:02', 'model', NULL, NULL, NULL, NULL)",
    )
    found = read(sources)
    assert [change.id for change in found.changes] == ["1"]
    assert found.fault.startswith(
        "2 of 3 rows cannot be read, the first: row '2': the kind 'magic' is none of"
    )


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("SELECT 1 AS id, 'x' AS title", "deploys: the query gives no column at; it gives id, title"),
        ("SELECT 1 AS id, 'x' AS title, 'now' AS \"at\"", "the column at is string, not a time: cast it"),
        ("SELECT * FROM nowhere", "nowhere"),
        ("DROP TABLE deploys", "must be one SELECT"),
        ("SELECT 1; SELECT 2", "must be one SELECT"),
    ],
)
def test_a_query_that_cannot_be_asked_says_why(warehouse, query, says):
    """Once in the ops channel, and in `lookout doctor`."""
    sources = warehouse(TABLE)
    with pytest.raises(SourceError) as error:
        read(sources, query=query)
    assert says in str(error.value)


def test_an_empty_table_is_no_fault(warehouse):
    """Nothing is known, and the cursor stays."""
    found = read(warehouse(TABLE))
    assert (found.changes, found.fault, found.cursor["until"]) == ((), "", None)


def test_an_end_that_stands_for_none_is_none(warehouse):
    """The last hour there is lies beyond the last there is in UTC, west of it."""
    sources = warehouse(
        TABLE,
        "INSERT INTO deploys VALUES (1, 'x', '2026-11-22 09:00', 'model', '', '', '9999-12-31 23:00', '')",
    )
    settings = ChangeSourceSettings(kind="sql", source="shop", query=QUERY)
    zone = ZoneInfo("America/New_York")
    (change,) = change_query.read("deploys", settings, {}, NOW, sources, zone).changes
    assert change.ended_at is None
