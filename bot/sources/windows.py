"""The same hours of every day: rows of a table by how many days ago they are, at the clock time it is now.

What a product does at 3 am is compared with what it does at 3 am. Days are of 24 hours, so that after a clock
change the hours compared are one off until the change is older than the reference.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.core.figures import weekday
from bot.errors import SourceError
from bot.sources.warehouse import columns_missing

DAY = 86400
"""Seconds."""
AGO, WHEN = "ago_", "when_"
"""The columns that say how many days ago a row is, 0 is now, and its time or date."""


@dataclass(frozen=True)
class Window:
    """The last `hours` before `end`, and the same hours of `days` days before, the newest `first` days ago.

    `zone` is that of times without one. Of a column of dates, which are those of the zone `dates`, each is a
    whole day, and the newest that there is stands for now.
    """

    end: datetime
    hours: float
    first: int
    days: int
    zone: ZoneInfo
    dates: ZoneInfo


def window_of(
    *, now: datetime, onset: datetime, hours: float, days: int, zone: ZoneInfo, dates: ZoneInfo
) -> Window:
    """The window of an incident: since its onset, an hour to a day; its days lie before the onset."""
    since = (now - onset).total_seconds() / 3600
    first = max(1, int(since // 24) + 1)
    return Window(now, hours or min(max(since, 1.0), 24.0), first, days, zone, dates)


@dataclass(frozen=True)
class Within:
    """The rows of a window and its days, with the column AGO; `when` says in words what is compared."""

    rows: Any
    when: str


def within(table: Any, column: str, window: Window, what: str) -> Within:
    """The rows of the window and its days. Raises SourceError where the column is missing or no time."""
    table = table.mutate(**{WHEN: timed_column(table, column, what)})
    if table[WHEN].type().is_date():
        return _dates(table, window, what)
    end = moment(table[WHEN], window.end, window.zone)
    oldest = window.end - timedelta(days=window.first + window.days)
    kept = table.filter((table[WHEN] <= end) & (table[WHEN] > moment(table[WHEN], oldest, window.zone)))
    back = end.delta(kept[WHEN], unit="second")
    kept = kept.filter(back % DAY < round(window.hours * 3600))
    kept = kept.mutate(**{AGO: end.delta(kept[WHEN], unit="second") // DAY})
    rows = kept.filter((kept[AGO] == 0) | (kept[AGO] >= window.first))
    return Within(rows, f"last {_span(window.hours)} against the same hours of the days before")


def timed_column(table: Any, column: str, what: str) -> Any:
    """The column as a time or a date; text is read as a date."""
    missing = columns_missing(table, {column: "time"}, what)
    if missing:
        raise SourceError(missing)
    found = table[column]
    kind = found.type()
    if kind.is_timestamp() or kind.is_date():
        return found
    if kind.is_string():
        return found.cast("date")
    raise SourceError(f"column {column} (time) of {what} is {kind}, neither a date nor a time")


def moment(timed: Any, at: datetime, zone: ZoneInfo) -> Any:
    """A moment as the column writes it: with a zone, or as the wall time of `zone` without one."""
    import ibis

    if timed.type().timezone is not None:
        return ibis.literal(at)
    return ibis.literal(at.astimezone(zone).replace(tzinfo=None))


def newest_date(table: Any, today: date) -> date | None:
    """The newest date of WHEN that is not in the future; None where there is none."""
    import ibis

    known = table.filter(table[WHEN] <= ibis.literal(today))
    newest = known.aggregate(newest=known[WHEN].max()).to_pyarrow().to_pylist()[0]["newest"]
    return newest.date() if isinstance(newest, datetime) else newest


def _span(hours: float) -> str:
    return f"{hours * 60:.0f} min" if hours < 2 else f"{hours:.3g} h"


def _dates(table: Any, window: Window, what: str) -> Within:
    import ibis

    today = window.end.astimezone(window.dates).date()
    newest = newest_date(table, today)
    if newest is None:
        raise SourceError(f"{what} has no rows up to {today}")
    # The newest date stands for now, however late it is; the days before it are the reference.
    oldest = newest - timedelta(days=window.first + window.days - 1)
    kept = table.filter((table[WHEN] <= ibis.literal(newest)) & (table[WHEN] >= ibis.literal(oldest)))
    kept = kept.mutate(**{AGO: ibis.literal(newest).delta(kept[WHEN], unit="day")})
    rows = kept.filter((kept[AGO] == 0) | (kept[AGO] >= window.first))
    return Within(rows, f"{weekday(newest)} against the days before")
