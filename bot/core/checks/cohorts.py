"""Cohorts: which crossings of locale, device and tenure moved against their own past.

From Prometheus: `metric`, averaged by the dimensions, or a `query` of one's own that gives one series a
crossing; without either, the metric of the incident's first alert. From a warehouse: a `table` with a column
of times and one of values, whose means are compared.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.core.checks.options import TABLE_KEYS, Table, read_table
from bot.core.finding import Path
from bot.core.yaml_fields import Fields

FINDINGS = ("some", "all")
"""Some cohorts moved, or nearly all of them: then it is no matter of cohorts."""

DIMENSIONS = ("locale", "device", "tenure")
DAYS = 7
MOVED, NOISE = 0.05, 4.0
"""A cohort moved where it is off by more than this fraction of its usual value, and by more than so many
standard deviations of it."""


@dataclass(frozen=True)
class Cohorts:
    """Where cohorts are read, and from when one counts as moved.

    `where` is the table of a warehouse and `value` its column of values, over `hours` (0: since the onset)
    against `days` earlier days; without a table `source` is a Prometheus.
    """

    source: str = ""
    metric: str = ""
    query: str = ""
    where: Table = field(default_factory=Table)
    value: str = "value"
    hours: float = 0.0
    days: int = DAYS
    dimensions: tuple[str, ...] = DIMENSIONS
    moved: float = MOVED
    noise: float = NOISE


def read(fields: Fields, path: Path, item: Mapping[str, Any]) -> Cohorts:
    """Take the options from YAML."""
    known = [*TABLE_KEYS, "metric", "query", "value", "hours", "days", "dimensions", "moved", "noise"]
    item = fields.mapping(path, item, known)
    texts = {key: fields.text(path, item, key, required=False) for key in ("source", "metric", "query")}
    dimensions = fields.words(path, item, "dimensions", required=False) or DIMENSIONS
    for name in dimensions:
        fields.label((*path, "dimensions"), name)
    return Cohorts(
        **texts,
        where=read_table(fields, path, item),
        hours=fields.number(path, item, "hours", 0.0, low=0.0, high=24.0),
        days=round(fields.number(path, item, "days", DAYS, low=3, high=56)),
        value=fields.text(path, item, "value", required=False) or "value",
        dimensions=dimensions,
        moved=fields.number(path, item, "moved", MOVED, low=0.001, high=1.0),
        noise=fields.number(path, item, "noise", NOISE, low=0.0, high=20.0),
    )
