"""Silences in the database; none is ever deleted."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from bot.core.silence import Silence
from bot.store.alert_rows import SilenceRow


def add(session: Session, silence: Silence) -> Silence:
    """Store a new silence and return it with its number; its `id` is ignored."""
    row = SilenceRow(**(_values(silence) | {"id": None}))
    session.add(row)
    session.flush()
    return replace(silence, id=row.id or 0)


def save(session: Session, silence: Silence) -> None:
    """Store what became of it."""
    row = session.get_one(SilenceRow, silence.id)
    for name, value in _values(silence).items():
        setattr(row, name, value)
    session.flush()


def load(session: Session, number: int, *, lock: bool = False) -> Silence | None:
    """The silence of that number; `lock` keeps others from changing it in this transaction."""
    row = session.get(SilenceRow, number, with_for_update=lock or None, populate_existing=lock)
    return _silence(row) if row else None


def lasting(session: Session, now: datetime) -> Sequence[Silence]:
    """Those that hold alerts back now, the one that ends last first."""
    rows = session.exec(
        select(SilenceRow)
        .where(col(SilenceRow.until) > now, col(SilenceRow.ended_at).is_(None))
        .order_by(col(SilenceRow.until).desc(), col(SilenceRow.id))
    )
    return [silence for silence in map(_silence, rows) if silence.lasts(now)]


def _values(silence: Silence) -> dict[str, Any]:
    return asdict(silence) | {"match": {name: list(found) for name, found in silence.match.items()}}


def _silence(row: SilenceRow) -> Silence:
    return Silence(
        id=row.id or 0,
        match=row.match,
        by=row.by,
        since=row.since,
        until=row.until,
        channel=row.channel,
        reason=row.reason,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        held=row.held,
    )
