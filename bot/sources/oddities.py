"""What is odd about the rows themselves: without unit or day, before the first day, a unit twice on a day.

A few such rows are left out and named; more than that, and something is wrong with the data.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.core.metric import Quantile
from bot.core.registration import Data, Registration
from bot.sources import rollup
from bot.sources.duckdb_functions import hash_of

BEARABLE = 0.001
"""Share of the rows up to which odd ones are only remarked on."""
EXACT_ROWS = 2_000_000
"""Rows up to which a file's units are all compared with each other."""
SHARE = 64
"""One unit in so many is compared in a file of more rows; a power of 2."""


@dataclass(frozen=True)
class Odd:
    """In words. broken: why the data cannot be judged; remarks: what a reader should know; codes: of both."""

    broken: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    codes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Counts:
    """Rows up to the look's day. first, newest: the least and the largest day, None where there is none."""

    rows: int
    no_unit: int = 0
    no_day: int = 0
    early: int = 0
    first: float | None = None
    newest: float | None = None


def in_words(found: Counts, repeats: int, registration: Registration) -> Odd:
    """Everything odd about the rows of a table of units. repeats: rows of a unit on a day it has already."""
    day = registration.data.day
    broken, remarks = {}, {}
    if found.first == 0 and day is not None:  # calendar days before the start are just earlier
        broken[f"column {day} begins at 0, and day 1 is the first: add 1 to it"] = "day-from-zero"
    elif found.early:
        remarks[f"{_rows(found.early)} of days before the first were left out."] = "rows-before-start"
    odd = (
        ("without a unit", found.no_unit, "rows-without-unit"),
        ("without a day", found.no_day, "rows-without-day"),
        ("repeating a unit on the same day", repeats, "repeated-units"),
    )
    for words, count, code in odd:
        if count > BEARABLE * found.rows:
            broken[f"{_rows(count)} of {found.rows:,} {words}"] = code
        elif count:
            remarks[f"{_rows(count)} {words}."] = code
    return Odd(tuple(broken), tuple(remarks), broken | remarks)


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


def count_days(table: Any, registration: Registration, day: float) -> Counts:
    """The rows of a table with days."""
    until = _until(table, registration, day)
    found = until.aggregate(
        rows=until.count(),
        no_unit=until.unit.isnull().sum(),
        no_day=until.when.isnull().sum(),
        early=(until.when <= 0).sum(),
        first=until.when.min(),
        newest=until.when.max(),
    )
    row = found.to_pyarrow().to_pylist()[0]
    first, newest = row.pop("first"), row.pop("newest")
    return Counts(
        **{name: int(value or 0) for name, value in row.items()},
        first=None if first is None else float(first),
        newest=None if newest is None else float(newest),
    )


def repeats_of_days(table: Any, registration: Registration, day: float) -> int:
    """Rows of a unit on a day that it has already, by comparing all.

    Many rows each are fine where all metrics are quantiles: they are events.
    """
    if all(isinstance(metric, Quantile) for metric in registration.metrics.values()):
        return 0
    until = _until(table, registration, day)
    inside = until.filter(until.unit.notnull() & (until.when > 0))
    found = inside.aggregate(rows=inside.count()).mutate(pairs=inside.distinct().count().as_scalar())
    row = found.to_pyarrow().to_pylist()[0]
    return int(row["rows"]) - int(row["pairs"])


def units_query(table: Any, registration: Registration, *, sample: bool) -> Any:
    """Of a table without days: all rows (`rows`), those with a unit (`units`), and different units.

    sample: compare only the units whose hash falls in one class of 64, which is every row of theirs. Among r
    repeated units none is in that class with a chance of (63/64)^r: .21 for 100, 1.4e-7 for 1,000.
    """
    unit = table[registration.data.unit]
    if sample:
        hashed = hash_of(str(unit.type()))(unit)
        table = table.filter(((hashed & (SHARE - 1)) == 0) | unit.isnull())
        unit = table[registration.data.unit]
    return table.aggregate(rows=table.count(), units=unit.count(), different=unit.nunique())


def _until(table: Any, registration: Registration, day: float) -> Any:
    data = registration.data
    flat = table.select(unit=table[data.unit], when=_when(table, data))
    return flat.filter(flat.when.isnull() | (flat.when <= day))


def _when(table: Any, data: Data) -> Any:
    """The day as a number from 1."""
    import ibis

    if data.day is not None:
        return rollup.number(table, data.day)
    offset = table[data.date].cast("date").delta(ibis.literal(data.start), unit="day")
    return (offset + 1).cast("float64")


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"
