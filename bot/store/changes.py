"""The change log: one row per change, known by its source and that source's id."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, Session, SQLModel, col, or_, select

from bot.core.change import Change, ChangeKind
from bot.store.columns import SafeText, UtcDateTime

MOST = 500
"""Changes read for one incident; the nearest to the onset come first."""


class ChangeRow(SQLModel, table=True):
    """One change; a later delivery with the same source and id corrects it."""

    __tablename__ = "change"

    source: str = Field(primary_key=True)
    id: str = Field(primary_key=True)
    kind: str
    title: str = Field(sa_type=SafeText)
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    by: str = Field(default="", sa_type=SafeText, sa_column_kwargs={"name": "person"})
    service: str = Field(default="", sa_type=SafeText)
    version: str = Field(default="", sa_type=SafeText)
    previous_version: str = Field(default="", sa_type=SafeText)
    url: str = Field(default="", sa_type=SafeText)
    received_at: datetime = Field(sa_type=UtcDateTime)


def put(session: Session, change: Change, *, now: datetime) -> bool:
    """Store the change, or correct the one of the same source and id; True when it is new."""
    values: dict[str, Any] = {
        "kind": change.kind.value,
        "title": change.title,
        "at": change.at,
        "ended_at": change.ended_at,
        "by": change.by,
        "service": change.service,
        "version": change.version,
        "previous_version": change.previous_version,
        "url": change.url,
    }
    row = session.get(ChangeRow, (change.source, change.id), with_for_update=True)
    if row is None:
        session.add(ChangeRow(source=change.source, id=change.id, received_at=now, **values))
        session.flush()
        return True
    for name, value in values.items():
        setattr(row, name, value)
    session.flush()
    return False


def between(session: Session, start: datetime, end: datetime) -> tuple[Change, ...]:
    """Changes that took effect, or still had one, from `start` to `end`; the latest first."""
    rows = session.exec(
        select(ChangeRow)
        .where(
            col(ChangeRow.at) <= end,
            or_(col(ChangeRow.at) >= start, col(ChangeRow.ended_at) >= start),
        )
        .order_by(col(ChangeRow.at).desc())
        .limit(MOST)
    )
    return tuple(_change(row) for row in rows)


def last_received(session: Session) -> datetime | None:
    """When the log last heard of anything; None where nobody reports to it."""
    row = session.exec(select(ChangeRow).order_by(col(ChangeRow.received_at).desc()).limit(1)).first()
    return row.received_at if row else None


def _change(row: ChangeRow) -> Change:
    return Change(
        source=row.source,
        id=row.id,
        kind=ChangeKind(row.kind),
        title=row.title,
        at=row.at,
        ended_at=row.ended_at,
        by=row.by,
        service=row.service,
        version=row.version,
        previous_version=row.previous_version,
        url=row.url,
    )
