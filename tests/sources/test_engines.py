"""The same look on every engine, to the ninth digit."""

import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import create_engine, make_url

from bot.core.observation import Observations
from bot.core.registration import Registration, load
from bot.settings import SourceSettings
from bot.sources.samples import observe

pytestmark = [
    pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

UNITS, DAYS = 300, 3
ALL_DAYS, ODD = "exposure_day", 'Odd "day" rows'
"""A table of rows per unit and day; and one whose name and columns need quoting everywhere."""
RENAMED = {"rate": 'select "rate"; --', "arm": "Arm", "locale": "order by"}


def rows() -> dict[str, Any]:
    """Per unit and day: means far from 0, gaps, an infinity, a unit in both arms, a stray arm, late units."""
    rng = np.random.default_rng(88)
    n = UNITS * DAYS
    user = np.repeat(np.arange(UNITS), DAYS)
    level = np.repeat(rng.gamma(2, 1, UNITS), DAYS)
    arm = np.where(user % 2 == 0, "a", "b").astype(object)
    arm[user == 7] = "c"
    arm[3 * 12] = "b"
    csat = rng.normal(4, 1, n)
    csat[rng.random(n) < 0.3] = np.nan
    spiky = rng.lognormal(1, 1, n)
    spiky[5] = np.inf
    before = 5 + level
    before[user % 11 == 0] = np.nan
    return {
        "user": user,
        "day": np.tile(np.arange(1, DAYS + 1), UNITS) + (user % 13 == 0),
        "arm": arm,
        "locale": np.array(["en", "jp", "xx"])[user % 3],
        "tenure": np.where(user % 5 < 2, "new", "old"),
        "rate": 1e6 + level + rng.normal(0, 1, n),
        "before": before,
        "csat": csat,
        "spiky": spiky,
        "useful": rng.poisson(2, n),
        "turns": rng.poisson(5, n) + 1,
        "bought": rng.random(n) < 0.1,
        "latency": rng.lognormal(6, 0.3, n) * (1 + 0.05 * level),
    }


METRICS: dict[str, Any] = {
    "rate": {"kind": "mean", "column": "rate", "covariate": "before"},
    "csat": {"kind": "mean", "column": "csat"},
    "spiky": {"kind": "mean", "column": "spiky"},
    "capped": {"kind": "mean", "column": "spiky", "winsorise": {"lower": 0.01, "upper": 0.95}},
    "ratio": {"kind": "ratio", "numerator": "useful", "denominator": "turns", "covariate": "before"},
    "bought": {"kind": "proportion", "column": "bought", "covariate": "before"},
    "slow": {"kind": "quantile", "q": 0.75, "column": "latency", "covariate": "before"},
    "late": {"kind": "quantile", "q": 0.5, "column": "latency", "window_days": 2},
}


def registration(
    metrics: Mapping[str, Any] = METRICS, *, daily: bool = True, primary: str = "slow", **where: Any
) -> Registration:
    """Every kind of metric, two dimensions; a quantile that is the primary has its cohorts."""
    data = {"source": "w", "table": ALL_DAYS, "unit": "user", "arm": "arm"} | where
    shape = {
        "id": "engines",
        "arms": {"control": "a", "treatment": "b"},
        "horizon_days": DAYS,
        "data": data | ({"day": "day"} if daily else {}),
        "metrics": metrics,
        "primary": {"metric": primary, "mde": {"absolute": 1}},
        "sequential": {"looks": [2, DAYS]},
        "cohorts": {"dimensions": {"locale": ["en", "jp"], "tenure": ["new", "old"]}},
    }
    return load(shape)


def once(table: Mapping[str, Any]) -> dict[str, Any]:
    """The first day's rows alone: one row per unit."""
    return {name: values[::DAYS] for name, values in table.items() if name != "day"}


def renamed(table: Mapping[str, Any]) -> dict[str, Any]:
    """The same under names that need quoting."""
    return {RENAMED.get(name, name): values for name, values in table.items()}


@pytest.fixture(scope="module")
def parquet(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The tables as files, by their names."""
    folder = tmp_path_factory.mktemp("engines")
    found = {}
    for number, (name, table) in enumerate(
        {ALL_DAYS: rows(), "exposure": once(rows()), ODD: renamed(rows())}.items()
    ):
        found[name] = folder / f"{number}.parquet"
        pq.write_table(pa.table(table), found[name])
    return found


@pytest.fixture(scope="module")
def in_duckdb(
    parquet: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, SourceSettings]:
    """A DuckDB file with the tables."""
    file = tmp_path_factory.mktemp("duckdb") / "w.duckdb"
    with duckdb.connect(str(file)) as connection:
        for name, path in parquet.items():
            connection.execute(f"CREATE TABLE {quoted(name)} AS SELECT * FROM read_parquet(?)", [str(path)])
    return {"w": SourceSettings(kind="ibis", url=f"duckdb://{file}")}


@pytest.fixture(scope="module")
def in_postgres(parquet: dict[str, Path], postgres_server: str) -> Iterator[dict[str, SourceSettings]]:
    """A PostgreSQL database with the tables."""
    import psycopg

    server, name = make_url(postgres_server), f"lookout_engines_{uuid.uuid4().hex[:12]}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    url = server.set(database=name, drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        for table, path in parquet.items():
            copy(connection, table, pq.read_table(path))
    yield {"w": SourceSettings(kind="ibis", url=url)}
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()


@pytest.fixture(scope="module")
def in_spark(
    parquet: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, SourceSettings]]:
    """A Spark in this process with the tables in its catalogue."""
    pytest.importorskip("pyspark", reason="PySpark is not installed: make .venv/spark")
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        pytest.skip("Spark needs Java, and there is none here")
    from pyspark.sql import SparkSession

    settings = {
        "spark.master": "local[1]",
        "spark.driver.memory": "1g",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("spark")),
        "spark.ui.enabled": "false",
        # A few small queries: loading and compiling code would take most of the time.
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC "
        "-XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.ui.showConsoleProgress": "false",
    }
    builder = SparkSession.builder
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    session.sql(f"CREATE TABLE exposure USING parquet LOCATION '{parquet['exposure']}'")
    # Spark's own catalogue knows no such names, but others do.
    session.read.parquet(str(parquet[ODD])).createOrReplaceGlobalTempView(f"`{ODD}`")
    yield {"w": SourceSettings(kind="ibis", url=f"pyspark://?{urlencode(settings)}", timeout_seconds=600)}
    session.stop()


def copy(connection: Any, name: str, table: pa.Table) -> None:
    """Create a PostgreSQL table of these rows."""
    kinds = {
        pa.int64(): "bigint",
        pa.float64(): "double precision",
        pa.bool_(): "boolean",
        pa.string(): "text",
    }
    columns = ", ".join(f"{quoted(field.name)} {kinds[field.type]}" for field in table.schema)
    connection.execute(f"CREATE TABLE {quoted(name)} ({columns})")
    with connection.cursor().copy(f"COPY {quoted(name)} FROM STDIN") as out:
        for row in table.to_pylist():
            out.write_row(tuple(row.values()))


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def same(one: Observations, other: Observations) -> None:
    """Equal in every count, and to 1e-9 in every figure."""
    assert_alike(one.to_json(), other.to_json(), "")


def assert_alike(one: Any, other: Any, where: str) -> None:
    """Two JSON values."""
    if isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for name in one:
            if name not in ("query_sha256", "engine"):
                assert_alike(one[name], other[name], f"{where}.{name}")
    elif isinstance(one, list):
        assert len(one) == len(other), where
        for at, (first, second) in enumerate(zip(one, other, strict=True)):
            assert_alike(first, second, f"{where}[{at}]")
    elif isinstance(one, float):
        assert other == pytest.approx(one, rel=1e-9, abs=1e-12), where
    else:
        assert one == other, where


WAYS = {
    "days": registration(),
    "units": registration(daily=False, table="exposure"),
    "queried units": registration(daily=False, primary="rate", table=None, sql="SELECT * FROM exposure"),
    "query": registration(table=None, sql=f"SELECT * FROM {ALL_DAYS}"),
}


def named_plainly(seen: Observations) -> Observations:
    """Without the names of its own."""
    words = {one: one.replace("Column Arm", "Column arm") for one in seen.remarks}
    codes = {words.get(one, one): code for one, code in seen.codes.items()}
    return replace(seen, source=ALL_DAYS, remarks=tuple(words.values()), codes=codes)


def oddly(table: str) -> Registration:
    """The daily rows under names that need quoting; `table` as this engine's registration writes it."""
    metrics = METRICS | {"rate": METRICS["rate"] | {"column": RENAMED["rate"]}}
    where = {"arm": RENAMED["arm"], "columns": {"locale": RENAMED["locale"]}}
    return registration(metrics, table=table, **where)


@pytest.mark.parametrize("way", ["days", "units", "query"])
def test_postgres_gives_the_numbers_of_duckdb(
    in_duckdb: dict[str, SourceSettings], in_postgres: dict[str, SourceSettings], way: str
) -> None:
    """Rows per unit and day, rows per unit, a query: every count, mean, covariance and quantile."""
    plan = WAYS[way]
    same(*(observe(plan, day=2, sources=sources, root=None) for sources in (in_duckdb, in_postgres)))


def test_names_that_need_quoting_are_the_same_rows_in_postgres(
    in_duckdb: dict[str, SourceSettings], in_postgres: dict[str, SourceSettings]
) -> None:
    """Spaces, quotes, keywords and upper case in tables and columns."""
    for sources in (in_duckdb, in_postgres):
        seen = observe(oddly(quoted(ODD)), day=2, sources=sources, root=None)
        same(observe(registration(), day=2, sources=sources, root=None), named_plainly(seen))


@pytest.mark.spark
@pytest.mark.timeout(600)  # the first query of a JVM on a busy machine
@pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")  # PySpark 4.0 asks pandas 3 the old way
def test_spark_gives_the_numbers_of_duckdb(
    in_duckdb: dict[str, SourceSettings], in_spark: dict[str, SourceSettings]
) -> None:
    """A query of rows per unit; rows per unit and day, under names that need quoting.

    Backticks are Spark's own: a registration writes what it writes for every engine. One test, so that two
    processes do not start a Spark each.
    """
    plan = WAYS["queried units"]
    same(*(observe(plan, day=2, sources=sources, root=None) for sources in (in_duckdb, in_spark)))
    seen = observe(oddly(f"global_temp.{quoted(ODD)}"), day=2, sources=in_spark, root=None)
    assert seen.cohort_quantiles["slow"]
    same(observe(registration(), day=2, sources=in_duckdb, root=None), named_plainly(seen))
