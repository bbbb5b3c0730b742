"""SQL and table names from a registration: the warehouse is read, and nothing else of the machine."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from bot.core.registration import load
from bot.errors import SourceError
from bot.settings import SourceSettings
from bot.sources.samples import observe

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

UNITS = 10
ROWS = """
CREATE TABLE exposure AS
SELECT n AS user, 1 AS day, CASE WHEN n % 2 = 0 THEN 'a' ELSE 'b' END AS arm, n / 3 AS rate
FROM range(10) t(n)
"""


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT 1; DROP TABLE exposure", "must be one SELECT"),
        ("SELECT * FROM exposure; COPY exposure TO 'x.csv'", "must be one SELECT"),
        ("COPY exposure TO 'x.csv'", "must be one SELECT"),
        ("ATTACH 'x.db'", "must be one SELECT"),
        ("SELECT 1; SET enable_external_access = true", "must be one SELECT"),
        (" ", "must be one SELECT"),
        ("SELECT * FROM read_csv('/etc/passwd')", "Permission Error"),
        ("SELECT * FROM read_text('/etc/passwd')", "Permission Error"),
        ("SELECT * FROM glob('/etc/*')", "Permission Error"),
        ("SELECT * FROM '/etc/passwd'", "does not exist"),
        ("SELECT * FROM exposure) t; DROP TABLE exposure; SELECT (1", "Parser Error"),
    ],
)
def test_sql_from_a_registration_reads_the_warehouse_and_nothing_else(
    tmp_path: Path, query: str, message: str
) -> None:
    """No second statement, no command, no file of the machine."""
    warehouse(tmp_path)
    with pytest.raises(SourceError) as caught:
        asked(tmp_path, sql=query)
    assert message in str(caught.value)
    with duckdb.connect(str(tmp_path / "w.duckdb"), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM exposure").fetchone() == (UNITS,)


@pytest.mark.parametrize("table", ["nope", "a.b.c.d", ".", "exposure; DROP TABLE exposure", "/etc/passwd"])
def test_a_table_that_is_not_there_is_named(tmp_path: Path, table: str) -> None:
    """Whatever is written as its name."""
    warehouse(tmp_path)
    with pytest.raises(SourceError, match=r"source w has no table"):
        asked(tmp_path, table=table)


def test_a_query_may_end_in_a_semicolon_and_hold_one_in_text(tmp_path: Path) -> None:
    """One statement is one statement."""
    warehouse(tmp_path)
    asked(tmp_path, sql="WITH e AS (SELECT *, ';' AS s FROM exposure) SELECT * FROM e; -- done")


def warehouse(folder: Path) -> None:
    """A DuckDB file with a table of ten units."""
    with duckdb.connect(str(folder / "w.duckdb")) as connection:
        connection.execute(ROWS)


def asked(folder: Path, **where: Any) -> None:
    """Read the warehouse as a registration would."""
    sources = {"w": SourceSettings(kind="ibis", url=f"duckdb://{folder / 'w.duckdb'}")}
    shape = {
        "id": "warehouse",
        "arms": {"control": "a", "treatment": "b"},
        "horizon_days": 1,
        "data": {"source": "w", "unit": "user", "arm": "arm", "day": "day", **where},
        "metrics": {"rate": {"kind": "mean", "column": "rate"}},
        "primary": {"metric": "rate", "mde": {"relative": 0.1}},
        "sequential": {"looks": [1]},
    }
    seen = observe(load(shape), day=1, sources=sources, root=None)
    assert seen.units("control") == UNITS // 2
