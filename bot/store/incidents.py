"""Incidents, their timeline (append-only) and the evidence last gathered."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, delete, or_, select

from bot.core.evidence import Evidence
from bot.core.incident import Answer, Claim, Event, Incident, Moved, Status
from bot.store import incident_alerts
from bot.store.incident_rows import EvidenceRow, IncidentEventRow, IncidentRow
from bot.store.outbox_rows import ChannelRow

_CONVERTED = {"alerts", "path", "moved", "status", "labels", "roles", "claims", "tally"}
"""What a row keeps in another form than the incident has it."""
_CLOSED = (Status.RESOLVED.value, Status.FALSE_ALARM.value)


def add(session: Session, incident: Incident, *, open_group: str | None) -> Incident:
    """Store a new incident and return it with its number; its `id` is ignored.

    Raises:
        sqlalchemy.exc.IntegrityError: another incident with the same `open_group` was opened just now.

    """
    row = IncidentRow(**_values(incident) | {"open_group": open_group})
    session.add(row)
    session.flush()
    assert row.id is not None  # noqa: S101 - the database numbered it in the flush
    return _incident(session, row)


def save(session: Session, incident: Incident) -> None:
    """Store the incident's state; its alerts are saved by `incident_alerts`."""
    row = session.get_one(IncidentRow, incident.id)
    for name, value in _values(incident).items():
        setattr(row, name, value)
    if incident.closed:
        row.open_group = None
    session.flush()


def leave_group(session: Session, incident_id: int) -> None:
    """Let the incident take in no more alerts of its group."""
    session.get_one(IncidentRow, incident_id).open_group = None
    session.flush()


def load(session: Session, incident_id: int, *, lock: bool = False) -> Incident | None:
    """The incident of that number; `lock` keeps others from changing it in this transaction."""
    row = session.get(IncidentRow, incident_id, with_for_update=lock or None, populate_existing=lock)
    return _incident(session, row) if row else None


def bare(session: Session, incident_id: int) -> Incident:
    """The incident of that number without its alerts, of which there may be thousands.

    Raises:
        sqlalchemy.exc.NoResultFound: there is none.

    """
    return _bare(session.get_one(IncidentRow, incident_id))


def open_in_group(session: Session, group: str) -> Incident | None:
    """The incident that takes in alerts of this group, locked; its alerts are left out."""
    row = session.exec(
        select(IncidentRow).where(col(IncidentRow.open_group) == group).with_for_update()
    ).first()
    return _bare(row) if row else None


def in_channel(session: Session, channel: str) -> Incident | None:
    """The newest incident whose card is in the channel of this id, open ones first."""
    names = select(ChannelRow.reference).where(col(ChannelRow.channel) == channel)
    row = session.exec(
        select(IncidentRow)
        .where(or_(col(IncidentRow.channel) == channel, col(IncidentRow.channel).in_(names)))
        .order_by(col(IncidentRow.status).in_(_CLOSED), col(IncidentRow.id).desc())
        .limit(1)
    ).first()
    return _incident(session, row) if row else None


def open_ones(session: Session, limit: int = 50) -> tuple[Incident, ...]:
    """The incidents that are not closed, newest first, without their alerts."""
    rows = session.exec(
        select(IncidentRow)
        .where(col(IncidentRow.status).not_in(_CLOSED))
        .order_by(col(IncidentRow.id).desc())
        .limit(limit)
    ).all()
    return tuple(_bare(row) for row in rows)


def detected_between(session: Session, since: datetime, until: datetime) -> tuple[Incident, ...]:
    """The incidents detected in [since, until), oldest first, without their alerts."""
    rows = session.exec(
        select(IncidentRow)
        .where(col(IncidentRow.detected_at) >= since, col(IncidentRow.detected_at) < until)
        .order_by(col(IncidentRow.detected_at), col(IncidentRow.id))
    ).all()
    return tuple(_bare(row) for row in rows)


def recent(session: Session, *, now: datetime, limit: int = 50, days: float = 14) -> tuple[Incident, ...]:
    """The incidents that are open or were not long ago, open ones first, then newest; without alerts."""
    since = now - timedelta(days=days)
    closed = col(IncidentRow.status).in_(_CLOSED)
    rows = session.exec(
        select(IncidentRow)
        .where(or_(~closed, col(IncidentRow.resolved_at) >= since))
        .order_by(closed, col(IncidentRow.id).desc())
        .limit(limit)
    ).all()
    return tuple(_bare(row) for row in rows)


def count_open(session: Session) -> int:
    """How many incidents are not closed."""
    return session.exec(
        select(func.count()).select_from(IncidentRow).where(col(IncidentRow.status).not_in(_CLOSED))
    ).one()


def channel_taken(session: Session, channel: str) -> bool:
    """Whether an incident has this channel reference already."""
    return session.exec(select(IncidentRow.id).where(col(IncidentRow.channel) == channel)).first() is not None


def of_channel(session: Session, channel: str) -> Incident | None:
    """The newest incident that has this channel reference, locked."""
    row = session.exec(
        select(IncidentRow)
        .where(col(IncidentRow.channel) == channel)
        .order_by(col(IncidentRow.id).desc())
        .limit(1)
        .with_for_update()
    ).first()
    return _incident(session, row) if row else None


def append(session: Session, incident_id: int, event: Event) -> int:
    """Add a line to the timeline; returns its number, which is unique."""
    row = IncidentEventRow(incident=incident_id, **asdict(event))
    session.add(row)
    session.flush()
    assert row.id is not None  # noqa: S101 - the database numbered it in the flush
    return row.id


def timeline(session: Session, incident_id: int) -> tuple[Event, ...]:
    """The timeline in the order it was written."""
    rows = session.exec(
        select(IncidentEventRow)
        .where(col(IncidentEventRow.incident) == incident_id)
        .order_by(col(IncidentEventRow.id))
    )
    return tuple(Event(row.at, row.kind, row.text, row.by, row.detail) for row in rows)


def keep_evidence(session: Session, incident_id: int, found: Mapping[str, Sequence[Evidence]]) -> None:
    """Replace the evidence of the steps in `found`; what was seen at an answer is kept with the answer."""
    for step, lines in found.items():
        session.exec(
            delete(EvidenceRow).where(col(EvidenceRow.incident) == incident_id, col(EvidenceRow.step) == step)
        )
        for place, line in enumerate(lines):
            session.add(EvidenceRow(incident=incident_id, step=step, place=place, evidence=line.to_json()))
    session.flush()


def evidence(session: Session, incident_id: int, step: str) -> tuple[Evidence, ...]:
    """The evidence last gathered for the step, in the order it was kept."""
    rows = session.exec(
        select(EvidenceRow)
        .where(col(EvidenceRow.incident) == incident_id, col(EvidenceRow.step) == step)
        .order_by(col(EvidenceRow.place))
    )
    return tuple(Evidence.from_json(row.evidence) for row in rows)


def _values(incident: Incident) -> dict[str, Any]:
    """The incident's columns; alerts have rows of their own."""
    values = {
        item.name: getattr(incident, item.name)
        for item in fields(incident)
        if item.name not in {"id", "alerts", "path", "moved", "claims", "tally"}
    }
    values["status"] = incident.status.value
    values["path"] = [
        {
            "step": answer.step,
            "answer": answer.answer,
            "label": answer.label,
            "by": answer.by,
            "at": answer.at.isoformat(),
            "evidence": [item.to_json() for item in answer.evidence],
            "asked": answer.asked,
        }
        for answer in incident.path
    ]
    values["labels"], values["roles"] = dict(incident.labels), dict(incident.roles)
    values["claims"] = {
        step: {"by": claim.by, "at": claim.at.isoformat(), "done_at": _iso(claim.done_at)}
        for step, claim in incident.claims.items()
    }
    moved = incident.moved
    values["moved"] = {"what": moved.what, "by": moved.by, "at": moved.at.isoformat()} if moved else None
    return values


def _incident(session: Session, row: IncidentRow) -> Incident:
    number = row.id or 0
    alerts, tally = incident_alerts.of(session, number), incident_alerts.tally(session, number)
    return replace(_bare(row), alerts=alerts, tally=tally)


def _bare(row: IncidentRow) -> Incident:
    """The incident without its alerts, of which there may be thousands."""
    names = {item.name for item in fields(Incident)} - _CONVERTED
    values = {name: getattr(row, name) for name in names}
    return Incident(
        **values,
        status=Status(row.status),
        path=tuple(_answer(item) for item in row.path),
        moved=_moved(row.moved),
        labels=row.labels or {},
        roles=row.roles or {},
        claims={step: _claim(item) for step, item in (row.claims or {}).items()},
    )


def _answer(item: Mapping[str, Any]) -> Answer:
    return Answer(
        step=item["step"],
        answer=item["answer"],
        label=item["label"],
        by=item["by"],
        at=datetime.fromisoformat(item["at"]),
        evidence=tuple(Evidence.from_json(line) for line in item["evidence"]),
        asked=item.get("asked", ""),
    )


def _claim(item: Mapping[str, Any]) -> Claim:
    done = item["done_at"]
    return Claim(
        item["by"], datetime.fromisoformat(item["at"]), datetime.fromisoformat(done) if done else None
    )


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _moved(item: Mapping[str, Any] | None) -> Moved | None:
    return None if item is None else Moved(item["what"], item["by"], datetime.fromisoformat(item["at"]))
