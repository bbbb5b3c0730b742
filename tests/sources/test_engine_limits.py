"""A warehouse is read in time and never written, and what it says holds no secret."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from sqlalchemy import make_url

from bot.core.registration import Data, Registration, load
from bot.errors import SourceError
from bot.settings import SourceSettings
from bot.sources import together, warehouse
from bot.sources.samples import observe

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

SLOW = "SELECT a.range * b.range + c.range AS user FROM range(100000) a, range(100000) b, range(100000) c"


def registration(**where: Any) -> Registration:
    """One metric over a warehouse."""
    shape = {
        "id": "limits",
        "arms": {"control": "a", "treatment": "b"},
        "horizon_days": 1,
        "data": {"source": "w", "unit": "user", "arm": "arm", "day": "day", **where},
        "metrics": {"rate": {"kind": "mean", "column": "rate"}},
        "primary": {"metric": "rate", "mde": {"relative": 0.1}},
        "sequential": {"looks": [1]},
    }
    return load(shape)


def refused(source: SourceSettings, **where: Any) -> str:
    """The one line with which the source refuses."""
    with pytest.raises(SourceError) as caught:
        observe(registration(**where), day=1, sources={"w": source}, root=None)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def in_duckdb(folder: Path, *statements: str, **settings: Any) -> SourceSettings:
    """A DuckDB file after these statements."""
    file = folder / "w.duckdb"
    with duckdb.connect(str(file)) as connection:
        for statement in statements:
            connection.execute(statement)
    return SourceSettings(kind="ibis", url=f"duckdb://{file}", **settings)


@pytest.fixture
def postgres(postgres_server: str) -> Iterator[tuple[SourceSettings, Any]]:
    """A schema of this test's own as a source, and a connection that may write to it."""
    url = make_url(postgres_server).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS shop CASCADE")
        connection.execute("CREATE SCHEMA shop")
        yield SourceSettings(kind="ibis", url=url, timeout_seconds=0.5), connection
        connection.execute("DROP SCHEMA shop CASCADE")


def test_duckdb_is_interrupted_when_its_time_is_over(tmp_path: Path) -> None:
    """A cross join of 1e15 rows ends after a fifth of a second."""
    view = f"CREATE VIEW v AS SELECT 1 AS day, 'a' AS arm, 1 AS rate, user FROM ({SLOW})"
    source = in_duckdb(tmp_path, view, timeout_seconds=0.2)
    assert refused(source, table="v") == "v did not answer in 0.2 s: raise timeout_seconds of source w"
    assert refused(source, sql="SELECT * FROM v").startswith("the query did not answer in 0.2 s")


def test_files_are_interrupted_when_their_time_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A query on the connection itself, and two side by side on cursors of their own."""
    monkeypatch.setattr(warehouse, "FILE_SECONDS", 0.2)
    (tmp_path / "rows.csv").write_text("user,arm,day,rate\n1,a,1,2\n")
    data = registration(source=None, path="rows.csv").data
    said = "rows.csv was not read in 0.2 s: make it smaller, or put it in a warehouse"
    for ask in (together.rows_of, lambda one, text: together.side_by_side(one, [text, text])):
        with (
            pytest.raises(SourceError, match=said),
            warehouse.table_of(data, sources={}, root=tmp_path) as table,
        ):
            ask(table.get_backend().con, f"SELECT sum(user) FROM ({SLOW})")


def test_postgres_is_cancelled_when_its_time_is_over(postgres: tuple[SourceSettings, Any]) -> None:
    """The statement ends on the server too."""
    source, connection = postgres
    connection.execute(
        "CREATE VIEW shop.v AS SELECT g AS user, 1 AS day, 'a' AS arm, 1 AS rate "
        "FROM generate_series(1, 1000) g, pg_sleep(100)"
    )
    assert (
        refused(source, table="shop.v") == "shop.v did not answer in 0.5 s: raise timeout_seconds of source w"
    )
    left = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%\"shop\".\"v\"%' AND state = 'active'"
    assert connection.execute(f"{left} AND pid <> pg_backend_pid()").fetchone() == (0,)


def test_many_quick_statements_share_one_time(postgres: tuple[SourceSettings, Any]) -> None:
    """The time is for the look: a statement that always takes less than it is interrupted as well."""
    source, connection = postgres
    connection.execute(
        "CREATE VIEW shop.v AS SELECT g AS user, 1 AS day, 'a' AS arm, 1 AS rate "
        "FROM generate_series(1, 10) g, pg_sleep(0.3)"
    )
    assert refused(source, table="shop.v").startswith("shop.v did not answer in 0.5 s")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("DELETE FROM shop.t", "must be one SELECT"),
        ("SELECT 1; DROP TABLE shop.t", "must be one SELECT"),
        ("WITH gone AS (DELETE FROM shop.t RETURNING *) SELECT * FROM gone", "must be at the top level"),
        ("SELECT nextval('shop.s') AS user, 1 AS day, 'a' AS arm, 1 AS rate", "read-only transaction"),
        (
            "SELECT set_config('default_transaction_read_only', 'off', false) AS arm, "
            "nextval('shop.s') AS user, 1 AS day, 1 AS rate",
            "read-only transaction",
        ),
        (
            "SELECT set_config('transaction_read_only', 'off', true) AS arm, "
            "nextval('shop.s') AS user, 1 AS day, 1 AS rate",
            "read-write mode must be set before any query",
        ),
    ],
)
def test_postgres_is_never_written(postgres: tuple[SourceSettings, Any], query: str, message: str) -> None:
    """Every transaction begins read-only, and no query can change that."""
    source, connection = postgres
    connection.execute("CREATE TABLE shop.t AS SELECT 1 AS user")
    connection.execute("CREATE SEQUENCE shop.s")
    assert message in refused(source, sql=query)
    assert connection.execute("SELECT count(*) FROM shop.t").fetchone() == (1,)
    assert connection.execute("SELECT is_called FROM shop.s").fetchone() == (False,)


def test_a_missing_table_lists_those_that_are_there_likeliest_first(tmp_path: Path) -> None:
    """At most twenty names, as a registration would write them."""
    source = in_duckdb(
        tmp_path,
        *(f"CREATE TABLE t{n:02} (user INT)" for n in range(30)),
        "CREATE TABLE Exposure_Day (user INT)",
        "CREATE SCHEMA shop",
        'CREATE TABLE shop."exposure.odd" (user INT)',
    )
    said = refused(source, table="exposures_day")
    assert said.startswith("source w has no table exposures_day; it has Exposure_Day, shop.")
    assert said.endswith("t17 and 12 more")
    assert refused(source, table='shop."exposure odd"').startswith(
        'source w has no table shop."exposure odd"; it has shop."exposure.odd", Exposure_Day, t00'
    )
    assert "has no column arm (arm)" in refused(source, table='shop."exposure.odd"')


def test_a_missing_table_of_postgres_lists_those_that_are_there(postgres: tuple[SourceSettings, Any]) -> None:
    """With their schema when it is not public."""
    source, connection = postgres
    connection.execute("CREATE TABLE shop.exposure (user_id INT)")
    assert "source w has no table shop.exposures; it has shop.exposure" in refused(
        source, table="shop.exposures"
    )
    assert "shop.exposure" in warehouse.tables(source)


def test_a_password_is_in_no_message(postgres_server: str) -> None:
    """Neither when it is wrong, nor when nobody answers, nor in what is printed of the settings."""
    there = make_url(postgres_server).set(drivername="postgresql", password="hunter2")
    for url in (
        there.set(username="nobody_here"),
        there.set(port=1, host="127.0.0.1", query={}),
        there.set(database="hunter2"),
    ):
        source = SourceSettings(kind="ibis", url=url.render_as_string(hide_password=False))
        with pytest.raises(SourceError) as caught:
            warehouse.tables(source)
        assert str(caught.value).startswith("the warehouse: ")
        shown = [str(caught.value), repr(caught.value.__cause__), repr(source), str(source)]
        assert "hunter2" not in " ".join(shown)


@pytest.mark.parametrize("url", ["postgresql://reader:hunter2@[db/shop", "nonsense://x:hunter2@y", "hunter2"])
def test_a_url_that_is_none_is_refused_without_its_secret(url: str) -> None:
    """Whatever stands there."""
    with pytest.raises(SourceError) as caught:
        warehouse.tables(SourceSettings(kind="ibis", url=url))
    assert "hunter2" not in str(caught.value)


def test_a_duckdb_file_is_asked_by_several_at_once_and_none_reaches_other_files(tmp_path: Path) -> None:
    """The checks of an incident run side by side, and a look may be under way."""
    source = in_duckdb(tmp_path, "CREATE TABLE t AS SELECT 1 AS n")
    data = Data(source="w", table="t")
    with (
        warehouse.table_of(data, sources={"w": source}, root=None) as one,
        warehouse.table_of(data, sources={"w": source}, root=None) as other,
    ):
        assert [table.count().to_pyarrow().as_py() for table in (one, other)] == [1, 1]
        for table in (one, other):
            with pytest.raises(duckdb.Error, match="Cannot enable external access"):
                table.get_backend().raw_sql("SET enable_external_access = true")


def test_ibis_is_whole_for_whoever_imports_it_first() -> None:
    """In a program of its own, where four threads want it at once."""
    program = (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from bot.sources.engine import load\n"
        "with ThreadPoolExecutor(4) as pool:\n"
        "    asked = [pool.submit(load) for _ in range(4)]\n"
        "[one.result() for one in asked]\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
