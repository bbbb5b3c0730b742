"""The picture of the dashboard: the metric's past and the charts of what is suspect, and when it was drawn.

What belongs to the dashboard alone is kept beside the evidence, under a name that no step can have.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from bot.core.effect import Upload
from bot.core.evidence import Evidence, EvidenceStatus, worst_first
from bot.core.incident import Incident
from bot.core.metric_history import SPANS, History
from bot.services.desk import Desk
from bot.services.metric_history import history
from bot.store import blobs, outbox
from bot.store import changes as log_of_changes
from bot.store.database import Database
from bot.views import chart_evidence

log = structlog.get_logger()

BOARD = "@dashboard"
"""Stands for a step: of checks that no step names, and of what belongs to the dashboard alone."""
GATHERED = "@gathered"
"""The line there that says when all was gathered, how long it took, and which picture is the newest."""

NEW_AFTER, NEW_AFTER_BY_TIMER = timedelta(minutes=1), timedelta(minutes=10)
"""A picture younger than this stays; each one is a file in Slack."""
DRAWN_IN = 2.0
"""Seconds that drawing may take; then the message goes without a new one."""
MOST_CHARTS = 3


@dataclass(frozen=True)
class Picture:
    """A drawn PNG, in words too; `key` is that of its upload."""

    content: bytes
    alt: str
    key: str


def note(now: datetime, took: float, picture: Picture | None, before: Evidence | None) -> Evidence:
    """The line of the gathering; without a new picture the one before stays. `took` is in seconds."""
    if picture is not None:
        key, alt, drawn = picture.key, picture.alt, now.isoformat()
    else:
        key, alt, drawn = (before.source, before.line, before.query) if before else ("", "", "")
    return Evidence(GATHERED, EvidenceStatus.CLEAR, alt, now, source=key, query=drawn, took=took)


def noted(kept: Mapping[str, Sequence[Evidence]]) -> Evidence | None:
    """The line of the last gathering, None before the first."""
    return next((line for line in kept.get(BOARD, ()) if line.check == GATHERED), None)


def wanted(payload: Mapping[str, Any], before: Evidence | None, now: datetime) -> bool:
    """Whether a new picture is to be drawn."""
    if payload.get("fresh") or before is None or not before.query:
        return True
    age = now - datetime.fromisoformat(before.query)
    return age >= (NEW_AFTER_BY_TIMER if payload.get("current") else NEW_AFTER)


def ask(db: Database, desk: Desk, incident: Incident, now: datetime) -> History | None:
    """The past of the metric with what changed meanwhile; None where there is nobody to ask."""
    source = next(iter(desk.prometheus.values()), None)
    if source is None:
        return None
    try:
        with db.read() as session:
            changes = log_of_changes.between(session, now - SPANS[0][1], now)
    except SQLAlchemyError:
        changes = ()
    return history(source, incident, changes, now)


def paint(
    crew: Executor, past: "Future[History | None]", found: Mapping[str, Sequence[Evidence]], incident: int
) -> Picture | None:
    """Draw what there is; None where there is nothing, or it takes too long."""
    wait([past], timeout=DRAWN_IN)
    known = past.result() if past.done() and past.exception() is None else None
    charts = suspects(found)
    if (known is None or not known.known) and not charts:
        return None
    drawing = crew.submit(chart_evidence.png, known, charts)
    wait([drawing], timeout=DRAWN_IN)
    error = drawing.exception() if drawing.done() else TimeoutError(f"{DRAWN_IN:g} s")
    if error is not None:
        log.error("picture_failed", exc_info=error)
        return None
    content = drawing.result()
    key = f"incident/{incident}/picture/{sha256(content).hexdigest()[:16]}"
    return Picture(content, chart_evidence.alt(known, charts), key)


def suspects(found: Mapping[str, Sequence[Evidence]]) -> list[Mapping[str, Any]]:
    """The charts of what is suspect, each once, the worst of a check first."""
    lines = worst_first([line for lines in found.values() for line in lines])
    charts: dict[str, Mapping[str, Any]] = {}
    for line in lines:
        if (
            line.status is EvidenceStatus.SUSPECT
            and line.chart
            and line.chart.get("kind") in chart_evidence.KINDS
        ):
            charts.setdefault(f"{line.check}/{line.chart.get('title')}", line.chart)
    return list(charts.values())[:MOST_CHARTS]


def keep(session: Session, incident: Incident, picture: Picture | None, *, now: datetime) -> None:
    """Upload the picture, to be seen in the dashboard alone."""
    if picture is None:
        return
    upload = Upload(
        key=picture.key,
        channel=incident.channel,
        filename=f"{incident.number}-evidence.png",
        title=f"{incident.number}: evidence",
        blob=blobs.put(session, picture.content, "image/png"),
        alt_text=picture.alt,
        share=False,
    )
    outbox.put(session, upload, now=now)
