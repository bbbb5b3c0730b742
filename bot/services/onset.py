"""When did it start? On opening, the onset is estimated from the metric's history before the alert.

What cannot be estimated leaves the alert's own start as the onset and says why; what a person says about it
stands, whatever the history tells.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import Session

from bot.core.incident import Event, Incident
from bot.services.desk import Desk
from bot.services.incident_cards import EVIDENCE_JOB, draw, record
from bot.services.onset_history import Told, by_metric, by_monitor
from bot.store import incidents, slots
from bot.store.database import Database
from bot.store.slots import Finish
from bot.views import onset as views

ONSET_JOB = "incident.onset"
BY_ALERT, BY_HISTORY = "alert", "history"

LATER = timedelta(minutes=10)
"""A change found this long after the alert began to fire is not what it fired for."""


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
        if incident is None or incident.closed or not _may(incident):
            return _nothing
        alerts = [alert for alert in incident.alerts if alert.status == "firing"] or list(incident.alerts)
        told = by_monitor(session, desk, alerts, now)
    source = next(iter(desk.prometheus.values()), None)
    if told is None:
        if source is None:
            return _nothing
        told = by_metric(source, alerts, now)

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


def _store(session: Session, desk: Desk, incident: Incident, told: Told, now: datetime) -> None:
    found = told.found
    if found is None:
        _keep(session, incident, told, now)
        return
    at, low, high = (datetime.fromtimestamp(moment, UTC) for moment in (found.at, found.low, found.high))
    if low > incident.started + max(LATER, told.step):
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
