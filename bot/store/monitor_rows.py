"""The tables of monitors: where each stands, the hours it has seen, the alarms it raised."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from bot.store.columns import Json, SafeText, UtcDateTime


class MonitorRow(SQLModel, table=True):
    """Where a monitor stands.

    `sha256` is of the file that it worked by; `learnt` changes once a week, `memory` every hour. `trouble`
    says why it is blind since `blind_since`, `told_at` when people were told of it.
    """

    __tablename__ = "monitor"

    id: str = Field(primary_key=True)
    sha256: str
    learnt: dict[str, Any] | None = Field(default=None, sa_type=Json)
    memory: dict[str, Any] | None = Field(default=None, sa_type=Json)
    trouble: str = Field(default="", sa_type=SafeText)
    blind_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    told_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class MonitorHourRow(SQLModel, table=True):
    """What a monitor saw in one hour (or day): each cell's values, its sum and what that is divided by."""

    __tablename__ = "monitor_hour"

    monitor: str = Field(primary_key=True)
    at: datetime = Field(primary_key=True, sa_type=UtcDateTime)
    cells: list[Any] = Field(sa_type=Json)


class MonitorAlarmRow(SQLModel, table=True):
    """An alarm of a monitor; with `shadow` nobody was told. Effects that are no number are NULL."""

    __tablename__ = "monitor_alarm"
    __table_args__ = (Index("ix_monitor_alarm_monitor_at", "monitor", "at"),)

    id: int | None = Field(default=None, primary_key=True)
    monitor: str
    cell: list[str] = Field(sa_type=Json)
    level: str
    sign: int
    at: datetime = Field(sa_type=UtcDateTime)
    began: datetime = Field(sa_type=UtcDateTime)
    effect: float | None = None
    value: float
    baseline: float
    score: float
    h: float
    shadow: bool = False
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
