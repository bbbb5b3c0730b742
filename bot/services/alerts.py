"""Alerts become incidents: deduplicated on their fingerprint, grouped by rule, never closed by a resolve."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlmodel import Session

from bot.core.alert import Alert, group_key, onset, same_episode
from bot.core.incident import Event, Incident, IncidentAlert, severity_of
from bot.services.desk import Desk
from bot.services.incident_cards import draw, record
from bot.services.incident_opening import Opening, open_incident, search
from bot.store import incidents
from bot.views import incident_notes as notes


@dataclass
class _News:
    """What one delivery brought to one incident."""

    joined: list[IncidentAlert] = field(default_factory=list)
    resolved: list[IncidentAlert] = field(default_factory=list)
    again: list[IncidentAlert] = field(default_factory=list)
    left_out: int = 0


def receive(session: Session, desk: Desk, alerts: Sequence[Alert], *, now: datetime) -> tuple[int, ...]:
    """Take one delivery in; returns the numbers of the incidents it touched, in order.

    However many alerts it holds, each incident's card is drawn once and its thread gets one note per kind
    of news.
    """
    news: dict[int, _News] = {}
    for alert in alerts:
        known = incidents.with_alert(session, alert.source, alert.key)
        touched = _known(session, *known, alert, news, now) if known else None
        if touched is None and alert.firing:
            touched = _firing(session, desk, alert, news, now)
        if touched is not None:
            news.setdefault(touched, _News()).left_out += alert.left_out
    for incident_id, brought in news.items():
        _tell(session, desk, incident_id, brought, now)
    return tuple(news)


def _known(
    session: Session,
    incident: Incident,
    before: IncidentAlert,
    alert: Alert,
    news: dict[int, _News],
    now: datetime,
) -> int | None:
    """An alert that an incident has already; None where it should be treated as one never seen."""
    if incident.closed:
        return _after_the_end(session, incident, before, alert, now)
    after = _seen(before, alert, now)
    incidents.save_alert(session, incident.id, after)
    brought = news.setdefault(incident.id, _News())
    if before.status == "firing" and not alert.firing:
        brought.resolved.append(after)
    elif before.status == "resolved" and alert.firing:
        brought.again.append(after)
    return incident.id


def _after_the_end(
    session: Session, incident: Incident, before: IncidentAlert, alert: Alert, now: datetime
) -> int | None:
    """After an incident is closed: its resolves and repeats are noted, a new firing is a new incident."""
    repeat = before.status == "firing" and same_episode(before.started_at, alert.started_at)
    if alert.firing and not repeat:
        return None
    incidents.save_alert(session, incident.id, _seen(before, alert, now))
    return incident.id


def _firing(session: Session, desk: Desk, alert: Alert, news: dict[int, _News], now: datetime) -> int:
    """A new alert: join the open incident of its group, else open one."""
    rules = desk.settings.incidents
    group = group_key(alert, rules.group_by)
    incident = incidents.open_in_group(session, group)
    fresh = _first_seen(alert, now)
    if incident is not None:
        last = incident.last_alert_at or incident.opened_at
        if now - last <= rules.group_window:
            _join(session, incident, fresh, now)
            news.setdefault(incident.id, _News()).joined.append(fresh)
            return incident.id
        incidents.leave_group(session, incident.id)
    opened = open_incident(
        session,
        desk,
        Opening(
            title=alert.title,
            by="",
            channel=None,
            severity=severity_of(alert.severity),
            group=group,
            started=onset(alert.started_at, now),
            alerts=(fresh,),
            why=f"opened by an alert of {alert.source}: {alert.title}",
        ),
        now=now,
    )
    return opened.id


def _join(session: Session, incident: Incident, alert: IncidentAlert, now: datetime) -> None:
    started = min(incident.started, onset(alert.started_at, now))
    incidents.save_alert(session, incident.id, alert)
    incidents.save(session, replace(incident, started=started, last_alert_at=now))


def _first_seen(alert: Alert, now: datetime) -> IncidentAlert:
    return IncidentAlert(
        source=alert.source,
        key=alert.key,
        title=alert.title,
        status=alert.status,
        first_seen=now,
        last_seen=now,
        severity=alert.severity,
        metric=alert.metric,
        service=alert.service,
        value=alert.value,
        baseline=alert.baseline,
        cohort=alert.cohort,
        started_at=alert.started_at,
        first_started_at=alert.started_at,
        ended_at=alert.ended_at,
        url=alert.url,
        labels=alert.labels,
        annotations=alert.annotations,
    )


def _seen(before: IncidentAlert, alert: Alert, now: datetime) -> IncidentAlert:
    """The alert as of this delivery; what the sender leaves out this time is kept."""
    again = before.status == "resolved" and alert.firing
    return replace(
        before,
        status=alert.status,
        last_seen=now,
        value=alert.value if alert.value is not None else before.value,
        baseline=alert.baseline if alert.baseline is not None else before.baseline,
        started_at=alert.started_at or before.started_at,
        ended_at=None if alert.firing else alert.ended_at or now,
        times=before.times + 1 if again else before.times,
    )


def _tell(session: Session, desk: Desk, incident_id: int, brought: _News, now: datetime) -> None:
    incident = incidents.load(session, incident_id)
    if incident is None or not (brought.joined or brought.resolved or brought.again or brought.left_out):
        return
    if brought.joined or brought.left_out:
        count = len(brought.joined)
        text = f"{count} more alert{'' if count == 1 else 's'} joined: {_titles(brought.joined)}"
        detail = {"alerts": [alert.key for alert in brought.joined], "left_out": brought.left_out}
        message = notes.joined(brought.joined, left_out=brought.left_out)
        number = record(session, incident, Event(now, "joined", text, detail=detail), message, now=now)
        search(session, incident, f"event/{number}", now=now)
    if brought.resolved:
        text = f"no longer seen by the monitor: {_titles(brought.resolved)}"
        message = notes.resolved(brought.resolved, len(incident.firing))
        record(session, incident, Event(now, "alert_resolved", text), message, now=now)
    if brought.again:
        text = f"fires again: {_titles(brought.again)}"
        number = record(
            session, incident, Event(now, "alert_again", text), notes.fired_again(brought.again), now=now
        )
        search(session, incident, f"event/{number}", now=now)
    draw(session, desk, incident, now=now)


def _titles(alerts: Sequence[IncidentAlert]) -> str:
    named = ", ".join(f"{a.title} ({a.cohort_name})" if a.cohort_name else a.title for a in alerts[:3])
    return f"{named} and {len(alerts) - 3} more" if len(alerts) > 3 else named
