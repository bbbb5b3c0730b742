"""Diagnoses as rows: DIA-1, DIA-2, …; one is open at a time."""

import re
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlmodel import Field, Session, SQLModel, col, select

from bot.core.diagnosis import Diagnosis
from bot.core.frozen_json import as_json, from_json
from bot.store.columns import Json, UtcDateTime

_COLUMNS = ("number", "channel", "by", "opened_at")


class DiagnosisRow(SQLModel, table=True):
    """One diagnosis; body: what `bot.core.diagnosis.Diagnosis` has besides the columns."""

    __tablename__ = "diagnosis"

    number: int | None = Field(default=None, primary_key=True)
    channel: str
    by: str
    opened_at: datetime = Field(sa_type=UtcDateTime)
    open: bool = Field(default=True, index=True)
    body: dict[str, Any] = Field(sa_type=Json)


def begin(session: Session, *, channel: str, by: str, said: str, now: datetime) -> Diagnosis:
    """Keep a new diagnosis."""
    row = DiagnosisRow(channel=channel, by=by, opened_at=now, open=True, body={"said": said})
    session.add(row)
    session.flush()
    return _diagnosis(row)


def save(session: Session, found: Diagnosis) -> None:
    """Keep it as it stands."""
    row = session.get(DiagnosisRow, found.number)
    if row is None:
        raise KeyError(f"no diagnosis {found.number}")
    body = as_json(found)
    row.body = {name: value for name, value in body.items() if name not in _COLUMNS}
    row.open = found.conclusion is None
    session.add(row)
    session.flush()


def load(session: Session, number: int, *, lock: bool = False) -> Diagnosis | None:
    """The diagnosis of that number; `lock` keeps others from changing it in this transaction."""
    row = session.get(DiagnosisRow, number, with_for_update=lock or None, populate_existing=True)
    return None if row is None else _diagnosis(row)


def find(session: Session, name: str, *, lock: bool = False) -> Diagnosis | None:
    """The diagnosis that a name means: DIA-3 or 3."""
    found = re.fullmatch(r"(?:DIA-)?(\d{1,9})", name.strip(), re.IGNORECASE | re.ASCII)
    return load(session, int(found[1]), lock=lock) if found else None


def current(session: Session, *, lock: bool = False) -> Diagnosis | None:
    """The one that is open; None when none is."""
    rows = select(DiagnosisRow.number).where(col(DiagnosisRow.open)).order_by(col(DiagnosisRow.number).desc())
    number = session.exec(rows.limit(1)).first()
    return None if number is None else load(session, number, lock=lock)


def newest(session: Session) -> Diagnosis | None:
    """The newest, open or not; None when there is none."""
    number = session.exec(select(DiagnosisRow.number).order_by(col(DiagnosisRow.number).desc()).limit(1))
    found = number.first()
    return None if found is None else load(session, found)


def _diagnosis(row: DiagnosisRow) -> Diagnosis:
    own = {name: getattr(row, name) for name in _COLUMNS}
    known = {one.name for one in fields(Diagnosis)} - set(_COLUMNS)
    body = {name: value for name, value in row.body.items() if name in known}
    return from_json(Diagnosis, {**body, **own})
