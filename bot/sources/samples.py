"""What a look sees: one aggregate query for all metrics and all cohort cells, where the data is."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bot.core.observation import Observations
from bot.core.registration import Registration
from bot.errors import SourceError
from bot.settings import SourceSettings
from bot.sources import oddities, quantiles, rollup, summary
from bot.sources.asking import ask
from bot.sources.engine import name_of
from bot.sources.rollup import Wanted
from bot.sources.warehouse import columns_missing, not_numbers, table_of


def observe(
    registration: Registration,
    *,
    day: float,
    sources: Mapping[str, SourceSettings],
    root: Path | None,
    held: Sequence[float] = (),
) -> Observations:
    """The experiment's data up to and with `day`.

    held: days on which looks were held before, for the units they saw; the planned ones need not be named.
    root is the folder below which `path:` may lead. Raises SourceError with the reason when the data cannot
    be had at all; a metric that cannot be had is named in `missing`.
    """
    data = registration.data
    what = data.table or data.path or "the query"
    with table_of(data, sources=sources, root=root) as table:
        if data.kind == "summary":
            return replace(summary.observe(table, registration, day, what), day=day)
        return replace(_observe(table, registration, day, what, held), day=day)


def observe_rows(table: Any, registration: Registration, *, day: float, what: str) -> Observations:
    """The same of a table that is open already, whose rows are all on days from 1 to `day`."""
    return replace(_observe(table, registration, day, what, ()), day=day)


def _observe(
    table: Any, registration: Registration, day: float, what: str, held: Sequence[float]
) -> Observations:
    metrics, missing = _available(table, registration, what)
    whole = [int(one) for one in held if one == int(one)]
    answer = ask(table, registration, day, metrics, whole)
    found, rows = answer.found, answer.rows
    if not found.cells and not found.strangers:
        raise SourceError(f"{what} has no rows up to day {day:g}")
    slow = quantiles.observe(rows, registration, found.both, answer.counts.newest)
    odd = oddities.in_words(answer.counts, answer.repeats, registration)
    strange = oddities.other_arms(rows, registration) if found.strangers else ()
    absent = missing | slow.missing
    young = _young(registration, absent, found.young)
    return Observations(
        cells=found.cells,
        first_day=found.first,
        last_day=found.last,
        both_arms=found.both,
        other_arm=found.strangers,
        broken=odd.broken,
        remarks=(*odd.remarks, *strange, *young),
        codes={**odd.codes, **dict.fromkeys(strange, "other-arms"), **dict.fromkeys(young, "young-units")},
        duplicates=answer.duplicates,
        nulls=found.nulls,
        infinite=found.infinite,
        quantiles=slow.arms,
        cohort_quantiles=slow.cohorts,
        moving=found.moving | slow.moving,
        winsorised=answer.limits,
        earlier=found.earlier,
        missing=absent,
        source=what,
        query_sha256=hashlib.sha256(answer.text.encode()).hexdigest(),
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


def _young(
    registration: Registration, missing: Mapping[str, str], young: Mapping[int, int]
) -> tuple[str, ...]:
    """Metrics for which units are too young: they have no value yet."""
    windows = {
        name: window
        for name, metric in registration.metrics.items()
        if name not in missing and (window := metric.window_days) is not None
    }
    return tuple(
        f"{name}: {young[window]:,} unit{'' if young[window] == 1 else 's'} without {window} days since the "
        "first have no value yet."
        for name, window in windows.items()
        if young.get(window)
    )
