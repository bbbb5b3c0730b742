"""Drills that were begun, and how they went."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Field, Session, SQLModel, col, select

from bot.core.drill_score import Score
from bot.store.columns import Json, UtcDateTime


class DrillRow(SQLModel, table=True):
    """One run of a drill; `score` is NULL until it has ended."""

    __tablename__ = "drill_run"

    incident: int = Field(primary_key=True, foreign_key="incident.id")
    drill: str = Field(index=True)
    begun_by: str
    begun_at: datetime = Field(sa_type=UtcDateTime, index=True)
    score: dict[str, Any] | None = Field(default=None, sa_type=Json)


@dataclass(frozen=True)
class Run:
    """One run of a drill; `score` is None until it has ended."""

    incident: int
    drill: str
    begun_by: str
    begun_at: datetime
    score: Score | None


def begin(session: Session, incident: int, drill: str, *, by: str, now: datetime) -> None:
    """Keep that a drill was begun."""
    session.add(DrillRow(incident=incident, drill=drill, begun_by=by, begun_at=now))
    session.flush()


def end(session: Session, incident: int, score: Score) -> bool:
    """Keep how it went; False where that is kept already: the first end counts."""
    row = session.get(DrillRow, incident, with_for_update=True)
    if row is None or row.score is not None:
        return False
    row.score = score.to_json()
    session.flush()
    return True


def of(session: Session, incident: int) -> Run | None:
    """The run that this incident is."""
    row = session.get(DrillRow, incident)
    return _run(row) if row else None


def between(session: Session, since: datetime, until: datetime) -> tuple[Run, ...]:
    """The runs begun in [since, until), oldest first."""
    rows = session.exec(
        select(DrillRow)
        .where(col(DrillRow.begun_at) >= since, col(DrillRow.begun_at) < until)
        .order_by(col(DrillRow.begun_at))
    )
    return tuple(_run(row) for row in rows)


def last(session: Session, drill: str = "") -> Run | None:
    """The newest run, of this drill or of any."""
    asked = select(DrillRow).order_by(col(DrillRow.begun_at).desc()).limit(1)
    row = session.exec(asked.where(col(DrillRow.drill) == drill) if drill else asked).first()
    return _run(row) if row else None


def _run(row: DrillRow) -> Run:
    score = Score.from_json(row.score) if row.score else None
    return Run(row.incident, row.drill, row.begun_by, row.begun_at, score)
