"""The tables behind bot.store.slots."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from bot.store.columns import Json, SafeText, UtcDateTime


class SlotRow(SQLModel, table=True):
    """One piece of work; `late` is settled when it is first claimed."""

    __tablename__ = "slot"
    __table_args__ = (Index("ix_slot_state_due", "state", "due"),)

    job: str = Field(primary_key=True)
    slot: str = Field(primary_key=True)
    due: datetime = Field(sa_type=UtcDateTime)
    payload: dict[str, Any] = Field(sa_type=Json)
    state: str  # waiting | done | dead
    tries: int = 0
    late: bool = False
    free_at: datetime = Field(sa_type=UtcDateTime)  # nobody may claim it before: due, a lease or a back-off
    fence: int = 0
    error: str | None = Field(default=None, sa_type=SafeText)


class ScheduleRow(SQLModel, table=True):
    """A recurring schedule and the next slot it has not made yet."""

    __tablename__ = "schedule"

    job: str = Field(primary_key=True)
    rule: dict[str, Any] = Field(sa_type=Json)
    payload: dict[str, Any] = Field(sa_type=Json)
    next_slot: str
    next_due: datetime = Field(sa_type=UtcDateTime)


class HeartbeatRow(SQLModel, table=True):
    """When something was last seen alive."""

    __tablename__ = "heartbeat"

    name: str = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
