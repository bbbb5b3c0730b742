"""Opens an incident: number, channel, card, notice, timers and the first search for evidence."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from bot.core.incident import Event, Incident, IncidentAlert, Severity, Status
from bot.core.playbook_choice import choose, labels_of
from bot.core.thing import Thing, ThingKind
from bot.services import dashboard, escalation, onset, watching
from bot.services.desk import Desk
from bot.services.incident_cards import EVIDENCE_JOB, post_first
from bot.store import blobs, experiments, incident_alerts, incidents, links, slots
from bot.views.text import slug


@dataclass(frozen=True)
class Opening:
    """What is known at the start.

    `channel` is where to stay, None for a channel of its own. `labels` are those of the alert that opened it:
    they choose the tree. `started` is the onset where it is known, `onset_by` who says so ("alert", or "").
    `tree` is the id of the tree to walk, "" to have it chosen; `drill` is the drill's, "" for what is real.
    """

    title: str
    by: str
    channel: str | None
    severity: Severity = "SEV2"
    group: str | None = None
    started: datetime | None = None
    alerts: tuple[IncidentAlert, ...] = ()
    why: str = "opened it"
    labels: Mapping[str, str] = field(default_factory=dict)
    onset_by: str = ""
    tree: str = ""
    drill: str = ""


def open_incident(session: Session, desk: Desk, opening: Opening, *, now: datetime) -> Incident:
    """Open the incident and return it with its number."""
    first = opening.alerts[0] if opening.alerts else None
    books = desk.playbooks
    named = books.named(opening.tree)
    playbook = named or choose(books.triage, books.others, labels_of(opening.title, first, opening.labels))
    blobs.put(session, playbook.text.encode(), "application/yaml")
    channel, new_channel = _channel(session, desk, opening, now)
    incident = incidents.add(
        session,
        Incident(
            id=0,
            title=opening.title,
            severity=opening.severity,
            status=Status.TRIAGING,
            channel=channel,
            group=opening.group or "",
            playbook=playbook.sha256,
            position=playbook.first,
            opened_at=now,
            opened_by=opening.by,
            started=opening.started or now,
            detected_at=now,
            metric=first.metric if first else "",
            service=first.service if first else "",
            value=first.value if first else None,
            baseline=first.baseline if first else None,
            last_alert_at=now if first else None,
            labels=opening.labels,
            onset_by=opening.onset_by,
            drill=opening.drill,
        ),
        open_group=opening.group,
    )
    incident_alerts.save(session, incident.id, opening.alerts)
    stored = incidents.load(session, incident.id) or incident
    number = incidents.append(session, stored.id, Event(now, "opened", opening.why, opening.by))
    _join(session, stored, now)
    post_first(session, desk, stored, new_channel=new_channel, now=now)
    dashboard.post(session, desk, stored, now=now)
    escalation.plan(session, desk, stored, now=now)
    watching.plan(session, desk, stored, now=now)
    onset.plan(session, stored, now=now)
    search(session, stored, f"event/{number}", now=now)
    return stored


def _join(session: Session, incident: Incident, now: datetime) -> None:
    """Join it with the experiment that the alert's labels name, where there is one of that id."""
    name = str(incident.labels.get("experiment", ""))
    if name and experiments.original(session, name) is not None:
        earlier, later = Thing(ThingKind.EXPERIMENT, name), Thing(ThingKind.INCIDENT, incident.number)
        links.join(session, earlier, later, why="its alert names it", now=now)


def search(
    session: Session, incident: Incident, occasion: str, *, now: datetime, fresh: bool = False
) -> None:
    """Have the evidence gathered at once; the same occasion asks only once.

    With `fresh` what was found a moment ago is asked again, too.
    """
    payload = {"incident": incident.id, "asked_at": now.isoformat(), "fresh": fresh}
    slots.at(session, job=EVIDENCE_JOB, slot=f"{incident.id}/{occasion}", due=now, payload=payload)


def _channel(session: Session, desk: Desk, opening: Opening, now: datetime) -> tuple[str, bool]:
    """The channel reference, and whether it has to be created."""
    if opening.channel is not None:
        return opening.channel, bool(opening.drill) and opening.channel.startswith("#")
    if not desk.settings.incidents.create_channel:
        return desk.settings.channels.incidents, False
    day = now.astimezone(desk.settings.zone)
    name = f"#inc-{day:%Y%m%d}-{slug(opening.title)}"
    candidate, count = name, 1
    while incidents.channel_taken(session, candidate):
        count += 1
        candidate = f"{name}-{count}"
    return candidate, True
