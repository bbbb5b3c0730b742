"""The schemas of upstream tables as they were seen, a row for each as long as it stayed the same."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, Session, SQLModel, col, select

from bot.core.feed import SchemaSeen, fingerprint
from bot.store.columns import Json, SafeText, UtcDateTime


class SchemaSeenRow(SQLModel, table=True):
    """A table's columns and types, and from when until when they were seen."""

    __tablename__ = "schema_seen"

    id: int | None = Field(default=None, primary_key=True)
    place: str = Field(sa_type=SafeText, index=True)
    fingerprint: str
    columns: dict[str, Any] = Field(sa_type=Json)
    first_seen: datetime = Field(sa_type=UtcDateTime)
    last_seen: datetime = Field(sa_type=UtcDateTime)


def see(session: Session, place: str, schema: dict[str, str], *, now: datetime) -> bool:
    """Keep that a table has this schema now; True when it is another than it had.

    `place` names the table for ever: its source and name. What is older than the newest look is no news.
    """
    newest = _newest(session, place)
    if newest is not None and newest.last_seen > now:
        return False
    if newest is not None and newest.fingerprint == fingerprint(schema):
        newest.last_seen = now
        session.flush()
        return False
    row = SchemaSeenRow(
        place=place, fingerprint=fingerprint(schema), columns=schema, first_seen=now, last_seen=now
    )
    session.add(row)
    session.flush()
    return newest is not None


def before(session: Session, place: str, moment: datetime) -> SchemaSeen | None:
    """The schema that a table had at `moment`: the newest first seen by then, else the first ever seen."""
    known = select(SchemaSeenRow).where(col(SchemaSeenRow.place) == place)
    earlier = known.where(col(SchemaSeenRow.first_seen) <= moment)
    row = session.exec(earlier.order_by(col(SchemaSeenRow.first_seen).desc())).first()
    row = row or session.exec(known.order_by(col(SchemaSeenRow.first_seen))).first()
    if row is None:
        return None
    return SchemaSeen(dict(row.columns), row.first_seen, row.last_seen)


def _newest(session: Session, place: str) -> SchemaSeenRow | None:
    return session.exec(
        select(SchemaSeenRow)
        .where(col(SchemaSeenRow.place) == place)
        .order_by(col(SchemaSeenRow.first_seen).desc(), col(SchemaSeenRow.id).desc())
        .with_for_update()
    ).first()
