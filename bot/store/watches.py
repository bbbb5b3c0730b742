"""The watch over each incident: who holds it, who was called, what is wrong."""

from datetime import datetime

from sqlmodel import Field, Session, SQLModel

from bot.core.watch import Watch
from bot.store.columns import Json, SafeText, UtcDateTime


class WatchRow(SQLModel, table=True):
    """See `bot.core.watch.Watch`; an incident that nobody was called for has none."""

    __tablename__ = "incident_watch"

    incident: int = Field(primary_key=True, foreign_key="incident.id")
    person: str = Field(default="", sa_type=SafeText)
    since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    called: list[str] = Field(sa_type=Json)
    exhausted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    troubles: list[str] = Field(sa_type=Json)


def load(session: Session, incident: int) -> Watch:
    """The watch over an incident, which nobody holds where there is no row yet."""
    row = session.get(WatchRow, incident)
    if row is None:
        return Watch(incident)
    return Watch(
        row.incident,
        row.person,
        row.since,
        row.until,
        tuple(row.called),
        row.exhausted_at,
        tuple(row.troubles),
    )


def save(session: Session, watch: Watch) -> None:
    """Keep it; the incident is locked by whoever changes it."""
    session.merge(
        WatchRow(
            incident=watch.incident,
            person=watch.person,
            since=watch.since,
            until=watch.until,
            called=list(watch.called),
            exhausted_at=watch.exhausted_at,
            troubles=list(watch.troubles),
        )
    )
    session.flush()
