"""Changing what nobody may change, as somebody with the database's file can: without the triggers."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import TextClause, text
from sqlmodel import Session


def tamper(session: Session, statement: str | TextClause, values: Mapping[str, Any] | None = None) -> None:
    """Run a statement with the refusals of every append-only table taken away."""
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        names = (
            connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
        )
        for name in names:
            connection.execute(text(f"DROP TRIGGER {name}"))
    else:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
    connection.execute(text(statement) if isinstance(statement, str) else statement, values)
