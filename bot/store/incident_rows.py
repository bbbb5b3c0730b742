"""The tables of incidents, their alerts, their timeline and the evidence last gathered."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from bot.store.columns import Json, SafeText, UtcDateTime


class IncidentRow(SQLModel, table=True):
    """One incident.

    `open_group` is the grouping key while the incident takes in alerts, else NULL: at most one does.
    """

    __tablename__ = "incident"

    id: int | None = Field(default=None, primary_key=True)
    title: str = Field(sa_type=SafeText)
    severity: str
    status: str = Field(index=True)
    channel: str = Field(index=True)
    group: str = Field(sa_type=SafeText, sa_column_kwargs={"name": "group_key"})
    open_group: str | None = Field(default=None, unique=True)
    playbook: str
    position: str
    opened_at: datetime = Field(sa_type=UtcDateTime)
    opened_by: str = ""
    started: datetime = Field(sa_type=UtcDateTime)
    detected_at: datetime = Field(sa_type=UtcDateTime)
    localized_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    mitigated_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    resolved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_alert_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    lead: str = ""
    version: int = 1
    category: int = 0
    metric: str = Field(default="", sa_type=SafeText)
    service: str = Field(default="", sa_type=SafeText)
    value: float | None = None
    baseline: float | None = None
    path: list[dict[str, Any]] = Field(sa_type=Json)
    moved: dict[str, Any] | None = Field(default=None, sa_type=Json)
    labels: dict[str, str] | None = Field(default=None, sa_type=Json)
    onset_from: datetime | None = Field(default=None, sa_type=UtcDateTime)
    onset_to: datetime | None = Field(default=None, sa_type=UtcDateTime)
    onset_by: str = Field(default="", sa_column_kwargs={"server_default": ""})
    acknowledged_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    acknowledged_by: str = Field(default="", sa_column_kwargs={"server_default": ""})
    roles: dict[str, str] | None = Field(default=None, sa_type=Json)
    claims: dict[str, dict[str, str | None]] | None = Field(default=None, sa_type=Json)
    drill: str = Field(default="", sa_column_kwargs={"server_default": ""})
    excluded: str = Field(default="", sa_type=SafeText, sa_column_kwargs={"server_default": ""})


class IncidentAlertRow(SQLModel, table=True):
    """An alert of an incident, as last heard."""

    __tablename__ = "incident_alert"
    __table_args__ = (Index("ix_incident_alert_key", "source", "key"),)

    incident: int = Field(primary_key=True, foreign_key="incident.id")
    source: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    place: int  # the order in which the alerts came
    title: str = Field(sa_type=SafeText)
    status: str
    first_seen: datetime = Field(sa_type=UtcDateTime)
    last_seen: datetime = Field(sa_type=UtcDateTime)
    severity: str = Field(default="", sa_type=SafeText)
    metric: str = Field(default="", sa_type=SafeText)
    service: str = Field(default="", sa_type=SafeText)
    value: float | None = None
    baseline: float | None = None
    cohort: dict[str, str] = Field(sa_type=Json)
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    first_started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    times: int = 1
    url: str = Field(default="", sa_type=SafeText)
    labels: dict[str, str] = Field(sa_type=Json)
    annotations: dict[str, str] = Field(sa_type=Json)


class IncidentEventRow(SQLModel, table=True):
    """One line of a timeline; rows are only ever added."""

    __tablename__ = "incident_event"

    id: int | None = Field(default=None, primary_key=True)
    incident: int = Field(foreign_key="incident.id", index=True)
    at: datetime = Field(sa_type=UtcDateTime)
    kind: str
    text: str = Field(sa_type=SafeText)
    by: str = Field(default="", sa_column_kwargs={"name": "person"})
    detail: dict[str, Any] = Field(sa_type=Json)


class EvidenceRow(SQLModel, table=True):
    """A line of evidence for a step, from the last time it was gathered."""

    __tablename__ = "incident_evidence"

    incident: int = Field(primary_key=True, foreign_key="incident.id")
    step: str = Field(primary_key=True)
    place: int = Field(primary_key=True)
    evidence: dict[str, Any] = Field(sa_type=Json)
