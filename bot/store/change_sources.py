"""Where the sources of changes that are asked were read up to, and how that goes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Field, Session, SQLModel, col, select

from bot.store.columns import Json, SafeText, UtcDateTime


class ChangeSourceRow(SQLModel, table=True):
    """One source named under `[changes]`."""

    __tablename__ = "change_source"

    name: str = Field(primary_key=True)
    cursor: dict[str, Any] = Field(sa_type=Json)
    asked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    read_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    failing_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    failures: int = 0
    error: str = Field(default="", sa_type=SafeText)
    told: bool = False


@dataclass(frozen=True)
class Reading:
    """How far a source was read.

    cursor: what the source's own reader keeps. asked_at, read_at: when it was last asked, when it last
    answered; None for never.
    failing_since, failures, error: since when, how often in a row and why it does not; None, 0 and "" while
    it does. told: whether the ops channel was told.
    """

    name: str
    cursor: Mapping[str, Any] = field(default_factory=dict)
    asked_at: datetime | None = None
    read_at: datetime | None = None
    failing_since: datetime | None = None
    failures: int = 0
    error: str = ""
    told: bool = False


def reading(session: Session, name: str, *, lock: bool = False) -> Reading:
    """How far the source of that name was read; an empty one where it never was."""
    row = session.get(ChangeSourceRow, name, with_for_update=lock or None, populate_existing=lock)
    return _reading(row) if row else Reading(name)


def readings(session: Session) -> tuple[Reading, ...]:
    """Every source that was ever asked, by name."""
    return tuple(map(_reading, session.exec(select(ChangeSourceRow).order_by(col(ChangeSourceRow.name)))))


def keep(session: Session, reading: Reading) -> None:
    """Store how far it was read."""
    session.merge(
        ChangeSourceRow(
            name=reading.name,
            cursor=dict(reading.cursor),
            asked_at=reading.asked_at,
            read_at=reading.read_at,
            failing_since=reading.failing_since,
            failures=reading.failures,
            error=reading.error,
            told=reading.told,
        )
    )
    session.flush()


def forget(session: Session, name: str) -> None:
    """Take out a source that is configured no more."""
    row = session.get(ChangeSourceRow, name)
    if row is not None:
        session.delete(row)
        session.flush()


def _reading(row: ChangeSourceRow) -> Reading:
    return Reading(
        name=row.name,
        cursor=row.cursor,
        asked_at=row.asked_at,
        read_at=row.read_at,
        failing_since=row.failing_since,
        failures=row.failures,
        error=row.error,
        told=row.told,
    )
