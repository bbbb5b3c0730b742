"""The tables of alerts that opened no incident: silences, what is held, and notes on storms."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from bot.store.columns import Json, SafeText, UtcDateTime


class SilenceRow(SQLModel, table=True):
    """One silence, for ever: who held what back, and for how long."""

    __tablename__ = "silence"

    id: int | None = Field(default=None, primary_key=True)
    match: dict[str, list[str]] = Field(sa_type=Json)
    by: str = Field(sa_column_kwargs={"name": "person"})
    since: datetime = Field(sa_type=UtcDateTime)
    until: datetime = Field(sa_type=UtcDateTime, index=True)
    channel: str
    reason: str = Field(default="", sa_type=SafeText)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_by: str = ""
    held: int | None = None


class HeldAlertRow(SQLModel, table=True):
    """An alert that opened no incident, as last heard."""

    __tablename__ = "held_alert"
    __table_args__ = (
        Index("ix_held_alert_cause", "cause", "held_by"),
        Index("ix_held_alert_group", "group_key"),
        Index("ix_held_alert_until", "until"),
    )

    source: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    cause: str
    by: str = Field(sa_type=SafeText, sa_column_kwargs={"name": "held_by"})
    group: str = Field(sa_type=SafeText, sa_column_kwargs={"name": "group_key"})
    until: datetime = Field(sa_type=UtcDateTime)
    first_at: datetime = Field(sa_type=UtcDateTime)
    last_at: datetime = Field(sa_type=UtcDateTime)
    fired: list[str] = Field(sa_type=Json)
    alert: dict[str, Any] = Field(sa_type=Json)


class IncidentNewsRow(SQLModel, table=True):
    """What one note in an incident's thread counts, as long as more of its kind is counted on it."""

    __tablename__ = "incident_news"

    incident: int = Field(primary_key=True, foreign_key="incident.id")
    kind: str = Field(primary_key=True)
    event: int  # the line of the timeline that the note says
    since: datetime = Field(sa_type=UtcDateTime)
    until: datetime = Field(sa_type=UtcDateTime)
    count: int
    told: int  # how many of them the timeline has
    left_out: int = 0
    named: list[str] = Field(sa_type=Json)
