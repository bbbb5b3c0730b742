"""Asks the warehouse whether the features have drifted."""

import math
from collections.abc import Sequence
from typing import Any

from bot.core.checks.drift import TOP, Features, Importance
from bot.core.drift_evidence import read_features
from bot.core.found import Found, unknown
from bot.errors import SourceError
from bot.services.checks.asked import Asked
from bot.services.checks.warehouses import opened, unconfigured, window
from bot.sources import histograms, windows
from bot.sources.warehouse import columns_missing

UNLISTED = "no feature is named: list `features`, or `importance`, under checks.{name} of the playbook"


def run(asked: Asked) -> Sequence[Found]:
    """A line for each feature that drifted, how many are as usual, and what is unknown.

    Raises:
        SourceError: with the reason to show.

    """
    options: Features = asked.options
    lacking = unconfigured(asked, options.table)
    if lacking:
        return [lacking]
    names = _names(asked, options)
    if not names:
        return [unknown(UNLISTED.format(name=asked.name))]
    span = window(asked, options.table, hours=options.hours, days=options.days)
    what = options.table.name
    with opened(asked, options.table) as table:
        missing = columns_missing(table, {options.by: "by"} if options.by else {}, what)
        if missing:
            raise SourceError(missing)
        found = windows.within(table, options.table.time, span, what)
        seen = histograms.count(found.rows, names, by=options.by)
    source = options.table.source
    return read_features(seen, least=options.least, by=options.by, when=found.when, source=source)


def _names(asked: Asked, options: Features) -> Sequence[str]:
    """The top features: of the list, or of the table that says how important each is."""
    if options.importance is None:
        return options.features[:TOP]
    with opened(asked, options.importance.table) as table:
        ranked = _ranked(table, options.importance)
    listed = [name for name in ranked if name in options.features] if options.features else ranked
    return listed[:TOP]


def _ranked(table: Any, where: Importance) -> list[str]:
    """The names by the size of their weight; those without one are left out."""
    import ibis

    what = where.table.name
    missing = columns_missing(table, {where.feature: "feature", where.weight: "weight"}, what)
    if missing:
        raise SourceError(missing)
    weight = table[where.weight].cast("float64").abs()
    names = table.select(name=table[where.feature].cast("string"), weight=weight)
    names = names.filter(names["name"].notnull() & names["weight"].notnull())
    top = names.group_by("name").aggregate(weight=names["weight"].max())
    rows = top.order_by([ibis.desc("weight"), "name"]).limit(200).to_pyarrow().to_pylist()
    if not rows:
        raise SourceError(f"{what} names no feature with a weight")
    return [row["name"] for row in rows if math.isfinite(row["weight"])]
