"""What a look sees: one aggregate query for all metrics and all cohort cells, where the data is."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.core.metric import Ratio
from bot.core.observation import Observations
from bot.core.registration import Registration
from bot.errors import SourceError
from bot.settings import SourceSettings
from bot.sources import cells, oddities, quantiles, rollup, summary
from bot.sources.engine import name_of
from bot.sources.rollup import Wanted
from bot.sources.warehouse import columns_missing, not_numbers, table_of

SHIFT_ROWS = 1000
"""Rows whose mean is the shift: any constant near the mean will do."""


def observe(
    registration: Registration,
    *,
    day: float,
    sources: Mapping[str, SourceSettings],
    root: Path | None,
) -> Observations:
    """The experiment's data up to and with `day`.

    root is the folder below which `path:` may lead. Raises SourceError with the reason when the data cannot
    be had at all; a metric that cannot be had is named in `missing`.
    """
    data = registration.data
    what = data.table or data.path or "the query"
    with table_of(data, sources=sources, root=root) as table:
        if data.kind == "summary":
            return summary.observe(table, registration, day, what)
        return _observe(table, registration, day, what)


def _observe(table: Any, registration: Registration, day: float, what: str) -> Observations:
    import ibis

    metrics, missing = _available(table, registration, what)
    odd = oddities.look_over(table, registration, day)
    rows = rollup.rows_until(table, registration, day)
    shifts = _shifts(rows, metrics)
    units = rollup.units(rows, registration, metrics, shifts)
    dimensions = len(registration.cohorts.dimensions)
    query = cells.query(units, metrics, dimensions)
    found = query.to_pyarrow().to_pylist()
    if not found:
        raise SourceError(f"{what} has no rows up to day {day:g}")
    strangers = sum(int(row["units"]) for row in found if row["side"] is None)
    both_arms = sum(int(row["both"] or 0) for row in found)
    slow = quantiles.observe(rows, registration, both_arms)
    data = registration.data
    return Observations(
        cells=cells.cells_of(found, metrics, dimensions, shifts),
        first_day=_edge(found, "first", min),
        last_day=_edge(found, "last", max),
        both_arms=both_arms,
        other_arm=strangers,
        broken=odd.broken,
        remarks=(*odd.remarks, *(oddities.other_arms(rows, registration) if strangers else ())),
        duplicates=_duplicates(rows, registration) if data.day is None and data.date is None else 0,
        nulls=_counts(found, metrics, "null"),
        infinite=_counts(found, metrics, "inf"),
        quantiles=slow.arms,
        cohort_quantiles=slow.cohorts,
        missing=missing | slow.missing,
        source=what,
        query_sha256=hashlib.sha256(str(ibis.to_sql(query)).encode()).hexdigest(),
        engine=name_of(table),
    )


def _available(table: Any, registration: Registration, what: str) -> tuple[list[Wanted], dict[str, str]]:
    data = registration.data
    needed = {column: part for part in ("unit", "arm", "day", "date") if (column := getattr(data, part))}
    needed |= {data.column(name): "cohort" for name in registration.cohorts.dimensions}
    reason = columns_missing(table, needed, what)
    if reason:
        raise SourceError(reason)
    _numbered(table, data.day, what)
    metrics, missing = [], {}
    for one in rollup.wanted(registration):
        absent = columns_missing(table, dict.fromkeys(one.columns, one.name), what)
        reason = absent or not_numbers(table, one.columns, one.name)
        if reason and one.name == registration.primary.metric:
            _refuse(table, reason, what)
        if reason:
            missing[one.name] = reason
        else:
            metrics.append(one)
    return metrics, missing


def _numbered(table: Any, day: str | None, what: str) -> None:
    if day is not None and not table[day].type().is_numeric():
        said = f"column {day} (day) is {table[day].type()}, and days are numbers from 1"
        hint = "give such a column, or name a calendar column as `date:` with `start:`"
        _refuse(table, f"{said}: {hint}", what)


def _refuse(table: Any, reason: str, what: str) -> None:
    """Raise what is wrong with a column; a CSV file without rows has no types either, so that comes first."""
    empty = not table.limit(1).count().to_pyarrow().as_py()
    raise SourceError(f"{what} has no rows" if empty else reason)


def _shifts(rows: Any, metrics: list[Wanted]) -> dict[str, float]:
    """A constant near the mean of each value column; the columns of a ratio are summed and keep theirs."""
    wanted = {
        f"v{i}_{j}": rollup.number(rows, column)
        for i, one in enumerate(metrics)
        for j, column in enumerate(one.columns)
        if not isinstance(one.metric, Ratio) or one.names[j] == "covariate"
    }
    if not wanted:
        return {}
    head = rows.select(**wanted).limit(SHIFT_ROWS)
    means = head.aggregate(**{name: head[name].mean() for name in wanted}).to_pyarrow().to_pylist()[0]
    return {name: float(mean) for name, mean in means.items() if mean is not None and abs(mean) < 1e300}


def _duplicates(rows: Any, registration: Registration) -> int:
    column = rows[registration.data.unit]
    found = rows.aggregate(rows=column.count(), units=column.nunique()).to_pyarrow().to_pylist()[0]
    return int(found["rows"]) - int(found["units"])


def _edge(found: list[dict[str, Any]], name: str, choose: Any) -> float | None:
    days = [float(row[name]) for row in found if row[name] is not None]
    return choose(days) if days else None


def _counts(found: list[dict[str, Any]], metrics: list[Wanted], name: str) -> dict[str, int]:
    counts = {
        one.name: sum(int(row[f"{name}{i}"] or 0) for row in found if row["side"] is not None)
        for i, one in enumerate(metrics)
    }
    return {metric: count for metric, count in counts.items() if count}
