"""Alerts become incidents: grouped by rule, held back where it is configured, never closed by a resolve."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from bot.core.alert import Alert, known_as, labels_of, misdated, onset, same_episode
from bot.core.alert_state import first_seen, seen
from bot.core.grouping import GroupRule
from bot.core.held import Held, overtaken
from bot.core.incident import Incident, IncidentAlert, severity_of
from bot.errors import LookoutError
from bot.services import alert_news, held_back, quiet
from bot.services.alert_news import Brought
from bot.services.desk import Desk
from bot.services.held_back import Holding
from bot.services.incident_opening import Opening, open_incident
from bot.services.quiet import Quiet
from bot.store import held_alerts, incident_alerts, incidents
from bot.store.incident_alerts import Key


@dataclass
class _Intake:
    """What is in hand while alerts are taken in: read once and written once, however many they are."""

    session: Session
    desk: Desk
    now: datetime
    quiet: Sequence[Quiet]
    holding: Holding
    let_go: str = ""
    incidents: dict[int, Incident] = field(default_factory=dict)
    known: dict[Key, tuple[int, IncidentAlert]] = field(default_factory=dict)
    groups: dict[str, int | None] = field(default_factory=dict)
    heard: dict[int, dict[Key, IncidentAlert]] = field(default_factory=dict)
    news: dict[int, Brought] = field(default_factory=dict)

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

    def brought(self, number: int) -> Brought:
        """What there is to say to the incident."""
        return self.news.setdefault(number, Brought())


def receive(
    session: Session, desk: Desk, alerts: Sequence[Alert], *, now: datetime, let_go: str = ""
) -> tuple[int, ...]:
    """Take alerts in; returns the numbers of the incidents they touched, in order.

    However many they are, each incident's card is drawn once and its thread gets one note per kind of news.
    `let_go` says what held them back until now, where something did.
    """
    incident_alerts.alone(session)
    alerts = [replace(alert, key=known_as(alert.key)) for alert in alerts]
    keys = [(alert.source, alert.key) for alert in alerts]
    intake = _Intake(
        session,
        desk,
        now,
        quiet=quiet.lasting(session, desk, now),
        holding=Holding(session, now, held_alerts.of(session, keys)),
        let_go=let_go,
        known=incident_alerts.newest(session, keys),
    )
    for alert in alerts:
        touched = _known(intake, alert)
        if touched is None and alert.firing:
            touched = _firing(intake, alert)
        elif touched is None:
            intake.holding.resolve(alert)
        if touched is not None:
            intake.brought(touched).left_out += alert.left_out
    intake.holding.save()
    for number, heard in intake.heard.items():
        incident_alerts.save(session, number, tuple(heard.values()))
    for number, brought in intake.news.items():
        alert_news.tell(session, desk, number, brought, now)
    return tuple(intake.news)


def _known(intake: _Intake, alert: Alert) -> int | None:
    """An alert that an incident has already; None where it should be treated as one never seen."""
    if (alert.source, alert.key) not in intake.known:
        return None
    number, before = intake.known[alert.source, alert.key]
    if intake.incident(number).closed:
        return _known_to_closed(intake, number, before, alert)
    after = seen(before, alert, intake.now)
    intake.hear(number, after)
    intake.holding.free(alert)
    brought = intake.brought(number)
    if before.status == after.status:
        return number
    if quiet.keeping(intake.quiet, labels_of(alert)):
        brought.quietly = True
    elif not alert.firing:
        brought.resolved.append(after)
    else:
        brought.again.append(after)
    return number


def _known_to_closed(intake: _Intake, number: int, before: IncidentAlert, alert: Alert) -> int | None:
    """What was closed is only noted on; a resolve may be of a firing after it, held or still to come."""
    if _begins_anew(before, alert):
        return None
    intake.hear(number, seen(before, alert, intake.now))
    intake.brought(number)
    if not alert.firing and (before.status == "resolved" or intake.holding.of(alert) is not None):
        intake.holding.resolve(alert)
    return number


def _begins_anew(before: IncidentAlert, alert: Alert) -> bool:
    """After an incident is closed its resolves and repeats are noted; a new firing is a new incident."""
    repeat = before.status == "firing" and same_episode(before.started_at, alert.started_at)
    return alert.firing and not repeat


def _firing(intake: _Intake, alert: Alert) -> int | None:
    """A new alert: hold it, let it join the open incident of its group, or open one."""
    holding = intake.holding
    if overtaken(holding.of(alert), alert, intake.now):
        alert = replace(alert, status="resolved", ended_at=_ended(holding.of(alert)))
    labels = labels_of(alert)
    rule = intake.desk.settings.incidents.rule_for(labels)
    group = rule.key(labels)
    kept = quiet.keeping(intake.quiet, labels)
    if kept is not None:
        if alert.firing:
            holding.keep(alert, kept.cause, kept.by, group, kept.until)
            quiet.plan_release(intake.session, kept)
        return None
    there = _open_in(intake, group, rule)
    if there is not None:
        _take_in(intake, there, alert)
        return there.id
    waited = holding.count(alert, rule, group) if rule.after > 1 else ()
    if waited is None:
        return None
    return _open(intake, alert, group, rule, waited)


def _ended(early: Held | None) -> datetime | None:
    return early.alert.ended_at or early.last_at if early is not None else None


def _open_in(intake: _Intake, group: str, rule: GroupRule) -> Incident | None:
    """The incident that takes in alerts of the group; one that none joined for long does no more."""
    if group not in intake.groups:
        found = incidents.open_in_group(intake.session, group)
        intake.groups[group] = found.id if found else None
        if found:
            intake.incidents.setdefault(found.id, found)
    number = intake.groups[group]
    if number is None:
        return None
    there = intake.incident(number)
    if intake.now - (there.last_alert_at or there.opened_at) <= rule.window:
        return there
    incidents.leave_group(intake.session, number)
    intake.groups[group] = None
    return None


def _open(intake: _Intake, alert: Alert, group: str, rule: GroupRule, waited: Sequence[Held]) -> int:
    """Open an incident with the alert, and with those that waited for it."""
    now, holding = intake.now, intake.holding
    others = [one for one in waited if (one.alert.source, one.alert.key) != (alert.source, alert.key)]
    all_of = sorted([*(one.alert for one in others), alert], key=lambda one: not one.firing)
    first = all_of[0]
    why, started = _why(intake, alert, rule, waited), [onset(one.started_at, now) for one in all_of]
    fresh = [first_seen(one, now, since=holding.since(one)) for one in all_of]
    opening = Opening(
        title=first.title,
        by="",
        channel=None,
        severity=min(severity_of(one.severity) for one in all_of),
        group=group,
        started=min(started),
        alerts=tuple(fresh),
        why=why,
        labels=labels_of(first),
        onset_by="alert",
    )
    try:
        with intake.session.begin_nested():
            opened = open_incident(intake.session, intake.desk, opening, now=now)
    except IntegrityError:
        return _join_other(intake, group, rule, all_of)
    intake.groups[group] = opened.id
    intake.incidents[opened.id] = opened
    intake.brought(opened.id).opened = True
    for one, state in zip(all_of, fresh, strict=True):
        intake.known[one.source, one.key] = (opened.id, state)
        holding.free(one)
    if others:
        held_back.show(intake.session, opened, waited, rule, now)
    return opened.id


def _began(incident: Incident, alert: Alert, now: datetime) -> datetime:
    """The earliest start of its alerts, unless its onset was estimated or said."""
    return incident.started if incident.dated else min(incident.started, onset(alert.started_at, now))


def _join_other(intake: _Intake, group: str, rule: GroupRule, alerts: Sequence[Alert]) -> int:
    """Another replica opened an incident of the group at the same moment: join that one."""
    del intake.groups[group]
    there = _open_in(intake, group, rule)
    if there is None:
        raise LookoutError(f"an incident of {group[:80]} can neither be opened nor joined")
    for one in alerts:
        _take_in(intake, there, one)
    return there.id


def _why(intake: _Intake, alert: Alert, rule: GroupRule, waited: Sequence[Held]) -> str:
    """What the timeline says of the opening."""
    said = f"opened by an alert of {alert.source}: {alert.title}"
    if waited:
        said += f" ({held_back.threshold(rule)})"
    if intake.let_go:
        said += f" ({intake.let_go})"
    if not alert.firing:
        said += " (its resolve came before it)"
    wrong = misdated(alert.started_at, intake.now)
    return f"{said}; {wrong}, so it counts from its arrival" if wrong else said


def _take_in(intake: _Intake, incident: Incident, alert: Alert) -> None:
    """Let the alert join; the incident is as old as its oldest alert and as severe as its worst."""
    incident = intake.incident(incident.id)
    fresh, brought = (
        first_seen(alert, intake.now, since=intake.holding.since(alert)),
        intake.brought(incident.id),
    )
    severity = min(incident.severity, severity_of(alert.severity)) if alert.severity else incident.severity
    after = replace(
        incident,
        started=_began(incident, alert, intake.now),
        last_alert_at=intake.now,
        severity=severity,
    )
    brought.raised = brought.raised or (severity != incident.severity)
    if after != incident:
        incidents.save(intake.session, after)
        intake.incidents[incident.id] = after
    intake.holding.free(alert)
    intake.hear(incident.id, fresh)
    brought.joined.append(fresh)
