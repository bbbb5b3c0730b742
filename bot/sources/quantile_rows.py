"""What an engine is asked for quantile metrics, as Ibis expressions over the rows of both arms.

A *group* is (metric, side, cohort); a cohort is ((dimension number, value), ...), empty for all units. The
cohort of a row is the one it names; that of a unit is the first by name, as for every other metric.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from bot.core.observation import SIDES
from bot.core.registration import Registration
from bot.sources.rollup import number
from bot.stats.quantile import OuterLevels
from bot.stats.sample import Sample

Cohort: TypeAlias = tuple[tuple[int, str], ...]
Group: TypeAlias = tuple[str, str, Cohort]
Grouping: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Asked:
    """A quantile metric. dimensions: how many cohort dimensions it is wanted for; 0 for all units alone."""

    name: str
    q: float
    column: str
    covariate: str | None
    dimensions: int

    @property
    def groupings(self) -> tuple[Grouping, ...]:
        """All units, every dimension, the crossing of all."""
        every = range(self.dimensions)
        crossing = [tuple(every)] if self.dimensions > 1 else []
        return ((), *((number,) for number in every), *crossing)


def cohort_of(dimensions: Sequence[str], cohort: Cohort) -> str:
    """The name of a cohort: "locale=jp,tenure=new"; "" for all units."""
    return ",".join(f"{dimensions[number]}={value}" for number, value in cohort)


def flat(rows: Any, registration: Registration, asked: Sequence[Asked], both_arms: int) -> Any:
    """The rows of the two arms: unit_, side_, the dimensions c0, c1, …, values v0, …, covariates x0, …"""
    import ibis

    data, arms = registration.data, registration.arms
    arm = rows[data.arm].cast("string")
    columns = {
        "unit_": rows[data.unit],
        "side_": arm.cases((arms.control, SIDES[0]), (arms.treatment, SIDES[1])),
    }
    for position, (dimension, declared) in enumerate(registration.cohorts.dimensions.items()):
        cohort = rows[data.column(dimension)].cast("string")
        columns[f"c{position}"] = cohort.isin(declared).ifelse(cohort, ibis.null("string"))
    for i, one in enumerate(asked):
        columns[f"v{i}"] = number(rows, one.column)
        if one.covariate is not None:
            before = number(rows, one.covariate)
            columns[f"x{i}"] = before.isinf().ifelse(ibis.null("float64"), before)
    found = rows.select(**columns)
    found = found.filter(found.side_.notnull())
    if both_arms:
        first, last = found.side_.min(), found.side_.max()
        sided = found.group_by("unit_").aggregate(first=first, last=last)
        found = found.anti_join(sided.filter(sided["first"] != sided["last"]), "unit_")
    return found


def quantiles(flat: Any, asked: Sequence[Asked]) -> dict[Group, float]:
    """The first pass: the quantile of every group that has a value."""
    found: dict[Group, float] = {}
    for grouping in _groupings(asked):
        among = {i: one for i, one in enumerate(asked) if grouping in one.groupings}
        cohorts = [f"c{number}" for number in grouping]
        known = flat.filter([flat[name].notnull() for name in cohorts]) if cohorts else flat
        wanted = {f"q{i}": known[f"v{i}"].quantile(one.q) for i, one in among.items()}
        for row in _rows(known.group_by("side_", *cohorts).aggregate(**wanted)):
            cohort = tuple((number, row[f"c{number}"]) for number in grouping)
            for i, one in among.items():
                if row[f"q{i}"] is not None and not math.isnan(row[f"q{i}"]):
                    found[one.name, row["side_"], cohort] = float(row[f"q{i}"])
    return found


def counts(
    flat: Any, asked: Sequence[Asked], values: Mapping[Group, float]
) -> tuple[dict[Group, Sample], dict[str, int]]:
    """The second pass: per group the sample over units of below, events and, if there is one, covariate.

    And per metric how many units have a covariate that changes.
    """
    dimensions = max(one.dimensions for one in asked)
    cohorts = [f"c{number}" for number in range(dimensions)]
    units = flat.group_by("unit_", "side_").aggregate(
        **{name: flat[name].min() for name in cohorts},
        **{
            name: value
            for i, one in enumerate(asked)
            for name, value in _of_unit(flat, i, one, values).items()
        },
    )
    means = _means(flat, asked)
    wanted = {
        name: value for i, one in enumerate(asked) for name, value in _moments(units, i, one, means).items()
    }
    cells = _rows(units.group_by("side_", *cohorts).aggregate(**wanted))
    samples = {
        group: Sample.merge_all(_sample(row, i, one, g) for row in cells if _within(row, group))
        for i, one in enumerate(asked)
        for g, grouping in enumerate(one.groupings)
        for group in values
        if group[0] == one.name and tuple(number for number, _ in group[2]) == grouping
    }
    moving = {
        one.name: sum(int(row[f"d{i}"] or 0) for row in cells)
        for i, one in enumerate(asked)
        if one.covariate is not None
    }
    return samples, {name: count for name, count in moving.items() if count}


def outer_values(
    flat: Any, asked: Sequence[Asked], levels: Mapping[Group, OuterLevels]
) -> dict[Group, tuple[float, float]]:
    """The third pass: the values at the outer levels of every group."""
    found: dict[Group, tuple[float, float]] = {}
    for grouping in _groupings(asked):
        groups = [group for group in levels if tuple(number for number, _ in group[2]) == grouping]
        if not groups:
            continue
        cohorts = [f"c{number}" for number in grouping]
        known = flat.filter([flat[name].notnull() for name in cohorts]) if cohorts else flat
        # Every group at the levels of all: one sort each, where a filter for each would read the rows anew.
        places: dict[str, list[float]] = {}
        for name, *_ in groups:
            own = (levels[group] for group in groups if group[0] == name)
            places[name] = sorted({level for one in own for level in (one.low, one.high)})
        wanted = {
            f"o{i}": known[f"v{i}"].quantile(places[one.name])
            for i, one in enumerate(asked)
            if one.name in places
        }
        for row in _rows(known.group_by("side_", *cohorts).aggregate(**wanted)):
            cohort = tuple((number, row[f"c{number}"]) for number in grouping)
            for i, one in enumerate(asked):
                outer = levels.get((one.name, row["side_"], cohort))
                if outer is not None:
                    at = dict(zip(places[one.name], row[f"o{i}"], strict=True))
                    found[one.name, row["side_"], cohort] = float(at[outer.low]), float(at[outer.high])
    return found


def _groupings(asked: Sequence[Asked]) -> list[Grouping]:
    return sorted({grouping for one in asked for grouping in one.groupings})


def _rows(query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = query.to_pyarrow().to_pylist()
    return found


def _here(table: Any, group: Group) -> Any:
    here = table.side_ == group[1]
    for number_, value in group[2]:
        here = here & (table[f"c{number_}"] == value)
    return here


def _within(row: Mapping[str, Any], group: Group) -> bool:
    return row["side_"] == group[1] and all(row[f"c{number_}"] == value for number_, value in group[2])


def _of_unit(flat: Any, i: int, one: Asked, values: Mapping[Group, float]) -> dict[str, Any]:
    """Per unit its events, those at or below the quantile of each of its groups, and its covariate."""
    import ibis

    value = flat[f"v{i}"]
    found = {f"e{i}": value.count()}
    for g, grouping in enumerate(one.groupings):
        limits = [
            # As text, which every engine reads exactly; DuckDB takes 0.1 for a decimal, an ulp away from it.
            (_here(flat, group), ibis.literal(repr(limit)).cast("float64"))
            for group, limit in values.items()
            if group[0] == one.name and tuple(number for number, _ in group[2]) == grouping
        ]
        limit = ibis.cases(*limits) if limits else ibis.null("float64")
        found[f"b{i}_{g}"] = (value <= limit).cast("int32").sum()
    if one.covariate is not None:
        found |= {f"x{i}": flat[f"x{i}"].max(), f"y{i}": flat[f"x{i}"].min()}
    return found


def _means(flat: Any, asked: Sequence[Asked]) -> dict[int, float]:
    """A covariate's mean over rows: what stands for it where it is unknown. Any constant will do."""
    wanted = {f"x{i}": flat[f"x{i}"].mean() for i, one in enumerate(asked) if one.covariate is not None}
    if not wanted:
        return {}
    (row,) = _rows(flat.aggregate(**wanted))
    return {int(name[1:]): 0.0 if mean is None else float(mean) for name, mean in row.items()}


def _moments(units: Any, i: int, one: Asked, means: Mapping[int, float]) -> dict[str, Any]:
    events = units[f"e{i}"]
    has = events > 0
    columns = {"e": events.cast("float64")}
    columns |= {f"b{g}": units[f"b{i}_{g}"].cast("float64") for g in range(len(one.groupings))}
    if one.covariate is not None:
        columns["x"] = (units[f"x{i}"] - means[i]).fill_null(0.0)
    found = {f"n{i}": has.cast("int32").sum()}
    if one.covariate is not None:
        found[f"d{i}"] = (units[f"x{i}"] != units[f"y{i}"]).cast("int32").sum()
    for name, column in columns.items():
        found[f"m{i}_{name}"] = column.mean(where=has)
    for first, second in _pairs(columns):
        if first == second:
            found[f"s{i}_{first}_{first}"] = columns[first].var(where=has, how="sample")
        else:
            found[f"s{i}_{first}_{second}"] = columns[first].cov(columns[second], where=has, how="sample")
    return found


def _pairs(columns: Iterable[str]) -> list[tuple[str, str]]:
    """All but those of two groupings, in a fixed order."""
    names = sorted(columns)
    return [
        (first, second)
        for at, first in enumerate(names)
        for second in names[at:]
        if first == second or not (first[0] == "b" and second[0] == "b")
    ]


def _sample(row: Mapping[str, Any], i: int, one: Asked, g: int) -> Sample:
    names = {"below": f"b{g}", "events": "e"} | ({} if one.covariate is None else {"covariate": "x"})
    n = int(row[f"n{i}"] or 0)
    if n == 0:
        return Sample.empty(tuple(names))
    mean = np.array([_float(row[f"m{i}_{short}"]) for short in names.values()])
    cov = np.full((len(names), len(names)), math.nan)
    if n > 1:
        for j, first in enumerate(names.values()):
            for k, second in enumerate(names.values()):
                low, high = sorted((first, second))
                cov[j, k] = _float(row[f"s{i}_{low}_{high}"])
    return Sample(n, tuple(names), mean, cov)


def _float(value: Any) -> float:
    return math.nan if value is None else float(value)
