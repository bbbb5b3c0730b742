"""What a look asks of the rows: which of them, and which values of every unit.

The units themselves are made in `bot.sources.units`, their cells in `bot.sources.cells`.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal, TypeAlias

from bot.core.metric import Mean, Metric, Proportion, Quantile, Ratio
from bot.core.registration import Registration

How: TypeAlias = Literal["mean", "sum", "max"]


@dataclass(frozen=True)
class Value:
    """One number per unit.

    column: of the table. how: what becomes of it over the unit's days. window: days a unit needs until it has
    the value. clipped: the metric whose limits it is pulled in to, or "". covariate: whether it is one.
    """

    column: str
    how: How
    window: int | None = None
    clipped: str = ""
    covariate: bool = False


@dataclass(frozen=True)
class Wanted:
    """One metric as the engine is asked for it.

    columns: of the table, in the order of `names`, the columns of the Sample; the covariate is last.
    """

    name: str
    metric: Metric
    columns: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def has_covariate(self) -> bool:
        """Whether the last column is a covariate."""
        return not isinstance(self.metric, Quantile) and self.metric.covariate is not None

    @property
    def values(self) -> tuple[Value, ...]:
        """What is asked of every unit, in the order of `columns`."""
        return tuple(self._value(name, column) for name, column in zip(self.names, self.columns, strict=True))

    def _value(self, name: str, column: str) -> Value:
        if name == "covariate":
            return Value(column, "max", covariate=True)
        metric = self.metric
        how: How = "max" if isinstance(metric, Proportion) else "sum" if isinstance(metric, Ratio) else "mean"
        clipped = self.name if isinstance(metric, Mean) and metric.winsorise is not None else ""
        return Value(column, how, metric.window_days, clipped)


@dataclass(frozen=True)
class Asked:
    """What the values of one look are.

    values: each with its name, v0, v1, …; shifts: by name, what is taken off every row's value. limits: by
    winsorised metric, the lowest and the highest value kept. gaps: names of values that may be NaN, which
    then count as none. newest: the last day there is, when the table has days. mapped: whether labels are
    mapped to declared ones row by row, as a column of very many different ones must be. full: names of values
    that every row is known to have, NaN perhaps.
    """

    values: Mapping[Value, str]
    shifts: Mapping[str, float] = field(default_factory=dict)
    limits: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    gaps: AbstractSet[str] = frozenset()
    newest: float | None = None
    mapped: bool = False
    full: AbstractSet[str] = frozenset()

    def names(self, one: Wanted) -> tuple[str, ...]:
        """The names of a metric's values."""
        return tuple(self.values[value] for value in one.values)


def wanted(registration: Registration) -> list[Wanted]:
    """The metrics that have a mean per unit: all but quantiles."""
    result = []
    for name, metric in registration.metrics.items():
        if isinstance(metric, Quantile):
            continue
        own = (metric.numerator, metric.denominator) if isinstance(metric, Ratio) else (metric.column,)
        columns = tuple(column or name for column in own)
        names = ("numerator", "denominator") if isinstance(metric, Ratio) else ("value",)
        if metric.covariate is not None:
            columns, names = (*columns, metric.covariate), (*names, "covariate")
        result.append(Wanted(name, metric, columns, names))
    return result


def numbered(metrics: Sequence[Wanted]) -> dict[Value, str]:
    """Every value once, however many metrics share it."""
    values = dict.fromkeys(value for one in metrics for value in one.values)
    return {value: f"v{number}" for number, value in enumerate(values)}


def waits(registration: Registration) -> tuple[int, ...]:
    """The windows of quantiles, whose values are asked for by themselves."""
    slow = (one for one in registration.metrics.values() if isinstance(one, Quantile))
    return tuple(sorted({window for one in slow if (window := one.window_days) is not None}))


def daily(registration: Registration) -> bool:
    """Whether the table has days, so that a unit may have many rows."""
    return registration.data.day is not None or registration.data.date is not None


def rows_until(table: Any, registration: Registration, day: float) -> Any:
    """Rows of units on the experiment's days up to `day`; `day_` is the day, null when the table has none."""
    import ibis

    data = registration.data
    table = table.filter(table[data.unit].notnull())
    if data.day is not None:
        column = table[data.day]
        return table.filter((column > 0) & (column <= day)).mutate(day_=column.cast("float64"))
    if data.date is not None and data.start is not None:
        column = table[data.date].cast("date")
        last = data.start + timedelta(days=int(day) - 1)
        kept = table.filter((column >= ibis.literal(data.start)) & (column <= ibis.literal(last)))
        offset = kept[data.date].cast("date").delta(ibis.literal(data.start), unit="day")
        return kept.mutate(day_=(offset + 1).cast("float64"))
    return table.mutate(day_=ibis.null("float64"))


def number(table: Any, column: str, *, gaps: bool = True) -> Any:
    """A column as a float; NaN counts as no value where there may be `gaps`."""
    import ibis

    value = table[column]
    if value.type().is_floating():
        real = value.cast("float64")
        return real.isnan().ifelse(ibis.null("float64"), real) if gaps else real
    return value.cast("int32").cast("float64") if value.type().is_boolean() else value.cast("float64")


def labels(rows: Any, registration: Registration) -> dict[str, Any]:
    """The arm and the cohort dimensions as text, by the names they have here."""
    data = registration.data
    found = {"side": rows[data.arm].cast("string")}
    for position, dimension in enumerate(registration.cohorts.dimensions):
        found[f"c{position}"] = rows[data.column(dimension)].cast("string")
    return found
