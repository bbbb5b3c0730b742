"""The outbox's rows: effects, and where their results are in Slack."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from bot.store.columns import Json, SafeText, UtcDateTime


class OutboxRow(SQLModel, table=True):
    """One effect; `once` is unique, so that the same key is not said twice (NULL for updates)."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_state_lane", "state", "lane", "id"),
        Index("ix_outbox_kind_key", "kind", "key"),
    )

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    key: str
    once: str | None = Field(default=None, unique=True)
    lane: str
    effect: dict[str, Any] = Field(sa_type=Json)
    state: str  # pending | sent | superseded | dead
    created_at: datetime = Field(sa_type=UtcDateTime)
    free_at: datetime = Field(sa_type=UtcDateTime)  # nobody may claim it before
    lease_until: datetime | None = Field(default=None, sa_type=UtcDateTime)  # set while on its way
    fence: int = 0
    tries: int = 0
    doubt: bool = False
    note: dict[str, Any] = Field(sa_type=Json)
    error: str | None = Field(default=None, sa_type=SafeText)
    first_try: datetime | None = Field(default=None, sa_type=UtcDateTime)
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class MessageRow(SQLModel, table=True):
    """Where the message of a key is in Slack."""

    __tablename__ = "message"

    key: str = Field(primary_key=True)
    channel: str
    ts: str


class ChannelRow(SQLModel, table=True):
    """The Slack id behind a channel reference."""

    __tablename__ = "channel"

    reference: str = Field(primary_key=True)
    channel: str


class UploadRow(SQLModel, table=True):
    """The Slack file of an upload's key."""

    __tablename__ = "upload"

    key: str = Field(primary_key=True)
    file: str
