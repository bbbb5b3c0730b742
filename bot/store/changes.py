"""The change log: one row per change, known by its source and that source's id."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, tuple_
from sqlmodel import Field, Session, SQLModel, col, or_, select

from bot.core.change import Change, ChangeKind
from bot.store.columns import SafeText, UtcDateTime

MOST = 500
"""Changes read for one incident; the nearest to the onset come first."""
AT_ONCE = 500
"""Changes looked for in one statement: databases bound its parameters."""
SLACK = timedelta(minutes=2)
"""How far two machines' clocks may differ about one change."""


@dataclass(frozen=True)
class Logged:
    """A change, and when the log heard of it."""

    change: Change
    received_at: datetime


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
    earliest: datetime | None = Field(default=None, sa_type=UtcDateTime)
    twin: str = Field(default="", index=True, sa_type=SafeText, sa_column_kwargs={"server_default": ""})


def unlike(session: Session, changes: Sequence[Change]) -> list[Change]:
    """Those that the log does not have as they are, of several of one id the last.

    A source that is asked says most of it again each time; only what is new is then written.
    """
    last = {(change.source, change.id): change for change in changes}
    keys, there = list(last), set[Change]()
    identity = tuple_(col(ChangeRow.source), col(ChangeRow.id))
    for at in range(0, len(keys), AT_ONCE):
        some = session.exec(select(ChangeRow).where(identity.in_(keys[at : at + AT_ONCE])))
        there |= {_change(row) for row in some}
    return [change for change in last.values() if change not in there]


def put(session: Session, change: Change, *, now: datetime) -> bool:
    """Store the change, or correct the one of the same source and id; True when it is new.

    Told twice under two ids, the one whose time is known exactly is kept: a poll's finding gives way to the
    webhook's, whichever comes first, and only tells it which version was there before.
    """
    twin = _twin(session, change) if change.twin else None
    if twin is not None and change.earliest is not None:
        twin.previous_version = twin.previous_version or change.previous_version
        session.flush()
        return False
    if twin is not None:
        change = replace(change, previous_version=change.previous_version or twin.previous_version)
        session.delete(twin)
        session.flush()
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
        "earliest": change.earliest,
        "twin": change.twin,
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
            func.coalesce(col(ChangeRow.earliest), col(ChangeRow.at)) <= end,
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


def page(
    session: Session,
    *,
    start: datetime,
    end: datetime,
    service: str = "",
    kinds: Sequence[ChangeKind] = (),
    source: str = "",
    skip: int = 0,
    most: int = 20,
) -> tuple[tuple[Logged, ...], int]:
    """Some of the changes that took effect, or still had one, from `start` to `end`; and how many there are.

    The latest first, in the order in which they took effect, whenever they were heard of. `service` and
    `source` are compared without regard to case.
    """
    wanted = [
        col(ChangeRow.at) <= end,
        or_(col(ChangeRow.at) >= start, col(ChangeRow.ended_at) >= start),
    ]
    if service:
        wanted.append(func.lower(col(ChangeRow.service)) == service.lower())
    if source:
        wanted.append(func.lower(col(ChangeRow.source)) == source.lower())
    if kinds:
        wanted.append(col(ChangeRow.kind).in_([kind.value for kind in kinds]))
    count = session.exec(select(func.count()).select_from(ChangeRow).where(*wanted)).one()
    rows = session.exec(
        select(ChangeRow)
        .where(*wanted)
        .order_by(col(ChangeRow.at).desc(), col(ChangeRow.source), col(ChangeRow.id))
        .offset(skip)
        .limit(most)
    )
    return tuple(Logged(_change(row), row.received_at) for row in rows), count


def services(session: Session, most: int = 50) -> tuple[str, ...]:
    """The services that changes named, by name."""
    found = session.exec(
        select(ChangeRow.service).where(col(ChangeRow.service) != "").distinct().order_by(ChangeRow.service)
    )
    return tuple(found.all()[:most])


def _twin(session: Session, change: Change) -> ChangeRow | None:
    """What the log has of the same thing under another id, within the span that one of them is known by."""
    found = session.exec(
        select(ChangeRow)
        .where(col(ChangeRow.twin) == change.twin, col(ChangeRow.id) != change.id)
        .with_for_update()
    ).all()
    for row in found:
        if change.earliest is not None and row.earliest is None:
            first, at, last = change.earliest, row.at, change.at
        elif change.earliest is None and row.earliest is not None:
            first, at, last = row.earliest, change.at, row.at
        else:
            continue
        if first - SLACK <= at <= last + SLACK:
            return row
    return None


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
        earliest=row.earliest,
        twin=row.twin,
    )
