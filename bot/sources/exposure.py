"""How an experiment's effect goes with the days since a unit was first seen, from its rows per unit and day.

Two queries: sums by arm and day since exposure, of which the effects are made and their line; then what every
unit adds to the slope of that line, squared, for a standard error that holds however its days go together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bot.core.metric import Quantile, Ratio
from bot.core.observation import SIDES
from bot.core.registration import Registration
from bot.errors import SourceError
from bot.settings import SourceSettings
from bot.sources import rollup
from bot.sources.after import NeverError
from bot.sources.parts import gather
from bot.sources.rollup import Wanted
from bot.sources.warehouse import columns_missing, not_numbers, table_of
from bot.stats.exposure import Day, point, shares
from bot.stats.novelty import Exposed, line
from bot.stats.sample import Sample
from bot.stats.undecided import Undecided


def since_exposure(
    registration: Registration,
    *,
    until: float,
    near: Mapping[str, float],
    sources: Mapping[str, SourceSettings],
    root: Path | None,
) -> Exposed | Undecided:
    """The primary's relative effect by day since a unit's first row, up to day `until` of the experiment.

    Units of both arms are left out. near: a number near the mean of each column, so that sums keep their
    digits. Raises SourceError with the reason when the experiment's table cannot say it.
    """
    data, metric = registration.data, registration.metrics[registration.primary.metric]
    what = data.table or data.path or "the query"
    if data.kind == "summary" or not rollup.daily(registration):
        raise NeverError(f"{what} has no row per unit and day, so days since exposure are not known")
    if data.date is not None and data.start is None:
        raise NeverError(f"{what} has dates, and the day on which the experiment started is not known")
    if isinstance(metric, Quantile):
        raise NeverError(f"{registration.primary.metric} is a quantile, which has no value per unit and day")
    one = next(one for one in rollup.wanted(registration) if one.name == registration.primary.metric)
    own = replace(one, columns=one.columns[: 2 if isinstance(metric, Ratio) else 1])
    with table_of(data, sources=sources, root=root) as table:
        reason = columns_missing(table, _needed(registration, own), what)
        reason = reason or not_numbers(table, own.columns, own.name)
        if reason:
            raise SourceError(reason)
        rows = _aged(rollup.rows_until(table, registration, until), registration, own, near)
        days = _days(_ask(table, _sums(rows, own)), own, near)
        return _exposed(table, rows, own, near, days)


def _needed(registration: Registration, own: Wanted) -> dict[str, str]:
    data = registration.data
    found = {column: part for part in ("unit", "arm", "day", "date") if (column := getattr(data, part))}
    return found | dict.fromkeys(own.columns, own.name)


def _exposed(
    table: Any, rows: Any, own: Wanted, near: Mapping[str, float], days: Sequence[Day]
) -> Exposed | Undecided:
    """The effects, and the variance of their line's slope."""
    known = [(day, found) for day in days if (found := point(day)) is not None]
    points = tuple(found for _, found in known)
    fitted = line(points)
    if isinstance(fitted, Undecided):
        return fitted
    each = shares([day for day, _ in known], fitted)
    variance, units = 0.0, []
    for row in _ask(table, _squares(rows, own, near, each)):
        variance += float(row["squares"])
        units.append(int(row["units"]))
    return Exposed(points, variance, min(units, default=0))


def _ask(table: Any, query: Any) -> list[Mapping[str, Any]]:
    return [row for part in gather(table.get_backend(), query).parts for row in part]


def _aged(rows: Any, registration: Registration, own: Wanted, near: Mapping[str, float]) -> Any:
    """Rows with their arm (0, 1), their days since the unit's first row and their values about `near`."""
    import ibis

    data, arms = registration.data, registration.arms
    arm = rows[data.arm].cast("string")
    side = ibis.cases((arm == arms.control, 0), (arm == arms.treatment, 1), else_=None).cast("int32")
    values = {
        f"v{k}": rollup.number(rows, column) - near.get(name, 0.0)
        for k, (column, name) in enumerate(zip(own.columns, own.names, strict=False))
    }
    flat = rows.select(unit_=rows[data.unit], day_=rows.day_, side=side, **values)
    per_unit = ibis.window(group_by=flat.unit_)
    aged = flat.mutate(
        age=(flat.day_ - flat.day_.min().over(per_unit)).cast("int32"),
        mixed=flat.side.min().over(per_unit) != flat.side.max().over(per_unit),
    )
    known = aged.side.notnull() & ~aged.mixed
    for name in values:
        known = known & aged[name].notnull() & ~aged[name].isinf()
    return aged.filter(known)


def _sums(rows: Any, own: Wanted) -> Any:
    """Counts, sums and products per arm and day since exposure."""
    names = [f"v{k}" for k in range(len(own.columns))]
    sums = {"n": rows.count()} | {f"s_{a}": rows[a].sum() for a in names}
    sums |= {f"p_{a}_{b}": (rows[a] * rows[b]).sum() for a in names for b in names if a <= b}
    return rows.group_by(["side", "age"]).aggregate(**sums)


def _squares(
    rows: Any, own: Wanted, near: Mapping[str, float], each: Mapping[tuple[str, int], Sequence[float]]
) -> Any:
    """Per arm the number of units and the sum of the squares of what each adds to the slope."""
    import ibis

    shift = [near.get(name, 0.0) for name in own.names[: len(own.columns)]]
    added = None
    for at in range(len(own.columns) + 1):
        cases = []
        for (side, age), share in each.items():
            moved = share[0] + sum(f * s for f, s in zip(share[1:], shift, strict=True))
            cases.append(((rows.side == SIDES.index(side)) & (rows.age == age), share[at] if at else moved))
        factor = ibis.cases(*cases, else_=0.0).cast("float64")
        part = factor * rows[f"v{at - 1}"] if at else factor
        added = part if added is None else added + part
    per_unit = rows.mutate(added=added).group_by(["side", "unit_"]).aggregate(added=lambda t: t.added.sum())
    squared = per_unit.mutate(square=per_unit.added * per_unit.added)
    return squared.group_by("side").aggregate(units=squared.count(), squares=squared.square.sum())


def _days(rows: Sequence[Mapping[str, Any]], own: Wanted, near: Mapping[str, float]) -> list[Day]:
    k = len(own.columns)
    names = own.names[:k]
    shift = [near.get(name, 0.0) for name in names]
    found: dict[int, dict[str, Sample]] = {}
    for row in rows:
        added = [float(row[f"s_v{i}"]) for i in range(k)]
        products = [[float(row[f"p_v{min(i, j)}_v{max(i, j)}"]) for j in range(k)] for i in range(k)]
        sample = Sample.from_sums(names, int(row["n"]), shift, added, products)
        found.setdefault(int(row["age"]), {})[SIDES[int(row["side"])]] = sample
    return [
        Day(days, sides["control"], sides["treatment"])
        for days, sides in sorted(found.items())
        if len(sides) == len(SIDES)
    ]


__all__ = ["since_exposure"]
