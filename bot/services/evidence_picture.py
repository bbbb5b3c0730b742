"""The picture of the dashboard, drawn after the evidence is there: words must not wait for it.

It shows the metric's past with the changes over it, and the charts of what is suspect.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlmodel import Session

from bot.core.change import Change
from bot.core.effect import Upload
from bot.core.evidence import Evidence, EvidenceStatus, worst_first
from bot.core.incident import Incident
from bot.core.metric_history import SPANS, History
from bot.services import dashboard
from bot.services.desk import Desk
from bot.services.evidence_board import BOARD, noted, pictured
from bot.services.metric_history import history
from bot.store import blobs, changes, incident_evidence, incidents, outbox, slots
from bot.store.database import Database
from bot.store.slots import Finish
from bot.views import chart_evidence

PICTURE_JOB = "incident.picture"

NEW_AFTER, NEW_AFTER_BY_TIMER = timedelta(minutes=1), timedelta(minutes=10)
"""A picture younger than this stays; each one is a file in Slack."""
MOST_CHARTS = 3


def plan(
    session: Session,
    desk: Desk,
    incident: Incident,
    found: Mapping[str, Sequence[Evidence]],
    payload: Mapping[str, Any],
    now: datetime,
) -> None:
    """Have a new picture drawn where there is something to show and the last one is old.

    `payload` is that of the gathering: `fresh` asks for one, `current` is content with an older one.
    """
    last = noted(found)
    if not ((desk.prometheus and incident.alerts and not incident.drill) or suspects(found)):
        return
    if last is not None and last.query and not payload.get("fresh"):
        age = now - datetime.fromisoformat(last.query)
        if age < (NEW_AFTER_BY_TIMER if payload.get("current") else NEW_AFTER):
            return
    slot = f"{incident.id}/{now.isoformat()}"
    slots.at(session, job=PICTURE_JOB, slot=slot, due=now, payload={"incident": incident.id})


def draw(db: Database, desk: Desk, payload: Mapping[str, Any], *, now: datetime) -> Finish:
    """Ask for the metric's past and paint; the closure returned uploads it and shows it in the dashboard."""
    number = int(payload["incident"])
    with db.read() as session:
        incident = incidents.load(session, number)
        charts = suspects(incident_evidence.by_step(session, number))
        log = changes.between(session, now - SPANS[0][1], now)
    if incident is None or incident.closed:
        return _nothing
    past = _past(desk, incident, log, now)
    if not chart_evidence.panels(past, charts):
        return _nothing
    content, alt = chart_evidence.png(past, charts), chart_evidence.alt(past, charts)
    key = f"incident/{number}/picture/{sha256(content).hexdigest()[:16]}"

    def finish(session: Session) -> None:
        current = incidents.load(session, number, lock=True)
        if current is None or current.closed:
            return
        _upload(session, current, key, content, alt, now)
        lines = incident_evidence.by_step(session, number).get(BOARD, ())
        incidents.keep_evidence(session, number, {BOARD: pictured(lines, key=key, alt=alt, at=now)})
        dashboard.draw(session, desk, current, now=now)

    return finish


def suspects(found: Mapping[str, Sequence[Evidence]]) -> list[Mapping[str, Any]]:
    """The charts of what is suspect, each once, the worst of a check first."""
    lines = worst_first([line for lines in found.values() for line in lines])
    charts: dict[str, Mapping[str, Any]] = {}
    for line in lines:
        chart = line.chart or {}
        if line.status is EvidenceStatus.SUSPECT and chart.get("kind") in chart_evidence.KINDS:
            charts.setdefault(f"{line.check}/{chart.get('title')}", chart)
    return list(charts.values())[:MOST_CHARTS]


def _nothing(_: Session) -> None:
    """There is nothing to draw."""


def _past(desk: Desk, incident: Incident, log: Sequence[Change], now: datetime) -> History | None:
    """The past of the metric; a drill has none, its metric is made up."""
    source = next(iter(desk.prometheus.values()), None)
    if source is None or incident.drill:
        return None
    return history(source, incident, log, now)


def _upload(session: Session, incident: Incident, key: str, content: bytes, alt: str, now: datetime) -> None:
    upload = Upload(
        key=key,
        channel=incident.channel,
        filename=f"{incident.number}-evidence.png",
        title=f"{incident.number}: evidence",
        blob=blobs.put(session, content, "image/png"),
        alt_text=alt,
        share=False,
    )
    outbox.put(session, upload, now=now)
