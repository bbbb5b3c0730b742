"""Tells an incident's thread and timeline what its alerts did: one note a kind, edited while more come.

A thousand alerts in a minute come in many deliveries; a note each would keep the channel busy for a quarter
of an hour, since Slack takes one message a second. So a note counts on for SPAN, and the timeline has its
first line at once and one more at the end, with how many came after it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from bot.core.effect import Post, Update
from bot.core.incident import Event, Incident, IncidentAlert
from bot.services import escalation
from bot.services.desk import Desk
from bot.services.incident_cards import card_key, draw, draw_notice, record
from bot.services.incident_opening import search
from bot.store import incident_news, incidents, outbox, slots
from bot.store.alert_rows import IncidentNewsRow
from bot.views import alert_news as views
from bot.views import incident_notes as notes
from bot.views import text
from bot.views.alert_news import NAMED, News

NEWS_JOB = "incident.news"
SPAN = timedelta(minutes=5)
"""How long a note counts on."""


@dataclass
class Brought:
    """What one delivery brought to one incident.

    `opened` says that it opened the incident, `quietly` that something changed which only the card shows,
    `raised` that it is more severe now. What its sender has `left_out` is told beside what came with it: a
    delivery that is repeated leaves out the same once more.
    """

    joined: list[IncidentAlert] = field(default_factory=list)
    resolved: list[IncidentAlert] = field(default_factory=list)
    again: list[IncidentAlert] = field(default_factory=list)
    left_out: int = 0
    opened: bool = False
    quietly: bool = False
    raised: bool = False

    @property
    def spoken(self) -> bool:
        """Whether there is anything to say in the thread."""
        return bool(self.came or self.resolved or self.again)

    @property
    def came(self) -> bool:
        """Whether there are alerts that the incident did not have: in the delivery, or left out of it."""
        return bool(self.joined or (self.opened and self.left_out))


def tell(session: Session, desk: Desk, number: int, brought: Brought, now: datetime) -> None:
    """Say what was brought, and draw the card."""
    incident = incidents.load(session, number) if brought.spoken or brought.quietly else None
    if incident is None:
        return
    draw(session, desk, incident, now=now)
    if brought.came:
        _say(session, incident, "joined", brought.joined, now, left_out=brought.left_out)
    if brought.resolved:
        _say(session, incident, "alert_resolved", brought.resolved, now)
    if brought.again:
        _say(session, incident, "alert_again", brought.again, now)
    if brought.raised:
        event = Event(now, "severity", f"raised to {incident.severity} by an alert that joined")
        record(session, incident, event, notes.happened(event), now=now)
        escalation.plan(session, desk, incident, now=now)
        draw_notice(session, desk, incident, now=now)


def settle(session: Session, payload: Mapping[str, Any], now: datetime) -> None:
    """A note counts no further: the timeline is told what came after its first line."""
    number, kind = int(payload["incident"]), str(payload["kind"])
    row = incident_news.of_event(session, number, kind, int(payload["event"]))
    if row is None or row.count <= row.told:
        return
    more, row.told = row.count - row.told, row.count
    said = views.more_text(kind, more, text.duration(row.until - row.since))
    incidents.append(session, number, Event(now, kind, said, detail={"count": more}))


def _say(
    session: Session,
    incident: Incident,
    kind: str,
    alerts: Sequence[IncidentAlert],
    now: datetime,
    *,
    left_out: int = 0,
) -> None:
    row = incident_news.current(session, incident.id, kind, now)
    if row is None:
        _begin(session, incident, kind, alerts, now, left_out=left_out)
        return
    row.named = [*row.named, *views.lines_of(alerts)][:NAMED]
    row.count, row.left_out = row.count + len(alerts), row.left_out + left_out
    session.flush()
    note = views.note(_news(row, incident, since=row.since))
    outbox.put(session, Update(_key(incident.id, row.event), incident.channel, note), now=now)


def _begin(
    session: Session,
    incident: Incident,
    kind: str,
    alerts: Sequence[IncidentAlert],
    now: datetime,
    *,
    left_out: int,
) -> None:
    said = views.event_text(kind, len(alerts), _titles(alerts)) if alerts else views.left_out_text(left_out)
    detail = {"alerts": [alert.key for alert in alerts[:100]], "left_out": left_out}
    event = incidents.append(session, incident.id, Event(now, kind, said, detail=detail))
    row = IncidentNewsRow(
        incident=incident.id,
        kind=kind,
        event=event,
        since=now,
        until=now + SPAN,
        count=len(alerts),
        told=len(alerts),
        left_out=left_out,
        named=views.lines_of(alerts),
    )
    note = views.note(_news(row, incident, since=None))
    thread = card_key(incident.id)
    outbox.put(session, Post(_key(incident.id, event), incident.channel, note, thread=thread), now=now)
    incident_news.keep(session, row)
    payload = {"incident": incident.id, "kind": kind, "event": event}
    slots.at(session, job=NEWS_JOB, slot=f"{incident.id}/{event}", due=now + SPAN, payload=payload)
    if kind != "alert_resolved":
        search(session, incident, f"event/{event}", now=now)


def _news(row: IncidentNewsRow, incident: Incident, *, since: datetime | None) -> News:
    return News(row.kind, row.count, tuple(row.named), since, row.left_out, incident.firing_count)


def _key(incident: int, event: int) -> str:
    return f"incident/{incident}/event/{event}"


def _titles(alerts: Sequence[IncidentAlert]) -> str:
    named = ", ".join(f"{a.title} ({a.cohort_name})" if a.cohort_name else a.title for a in alerts[:3])
    return f"{named} and {len(alerts) - 3} more" if len(alerts) > 3 else named
