"""What the watch over each latency budget saw last, and since when it sees nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Field, Session, SQLModel, col, update

from bot.store.columns import Json, SafeText, UtcDateTime
from bot.store.insert import insert_new


class LatencyWatchRow(SQLModel, table=True):
    """seen: readings as JSON, one per thing watched and cohort; told_at: when people heard of the trouble."""

    __tablename__ = "latency_watch"

    budget: str = Field(primary_key=True)
    at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    seen: Any = Field(default_factory=list, sa_type=Json, nullable=False)
    trouble: str = Field(default="", sa_type=SafeText)
    blind_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    told_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


@dataclass(frozen=True)
class Kept:
    """A row: `at` is when Prometheus last answered, None where it never has."""

    budget: str
    at: datetime | None
    seen: tuple[dict[str, Any], ...]
    trouble: str
    blind_since: datetime | None
    told_at: datetime | None


def find(session: Session, budget: str, *, lock: bool = False) -> Kept | None:
    """What is kept of a budget; `lock` keeps other replicas from telling of it in this transaction."""
    row = session.get(LatencyWatchRow, budget, with_for_update=lock or None, populate_existing=True)
    if row is None:
        return None
    return Kept(row.budget, row.at, tuple(row.seen), row.trouble, row.blind_since, row.told_at)


def begin(session: Session, budget: str) -> None:
    """Have a row for the budget; whoever else does so at once finds it."""
    values = {"budget": budget, "seen": [], "trouble": ""}
    insert_new(session, LatencyWatchRow, values, unique=("budget",))


def save(session: Session, budget: str, **values: Any) -> None:
    """Store the values given; the row must be there."""
    session.exec(update(LatencyWatchRow).where(col(LatencyWatchRow.budget) == budget).values(**values))
