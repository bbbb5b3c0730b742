"""The demo's warehouse: what the checks of its playbook read, made up, the same at every run.

A feed of titles, the documents that a retrieval scored with the shard each came from, clicks, sessions, an
eval set with its catalog, and the queries of production. From six hours before an alarm until the recovery
the documents of shard-3 are other ones, as in the story it is taken from; everything else is as usual.
"""

# ruff: noqa: S608 - the statements are put together from constants of this file and from moments

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.demo.metrics import SLIDE

FILE = "warehouse.duckdb"
DAYS, FEED_DAYS = 31, 60
"""How far the tables reach back: most checks compare 28 days, a feed eight weeks."""
AHEAD = timedelta(days=2)
"""How far they reach on: the demo's time goes on, and rows of the future are left out by the checks."""
NEVER = datetime(2200, 1, 1, tzinfo=UTC)


def write(folder: Path, *, now: datetime, alarm: datetime | None, recovered: datetime | None) -> Path:
    """Write the warehouse as it is around `now`, in about a second; one that is being read stays whole."""
    import duckdb

    start = (now - timedelta(days=DAYS)).astimezone(UTC)
    span = {
        "start": _text(start),
        "feed": _text((now - timedelta(days=FEED_DAYS)).astimezone(UTC)),
        "end": _text(now + AHEAD),
        "now": _text(now),
        "broken": _text((alarm or NEVER) - SLIDE),
        "mended": _text(recovered or NEVER),
    }
    fresh = folder / f"{FILE}.new"
    fresh.unlink(missing_ok=True)
    with duckdb.connect(str(fresh), config={"threads": 2}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        for statement in TABLES:
            connection.execute(statement.format(**span))
    os.replace(fresh, folder / FILE)
    return folder / FILE


def _text(moment: datetime) -> str:
    return f"TIMESTAMP '{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}'"


def _ticks(start: str, seconds: int) -> str:
    """A row every so many seconds, each with two numbers from 0 to 1 of its own."""
    return (
        f"(SELECT t, epoch(t)::BIGINT AS n, hash(epoch(t)::BIGINT) / 18446744073709551616.0 AS u, "
        f"hash(epoch(t)::BIGINT + 1) / 18446744073709551616.0 AS w "
        f"FROM range({{{start}}}, {{end}}, INTERVAL {seconds} SECOND) s(t))"
    )


BROKEN = "t >= {broken} AND t < {mended} AND n // 13 % 4 = 3"
"""What is wrong: the documents of shard-3, while its index is."""
TABLES = (
    "CREATE TABLE titles AS SELECT n AS title_id, t AS loaded_at, "
    "CASE WHEN u < 0.004 THEN NULL ELSE round(400 + 300 * w) END AS price, "
    "CASE WHEN w < 0.7 THEN 'manga' ELSE 'novel' END AS kind "
    f"FROM {_ticks('feed', 120)} WHERE NOT (dayofweek(t) IN (0, 6) AND n // 120 % 3 = 0)",
    "CREATE TABLE scored AS SELECT t AS scored_at, 'shard-' || (n // 13 % 4) AS shard, "
    f"round(8 + 4 * u - CASE WHEN {BROKEN} THEN 3 * w ELSE 0 END, 3) AS embedding_norm, "
    f"round(CASE WHEN {BROKEN} THEN 300 + 700 * u ELSE 900 * u * u END) AS doc_age_days, "
    "round(5 + 10 * w * w, 2) AS bm25, round(u * w, 4) AS popularity, "
    "CASE WHEN w < 0.55 THEN 'en' WHEN w < 0.85 THEN 'jp' ELSE 'mixed' END AS locale "
    f"FROM {_ticks('start', 13)}",
    "CREATE TABLE clicks AS SELECT t AS clicked_at, 1 + floor(10 * u * u * u)::INTEGER AS position, "
    f"CASE WHEN w < 0.5 THEN 'mobile' WHEN w < 0.75 THEN 'app' ELSE 'desktop' END AS device "
    f"FROM {_ticks('start', 11)}",
    "CREATE TABLE sessions AS SELECT t AS started_at, CASE WHEN u < 0.5 THEN 'search' WHEN u < 0.8 THEN "
    f"'direct' WHEN u < 0.95 THEN 'newsletter' ELSE 'social' END AS source FROM {_ticks('start', 17)}",
    "CREATE TABLE eval_queries AS SELECT n AS query_id, {now} - INTERVAL 12 DAY AS built_at, "
    "CASE WHEN n % 20 < 11 THEN 'title' WHEN n % 20 < 16 THEN 'author' ELSE 'mood' END AS query_class "
    "FROM range(2000) r(n)",
    "CREATE TABLE catalog AS SELECT n AS title_id, {now} - INTERVAL 1 DAY * (n % 400) AS added_at "
    "FROM range(8000) r(n)",
    "CREATE TABLE queries AS SELECT t AS asked_at, CASE WHEN u < 0.55 THEN 'title' WHEN u < 0.8 THEN "
    f"'author' ELSE 'mood' END AS query_class FROM {_ticks('start', 29)}",
)
