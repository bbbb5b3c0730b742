"""What an engine is asked for quantile metrics, as Ibis expressions over the events of both arms.

A *group* is (metric, side, cohort); a cohort is ((dimension number, value), ...), empty for all units. The
cohort of a row is the one it names; that of a unit is the first by name, as for every other metric. In the
engine sides and cohorts are small numbers: what is grouped, compared and kept is then small too.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, TypeAlias

import numpy as np

from bot.core.observation import SIDES
from bot.sources.quantile_events import Asked, Events, Grouping
from bot.sources.together import ask_all
from bot.stats.quantile import OuterLevels
from bot.stats.sample import Sample

Cohort: TypeAlias = tuple[tuple[int, str], ...]
Group: TypeAlias = tuple[str, str, Cohort]
Row: TypeAlias = Mapping[str, Any]


def cohort_of(dimensions: Sequence[str], cohort: Cohort) -> str:
    """The name of a cohort: "locale=jp,tenure=new"; "" for all units."""
    return ",".join(f"{dimensions[number]}={value}" for number, value in cohort)


def quantiles(events: Events) -> dict[Group, float]:
    """The first pass: the quantile of every group that has a value."""
    wanted = {
        grouping: {i: one.q for i, one in enumerate(events.asked) if grouping in one.groupings}
        for grouping in _groupings(events.asked)
    }
    found: dict[Group, float] = {}
    for _, i, group, value in _at(events, wanted):
        if value is not None and not math.isnan(value):
            found[events.asked[i].name, *group] = float(value)
    return found


def outer_values(events: Events, levels: Mapping[Group, OuterLevels]) -> dict[Group, tuple[float, float]]:
    """The third pass: the values at the outer levels of every group."""
    # Every group at the levels of all: one sort each, where a filter for each would read the rows anew.
    places: defaultdict[Grouping, dict[int, list[float]]] = defaultdict(dict)
    for grouping in _groupings(events.asked):
        for i, one in enumerate(events.asked):
            own = [at for group, at in levels.items() if group[0] == one.name and _shape(group) == grouping]
            if own:
                places[grouping][i] = sorted({level for at in own for level in (at.low, at.high)})
    found = {}
    for grouping, i, group, values in _at(events, places):
        outer = levels.get((events.asked[i].name, *group))
        if outer is not None:
            at = dict(zip(places[grouping][i], values, strict=True))
            found[events.asked[i].name, *group] = float(at[outer.low]), float(at[outer.high])
    return found


def counts(events: Events, values: Mapping[Group, float]) -> tuple[dict[Group, Sample], dict[str, int]]:
    """The second pass: per group the sample over units of below, events and, if there is one, covariate.

    And per metric how many units have a covariate that changes.
    """
    table, asked = events.table, events.asked
    names = [f"c{number}" for number in range(len(events.labels))]
    outputs = {name: table[name].min() for name in names}
    for i, one in enumerate(asked):
        outputs |= _of_unit(events, i, one, values)
    units = table.group_by("unit_", "side_").aggregate(**outputs)
    means = _means(events)
    wanted: dict[str, Any] = {}
    for i, one in enumerate(asked):
        wanted |= _moments(units, i, one, means)
    (cells,) = ask_all(table.get_backend(), [units.group_by("side_", *names).aggregate(**wanted)])
    parts: defaultdict[Group, list[Sample]] = defaultdict(list)
    # The order of a sum is that of the cells, and always the same.
    for row in sorted(cells, key=lambda row: [-1 if row[name] is None else row[name] for name in names]):
        for i, one in enumerate(asked):
            for g, grouping in enumerate(one.groupings):
                group = _group(events, row, grouping)
                if group is not None and (one.name, *group) in values:
                    parts[one.name, *group].append(_sample(row, i, one, g))
    # A group whose rows all belong to units that come first elsewhere has no unit of its own.
    none = {one.name: Sample.empty(tuple(_columns(one, 0))) for one in asked}
    moving = {
        one.name: sum(int(row[f"d{i}"] or 0) for row in cells)
        for i, one in enumerate(asked)
        if one.covariate is not None
    }
    samples = {group: Sample.merge_all(parts.get(group, [none[group[0]]])) for group in values}
    return samples, {name: count for name, count in moving.items() if count}


def _groupings(asked: Sequence[Asked]) -> list[Grouping]:
    return sorted({grouping for one in asked for grouping in one.groupings})


def _shape(group: Group) -> Grouping:
    return tuple(number for number, _ in group[2])


def _group(events: Events, row: Row, grouping: Grouping) -> tuple[str, Cohort] | None:
    """The side and the cohort of a row of an answer; None when it is in no cohort of these dimensions."""
    codes = [row[f"c{number}"] for number in grouping]
    if None in codes:
        return None
    cohort = ((number, events.labels[number][code]) for number, code in zip(grouping, codes, strict=True))
    return SIDES[row["side_"]], tuple(cohort)


def _at(
    events: Events, wanted: Mapping[Grouping, Mapping[int, Any]]
) -> Iterator[tuple[Grouping, int, tuple[str, Cohort], Any]]:
    """The quantiles of every group, at the levels wanted per grouping and metric (by its number)."""
    table, queries = events.kept, []
    for grouping, levels in wanted.items():
        names = [f"c{number}" for number in grouping]
        known = table.filter([table[name].notnull() for name in names]) if names else table
        outputs = {f"q{i}": known[f"v{i}"].quantile(level) for i, level in levels.items()}
        queries.append(known.group_by("side_", *names).aggregate(**outputs))
    for (grouping, levels), rows in zip(wanted.items(), ask_all(table.get_backend(), queries), strict=True):
        for row in rows:
            group = _group(events, row, grouping)
            if group is not None:
                yield from ((grouping, i, group, row[f"q{i}"]) for i in levels)


def _of_unit(events: Events, i: int, one: Asked, values: Mapping[Group, float]) -> dict[str, Any]:
    """Per unit its events, those at or below the quantile of each of its groups, and its covariate."""
    table = events.table
    value = table[f"v{i}"]
    found = {f"e{i}": value.count()}
    for g, grouping in enumerate(one.groupings):
        below = value <= _limit(events, grouping, one.name, values)
        found[f"b{i}_{g}"] = value.count(where=below)
    if one.covariate is not None:
        found |= {f"x{i}": table[f"x{i}"].max(), f"y{i}": table[f"x{i}"].min()}
    return found


def _limit(events: Events, grouping: Grouping, name: str, values: Mapping[Group, float]) -> Any:
    """The quantile of the group that a row is in: read off a list, where a condition for each is slow."""
    import ibis

    place = events.table.side_.cast("int32")
    for number in grouping:
        place = place * len(events.labels[number]) + events.table[f"c{number}"]
    limits = (
        values.get((name, side, tuple(zip(grouping, cohort, strict=True))))
        for side, *cohort in product(SIDES, *(events.labels[number] for number in grouping))
    )
    # As text, which every engine reads exactly; DuckDB takes 0.1 for a decimal, an ulp away from it.
    listed = [None if limit is None else repr(limit) for limit in limits]
    return ibis.literal(listed, "array<string>").cast("array<float64>")[place]


def _means(events: Events) -> dict[int, float]:
    """A covariate's mean over rows: what stands for it where it is unknown. Any constant will do."""
    table = events.table
    wanted = {
        f"x{i}": table[f"x{i}"].mean() for i, one in enumerate(events.asked) if one.covariate is not None
    }
    if not wanted:
        return {}
    ((row,),) = ask_all(table.get_backend(), [table.aggregate(**wanted)])
    return {int(name[1:]): 0.0 if mean is None else float(mean) for name, mean in row.items()}


def _moments(units: Any, i: int, one: Asked, means: Mapping[int, float]) -> dict[str, Any]:
    """Sums of whole numbers and of their products, which every engine has exactly; moments of a covariate."""
    has = units[f"e{i}"] > 0
    names = ["e", *(f"b{g}" for g in range(len(one.groupings)))]
    whole = {"e": units[f"e{i}"]} | {f"b{g}": units[f"b{i}_{g}"] for g in range(len(one.groupings))}
    found = {f"n{i}": has.cast("int32").sum()}
    found |= {f"s{i}_{name}": whole[name].sum() for name in names}
    found |= {f"p{i}_e_{name}": (whole["e"] * whole[name]).sum() for name in names}
    found |= {f"p{i}_{name}_{name}": (whole[name] * whole[name]).sum() for name in names[1:]}
    if one.covariate is not None:
        before = (units[f"x{i}"] - means[i]).fill_null(0.0)
        found[f"d{i}"] = (units[f"x{i}"] != units[f"y{i}"]).cast("int32").sum()
        found[f"m{i}"] = before.mean(where=has)
        found[f"s{i}_x_x"] = before.var(where=has, how="sample")
        for name in names:
            found[f"s{i}_x_{name}"] = before.cov(whole[name].cast("float64"), where=has, how="sample")
    return found


def _columns(one: Asked, g: int) -> dict[str, str]:
    names = {"below": f"b{g}", "events": "e"}
    return names if one.covariate is None else names | {"covariate": "x"}


def _sample(row: Row, i: int, one: Asked, g: int) -> Sample:
    columns = _columns(one, g)
    short = list(columns.values())
    n = int(row[f"n{i}"] or 0)
    if n == 0:
        return Sample.empty(tuple(columns))
    sums = {name: int(row[f"s{i}_{name}"]) for name in short if name != "x"}
    mean = np.array([sums[name] / n if name in sums else _float(row[f"m{i}"]) for name in short])
    cov = np.full((len(columns), len(columns)), math.nan)
    if n > 1:
        for j, k in product(range(len(columns)), repeat=2):
            cov[j, k] = _covariance(row, i, n, sums, sorted((short[j], short[k]), reverse=True))
    return Sample(n, tuple(columns), mean, cov)


def _covariance(row: Row, i: int, n: int, sums: Mapping[str, int], names: Sequence[str]) -> float:
    """Of two columns, named from the last by name. Whole numbers of any size leave one rounding."""
    first, second = names
    if first == "x":
        return _float(row[f"s{i}_x_{second}"])
    product_ = int(row[f"p{i}_{first}_{second}"])
    return (n * product_ - sums[first] * sums[second]) / (n * (n - 1))


def _float(value: Any) -> float:
    return math.nan if value is None else float(value)
