"""What the options of several kinds of checks have in common: tables, columns, numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.core.finding import Path
from bot.core.yaml_fields import Fields

TABLE_KEYS = ["source", "table", "sql", "time", "zone"]
"""The keys of a table of rows that have a time."""
MAX_SQL = 20_000


@dataclass(frozen=True)
class Table:
    """Rows somewhere: a table of `source`, or one SELECT; `time` is the column that says when a row was made.

    `zone` is that of times without one: they are the wall time there, and so are the days; without it such
    times are UTC. Everything is "" where it is not configured.
    """

    source: str = ""
    table: str = ""
    sql: str = ""
    time: str = ""
    zone: str = ""

    @property
    def name(self) -> str:
        """What to call it: the table's name."""
        return self.table or "the query"

    @property
    def lacking(self) -> str:
        """What is not configured and has to be: "no table", "no source"; nothing where all is there."""
        if not (self.table or self.sql):
            return "no table"
        return "" if self.source else "no source"


def read_table(fields: Fields, path: Path, item: Mapping[str, Any], *, source: str = "") -> Table:
    """Read the keys of a table; `source` is the one where the item names none."""
    where = Table(
        source=name(fields, path, item, "source") or source,
        table=name(fields, path, item, "table"),
        sql=_sql(fields, path, item),
        time=name(fields, path, item, "time"),
        zone=_zone(fields, path, item),
    )
    if where.table and where.sql:
        what = "both `table` and `sql` are given."
        fields.find("playbook-shape", (*path, "sql"), what, "Keep one of them.")
    return where


def name(fields: Fields, path: Path, item: Mapping[str, Any], key: str) -> str:
    """The name of a column, table or source; "" where absent."""
    return fields.text(path, item, key, required=False)


def names(fields: Fields, path: Path, item: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Names of columns, each once."""
    return tuple(dict.fromkeys(fields.words(path, item, key, required=False)))


def part(
    fields: Fields, path: Path, item: Mapping[str, Any], key: str, known: list[str]
) -> Mapping[str, Any] | None:
    """A mapping with only known keys; None where absent."""
    return fields.mapping((*path, key), item[key], known) if key in item else None


def _sql(fields: Fields, path: Path, item: Mapping[str, Any]) -> str:
    value = item.get("sql")
    if value is None:
        return ""
    if not isinstance(value, str) or not value.strip():
        fields.find("missing", (*path, "sql"), "`sql` is not a text.", "Write one SELECT.")
        return ""
    if len(value) > MAX_SQL:
        what = f"`sql` has {len(value)} characters."
        fields.find("too-long", (*path, "sql"), what, f"Keep it under {MAX_SQL}, or make a view.")
    return value


def _zone(fields: Fields, path: Path, item: Mapping[str, Any]) -> str:
    zone = name(fields, path, item, "zone")
    try:
        if zone:
            ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        what = f"{zone!r} is not an IANA time zone."
        fields.find("unknown-zone", (*path, "zone"), what, "Write for example Asia/Tokyo.")
        return ""
    return zone
