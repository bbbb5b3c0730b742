"""Tables of ready statistics: cumulative (n, mean, variance) per day, arm and metric."""

import hashlib
import math
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from bot.core.observation import SIDES, Cell, Observations, Side
from bot.core.registration import Registration
from bot.errors import SourceError
from bot.sources.warehouse import columns_missing
from bot.stats.sample import Sample

MOST = 1e15
"""Units beyond which a count is taken for a mistake; floats hold all whole numbers up to here."""

PARTS = ("day", "arm", "metric", "n", "mean", "variance")


def observe(table: Any, registration: Registration, day: float, what: str) -> Observations:
    """The rows of the largest day not above `day`, as one sample per arm, cohort cell and metric."""
    import ibis

    data = registration.data
    named = {part: data.column(part) for part in (*PARTS, *registration.cohorts.dimensions)}
    missing = columns_missing(table, {column: part for part, column in named.items()}, what)
    if missing:
        raise SourceError(missing)
    days = table[named["day"]].cast("float64")
    known = table.filter((days > 0) & (days <= day))
    seen = known[named["day"]].cast("float64")
    edges = known.aggregate(first=seen.min(), newest=seen.max()).to_pyarrow().to_pylist()[0]
    newest = edges["newest"]
    if newest is None:
        raise SourceError(f"{what} has no rows of the days from 1 to {day:g}")
    arms = registration.arms
    ours = known.filter(
        known[named["arm"]].cast("string").isin((arms.control, arms.treatment))
        & known[named["metric"]].cast("string").isin(list(registration.metrics))
    )
    wanted = ours.filter(ours[named["day"]].cast("float64") == newest)
    columns = {part: wanted[column].cast(_TYPES.get(part, "string")) for part, column in named.items()}
    query = wanted.select(**columns)
    rows = query.to_pyarrow().to_pylist()
    return Observations(
        cells=_cells(rows, registration, what),
        first_day=float(edges["first"]),
        last_day=float(newest),
        summary=True,
        source=what,
        missing=_absent(rows, registration),
        broken=_shrinking(ours, named, registration, newest),
        query_sha256=hashlib.sha256(str(ibis.to_sql(query)).encode()).hexdigest(),
    )


def _shrinking(
    ours: Any, named: Mapping[str, str], registration: Registration, newest: float
) -> tuple[str, ...]:
    """The first metric with fewer units on the newest day than on a day before: that is not cumulative."""
    flat = ours.select(
        day=ours[named["day"]].cast("float64"),
        arm=ours[named["arm"]].cast("string"),
        metric=ours[named["metric"]].cast("string"),
        n=ours[named["n"]].cast("float64"),
    )
    totals = flat.group_by("day", "arm", "metric").aggregate(n=flat.n.sum()).to_pyarrow().to_pylist()
    now = {(row["arm"], row["metric"]): row["n"] for row in totals if row["day"] == newest}
    order = list(registration.metrics)
    for row in sorted(totals, key=lambda row: (order.index(row["metric"]), row["day"])):
        arm, metric, then = row["arm"], row["metric"], row["n"]
        left = now.get((arm, metric))
        if then is not None and left is not None and then > left:
            fall = f"from {then:,.0f} on day {row['day']:g} to {left:,.0f} on day {newest:g}"
            return (f"the n of {metric} in arm {arm} falls {fall}: the statistics are not cumulative",)
    return ()


_TYPES = {"day": "float64", "n": "float64", "mean": "float64", "variance": "float64"}


def _cells(rows: list[dict[str, Any]], registration: Registration, what: str) -> tuple[Cell, ...]:
    arms = registration.arms
    side_of: Mapping[str, Side] = {arms.control: "control", arms.treatment: "treatment"}
    dimensions = list(registration.cohorts.dimensions)
    cells: defaultdict[tuple[Side, tuple[str | None, ...]], dict[str, Sample]] = defaultdict(dict)
    for row in rows:
        key = side_of[row["arm"]], tuple(row[name] for name in dimensions)
        if row["metric"] in cells[key]:
            where = ", ".join(str(part) for part in (*key[1], key[0]) if part is not None)
            raise SourceError(f"{what} has two rows for {row['metric']} in {where} on day {row['day']:g}")
        cells[key][row["metric"]] = _sample(row, what)
    for side in SIDES:
        cells.setdefault((side, (None,) * len(dimensions)), {}) if not dimensions else None
    primary = registration.primary.metric
    return tuple(
        Cell(side, cohort, samples[primary].n if primary in samples else _largest(samples), samples)
        for (side, cohort), samples in sorted(cells.items(), key=lambda item: str(item[0]))
    )


def _largest(samples: Mapping[str, Sample]) -> int:
    return max((sample.n for sample in samples.values()), default=0)


def _sample(row: Mapping[str, Any], what: str) -> Sample:
    n, mean = row["n"], row["mean"]
    where = f"{what}, {row['metric']} in arm {row['arm']} on day {row['day']:g}"
    if n is None or not 0 <= n <= MOST or n != int(n):
        raise SourceError(f"{where}: n is {'empty' if n is None else f'{n:g}'}, not a count")
    variance = row["variance"]
    if variance is not None and math.isnan(variance):
        variance = None
    return Sample.summary(int(n), math.nan if mean is None else mean, variance, "value")


def _absent(rows: list[dict[str, Any]], registration: Registration) -> dict[str, str]:
    seen = {row["metric"] for row in rows}
    return {name: f"the table has no rows for {name}" for name in registration.metrics if name not in seen}
