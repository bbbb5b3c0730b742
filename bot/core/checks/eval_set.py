"""Is the eval set stale? Its age against the catalog's turnover, and how far it is from production.

```yaml
checks:
  eval_set_age:
    kind: eval_set
    source: warehouse
    table: eval.queries          # one row per item of the eval set
    built: built_at
    segment: query_class
    catalog: {table: catalog.titles, added: added_at}
    production: {table: logs.queries, time: at, segment: query_class}
```
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.core.checks import options
from bot.core.checks.options import Table
from bot.core.finding import Path
from bot.core.yaml_fields import Fields

FINDINGS = ("age", "mix")
MAX_TURNOVER, MAX_KL = 0.1, 0.1
DAYS = 7


@dataclass(frozen=True)
class Catalog:
    """What the eval set stands for: a row per item, and the column that says when it was added."""

    table: Table
    added: str = "added_at"


@dataclass(frozen=True)
class Production:
    """What is asked in production: a row each, `segment` is what it is like, as in the eval set."""

    table: Table
    segment: str


@dataclass(frozen=True)
class EvalSet:
    """When an eval set is stale.

    `built` is the column that says when a row of it was made, the newest of which is its age. `max_turnover`
    is the share of the catalog that may be newer than the set, `max_age_days` the age it may have (0: any),
    `max_kl` the KL(eval || production) in nats over the last `days`.
    """

    table: Table
    built: str = "built_at"
    segment: str = ""
    catalog: Catalog | None = None
    production: Production | None = None
    max_turnover: float = MAX_TURNOVER
    max_age_days: float = 0.0
    max_kl: float = MAX_KL
    days: int = DAYS


def read(fields: Fields, path: Path, item: Mapping[str, Any]) -> EvalSet:
    """Read the options."""
    known = ["source", "table", "sql", "zone", "built", "segment", "catalog", "production"]
    item = fields.mapping(path, item, [*known, "max_turnover", "max_age_days", "max_kl", "days"])
    table = options.read_table(fields, path, item)
    segment = options.name(fields, path, item, "segment")
    return EvalSet(
        table=table,
        built=options.name(fields, path, item, "built") or "built_at",
        segment=segment,
        catalog=_catalog(fields, path, item, table.source),
        production=_production(fields, path, item, table.source, segment),
        max_turnover=fields.number(path, item, "max_turnover", MAX_TURNOVER, low=0, high=1),
        max_age_days=fields.number(path, item, "max_age_days", 0, low=0, high=3660),
        max_kl=fields.number(path, item, "max_kl", MAX_KL, low=0.001, high=100),
        days=round(fields.number(path, item, "days", DAYS, low=1, high=90)),
    )


def _catalog(fields: Fields, path: Path, item: Mapping[str, Any], source: str) -> Catalog | None:
    given = options.part(fields, path, item, "catalog", ["source", "table", "sql", "added", "zone"])
    if given is None:
        return None
    where = (*path, "catalog")
    table = _needed(fields, where, given, source)
    return Catalog(table, options.name(fields, where, given, "added") or "added_at")


def _production(
    fields: Fields, path: Path, item: Mapping[str, Any], source: str, segment: str
) -> Production | None:
    keys = ["source", "table", "sql", "time", "zone", "segment"]
    given = options.part(fields, path, item, "production", keys)
    if given is None:
        return None
    where = (*path, "production")
    found = options.name(fields, where, given, "segment") or segment
    if not segment:
        what = "production can be compared by a segment only, and the eval set names none."
        fields.find("missing", where, what, "Add `segment:` with the column that both have.")
    return Production(_needed(fields, where, given, source), found)


def _needed(fields: Fields, path: Path, item: Mapping[str, Any], source: str) -> Table:
    table = options.read_table(fields, path, item, source=source)
    if item and table.lacking == "no table":
        fields.find("missing", path, "a table is needed here.", "Add `table:` or `sql:`.")
    return table
