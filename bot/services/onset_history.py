"""What the history of an alert's metric tells of the onset: from Prometheus, or what our monitor has seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlmodel import Session

from bot.core.incident import IncidentAlert
from bot.core.metric_evidence import named
from bot.errors import SourceError
from bot.services.desk import Desk
from bot.services.metric_now import own, queries
from bot.sources.prometheus import Prometheus, Selector, Series

if TYPE_CHECKING:  # NumPy takes a tenth of a second to import, on the way to an ack
    from bot.stats.onset import History, Onset

FINE, FINE_STEP = timedelta(hours=6), timedelta(minutes=1)
"""Read minute by minute: most alerts fire within the hour."""
PAST, PAST_STEP = timedelta(days=7), timedelta(minutes=10)
"""Read to know what is usual at which time of day, and for what began longer ago."""
MONITORED = timedelta(days=28)
"""Read of what a monitor has seen, hour by hour."""
ASKED = 2
"""Alerts whose metric is asked for, until one has a history."""
MONITOR = "monitor"
"""The source of alerts that our own monitors send."""


@dataclass(frozen=True)
class Told:
    """What the history told: an onset, or why there is none; `step` is how far apart its points are."""

    query: str = ""
    metric: str = ""
    found: "Onset | None" = None
    reason: str = ""
    step: timedelta = FINE_STEP


def by_metric(source: Prometheus, alerts: Sequence[IncidentAlert], now: datetime) -> Told:
    """Ask for the history of the first alert whose metric has one."""
    failed = Told(reason="no alert names a metric")
    for alert in alerts[:ASKED]:
        try:
            return _of_metric(source, alert, now)
        except SourceError as error:
            failed = Told(metric=named(alert), reason=str(error))
    return failed


def by_monitor(session: Session, desk: Desk, alerts: Sequence[IncidentAlert], now: datetime) -> Told | None:
    """Look at what the monitor that sent the first alert has seen itself; None where no monitor did."""
    alert = alerts[0] if alerts else None
    if alert is None or alert.source != MONITOR:
        return None
    monitor = next((one for one in desk.monitors if one.id == alert.labels.get("monitor")), None)
    if monitor is None:
        return None
    from bot.core.monitor_sums import series_of
    from bot.services import monitors
    from bot.stats.onset import History

    past = monitors.past(session, monitor, now - MONITORED)
    cells = {
        tuple(sorted(monitor.cohort_of(cell).items())): values for cell, values in series_of(past).items()
    }
    values = cells.get(tuple(sorted(alert.cohort.items())))
    query = f"monitor {monitor.id}"
    if values is None:
        return Told(query, named(alert), reason=f"the monitor {monitor.id} has kept nothing of it")
    import numpy as np

    seen = np.isfinite(values)
    # An hour's value is known at its end: what began within it lies between its two ends.
    times = np.array([past.at(row + 1).timestamp() for row in range(len(past))])
    history = History(times[seen], values[seen])
    return _told(query, alert, history, history, monitor.step)


def _of_metric(source: Prometheus, alert: IncidentAlert, now: datetime) -> Told:
    query, fine = _series(source, alert, now)
    query = _exact(fine, query)
    coarse = source.range(query, start=now - PAST, end=now, step=PAST_STEP)
    past = next((series for series in coarse if series.labels == fine.labels), Series(fine.labels, ()))
    return _told(query, alert, _history(fine), _history(past), FINE_STEP)


def _told(query: str, alert: IncidentAlert, recent: "History", past: "History", step: timedelta) -> Told:
    from bot.stats.onset import estimate
    from bot.stats.undecided import Undecided

    found = estimate(recent, past, direction=_direction(alert))
    if isinstance(found, Undecided):
        return Told(query, named(alert), reason=found.reason, step=step)
    return Told(query, named(alert), found, step=step)


def _series(source: Prometheus, alert: IncidentAlert, now: datetime) -> tuple[str, Series]:
    """The alert's own series over the last hours: first asked for with its cohort, then without it."""
    for query in queries(alert):
        found = [one for one in source.range(query, start=now - FINE, end=now, step=FINE_STEP) if one.points]
        if found:
            return query, own(found, alert, query)
    raise SourceError(f"{source.name} has no history of {queries(alert)[-1]}")


def _exact(series: Series, query: str) -> str:
    """What asks for this one series: a week of all that the alert's metric has may be too much."""
    name = series.labels.get("__name__")
    others = {label: value for label, value in series.labels.items() if label != "__name__"}
    return str(Selector(name, others)) if name else query


def _history(series: Series) -> "History":
    """In seconds and values, in order, each time once."""
    import numpy as np

    from bot.stats.onset import History

    points = dict(series.points)
    times = sorted(points)
    return History(
        np.array([time.timestamp() for time in times], dtype=float),
        np.array([points[time] for time in times], dtype=float),
    )


def _direction(alert: IncidentAlert) -> int:
    """Which way the alert says the metric went: -1 fell, +1 rose, 0 where it does not say."""
    if alert.value is None or alert.baseline is None or alert.value == alert.baseline:
        return 0
    return -1 if alert.value < alert.baseline else 1
