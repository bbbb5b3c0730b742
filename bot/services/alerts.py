"""Alerts become incidents: deduplicated on their fingerprint, grouped by rule, never closed by a resolve."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlmodel import Session

from bot.core.alert import Alert, group_key, labels_of, onset, same_episode
from bot.core.incident import Event, Incident, IncidentAlert, severity_of
from bot.services.desk import Desk
from bot.services.incident_cards import draw, record
from bot.services.incident_opening import Opening, open_incident, search
from bot.store import incident_alerts, incidents
from bot.store.incident_alerts import Key
from bot.views import incident_notes as notes


@dataclass
class _News:
    """What one delivery brought to one incident."""

    joined: list[IncidentAlert] = field(default_factory=list)
    resolved: list[IncidentAlert] = field(default_factory=list)
    again: list[IncidentAlert] = field(default_factory=list)
    left_out: int = 0


@dataclass
class _Intake:
    """What is in hand while alerts are taken in: read once and written once, however many they are."""

    session: Session
    desk: Desk
    now: datetime
    incidents: dict[int, Incident] = field(default_factory=dict)
    known: dict[Key, tuple[int, IncidentAlert]] = field(default_factory=dict)
    groups: dict[str, int | None] = field(default_factory=dict)
    heard: dict[int, dict[Key, IncidentAlert]] = field(default_factory=dict)
    news: dict[int, _News] = field(default_factory=dict)

    def incident(self, number: int) -> Incident:
        """The incident of that number, which has the alert in hand and so exists; without its alerts."""
        if number not in self.incidents:
            self.incidents[number] = incidents.bare(self.session, number)
        return self.incidents[number]

    def hear(self, number: int, alert: IncidentAlert) -> None:
        """Keep the alert's new state."""
        key = (alert.source, alert.key)
        self.known[key] = (number, alert)
        self.heard.setdefault(number, {})[key] = alert

    def brought(self, number: int) -> _News:
        """What there is to say to the incident."""
        return self.news.setdefault(number, _News())


def receive(session: Session, desk: Desk, alerts: Sequence[Alert], *, now: datetime) -> tuple[int, ...]:
    """Take alerts in; returns the numbers of the incidents they touched, in order.

    However many they are, each incident's card is drawn once and its thread gets one note per kind of news.
    """
    known = incident_alerts.newest(session, ((alert.source, alert.key) for alert in alerts))
    intake = _Intake(session, desk, now, known=known)
    for alert in alerts:
        touched = _known(intake, alert)
        if touched is None and alert.firing:
            touched = _firing(intake, alert)
        if touched is not None:
            intake.brought(touched).left_out += alert.left_out
    for number, heard in intake.heard.items():
        incident_alerts.save(session, number, tuple(heard.values()))
    for number, brought in intake.news.items():
        _tell(session, desk, number, brought, now)
    return tuple(intake.news)


def _known(intake: _Intake, alert: Alert) -> int | None:
    """An alert that an incident has already; None where it should be treated as one never seen."""
    if (alert.source, alert.key) not in intake.known:
        return None
    number, before = intake.known[alert.source, alert.key]
    if intake.incident(number).closed and _begins_anew(before, alert):
        return None
    after = _seen(before, alert, intake.now)
    intake.hear(number, after)
    brought = intake.brought(number)
    if intake.incident(number).closed:
        return number
    if before.status == "firing" and not alert.firing:
        brought.resolved.append(after)
    elif before.status == "resolved" and alert.firing:
        brought.again.append(after)
    return number


def _begins_anew(before: IncidentAlert, alert: Alert) -> bool:
    """After an incident is closed its resolves and repeats are noted; a new firing is a new incident."""
    repeat = before.status == "firing" and same_episode(before.started_at, alert.started_at)
    return alert.firing and not repeat


def _firing(intake: _Intake, alert: Alert) -> int:
    """A new alert: join the open incident of its group, else open one."""
    rules = intake.desk.settings.incidents
    group = group_key(alert, rules.group_by)
    fresh = _first_seen(alert, intake.now)
    there = _open_in(intake, group)
    if there is not None:
        last = there.last_alert_at or there.opened_at
        if intake.now - last <= rules.group_window:
            _join(intake, there, fresh)
            intake.brought(there.id).joined.append(fresh)
            return there.id
        incidents.leave_group(intake.session, there.id)
    opened = _open(intake, alert, fresh, group)
    intake.groups[group] = opened.id
    intake.incidents[opened.id] = opened
    intake.known[fresh.source, fresh.key] = (opened.id, fresh)
    return opened.id


def _open_in(intake: _Intake, group: str) -> Incident | None:
    """The incident that takes in alerts of the group."""
    if group not in intake.groups:
        found = incidents.open_in_group(intake.session, group)
        intake.groups[group] = found.id if found else None
        if found:
            intake.incidents.setdefault(found.id, found)
    number = intake.groups[group]
    return None if number is None else intake.incident(number)


def _open(intake: _Intake, alert: Alert, fresh: IncidentAlert, group: str) -> Incident:
    opening = Opening(
        title=alert.title,
        by="",
        channel=None,
        severity=severity_of(alert.severity),
        group=group,
        started=onset(alert.started_at, intake.now),
        alerts=(fresh,),
        why=f"opened by an alert of {alert.source}: {alert.title}",
        labels=labels_of(alert),
        onset_by="alert",
    )
    return open_incident(intake.session, intake.desk, opening, now=intake.now)


def _join(intake: _Intake, incident: Incident, alert: IncidentAlert) -> None:
    started = min(incident.started, onset(alert.started_at, intake.now))
    after = replace(incident, started=started, last_alert_at=intake.now)
    if after != incident:
        incidents.save(intake.session, after)
        intake.incidents[incident.id] = after
    intake.hear(incident.id, alert)


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
