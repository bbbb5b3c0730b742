"""Days of a table where it is: zones, clock changes, dates and words, the same on DuckDB and PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import psycopg
import pytest
from sqlalchemy import make_url

from bot.core.checks.options import Table
from bot.core.checks.upstream import Upstream
from bot.core.feed import Feed
from bot.core.histogram import Histograms
from bot.core.registration import Data
from bot.errors import SourceError
from bot.settings import SourceSettings
from bot.sources import feed, histograms
from bot.sources.warehouse import table_of
from bot.sources.windows import Within, window_of, within

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

NOW = datetime(2026, 11, 23, 3, 12, tzinfo=UTC)
TOKYO, BERLIN = ZoneInfo("Asia/Tokyo"), ZoneInfo("Europe/Berlin")


class Tables:
    """A source, and a way to run SQL in it."""

    def __init__(self, source: SourceSettings, run: Any, schema: str) -> None:
        self.source, self.run, self.schema = source, run, schema

    @contextmanager
    def open(self, table: str) -> Iterator[Any]:
        """The Ibis table."""
        with table_of(
            Data(source="w", table=f"{self.schema}.{table}"), sources={"w": self.source}, root=None
        ) as found:
            yield found

    def count(self, table: str, column: str, *, now: datetime = NOW, zone: str = "", site: ZoneInfo) -> Feed:
        """The feed's days."""
        options = Upstream(Table("w", table, "", column, zone), weeks=4)
        with self.open(table) as found:
            return feed.count(found, options, now=now, zone=site)

    def histograms(self, table: str, *columns: str, hours: float = 24, **more: Any) -> Histograms:
        """The bins of the last day and 10 others."""
        utc = ZoneInfo("UTC")
        span = window_of(now=NOW, onset=NOW, hours=hours, days=10, zone=utc, dates=utc)
        with self.open(table) as found:
            inside: Within = within(found, "at", span, table)
            return histograms.count(inside.rows, columns, **more)


@pytest.fixture(params=["duckdb", "postgres"])
def tables(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[Tables]:
    """An empty source of each engine."""
    if request.param == "duckdb":
        file = str(tmp_path / "w.duckdb")

        def run(*statements: str) -> None:
            with duckdb.connect(file) as connection:
                connection.execute("SET TimeZone = 'UTC'")
                for statement in statements:
                    connection.execute(statement)

        run("CREATE TABLE nothing (n INTEGER)")
        yield Tables(SourceSettings(kind="ibis", url=f"duckdb://{file}"), run, "main")
        return
    server = make_url(request.getfixturevalue("postgres_server"))
    url = server.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET TimeZone = 'America/New_York'")
        connection.execute("DROP SCHEMA IF EXISTS days CASCADE")
        connection.execute("CREATE SCHEMA days")
        connection.execute("SET search_path = days")

        def told(*statements: str) -> None:
            for statement in statements:
                connection.execute(statement)  # type: ignore[arg-type]

        yield Tables(SourceSettings(kind="ibis", url=url), told, "days")
        connection.execute("DROP SCHEMA days CASCADE")


def rows(*moments: datetime, kind: str) -> tuple[str, str]:
    """A table of these moments, in a column with its zone or as the wall time of UTC."""
    plain = "TIMESTAMPTZ" if kind == "aware" else "TIMESTAMP"
    suffix = "+00" if kind == "aware" else ""
    values = ", ".join(f"({plain} '{moment:%Y-%m-%d %H:%M:%S}{suffix}', 1.5)" for moment in moments)
    made = f'CREATE TABLE seen ("at" {plain}, price DOUBLE PRECISION)'
    return made, f"INSERT INTO seen VALUES {values}"


@pytest.mark.parametrize("kind", ["aware", "naive"])
def test_a_day_is_one_of_the_site_whatever_the_engine_thinks(tables: Tables, kind: str) -> None:
    """Midnight in Tokyo is 15:00 UTC; what is of the future is left out."""
    tables.run(
        *rows(
            datetime(2026, 11, 22, 14, 59, 59, tzinfo=UTC),
            datetime(2026, 11, 22, 15, 0, 0, tzinfo=UTC),
            datetime(2026, 11, 23, 1, 0, 0, tzinfo=UTC),
            datetime(2026, 11, 23, 3, 12, 0, tzinfo=UTC),
            datetime(2026, 11, 23, 3, 12, 1, tzinfo=UTC),
            kind=kind,
        )
    )
    found = tables.count("seen", "at", site=TOKYO)
    assert (found.today, found.clock, found.dated) == (date(2026, 11, 23), 12 * 3600 + 720, False)
    today, yesterday = found.days[date(2026, 11, 23)], found.days[date(2026, 11, 22)]
    assert (today.rows, today.early, today.so_far, today.newest) == (3, 2, 3, 43920.0)
    assert (yesterday.rows, yesterday.so_far, yesterday.newest, yesterday.newest_so_far) == (
        1,
        0,
        86399.0,
        None,
    )


def test_wall_times_are_those_of_the_zone_that_is_configured(tables: Tables) -> None:
    """A column that a loader in Tokyo wrote without a zone: 12:12 there is now."""
    tables.run(
        *rows(
            datetime(2026, 11, 23, 0, 5, tzinfo=TOKYO),
            datetime(2026, 11, 23, 12, 12, tzinfo=TOKYO),
            datetime(2026, 11, 23, 12, 13, tzinfo=TOKYO),
            kind="naive",
        )
    )
    found = tables.count("seen", "at", zone="Asia/Tokyo", site=BERLIN)
    assert {day: one.rows for day, one in found.days.items()} == {date(2026, 11, 23): 2}
    assert found.days[date(2026, 11, 23)].newest == 12 * 3600 + 720


def test_days_have_their_own_midnight_across_a_clock_change(tables: Tables) -> None:
    """Berlin went back an hour on 25 October: local midnight is 22:00 UTC before, 23:00 UTC after."""
    tables.run(
        *rows(
            datetime(2026, 10, 23, 21, 59, 59, tzinfo=UTC),
            datetime(2026, 10, 23, 22, 0, 0, tzinfo=UTC),
            datetime(2026, 10, 25, 22, 59, 59, tzinfo=UTC),
            datetime(2026, 10, 25, 23, 0, 0, tzinfo=UTC),
            kind="aware",
        )
    )
    found = tables.count("seen", "at", now=datetime(2026, 11, 2, 3, 0, tzinfo=UTC), site=BERLIN)
    assert {day.day: (one.rows, one.newest) for day, one in found.days.items()} == {
        23: (1, 86399.0),
        24: (1, 0.0),
        25: (1, 86399.0),
        26: (1, 0.0),
    }


def test_dates_and_their_text_are_days_of_their_own(tables: Tables) -> None:
    """A partition column, as a date or as text."""
    tables.run(
        "CREATE TABLE parts (day DATE, dt VARCHAR(10), n INTEGER)",
        "INSERT INTO parts VALUES ('2026-11-21', '2026-11-21', NULL), ('2026-11-22', '2026-11-22', 1), "
        "('2026-11-22', '2026-11-22', NULL), ('2027-01-01', '2027-01-01', 1), (NULL, NULL, 1)",
    )
    for column in ("day", "dt"):
        found = tables.count("parts", column, site=TOKYO)
        assert found.dated
        assert {day.day: (one.rows, one.nulls["n"]) for day, one in found.days.items()} == {
            21: (1, 1),
            22: (2, 1),
        }
        assert found.schema["n"] == "int32"


def test_numbers_are_binned_between_quantiles_of_the_reference(tables: Tables) -> None:
    """NaN and NULL are no value, infinities lie outside; a value that most rows have is a bin of its own."""
    tables.run(
        'CREATE TABLE served ("at" TIMESTAMP, price DOUBLE PRECISION, flag BOOLEAN, genre VARCHAR(10))',
        "INSERT INTO served SELECT TIMESTAMP '2026-11-22 02:00:00' - d * INTERVAL '1 day', "
        "CASE WHEN n < 60 THEN 0 ELSE n END, n % 2 = 0, CASE WHEN n < 70 THEN 'manga' ELSE 'anime' END "
        f"FROM {series(tables, 10, 'd')}, {series(tables, 100, 'n')}",
        "INSERT INTO served VALUES (TIMESTAMP '2026-11-23 03:00:00', 'NaN', NULL, 'novel'), "
        "(TIMESTAMP '2026-11-23 03:00:00', NULL, true, NULL), "
        "(TIMESTAMP '2026-11-23 03:00:00', 'Infinity', true, 'manga'), "
        "(TIMESTAMP '2026-11-23 03:00:00', '-Infinity', true, 'anime'), "
        "(TIMESTAMP '2026-11-23 03:00:00', 0, true, 'anime'), "
        "(TIMESTAMP '2026-11-23 03:00:00', -1, true, '')",
    )
    seen = tables.histograms("served", "price", "flag", "genre", hours=10)
    bins, now = seen.bins["price"], seen.counts["price", ""][0]
    assert bins.edges is not None
    assert bins.edges[1] == 0.0
    assert bins.edges[0] == -1e-9
    assert (now[0], now[1], now[-2], now[-1], sum(now)) == (2, 1, 1, 2, 6)
    assert seen.bins["flag"].names == ("false", "true", "other", "no value")
    assert seen.bins["genre"].names == ("manga", "anime", "other", "no value")
    assert seen.counts["genre", ""][0] == (1, 2, 2, 1)


def test_the_same_hours_of_other_days_are_counted_by_cell(tables: Tables) -> None:
    """An hour of each day: what came at another time of day is not looked at."""
    tables.run(
        'CREATE TABLE served ("at" TIMESTAMP, genre VARCHAR(10), shard VARCHAR(10))',
        "INSERT INTO served SELECT "
        "TIMESTAMP '2026-11-23 03:12:00' - d * INTERVAL '1 day' - h * INTERVAL '30 minutes', "
        f"'manga', CASE WHEN h = 0 THEN 'a' END FROM {series(tables, 13, 'd')}, {series(tables, 48, 'h')}",
    )
    seen = tables.histograms("served", "genre", hours=1, by="shard")
    days = seen.counts["genre", ""]
    assert {ago: sum(counts) for ago, counts in days.items()} == dict.fromkeys(range(11), 2)
    assert seen.counts["genre", "a"][5] == (1, 0, 0)
    assert seen.counts["genre", "no value"][10] == (1, 0, 0)


def test_of_a_column_of_ids_only_the_most_frequent_are_cells(tables: Tables) -> None:
    """The others count for everything, and the engine does not answer a row for each of them."""
    tables.run(
        'CREATE TABLE served ("at" TIMESTAMP, genre VARCHAR(10), client INTEGER)',
        "INSERT INTO served SELECT TIMESTAMP '2026-11-23 03:12:00' - d * INTERVAL '1 day', 'manga', "
        f"CASE WHEN n < 10 THEN 7 ELSE n END FROM {series(tables, 3, 'd')}, {series(tables, 300, 'n')}",
    )
    seen = tables.histograms("served", "genre", hours=1, by="client")
    assert len(seen.counts) == 1 + histograms.WORDS
    assert seen.counts["genre", ""] == dict.fromkeys(range(3), (300, 0, 0))
    assert seen.counts["genre", "7"] == dict.fromkeys(range(3), (10, 0, 0))


def series(tables: Tables, count: int, name: str) -> str:
    """The numbers from 0, as each engine has them."""
    if tables.source.url.get_secret_value().startswith("duckdb"):
        return f"range({count}) {name}_({name})"
    return f"generate_series(0, {count - 1}) {name}_({name})"


def test_bins_are_taken_from_all_rows_where_the_first_ones_were_odd(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table sorted by the value: its first rows say nothing of the others."""
    monkeypatch.setattr(histograms, "HEAD_ROWS", 50)
    tables.run(
        'CREATE TABLE served ("at" TIMESTAMP, price INTEGER)',
        "INSERT INTO served SELECT TIMESTAMP '2026-11-22 12:00:00' - n % 10 * INTERVAL '1 day', n "
        f"FROM {series(tables, 2000, 'n')}",
    )
    seen = tables.histograms("served", "price")
    edges = seen.bins["price"].edges
    assert edges is not None
    assert edges[-1] == pytest.approx(1990, abs=15)


@pytest.mark.parametrize("kind", ["INTEGER", "TIME"])
def test_what_is_no_time_is_refused_with_its_type(tables: Tables, kind: str) -> None:
    """A number may be an epoch or a key: nobody guesses."""
    tables.run(f'CREATE TABLE odd ("at" {kind})')
    with pytest.raises(SourceError, match=r"column at \(time\) of odd is .*, neither a date nor a time"):
        tables.histograms("odd", "at")


def test_a_table_of_dates_that_ended_is_compared_from_its_newest_day(tables: Tables) -> None:
    """The newest date stands for now, however late it is; none at all is said."""
    tables.run(
        'CREATE TABLE daily ("at" DATE, kind VARCHAR(5))',
        "INSERT INTO daily SELECT DATE '2026-11-20' - CAST(d AS INTEGER), 'a' "
        f"FROM {series(tables, 30, 'd')}",
    )
    seen = tables.histograms("daily", "kind")
    assert sorted(seen.counts["kind", ""]) == list(range(11))
    tables.run("UPDATE daily SET \"at\" = DATE '2030-01-01'")
    with pytest.raises(SourceError, match="daily has no rows up to 2026-11-23"):
        tables.histograms("daily", "kind")


def test_the_window_is_since_the_onset_and_its_days_lie_before_it() -> None:
    """An hour at least, a day at most; an incident of two days is compared with what was before it."""
    utc = ZoneInfo("UTC")

    def seen(minutes: float, hours: float = 0) -> tuple[float, int]:
        onset = NOW - timedelta(minutes=minutes)
        found = window_of(now=NOW, onset=onset, hours=hours, days=28, zone=utc, dates=utc)
        return found.hours, found.first

    assert seen(6) == (1.0, 1)
    assert seen(90) == (1.5, 1)
    assert seen(23 * 60) == (23.0, 1)
    assert seen(50 * 60) == (24.0, 3)
    assert seen(6, hours=6) == (6, 1)
