"""Is an upstream feed healthy? Row counts, schema, freshness and null shares of one table.

```yaml
checks:
  catalog_feed: {kind: upstream, source: warehouse, table: feed.titles, time: loaded_at, columns: [price]}
```
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.core.checks import options
from bot.core.checks.options import TABLE_KEYS, Table
from bot.core.finding import Path
from bot.core.yaml_fields import Fields

FINDINGS = ("rows", "schema", "freshness", "nulls")
WEEKS = 8
MOST_COLUMNS = 40
"""Columns whose nulls are counted."""


@dataclass(frozen=True)
class Upstream:
    """What is usual for a feed.

    `weeks` of past days are looked at. `columns` are those whose null share is watched, none named means all.
    `schema` is the recorded one, type by column; where there is none, the one of the day before counts.
    `tolerance` is how far, as a fraction of its median, a row count may always be off, `null_tolerance` how
    far a null share, in share. `max_age_hours` is how old the newest row may be; 0 means what was usual.
    """

    table: Table
    weeks: int = WEEKS
    columns: tuple[str, ...] = ()
    schema: Mapping[str, str] | None = None
    tolerance: float = 0.05
    null_tolerance: float = 0.01
    max_age_hours: float = 0.0


def read(fields: Fields, path: Path, item: Mapping[str, Any]) -> Upstream:
    """Read the options."""
    known = [*TABLE_KEYS, "weeks", "columns", "schema", "tolerance", "null_tolerance", "max_age_hours"]
    item = fields.mapping(path, item, known)
    columns = options.names(fields, path, item, "columns")
    if len(columns) > MOST_COLUMNS:
        what = f"{len(columns)} columns are watched."
        fields.find("too-many", (*path, "columns"), what, f"Keep it to {MOST_COLUMNS}.")
    return Upstream(
        table=options.read_table(fields, path, item),
        weeks=round(fields.number(path, item, "weeks", WEEKS, low=3, high=26)),
        columns=columns[:MOST_COLUMNS],
        schema=_schema(fields, path, item),
        tolerance=fields.number(path, item, "tolerance", 0.05, low=0, high=1),
        null_tolerance=fields.number(path, item, "null_tolerance", 0.01, low=0, high=1),
        max_age_hours=fields.number(path, item, "max_age_hours", 0, low=0, high=24 * 366),
    )


def _schema(fields: Fields, path: Path, item: Mapping[str, Any]) -> Mapping[str, str] | None:
    """The recorded schema; None where absent."""
    if "schema" not in item:
        return None
    found = fields.table(path, item, "schema")
    for column, kind in found.items():
        if not isinstance(column, str) or not isinstance(kind, str):
            what = f"column {column!r} has the type {kind!r}."
            hint = "Write the types as `lookout playbook schema` or the card shows them, e.g. int64."
            fields.find("playbook-shape", (*path, "schema", str(column)), what, hint)
            return None
    return dict(found)
