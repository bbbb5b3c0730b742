"""A warehouse as an on-call person's team has one: feeds, served features, clicks, sessions, an eval set."""

import shutil
from datetime import datetime
from pathlib import Path

import duckdb

from bot.settings import SourceSettings

ROWS = 1200
"""Rows of a day, 72 s apart."""


class Warehouse:
    """A DuckDB file whose last row is of `now`, UTC; 60 days of everything, the same at every run."""

    def __init__(
        self, folder: Path, now: datetime, *, copied: Path | None = None, small: bool = False
    ) -> None:
        self.file = folder / "warehouse.duckdb"
        self.now = now.replace(tzinfo=None)
        if copied is None:
            self.change(*(TABLES if not small else [one for one in TABLES if " base" not in one]))
        else:
            shutil.copy(copied, self.file)

    def copy(self, folder: Path) -> "Warehouse":
        """The same in another folder."""
        return Warehouse(folder, self.now, copied=self.file)

    @property
    def source(self) -> SourceSettings:
        """As lookout.toml has it."""
        return SourceSettings(kind="ibis", url=f"duckdb://{self.file}")

    def change(self, *statements: str) -> None:
        """Run SQL; {now} stands for the moment."""
        with duckdb.connect(str(self.file)) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            for statement in statements:
                connection.execute(statement.replace("{now}", f"TIMESTAMP '{self.now}'"))


BASE = f"""
CREATE TABLE base AS
SELECT {{now}} - INTERVAL 1 DAY * d - INTERVAL 1 SECOND * (72 * n) AS t, d, n,
       hash(d * 1000000 + n) / 18446744073709551616.0 AS u,
       hash(d * 1000000 + n + 500000) / 18446744073709551616.0 AS w
FROM range(60) days(d), range({ROWS}) rows(n)
"""
TABLES = (
    BASE,
    "CREATE SCHEMA feed",
    "CREATE TABLE feed.titles AS SELECT n AS title_id, t AS loaded_at, "
    "CASE WHEN u < 0.01 THEN NULL ELSE 400 + 200 * w END AS price, 'manga' AS kind FROM base",
    'CREATE TABLE served AS SELECT t AS "at", u * 10 AS price, CASE WHEN w < 0.6 THEN 0 ELSE w END AS ctr, '
    "CASE WHEN w < 0.5 THEN 'manga' WHEN w < 0.9 THEN 'anime' ELSE 'novel' END AS genre, "
    "'shard-' || (n % 3) AS shard, u > 0.5 AS seen FROM base",
    'CREATE TABLE clicks AS SELECT t AS "at", 1 + CAST(floor(10 * u * u) AS INTEGER) AS position, '
    "CASE WHEN n % 2 = 0 THEN 'mobile' ELSE 'desktop' END AS device FROM base",
    "CREATE TABLE sessions AS SELECT t AS \"at\", CASE WHEN u < 0.5 THEN 'search' WHEN u < 0.8 THEN 'direct' "
    "ELSE 'mail' END AS utm_source FROM base",
    "CREATE TABLE eval_queries AS SELECT n AS id, {now} - INTERVAL 20 DAY AS built_at, "
    "CASE WHEN n % 10 < 6 THEN 'title' ELSE 'mood' END AS query_class FROM range(1000) r(n)",
    "CREATE TABLE catalog AS SELECT n AS id, {now} - INTERVAL 1 DAY * (n % 400) AS added_at "
    "FROM range(4000) r(n)",
    "CREATE TABLE queries AS SELECT t AS \"at\", CASE WHEN u < 0.6 THEN 'title' ELSE 'mood' END "
    "AS query_class FROM base",
)
