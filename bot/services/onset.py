"""When did it start? On opening, the onset is estimated from the metric's history before the alert.

What cannot be estimated leaves the alert's own start as the onset and says why; what a person says about it
stands, whatever the history tells.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlmodel import Session

from bot.core.incident import Event, Incident, IncidentAlert
from bot.core.metric_evidence import named
from bot.errors import SourceError
from bot.services.desk import Desk
from bot.services.incident_cards import EVIDENCE_JOB, draw, record
from bot.services.metric_now import own, queries
from bot.sources.prometheus import Prometheus, Series
from bot.store import incidents, slots
from bot.store.database import Database
from bot.store.slots import Finish
from bot.views import onset as views

if TYPE_CHECKING:  # NumPy takes a tenth of a second to import, on the way to an ack
    from bot.stats.onset import History, Onset

ONSET_JOB = "incident.onset"
BY_ALERT, BY_HISTORY = "alert", "history"

FINE, FINE_STEP = timedelta(hours=6), timedelta(minutes=1)
"""Read minute by minute: most alerts fire within the hour."""
PAST, PAST_STEP = timedelta(days=7), timedelta(minutes=10)
"""Read to know what is usual at which time of day, and for what began longer ago."""
LATER = timedelta(minutes=10)
"""A change found this long after the alert began to fire is not what it fired for."""


@dataclass(frozen=True)
class Told:
    """What the history told: an onset in times, or why there is none."""

    query: str = ""
    metric: str = ""
    found: "Onset | None" = None
    reason: str = ""


def plan(session: Session, incident: Incident, *, now: datetime, occasion: str = "opened") -> None:
    """Have the onset estimated at once; the same occasion asks only once.

    Nothing to estimate where no alert named a metric, where a person said when it began, and in a drill,
    whose onset is part of its script.
    """
    if not incident.alerts or incident.drill or not _may(incident):
        return
    payload = {"incident": incident.id}
    slots.at(session, job=ONSET_JOB, slot=f"{incident.id}/{occasion}", due=now, payload=payload)


def estimate(db: Database, desk: Desk, payload: Mapping[str, Any], *, now: datetime) -> Finish:
    """Read the metric's history; the closure returned stores the onset, or says why the alert's own stays."""
    number = int(payload["incident"])
    with db.read() as session:
        incident = incidents.load(session, number)
    source = next(iter(desk.prometheus.values()), None)
    if incident is None or incident.closed or source is None or not _may(incident):
        return _nothing
    alerts = [alert for alert in incident.alerts if alert.status == "firing"] or list(incident.alerts)
    told = _told(source, alerts, now)

    def finish(session: Session) -> None:
        current = incidents.load(session, number, lock=True)
        if current is not None and not current.closed and _may(current):
            _store(session, desk, current, told, now)

    return finish


def _may(incident: Incident) -> bool:
    """Whether the history has a say: nobody has said when it began."""
    return incident.onset_by in ("", BY_ALERT, BY_HISTORY)


def _nothing(_: Session) -> None:
    """There is nothing to store."""


def _told(source: Prometheus, alerts: Sequence[IncidentAlert], now: datetime) -> Told:
    """Ask for the history of the first alert whose metric has one."""
    failed = Told(reason="no alert names a metric")
    for alert in alerts[:2]:
        try:
            return _of(source, alert, now)
        except SourceError as error:
            failed = Told(metric=named(alert), reason=str(error))
    return failed


def _of(source: Prometheus, alert: IncidentAlert, now: datetime) -> Told:
    from bot.stats.onset import estimate
    from bot.stats.undecided import Undecided

    query, fine = _series(source, alert, now)
    coarse = source.range(query, start=now - PAST, end=now, step=PAST_STEP)
    past = next((series for series in coarse if series.labels == fine.labels), Series(fine.labels, ()))
    found = estimate(_history(fine), _history(past), direction=_direction(alert))
    metric = named(alert)
    if isinstance(found, Undecided):
        return Told(query, metric, reason=found.reason)
    return Told(query, metric, found)


def _series(source: Prometheus, alert: IncidentAlert, now: datetime) -> tuple[str, Series]:
    """The alert's own series over the last hours: first asked for with its cohort, then without it."""
    for query in queries(alert):
        found = [one for one in source.range(query, start=now - FINE, end=now, step=FINE_STEP) if one.points]
        if found:
            return query, own(found, alert, query)
    raise SourceError(f"{source.name} has no history of {queries(alert)[-1]}")


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


def _store(session: Session, desk: Desk, incident: Incident, told: Told, now: datetime) -> None:
    found = told.found
    if found is None:
        _keep(session, incident, told, now)
        return
    at, low, high = (datetime.fromtimestamp(moment, UTC) for moment in (found.at, found.low, found.high))
    if low > incident.started + LATER:
        moved = f"its history changes only at {low:%H:%M} UTC, after the alert began to fire"
        _keep(session, incident, replace(told, found=None, reason=moved), now)
        return
    latest = incident.detected_at
    after = replace(
        incident,
        started=min(at, latest),
        onset_from=min(low, latest),
        onset_to=min(high, latest),
        onset_by=BY_HISTORY,
    )
    incidents.save(session, after)
    ramp = found.shape == "ramp"
    text = f"dated the onset by the history of {told.metric}: {_clock(after.started)}, between {_clock(low)} "
    text += f"and {_clock(high)}; from {found.before:.4g} to {found.after:.4g}"
    note = views.dated(after, metric=told.metric, before=found.before, after=found.after, ramp=ramp)
    detail = {
        "by": BY_HISTORY,
        "at": after.started.isoformat(),
        "from": low.isoformat(),
        "to": high.isoformat(),
        "was": incident.started.isoformat(),
        "shape": found.shape,
        "before": found.before,
        "after": found.after,
        "query": told.query,
    }
    number = record(session, after, Event(now, "onset", text, detail=detail), note, now=now)
    look_again(session, after, number, now)
    draw(session, desk, after, now=now)


def _keep(session: Session, incident: Incident, told: Told, now: datetime) -> None:
    reason = f"{told.metric}: {told.reason}" if told.metric else told.reason
    by = incident.onset_by or BY_ALERT
    if by == BY_HISTORY:
        return  # dated before; that the history says nothing new takes nothing away
    text = f"kept the alert's own start as the onset, {_clock(incident.started)}: {reason}"
    detail = {"by": by, "at": incident.started.isoformat(), "reason": told.reason, "query": told.query}
    note = views.kept(incident, reason)
    record(session, incident, Event(now, "onset", text, detail=detail), note, now=now)


def look_again(session: Session, incident: Incident, number: int, now: datetime) -> None:
    """Have the evidence gathered again, since it was gathered for another onset."""
    payload = {"incident": incident.id}
    slots.at(session, job=EVIDENCE_JOB, slot=f"{incident.id}/event/{number}", due=now, payload=payload)


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
