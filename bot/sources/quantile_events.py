"""The events that quantile metrics are of: rows of both arms, with small numbers for sides and cohorts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from bot.core.registration import Registration
from bot.sources.rollup import number
from bot.sources.together import shares

KEPT = "lookout_events"
"""The table that DuckDB keeps of the events, without their units."""

SMALL = 127
"""Labels of which the place takes one byte."""

Grouping: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Asked:
    """A quantile metric.

    dimensions: how many cohort dimensions it is wanted for; 0 for all units alone. window: days a unit needs
    until its events count.
    """

    name: str
    q: float
    column: str
    covariate: str | None
    dimensions: int
    window: int | None = None

    @property
    def groupings(self) -> tuple[Grouping, ...]:
        """All units, every dimension, the crossing of all."""
        every = range(self.dimensions)
        crossing = [tuple(every)] if self.dimensions > 1 else []
        return ((), *((number,) for number in every), *crossing)


@dataclass(frozen=True)
class Events:
    """The rows of the two arms, as Ibis tables.

    table: unit_, side_ (its place in SIDES), the dimensions c0, c1, … (places in `labels`, null for others),
    values v0, v1, … and covariates x0, x1, …; kept: the same without units and covariates, read many times.
    """

    asked: Sequence[Asked]
    table: Any
    kept: Any
    labels: tuple[tuple[str, ...], ...]


def events(
    rows: Any, registration: Registration, asked: Sequence[Asked], *, both_arms: int, newest: float | None
) -> Events:
    """Of rows up to a look's day. both_arms: how many units are in both arms, and left out.

    newest: the last day there is, when the table has days.
    """
    dimensions = max(one.dimensions for one in asked)
    declared = list(registration.cohorts.dimensions.items())[:dimensions]
    labels = tuple(tuple(sorted(values)) for _, values in declared)
    arms, data = registration.arms, registration.data
    columns = {"unit_": rows[data.unit], "day_": rows.day_}
    columns["side_"] = _place(rows[data.arm], (arms.control, arms.treatment))
    for position, (dimension, _) in enumerate(declared):
        columns[f"c{position}"] = _place(rows[data.column(dimension)], labels[position])
    for i, one in enumerate(asked):
        columns[f"v{i}"] = number(rows, one.column)
        if one.covariate is not None:
            columns[f"x{i}"] = _finite(number(rows, one.covariate))
    every = rows.select(**columns)
    found = every.filter(every.side_.notnull())
    if both_arms:
        sides = found.group_by("unit_").aggregate(low=found.side_.min(), high=found.side_.max())
        found = found.anti_join(sides.filter(sides.low != sides.high), "unit_")
    if newest is not None and any(one.window is not None for one in asked):
        found = _grown(found, every, asked, newest)
    found = found.drop("day_")
    names = ["side_", *(f"c{place}" for place in range(dimensions)), *(f"v{i}" for i in range(len(asked)))]
    slim = found.select(*names)
    return Events(asked, found, _kept(slim) if dimensions else slim, labels)


def _place(column: Any, among: Sequence[str]) -> Any:
    import ibis

    text = column.cast("string")
    places = ibis.cases(*((text == one, place) for place, one in enumerate(among)), else_=None)
    return places.cast("int8" if len(among) <= SMALL else "int32")


def _finite(column: Any) -> Any:
    import ibis

    return column.isinf().ifelse(ibis.null("float64"), column)


def _grown(found: Any, every: Any, asked: Sequence[Asked], newest: float) -> Any:
    """Without the values of units that have not had a metric's window since their first row of any arm."""
    import ibis

    longest = max(one.window for one in asked if one.window is not None)
    firsts = every.group_by("unit_").aggregate(first_=every.day_.min())
    young = firsts.filter(newest - firsts.first_ + 1 < longest)
    joined = found.left_join(young.select(young_=young.unit_, first_=young.first_), [("unit_", "young_")])
    values = {}
    for i, one in enumerate(asked):
        if one.window is not None:
            had = newest - joined.first_ + 1  # null of those who are not young at all
            values[f"v{i}"] = (
                (had < one.window).fill_null(False).ifelse(ibis.null("float64"), joined[f"v{i}"])
            )
    return joined.mutate(**values).drop("young_", "first_")


def _kept(table: Any) -> Any:
    """A copy where one may be made: reading text and files over again costs more than the quantiles."""
    backend = table.get_backend()
    if backend.name != "duckdb":
        return table
    return backend.create_table(KEPT, table, temp=not shares(backend))
