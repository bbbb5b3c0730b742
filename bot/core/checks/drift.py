"""Have the features of a model drifted? The top ten, each against how it varies from day to day.

```yaml
checks:
  ranking_features:
    {kind: drift, source: warehouse, table: features.served, time: at, features: [price, ctr_7d, genre]}
```
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.core.checks import options
from bot.core.checks.options import TABLE_KEYS, Table
from bot.core.finding import Path
from bot.core.yaml_fields import Fields

FINDINGS = ("drifted",)
TOP = 10
"""Features that are looked at; of more, the most important."""
DAYS = 28
LEAST = 0.1


@dataclass(frozen=True)
class Importance:
    """A table that says how important each feature is: the column of its name, and that of its weight."""

    table: Table
    feature: str = "feature"
    weight: str = "weight"


@dataclass(frozen=True)
class Features:
    """Which features, and against what.

    `features` in order of importance, at most TOP of them are looked at; `importance` orders them where it is
    given. `by` is a column (a shard, a locale) whose values are looked at by themselves, too. `days` of
    reference lie before the onset. `least` is the shift in sd below which nothing is called drift. `hours`
    of each day are compared, the last before now; 0 means as many as have passed since the onset.
    """

    table: Table
    features: tuple[str, ...] = ()
    importance: Importance | None = None
    by: str = ""
    days: int = DAYS
    least: float = LEAST
    hours: float = 0.0


def read(fields: Fields, path: Path, item: Mapping[str, Any]) -> Features:
    """Read the options."""
    item = fields.mapping(path, item, [*TABLE_KEYS, "features", "importance", "by", *WINDOW_KEYS])
    table = options.read_table(fields, path, item)
    days, least, hours = read_window(fields, path, item)
    return Features(
        table=table,
        features=_features(fields, path, item),
        importance=_importance(fields, path, item, table.source),
        by=options.name(fields, path, item, "by"),
        days=days,
        least=least,
        hours=hours,
    )


WINDOW_KEYS = ["days", "least", "hours"]


def read_window(fields: Fields, path: Path, item: Mapping[str, Any]) -> tuple[int, float, float]:
    """Days of reference, the least shift in sd, and the hours of each day."""
    return (
        round(fields.number(path, item, "days", DAYS, low=7, high=180)),
        fields.number(path, item, "least", LEAST, low=0.001, high=10),
        fields.number(path, item, "hours", 0, low=0, high=24),
    )


def _features(fields: Fields, path: Path, item: Mapping[str, Any]) -> tuple[str, ...]:
    """A list in order of importance, or a mapping of names to weights."""
    given = item.get("features")
    if not isinstance(given, dict):
        return options.names(fields, path, item, "features")
    for feature, weight in given.items():
        sound = isinstance(weight, int | float) and not isinstance(weight, bool) and math.isfinite(weight)
        if not isinstance(feature, str) or not sound:
            what = f"feature {feature!r} has the weight {weight!r}."
            fields.find("not-a-number", (*path, "features", str(feature)), what, "Write a number.")
            return ()
    return tuple(sorted(given, key=lambda feature: -float(given[feature])))


def _importance(fields: Fields, path: Path, item: Mapping[str, Any], source: str) -> Importance | None:
    given = options.part(fields, path, item, "importance", ["source", "table", "sql", "feature", "weight"])
    if given is None:
        return None
    where = (*path, "importance")
    table = options.read_table(fields, where, given, source=source)
    if given and table.lacking == "no table":
        fields.find("missing", where, "importance needs a table.", "Add `table:`, or list `features:`.")
    return Importance(
        table,
        options.name(fields, where, given, "feature") or "feature",
        options.name(fields, where, given, "weight") or "weight",
    )
