"""What an eval set, its catalog and production come to, counted where they are."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.core.outside import kept
from bot.errors import SourceError
from bot.sources.warehouse import columns_missing
from bot.sources.windows import WHEN, moment, timed_column

MOST = 1000
"""Different segments read, the most frequent ones."""
LONGEST = 60
"""Characters of a segment's name."""


def built(table: Any, column: str, zone: ZoneInfo, what: str) -> tuple[datetime | None, int]:
    """When the newest row was made (a date is its midnight in `zone`), and how many rows there are."""
    table = table.mutate(**{WHEN: timed_column(table, column, what)})
    row = table.aggregate(newest=table[WHEN].max(), rows=table.count()).to_pyarrow().to_pylist()[0]
    return _moment(row["newest"], zone), int(row["rows"])


def turnover(table: Any, column: str, since: datetime, zone: ZoneInfo, what: str) -> tuple[int, int]:
    """How many items there are, and how many were added after `since`."""
    import ibis

    table = table.mutate(**{WHEN: timed_column(table, column, what)})
    if table[WHEN].type().is_date():
        newer = table[WHEN] > ibis.literal(since.astimezone(zone).date())
    else:
        newer = table[WHEN] > moment(table[WHEN], since, zone)
    row = table.aggregate(items=table.count(), newer=newer.ifelse(1, 0).sum()).to_pyarrow().to_pylist()[0]
    return int(row["items"]), int(row["newer"] or 0)


def segments(table: Any, column: str, what: str) -> dict[str, float]:
    """Rows by segment, the most frequent ones; rows without one are left out."""
    import ibis

    missing = columns_missing(table, {column: "segment"}, what)
    if missing:
        raise SourceError(missing)
    words = table.select(word=table[column].cast("string"))
    words = words.filter(words["word"].notnull())
    counts = words.group_by("word").aggregate(n=words.count())
    rows = counts.order_by([ibis.desc("n"), "word"]).limit(MOST).to_pyarrow().to_pylist()
    found: dict[str, float] = {}
    for row in rows:
        name = kept(str(row["word"]), LONGEST)
        found[name] = found.get(name, 0.0) + float(row["n"])
    return found


def lately(table: Any, column: str, now: datetime, days: int, zone: ZoneInfo, what: str) -> Any:
    """The rows of the last days up to now."""
    import ibis

    table = table.mutate(**{WHEN: timed_column(table, column, what)})
    start = now - timedelta(days=days)
    if table[WHEN].type().is_date():
        first, last = start.astimezone(zone).date(), now.astimezone(zone).date()
        return table.filter((table[WHEN] > ibis.literal(first)) & (table[WHEN] <= ibis.literal(last)))
    return table.filter(
        (table[WHEN] > moment(table[WHEN], start, zone)) & (table[WHEN] <= moment(table[WHEN], now, zone))
    )


def _moment(value: datetime | date | None, zone: ZoneInfo) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)
