"""Who is on call as the service that keeps the schedules last said, and since when it says nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Field, Session, SQLModel, col, delete, select

from bot.core.duty import Duty
from bot.store.columns import SafeText, UtcDateTime


class DutyRow(SQLModel, table=True):
    """See `bot.core.duty.Duty`; `place` is the order in which the service named them."""

    __tablename__ = "duty"

    place: int = Field(primary_key=True)
    schedule: str = Field(sa_type=SafeText)
    person: str = Field(sa_type=SafeText)
    name: str = Field(sa_type=SafeText)
    starts: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ends: datetime | None = Field(default=None, sa_type=UtcDateTime)


class DutyReadRow(SQLModel, table=True):
    """When a service last answered, and since when it has not, with the reason."""

    __tablename__ = "duty_read"

    source: str = Field(primary_key=True, sa_type=SafeText)
    read_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    failed_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reason: str = Field(default="", sa_type=SafeText)


@dataclass(frozen=True)
class Said:
    """What a service said, when, and since when it fails; None where it never did the one or the other."""

    duties: tuple[Duty, ...] = ()
    read_at: datetime | None = None
    failed_since: datetime | None = None
    reason: str = ""


def said(session: Session, source: str) -> Said:
    """What `source` last said; nothing where it was never asked."""
    row = session.get(DutyReadRow, source)
    if row is None:
        return Said()
    return Said(_kept(session), row.read_at, row.failed_since, row.reason)


def heard(session: Session, source: str, duties: Sequence[Duty], now: datetime) -> None:
    """Keep what it said just now, instead of all before."""
    session.exec(delete(DutyRow))
    for place, one in enumerate(duties):
        session.add(DutyRow(place=place, **{name: getattr(one, name) for name in _FIELDS}))
    session.exec(delete(DutyReadRow).where(col(DutyReadRow.source) != source))
    session.merge(DutyReadRow(source=source, read_at=now))
    session.flush()


def failed(session: Session, source: str, reason: str, now: datetime) -> bool:
    """Keep that it did not answer; whether that is news."""
    row = session.get(DutyReadRow, source)
    if row is None:
        session.exec(delete(DutyRow))  # of another service: they say nothing about this one
        session.exec(delete(DutyReadRow))
        session.add(DutyReadRow(source=source, failed_since=now, reason=reason))
        session.flush()
        return True
    news = row.failed_since is None
    row.failed_since, row.reason = row.failed_since or now, reason
    session.flush()
    return news


def references(session: Session) -> tuple[str, ...]:
    """Everybody whom the service named, to be looked up in Slack."""
    return tuple(dict.fromkeys(one.person for one in _kept(session) if one.person))


_FIELDS = ("schedule", "person", "name", "starts", "ends")


def _kept(session: Session) -> tuple[Duty, ...]:
    rows = session.exec(select(DutyRow).order_by(col(DutyRow.place)))
    return tuple(Duty(**{name: getattr(row, name) for name in _FIELDS}) for row in rows)
