"""The numbers of a monitor, hour by hour: from Prometheus, from a warehouse by Ibis, from a file.

Sums are made where the data is. Whatever goes wrong is a SourceError whose text is the reason shown.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import ValidationError

from bot.core.monitor import MOST_CELLS, Cell, Feed, History, Monitor
from bot.core.registration import Data
from bot.errors import SourceError
from bot.settings import SourceSettings
from bot.sources.prometheus import Prometheus
from bot.sources.warehouse import columns_missing, table_of

CHUNK = 168
"""Steps asked of Prometheus at once: with 200 cells, well below what it may answer."""
MISSING = "none"
"""The value of a dimension where there is no label, or NULL."""
MOST_FILE_STEPS = 24 * 366 * 3
"""Hours that a file may span."""


class Seen(NamedTuple):
    """One cell in one step: the sum, and what it is divided by."""

    at: datetime
    cell: Cell
    x: float
    n: float


def from_prometheus(source: Prometheus, monitor: Monitor, since: datetime, until: datetime) -> History:
    """Return the steps that begin at `since` or later and end by `until`."""
    feed = monitor.feed
    first, second = (feed.numerator, feed.denominator) if feed.is_rate else (feed.value, feed.weight or None)
    tops = _points(source, monitor, first, since, until, add=feed.is_rate)
    bottoms = None if second is None else _points(source, monitor, second, since, until, add=feed.is_rate)
    found = []
    for (at, cell), value in tops.items():
        n = 1.0 if bottoms is None else bottoms.get((at, cell), 0.0)
        found.append(Seen(at, cell, value if feed.is_rate else value * n, n))
    return history(monitor, found, since, until)


def from_warehouse(
    sources: Mapping[str, SourceSettings],
    monitor: Monitor,
    since: datetime,
    until: datetime,
    *,
    seconds: float | None = None,
) -> History:
    """Return the same of a table; times without a zone are UTC. seconds: less patience than the source's."""
    feed = monitor.feed
    try:
        data = Data(source=feed.source, table=feed.table or None, sql=feed.sql or None)
    except ValidationError as error:
        raise SourceError(f"{feed.table or 'sql'}: {error.errors()[0]['msg']}") from None
    with table_of(data, sources=sources, root=None, seconds=seconds) as table:
        return history(monitor, list(_rows(table, monitor, feed, since, until)), since, until)


def from_file(file: Path, monitor: Monitor) -> History:
    """Return all of a Parquet or CSV file.

    Its columns are those of the monitor's table; for PromQL they are time, numerator and denominator, or
    value and weight, and the dimensions.
    """
    feed = monitor.feed
    if not feed.in_warehouse:
        named = {
            key: key if getattr(feed, key) else "" for key in ("numerator", "denominator", "value", "weight")
        }
        feed = Feed(feed.source, time="time", table="file", **named)
    with table_of(Data(path=file.name), sources={}, root=file.resolve().parent) as table:
        found = list(_rows(table, monitor, feed, None, None))
    if not found:
        raise SourceError(f"{file.name} holds no row with a time")
    since, until = min(one.at for one in found), max(one.at for one in found) + monitor.step
    if (until - since) / monitor.step > MOST_FILE_STEPS:
        raise SourceError(f"{file.name} spans {(until - since).days} days: is {feed.time} a time?")
    return history(monitor, found, since, until)


def history(monitor: Monitor, seen: Iterable[Seen], since: datetime, until: datetime) -> History:
    """Put what was seen into rows and columns; a cell not seen in a step has 0 there."""
    seen = list(seen)
    cells = tuple(sorted({one.cell for one in seen})) or (() if monitor.cohorts else ((),))
    if len(cells) > MOST_CELLS:
        raise SourceError(f"{len(cells)} cells, more than {MOST_CELLS}: name fewer cohorts")
    rows = max(round((until - since) / monitor.step), 0)
    x, n = (np.zeros((rows, len(cells))) for _ in range(2))
    column = {cell: number for number, cell in enumerate(cells)}
    for one in seen:
        row = round((one.at - since) / monitor.step)
        if 0 <= row < rows and one.n > 0 and math.isfinite(one.x) and math.isfinite(one.n):
            x[row, column[one.cell]] += one.x
            n[row, column[one.cell]] += one.n
    return History(since, monitor.step, cells, x, n)


def _points(
    source: Prometheus, monitor: Monitor, query: str, since: datetime, until: datetime, *, add: bool
) -> dict[tuple[datetime, Cell], float]:
    """The value of each cell at the end of each step; add: whether series of one cell may be summed."""
    found: dict[tuple[datetime, Cell], float] = {}
    start = since + monitor.step
    while start <= until:
        end = min(start + (CHUNK - 1) * monitor.step, until)
        for series in source.range(query, start=start, end=end, step=monitor.step):
            cell = tuple(series.labels.get(name, "") or MISSING for name in monitor.cohorts)
            for at, value in series.points:
                key = (at - monitor.step, cell)
                if key in found and not add:
                    by = ", ".join(monitor.cohorts) or "nothing"
                    said = f"several series are {monitor.name_of(cell)}: aggregate by ({by})"
                    raise SourceError(f"{source.name}: {said}")
                found[key] = found.get(key, 0.0) + value
        start = end + monitor.step
    return found


def _rows(
    table: Any, monitor: Monitor, feed: Feed, since: datetime | None, until: datetime | None
) -> Iterator[Seen]:
    """One aggregate query: a row for each step and cell."""
    used = {feed.time: "time", feed.numerator: "numerator", feed.denominator: "denominator"}
    used |= {feed.value: "value", feed.weight: "weight"} | dict.fromkeys(monitor.cohorts, "cohorts")
    missing = columns_missing(table, {name: part for name, part in used.items() if name}, "the table")
    if missing:
        raise SourceError(missing)
    seconds = int(monitor.step.total_seconds())
    moment = table[feed.time]
    if not moment.type().is_timestamp():
        moment = moment.cast("timestamp")
    step = (moment.epoch_seconds() / seconds).floor().cast("int64")
    top, bottom = (
        (table[feed.numerator], table[feed.denominator])
        if feed.is_rate
        else (
            table[feed.value],
            table[feed.weight] if feed.weight else table[feed.value].notnull().cast("int64"),
        )
    )
    top, bottom = top.cast("float64"), bottom.cast("float64")
    rows = table.select(
        step=step,
        x=(top if feed.is_rate else top * bottom),
        n=bottom,
        **{f"c{number}": table[name].cast("string") for number, name in enumerate(monitor.cohorts)},
    )
    rows = rows.filter(rows.step.notnull() & rows.x.notnull() & rows.n.notnull())
    if since is not None and until is not None:
        first, end = (int(one.timestamp()) // seconds for one in (since, until))
        rows = rows.filter((rows.step >= first) & (rows.step < end))
    keys = ["step", *(f"c{number}" for number in range(len(monitor.cohorts)))]
    most = MOST_FILE_STEPS if since is None or until is None else math.ceil((until - since) / monitor.step)
    sums = rows.group_by(keys).aggregate(x=rows.x.sum(), n=rows.n.sum()).limit(MOST_CELLS * most + 1)
    for row in sums.to_pyarrow().to_pylist():
        cell = tuple(row[key] if row[key] not in (None, "") else MISSING for key in keys[1:])
        yield Seen(datetime.fromtimestamp(row["step"] * seconds, UTC), cell, row["x"], row["n"])


def joined(first: History, then: History) -> History:
    """Two histories, one behind the other, with the cells of both; what lies between was not seen."""
    cells = tuple(sorted({*first.cells, *then.cells}))
    gap = round((then.start - first.at(len(first))) / first.step)
    if gap < 0:
        first = first.part(0, len(first) + gap)
        gap = 0
    rows = len(first) + gap + len(then)
    x, n = (np.zeros((rows, len(cells))) for _ in range(2))
    for part, at in ((first, 0), (then, len(first) + gap)):
        for number, cell in enumerate(part.cells):
            column = cells.index(cell)
            x[at : at + len(part), column] = part.x[:, number]
            n[at : at + len(part), column] = part.n[:, number]
    return History(first.start, first.step, cells, x, n)


__all__ = ["from_file", "from_prometheus", "from_warehouse", "history", "joined"]
