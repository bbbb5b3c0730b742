"""INSERT … ON CONFLICT DO NOTHING, said once for both databases."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel


def insert_new(
    session: Session, row: type[SQLModel], values: Mapping[str, Any], *, unique: tuple[str, ...]
) -> Any | None:
    """Insert a row unless one with the same `unique` columns is there.

    Returns its primary key (the first column of it), or None when a row was there already. Columns with a
    constant default may be left out.
    """
    statement = _statement(session.get_bind().dialect.name, row, unique)
    return session.connection().execute(statement, dict(values)).scalar_one_or_none()


def insert_each_new(
    session: Session,
    row: type[SQLModel],
    values: Sequence[Mapping[str, Any]],
    *,
    unique: tuple[str, ...],
    returning: tuple[str, ...],
) -> Sequence[Any]:
    """Insert those rows of which none with the same `unique` columns is there; returns the new ones' columns.

    In one statement, and in no order. Of rows alike in `unique` the first is inserted.
    """
    if not values:
        return ()
    statement = _returning(session.get_bind().dialect.name, row, unique, returning)
    return session.connection().execute(statement, [dict(one) for one in values]).all()


def insert_all_new(
    session: Session, row: type[SQLModel], values: Sequence[Mapping[str, Any]], *, unique: tuple[str, ...]
) -> None:
    """Insert those rows of which none with the same `unique` columns is there, many at once."""
    if values:
        statement = _silent(session.get_bind().dialect.name, row, unique)
        session.connection().execute(statement, [dict(one) for one in values])


@cache
def _statement(dialect: str, row: type[SQLModel], unique: tuple[str, ...]) -> Any:
    """Built once for each table: the inbox inserts thousands a second."""
    mapper: Any = inspect(row)
    return _silent(dialect, row, unique).returning(mapper.primary_key[0])


@cache
def _returning(dialect: str, row: type[SQLModel], unique: tuple[str, ...], columns: tuple[str, ...]) -> Any:
    return _silent(dialect, row, unique).returning(*(getattr(row, name) for name in columns))


@cache
def _silent(dialect: str, row: type[SQLModel], unique: tuple[str, ...]) -> Any:
    insert: Any = sqlite.insert if dialect == "sqlite" else postgresql.insert
    return insert(row).on_conflict_do_nothing(index_elements=list(unique))
