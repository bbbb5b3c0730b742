"""Asks the warehouse whether the eval set is stale."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.core.checks.eval_set import EvalSet
from bot.core.checks.options import Table
from bot.core.eval_evidence import Turnover, age, mix
from bot.core.found import Found, unknown
from bot.errors import SourceError
from bot.services.checks.asked import Asked
from bot.services.checks.warehouses import opened, unconfigured
from bot.sources import eval_sets


def run(asked: Asked) -> Sequence[Found]:
    """A line about its age against the catalog, and one about its mix against production.

    Raises:
        SourceError: with the reason to show.

    """
    options: EvalSet = asked.options
    lacking = unconfigured(asked, options.table, timed=False)
    if lacking:
        return [lacking]
    where, mixed = options.table, options.production is not None
    with opened(asked, where) as table:
        built, rows = eval_sets.built(table, options.built, _zone(where), where.name)
        evaluated = eval_sets.segments(table, options.segment, where.name) if mixed else {}
    try:
        turnover = _turnover(asked, options, built)
        first = age(built, rows, turnover, options, asked.now)
    except SourceError as error:
        first = unknown(f"eval set: {error}")
    lines = [replace(first, query=f"{options.built} of {where.name} against its catalog")]
    if options.production is not None:
        lines.append(_mix(asked, options, evaluated))
    return [replace(line, source=where.source) for line in lines]


def _turnover(asked: Asked, options: EvalSet, built: datetime | None) -> Turnover | None:
    catalog = options.catalog
    if catalog is None or built is None:
        return None
    where = catalog.table
    with opened(asked, where) as table:
        items, newer = eval_sets.turnover(table, catalog.added, built, _zone(where), where.name)
    return Turnover(where.name, items, newer)


def _mix(asked: Asked, options: EvalSet, evaluated: dict[str, float]) -> Found:
    production = options.production
    assert production is not None  # noqa: S101 - asked of where there is one
    where = production.table
    if not where.time:
        name = f"checks.{asked.name}.production"
        return unknown(f"eval mix: no time column is configured: name it under {name} of the playbook")
    zone = ZoneInfo(where.zone) if where.zone else ZoneInfo("UTC")
    try:
        with opened(asked, where) as table:
            rows = eval_sets.lately(table, where.time, asked.now, options.days, zone, where.name)
            produced = eval_sets.segments(rows, production.segment, where.name)
    except SourceError as error:
        return unknown(f"eval mix: {error}")
    query = f"rows by {options.segment} of {options.table.name} and {where.name}"
    return replace(mix(evaluated, produced, options), query=query)


def _zone(table: Table) -> ZoneInfo:
    return ZoneInfo(table.zone or "UTC")
