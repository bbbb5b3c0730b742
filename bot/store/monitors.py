"""Keeps monitors: where they stand, hours seen, alarms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, delete, select, update

from bot.store.insert import insert_all_new, insert_new
from bot.store.monitor_rows import MonitorAlarmRow, MonitorHourRow, MonitorRow

RETENTION = timedelta(days=400)
"""Of hours: more than any baseline takes, and a year to replay."""


@dataclass(frozen=True)
class Kept:
    """Where a monitor stands; `learnt` and `memory` as `bot.core.monitor_memory` writes them."""

    id: str
    sha256: str
    learnt: Mapping[str, Any] | None
    memory: Mapping[str, Any] | None
    trouble: str
    blind_since: datetime | None
    told_at: datetime | None


@dataclass(frozen=True)
class KeptAlarm:
    """An alarm as it was raised, and when it ended."""

    id: int
    monitor: str
    cell: tuple[str, ...]
    level: str
    sign: int
    at: datetime
    began: datetime
    effect: float | None
    value: float
    baseline: float
    score: float
    h: float
    shadow: bool
    ended_at: datetime | None


def find(session: Session, monitor: str, *, lock: bool = False) -> Kept | None:
    """Where it stands; None before it began."""
    row = session.get(MonitorRow, monitor, with_for_update=lock or None)
    return None if row is None else Kept(**row.model_dump())


def begin(session: Session, monitor: str, sha256: str) -> None:
    """Have a row for it; nothing where there is one."""
    values = {"id": monitor, "sha256": sha256, "trouble": ""}
    insert_new(session, MonitorRow, values, unique=("id",))


def save(session: Session, monitor: str, **values: Any) -> None:
    """Change some of what is kept of it."""
    session.exec(update(MonitorRow).where(col(MonitorRow.id) == monitor).values(**values))


def add_hours(session: Session, monitor: str, hours: Sequence[tuple[datetime, Sequence[Any]]]) -> None:
    """Keep what was seen; an hour that is there already stays as it was."""
    rows = [{"monitor": monitor, "at": at, "cells": list(cells)} for at, cells in hours]
    insert_all_new(session, MonitorHourRow, rows, unique=("monitor", "at"))


def hours(session: Session, monitor: str, *, since: datetime) -> list[tuple[datetime, list[Any]]]:
    """What was seen from `since` on, in order."""
    rows = session.exec(
        select(MonitorHourRow.at, MonitorHourRow.cells)
        .where(col(MonitorHourRow.monitor) == monitor, col(MonitorHourRow.at) >= since)
        .order_by(col(MonitorHourRow.at))
    )
    return [(at, list(cells)) for at, cells in rows]


def newest_hour(session: Session, monitor: str) -> datetime | None:
    """The newest hour kept."""
    return session.exec(
        select(MonitorHourRow.at)
        .where(col(MonitorHourRow.monitor) == monitor)
        .order_by(col(MonitorHourRow.at).desc())
        .limit(1)
    ).first()


def add_alarm(session: Session, **values: Any) -> int:
    """Keep an alarm; returns its number."""
    row = MonitorAlarmRow(**{**values, "cell": list(values["cell"])})
    session.add(row)
    session.flush()
    return row.id or 0


def end_alarms(session: Session, monitor: str, cell: tuple[str, ...], at: datetime) -> None:
    """Say that what was open of this cell is over."""
    for row in session.exec(
        select(MonitorAlarmRow).where(
            col(MonitorAlarmRow.monitor) == monitor, col(MonitorAlarmRow.ended_at).is_(None)
        )
    ):
        if tuple(row.cell) == cell:
            row.ended_at = at
    session.flush()


def alarms(session: Session, monitor: str, *, since: datetime | None = None) -> list[KeptAlarm]:
    """Its alarms, newest first."""
    query = select(MonitorAlarmRow).where(col(MonitorAlarmRow.monitor) == monitor)
    if since is not None:
        query = query.where(col(MonitorAlarmRow.at) >= since)
    rows = session.exec(query.order_by(col(MonitorAlarmRow.at).desc(), col(MonitorAlarmRow.id).desc()))
    return [KeptAlarm(**{**row.model_dump(), "cell": tuple(row.cell)}) for row in rows]


def purge(session: Session, *, now: datetime) -> int:
    """Delete hours older than a year and a month; how many."""
    every = select(MonitorRow.id)  # by monitor and time, as the index goes: the table is large
    result = session.exec(
        delete(MonitorHourRow).where(
            col(MonitorHourRow.monitor).in_(every), col(MonitorHourRow.at) < now - RETENTION
        )
    )
    return int(result.rowcount)


def forget(session: Session, monitor: str) -> None:
    """Delete its hours: they were of other numbers."""
    session.exec(delete(MonitorHourRow).where(col(MonitorHourRow.monitor) == monitor))


def count_hours(session: Session, monitor: str, *, since: datetime) -> int:
    """How many hours are kept from `since` on."""
    return session.exec(
        select(func.count()).where(col(MonitorHourRow.monitor) == monitor, col(MonitorHourRow.at) >= since)
    ).one()
