"""Asks a monitor's own source where its metric stands now: the last hour up to this minute.

The queries are those of the monitor's file, so that what paged and what says that it is over are the same.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from bot.core.evidence import Evidence
from bot.core.incident import IncidentAlert
from bot.core.metric_evidence import against_baseline, named, unknown
from bot.core.monitor import Cell, Monitor
from bot.errors import SourceError
from bot.services.desk import Desk

SOURCE = "monitor"
"""The source of alerts that monitors send."""
PATIENCE = 4.7
"""Seconds that a warehouse may take: it is to say itself what did not answer before nobody waits any more."""
Points = tuple[tuple[datetime, float], ...]


def monitor_of(desk: Desk, alert: IncidentAlert) -> Monitor | None:
    """The monitor that sent the alert; None where it is another's, or is no longer configured."""
    if alert.source != SOURCE:
        return None
    return next((one for one in desk.monitors if one.id == alert.labels.get("monitor")), None)


def metric_now(
    desk: Desk, monitor: Monitor, alert: IncidentAlert, within: float, now: datetime
) -> Callable[[], Evidence]:
    """Return the question, ready to be asked in a thread of its own; it may raise SourceError."""

    def ask() -> Evidence:
        found = points(desk, monitor, alert, now, now, timedelta(minutes=1))
        query, source = f"monitor {monitor.id}", monitor.feed.source
        value = found[-1][1]
        if alert.baseline is None:
            line = f"{named(alert)} is now {value:.4g}; no baseline is known to compare with"
            return unknown(line, at=now, query=query, source=source)
        return against_baseline(
            alert, value, alert.baseline, within=within, at=now, source=source, query=query
        )

    return ask


def points(
    desk: Desk, monitor: Monitor, alert: IncidentAlert, start: datetime, end: datetime, step: timedelta
) -> Points:
    """The metric of the alert's cohort over time, each the mean of the hour before; at least one point.

    A warehouse is asked for its whole hours (or days), each at its end: those that begin at `start` or later,
    and the newest at least.

    Raises:
        SourceError: it cannot be had, or the cohort was not seen.

    """
    cell = tuple(alert.cohort[name] for name in monitor.cohorts if name in alert.cohort)
    if monitor.feed.in_warehouse:
        found = _of_warehouse(desk, monitor, cell, start, end)
    else:
        found = _of_prometheus(desk, monitor, cell, start, end, step)
    if not found:
        raise SourceError(f"{monitor.feed.source} has nothing of {monitor.name_of(cell)} in that time")
    return found


def _of_warehouse(desk: Desk, monitor: Monitor, cell: Cell, start: datetime, end: datetime) -> Points:
    from bot.sources.monitor_history import from_warehouse

    last = monitor.newest(end)
    first = last - max((last - start) // monitor.step, 0) * monitor.step
    until = last + monitor.step
    seen = from_warehouse(desk.settings.sources, monitor, first, until, seconds=PATIENCE)
    columns = [number for number, one in enumerate(seen.cells) if not cell or one == cell]
    points = []
    for row in range(len(seen)):
        x, n = (sum(float(part[row, column]) for column in columns) for part in (seen.x, seen.n))
        if n:
            points.append((seen.at(row + 1), x / n))
    return tuple(points)


def _of_prometheus(
    desk: Desk, monitor: Monitor, cell: Cell, start: datetime, end: datetime, step: timedelta
) -> Points:
    """Sums of the cell's series, or of all for the whole, divided moment by moment."""
    from bot.sources.monitor_history import MISSING

    feed = monitor.feed
    source = desk.prometheus.get(feed.source)
    if source is None:
        raise SourceError(f"{feed.source} is not configured")

    def asked(query: str) -> dict[tuple[datetime, Cell], float]:
        found: dict[tuple[datetime, Cell], float] = {}
        for series in source.range(query, start=start, end=end, step=step):
            where = tuple(series.labels.get(name, "") or MISSING for name in monitor.cohorts)
            if not cell or where == cell:
                for at, value in series.points:
                    found[at, where] = found.get((at, where), 0.0) + value
        return found

    tops = asked(feed.numerator or feed.value)
    bottoms = asked(feed.denominator or feed.weight) if feed.denominator or feed.weight else None
    sums: dict[datetime, tuple[float, float]] = {}
    for (at, where), top in tops.items():
        n = 1.0 if bottoms is None else bottoms.get((at, where), 0.0)
        x, size = sums.get(at, (0.0, 0.0))
        sums[at] = (x + (top if feed.is_rate else top * n), size + n)
    return tuple((at, x / n) for at, (x, n) in sorted(sums.items()) if n > 0)
