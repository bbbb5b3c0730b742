"""From units to cells: the one aggregate query of a look.

Per arm and crossing of the cohort dimensions: units, and for every metric the count, means, variances and
covariances of the units that have a value, all about a shift near the mean so that a large mean with a small
spread keeps its digits.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bot.core.observation import Cell
from bot.sources.rollup import Wanted
from bot.stats.sample import Sample


def query(units: Any, metrics: Sequence[Wanted], dimensions: int) -> Any:
    """The aggregate over cells, as an Ibis expression."""
    outputs: dict[str, Any] = {
        "units": units.count(),
        "both": units.both.sum(),
        "first": units["first"].min(),
        "last": units["last"].max(),
    }
    for i, one in enumerate(metrics):
        outputs |= _moments(units, i, one)
    return units.group_by("side", *[f"c{k}" for k in range(dimensions)]).aggregate(**outputs)


def _moments(units: Any, i: int, one: Wanted) -> dict[str, Any]:
    columns = [units[f"v{i}_{j}"] for j in range(len(one.columns))]
    own = columns[:-1] if one.has_covariate else columns
    known, finite = own[0].notnull(), ~own[0].isinf()
    for column in own[1:]:
        known, finite = known & column.notnull(), finite & ~column.isinf()
    if one.has_covariate:
        # No history: the unit gets the shift, about the mean. Any constant keeps CUPED unbiased.
        columns[-1] = columns[-1].isinf().ifelse(None, columns[-1]).fill_null(0.0)
    valid = known & finite
    outputs = {
        f"n{i}": valid.sum(),
        f"null{i}": (~known).sum(),
        f"inf{i}": (known & ~finite).sum(),
    }
    for j, column in enumerate(columns):
        outputs[f"m{i}_{j}"] = column.mean(where=valid)
        outputs[f"s{i}_{j}_{j}"] = column.var(where=valid, how="sample")
        for k in range(j):
            outputs[f"s{i}_{k}_{j}"] = columns[k].cov(column, where=valid, how="sample")
    return outputs


def cells_of(
    rows: Sequence[Mapping[str, Any]], metrics: Sequence[Wanted], dimensions: int, shifts: Mapping[str, float]
) -> tuple[Cell, ...]:
    """The cells of the two arms, in a fixed order."""
    cells = []
    for row in rows:
        if row["side"] is None:
            continue
        samples = {one.name: _sample(row, i, one, shifts) for i, one in enumerate(metrics)}
        cohort = tuple(row[f"c{k}"] for k in range(dimensions))
        cells.append(Cell(row["side"], cohort, int(row["units"]), samples))
    return tuple(sorted(cells, key=lambda cell: (cell.side, tuple(value or "" for value in cell.cohort))))


def _sample(row: Mapping[str, Any], i: int, one: Wanted, shifts: Mapping[str, float]) -> Sample:
    n, k = int(row[f"n{i}"] or 0), len(one.columns)
    if n == 0:
        return Sample.empty(one.names)
    mean = np.array([_float(row[f"m{i}_{j}"]) + shifts.get(f"v{i}_{j}", 0.0) for j in range(k)])
    cov = np.empty((k, k))
    for j in range(k):
        for m in range(j + 1):
            cov[m, j] = cov[j, m] = _float(row[f"s{i}_{m}_{j}"]) if n > 1 else math.nan
    return Sample(n, one.names, mean, cov)


def _float(value: Any) -> float:
    return math.nan if value is None else float(value)
