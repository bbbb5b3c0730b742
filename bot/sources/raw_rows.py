"""The units themselves, for the one analysis that cells cannot serve: the mixed model on small data.

Nothing of them is kept on record; they are fetched, fitted and forgotten.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bot.core.metric import Mean, Proportion
from bot.core.registration import Registration
from bot.errors import SourceError
from bot.settings import SourceSettings
from bot.sources import rollup, units
from bot.sources.warehouse import columns_missing, not_numbers, table_of
from bot.stats.undecided import Undecided


@dataclass(frozen=True)
class RawRows:
    """Units of both arms that have a value of the primary and declared values of all dimensions.

    values: (n,) metric units, after the unit's days were rolled up; treated: (n,); cohorts: n names.
    """

    values: npt.NDArray[np.float64]
    treated: npt.NDArray[np.bool_]
    cohorts: tuple[str, ...]


def fetch(
    registration: Registration,
    *,
    day: float,
    sources: Mapping[str, SourceSettings],
    root: Path | None,
    most: int,
) -> RawRows | Undecided:
    """The primary of every unit up to and with `day`; Undecided when they are more than `most`, or not plain.

    root is the folder below which `path:` may lead. Raises SourceError when the data cannot be had.
    """
    reason = _unfit(registration)
    if reason:
        return Undecided(reason)
    data = registration.data
    what = data.table or data.path or "the query"
    with table_of(data, sources=sources, root=root) as table:
        found = _units(table, registration, day, what)
        names = ["side", *(f"c{number}" for number in range(len(registration.cohorts.dimensions))), "v0"]
        known = found.table.select(*names).drop_null().limit(most + 1)
        rows = known.to_pyarrow().to_pylist()
    if len(rows) > most:
        return Undecided(f"it is fitted to at most {most:,} units, and there are more")
    return _read(rows, found, registration)


def _unfit(registration: Registration) -> str:
    primary = registration.primary.metric
    metric = registration.metrics[primary]
    if registration.data.kind == "summary":
        return "a table of ready statistics has no units to fit it to"
    if not registration.cohorts.dimensions:
        return "no cohorts were declared"
    if not isinstance(metric, Mean | Proportion):
        return f"{primary} is a {metric.kind}, and it is for means and proportions"
    if metric.window_days is not None or (isinstance(metric, Mean) and metric.winsorise is not None):
        return f"{primary} is winsorised or has a window, and it is for plain values"
    return ""


def _units(table: Any, registration: Registration, day: float, what: str) -> units.Units:
    (one,) = (each for each in rollup.wanted(registration) if each.name == registration.primary.metric)
    column = one.columns[0]
    data = registration.data
    needed = {name: part for part in ("unit", "arm", "day", "date") if (name := getattr(data, part))}
    needed |= {data.column(name): "cohort" for name in registration.cohorts.dimensions} | {column: one.name}
    reason = columns_missing(table, needed, what) or not_numbers(table, (column,), one.name)
    if reason:
        raise SourceError(reason)
    rows = rollup.rows_until(table, registration, day)
    asked = rollup.Asked({one.values[0]: "v0"}, gaps=frozenset({"v0"}), mapped=True)
    if rollup.daily(registration):
        return units.rolled_up(rows, registration, asked, bits=False)
    return units.single(rows, registration, asked)


def _read(rows: list[dict[str, Any]], found: units.Units, registration: Registration) -> RawRows:
    dimensions = list(registration.cohorts.dimensions)
    kept = [
        row
        for row in rows
        if row["side"] in found.sides
        and all(row[f"c{k}"] in found.cohorts[k] for k in range(len(dimensions)))
    ]
    names = tuple(
        ",".join(f"{name}={found.cohorts[k][row[f'c{k}']]}" for k, name in enumerate(dimensions))
        for row in kept
    )
    return RawRows(
        np.array([row["v0"] for row in kept], dtype=np.float64),
        np.array([found.sides[row["side"]] == "treatment" for row in kept], dtype=bool),
        names,
    )
