"""The tables of registrations and of the looks taken at them."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from bot.store.columns import Json, RawText, UtcDateTime


class ExperimentRow(SQLModel, table=True):
    """One registration as it was registered; `sha256` is over its canonical JSON, `text` what was given."""

    __tablename__ = "experiment"

    id: str = Field(primary_key=True)
    sha256: str
    name: str
    text: str = Field(sa_type=RawText)
    canonical: str = Field(sa_type=RawText)
    channel: str = Field(index=True)
    registered_by: str
    registered_at: datetime = Field(sa_type=UtcDateTime)


class AmendmentRow(SQLModel, table=True):
    """One changed registration as it was proposed, in force or not."""

    __tablename__ = "amendment"

    id: int | None = Field(default=None, primary_key=True)
    experiment: str = Field(foreign_key="experiment.id", index=True)
    sha256: str
    name: str
    text: str = Field(sa_type=RawText)
    canonical: str = Field(sa_type=RawText)
    by: str
    at: datetime = Field(sa_type=UtcDateTime)


class RevisionRow(SQLModel, table=True):
    """One amendment that came into force; the newest of an experiment is its registration."""

    __tablename__ = "revision"

    id: int | None = Field(default=None, primary_key=True)
    experiment: str = Field(foreign_key="experiment.id", index=True)
    sha256: str
    name: str
    text: str = Field(sa_type=RawText)
    canonical: str = Field(sa_type=RawText)
    by: str
    at: datetime = Field(sa_type=UtcDateTime)


class LookRow(SQLModel, table=True):
    """One look as it was taken: append-only, enough to compute the verdict again; `number` 0 is a peek.

    seal: SHA-256 over all of it; empty in rows of the first version.
    """

    __tablename__ = "look"
    __table_args__ = (Index("ix_look_experiment_number", "experiment", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    experiment: str = Field(foreign_key="experiment.id")
    sha256: str
    number: int
    day: float
    planned: bool
    verdict: str
    result: dict[str, Any] = Field(sa_type=Json)
    observations: dict[str, Any] = Field(sa_type=Json)
    earlier: list[float] = Field(sa_type=Json)
    fingerprint: str
    channel: str
    asked_by: str
    asked_at: datetime = Field(sa_type=UtcDateTime)
    taken_at: datetime = Field(sa_type=UtcDateTime)
    seal: str = Field(default="", sa_column_kwargs={"server_default": ""})
