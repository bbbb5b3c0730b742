"""From rows to units, in the engine: one row per unit up to the look's day, with a value per metric.

Columns of the result: `side` (control, treatment or null), `both` (1 when the unit is in both arms), `c0`,
`c1`, … the cohort dimensions (null for a value that was not declared), `first`, `last` the unit's days, and
per metric number i `v{i}_0`, `v{i}_1`, … its values about a shift.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.core.metric import Mean, Metric, Proportion, Quantile, Ratio
from bot.core.registration import Registration


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


def number(table: Any, column: str) -> Any:
    """A column as a float; NaN counts as no value."""
    import ibis

    value = table[column]
    if value.type().is_floating():
        real = value.cast("float64")
        return real.isnan().ifelse(ibis.null("float64"), real)
    return value.cast("int32").cast("float64") if value.type().is_boolean() else value.cast("float64")


def units(
    rows: Any, registration: Registration, metrics: Sequence[Wanted], shifts: Mapping[str, float]
) -> Any:
    """One row per unit. Tables without days have one already; the others are rolled up.

    A mean is averaged over the unit's days, a proportion is whether it ever happened, a ratio's two columns
    are summed, a covariate is the same on all days.
    """
    data = registration.data
    daily = data.day is not None or data.date is not None
    arm = rows[data.arm].cast("string")
    dimensions = list(registration.cohorts.dimensions.items())
    values: dict[str, Any] = {"first": rows.day_, "last": rows.day_, "arm_low": arm, "arm_high": arm}
    for position, (dimension, declared) in enumerate(dimensions):
        cohort = rows[data.column(dimension)].cast("string")
        values[f"c{position}"] = cohort.isin(declared).ifelse(cohort, None)
    for i, one in enumerate(metrics):
        for j, column in enumerate(one.columns):
            values[f"v{i}_{j}"] = number(rows, column) - shifts.get(f"v{i}_{j}", 0.0)
    if not daily:
        return _sided(rows.select(**values), registration)
    flat = rows.select(unit_=rows[data.unit], **values)
    rolled: dict[str, Any] = {"first": flat["first"].min(), "last": flat["last"].max()}
    rolled |= {"arm_low": flat.arm_low.min(), "arm_high": flat.arm_high.max()}
    rolled |= {f"c{k}": flat[f"c{k}"].min() for k in range(len(dimensions))}
    for i, one in enumerate(metrics):
        for j, name in enumerate(one.names):
            rolled[f"v{i}_{j}"] = _rolled(one.metric, name, flat[f"v{i}_{j}"])
    return _sided(flat.group_by("unit_").aggregate(**rolled), registration)


def _rolled(metric: Metric, name: str, column: Any) -> Any:
    if name in ("numerator", "denominator"):
        return column.sum()
    if name == "covariate" or isinstance(metric, Proportion):
        return column.max()
    assert isinstance(metric, Mean)  # noqa: S101 - ratios and quantiles were dealt with
    return column.mean()


def _sided(table: Any, registration: Registration) -> Any:
    import ibis

    arms = registration.arms
    both = (
        table.arm_low.isin((arms.control, arms.treatment))
        & table.arm_high.isin((arms.control, arms.treatment))
        & (table.arm_low != table.arm_high)
    )
    side = ibis.cases(
        (table.arm_low != table.arm_high, ibis.null("string")),
        (table.arm_low == arms.control, "control"),
        (table.arm_low == arms.treatment, "treatment"),
        else_=ibis.null("string"),
    )
    return table.mutate(side=side, both=both.cast("int32").cast("int64"))
