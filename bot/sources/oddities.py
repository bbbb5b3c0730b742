"""What is odd about the rows themselves: without unit or day, before the first day, a unit twice on a day.

A few such rows are left out and named; more than that, and something is wrong with the data.
"""

from dataclasses import dataclass
from typing import Any

from bot.core.metric import Quantile
from bot.core.registration import Data, Registration
from bot.sources import rollup

BEARABLE = 0.001
"""Share of the rows up to which odd ones are only remarked on."""


@dataclass(frozen=True)
class Odd:
    """In words. broken: why the data cannot be judged; remarks: what a reader should know."""

    broken: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def look_over(table: Any, registration: Registration, day: float) -> Odd:
    """Everything odd about the rows of a table of units."""
    data = registration.data
    found = _count(table, registration, day)
    broken, remarks = [], []
    if found["first"] == 0:
        broken.append(f"column {data.day} begins at 0, and day 1 is the first: add 1 to it")
    elif found["early"]:
        remarks.append(f"{_rows(found['early'])} of days before the first were left out.")
    odd = {
        "without a unit": found["no_unit"],
        "without a day": found["no_day"],
        "repeating a unit on the same day": found["repeats"],
    }
    for words, count in odd.items():
        if count > BEARABLE * found["rows"]:
            broken.append(f"{_rows(count)} of {found['rows']:,} {words}")
        elif count:
            remarks.append(f"{_rows(count)} {words}.")
    return Odd(tuple(broken), tuple(remarks))


def other_arms(rows: Any, registration: Registration) -> tuple[str, ...]:
    """What the arm column holds beside the two arms."""
    arms = registration.arms
    label = rows[registration.data.arm].cast("string")
    others = rows.filter(~label.isin((arms.control, arms.treatment))).select(label=label)
    # Not distinct(): with an order Ibis compiles it to a DISTINCT over two columns on some engines.
    found = (
        others.group_by("label")
        .aggregate(rows=others.count())
        .order_by("label")
        .limit(4)
        .to_pyarrow()
        .to_pylist()
    )
    names = [f"`{row['label'][:60]}`" for row in found if row["label"] is not None]
    if not names:
        return ()
    more = " and others" if len(names) > 3 else ""
    return (f"Column {registration.data.arm} also holds {', '.join(names[:3])}{more}.",)


def _count(table: Any, registration: Registration, day: float) -> dict[str, Any]:
    data = registration.data
    when = _when(table, data)
    if when is None:
        no_unit = table[data.unit].isnull().sum()
        found = table.aggregate(rows=table.count(), no_unit=no_unit).to_pyarrow().to_pylist()[0]
        return {"first": None, "early": 0, "no_day": 0, "repeats": 0, **_counts(found)}
    flat = table.select(unit=table[data.unit], when=when)
    until = flat.filter(flat.when.isnull() | (flat.when <= day))
    totals = until.aggregate(
        rows=until.count(),
        no_unit=until.unit.isnull().sum(),
        no_day=until.when.isnull().sum(),
        early=(until.when <= 0).sum(),
        first=until.when.min(),
        inside=(until.unit.notnull() & (until.when > 0)).sum(),
    ).mutate(pairs=_pairs(until, registration))
    found = totals.to_pyarrow().to_pylist()[0]
    first = found.pop("first")
    numbered = data.day is not None  # calendar days before the start are just earlier
    inside, pairs = found.pop("inside"), found.pop("pairs")
    repeats = 0 if pairs is None else int(inside or 0) - int(pairs)
    return {"first": first if numbered else None, "repeats": repeats, **_counts(found)}


def _when(table: Any, data: Data) -> Any:
    """The day as a number from 1; None when the table has none."""
    import ibis

    if data.day is not None:
        return rollup.number(table, data.day)
    if data.date is None or data.start is None:
        return None
    offset = table[data.date].cast("date").delta(ibis.literal(data.start), unit="day")
    return (offset + 1).cast("float64")


def _pairs(until: Any, registration: Registration) -> Any:
    """Units times their days; null where many rows each are fine, which are events for quantiles alone."""
    import ibis

    if all(isinstance(metric, Quantile) for metric in registration.metrics.values()):
        return ibis.null("int64")
    return until.filter(until.unit.notnull() & (until.when > 0)).distinct().count().as_scalar()


def _counts(found: dict[str, Any]) -> dict[str, int]:
    return {name: int(value or 0) for name, value in found.items()}


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"
