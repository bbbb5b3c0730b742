"""Rows as they lie in the database, to the byte: what reads the same need not be what was written.

Reading a row forgives much (`1E-05` for `1e-05`, 2 for true); a record that was changed by one byte is a
record that was changed, so these rows are held against what writing them would give.
"""

import json
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Boolean, Column, Float, Integer, Table, text
from sqlalchemy.engine import Dialect
from sqlmodel import Session, SQLModel

from bot.store.columns import Json, RawText, UtcDateTime

_PAGE = 500


@dataclass(frozen=True)
class Stored:
    """A row: its primary key, its values, and why they are not as they were written; empty when they are.

    values has only the columns that can be read.
    """

    key: Any
    values: dict[str, Any]
    fault: str = ""


def rows(session: Session, kind: type[SQLModel]) -> Generator[Stored]:
    """Every row of a table in the order of its key."""
    table: Table = kind.__table__  # type: ignore[attr-defined]  # SQLModel sets it
    connection = session.connection()
    dialect = connection.dialect
    query = text(_query(table, dialect)).execution_options(yield_per=_PAGE)
    with connection.execute(query) as result:  # closed too where whoever reads stops half-way
        for raw in result.mappings():
            yield _stored(table, dialect, raw)


def damage(session: Session) -> str:
    """What is wrong with the database file itself, where it is one; empty when nothing is."""
    connection = session.connection()
    if connection.dialect.name != "sqlite":
        return ""
    found = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one()
    return "" if found == "ok" else str(found)


def _query(table: Table, dialect: Dialect) -> str:
    quote = dialect.identifier_preparer.quote
    key = quote(next(iter(table.primary_key.columns)).name)
    if dialect.name != "sqlite":
        columns = ", ".join(quote(column.name) for column in table.columns)
    else:  # text as bytes, since the driver refuses whole rows for one that is not UTF-8
        columns = ", ".join(
            f"typeof({name}) AS t_{number}, "
            f"CASE typeof({name}) WHEN 'text' THEN CAST({name} AS BLOB) ELSE {name} END AS v_{number}"
            for number, name in enumerate(quote(column.name) for column in table.columns)
        )
    return f"SELECT {columns} FROM {quote(table.name)} ORDER BY {key}"  # noqa: S608 - names of our own


def _stored(table: Table, dialect: Dialect, raw: Any) -> Stored:
    values: dict[str, Any] = {}
    fault, key = "", None
    for number, column in enumerate(table.columns):
        try:
            given = raw[column.name] if dialect.name != "sqlite" else _given(raw, number)
            value = _value(column, dialect, given)
            values[column.name] = value
        except (ValueError, TypeError, RecursionError) as error:
            value, said = None, str(error).splitlines()[0][:100] if str(error) else type(error).__name__
            fault = fault or f"its column {column.name} cannot be read ({said}): it was changed"
        if column.primary_key:
            key = value
    return Stored(key, values, fault)


def _given(raw: Any, number: int) -> Any:
    value = raw[f"v_{number}"]
    return bytes(value).decode() if raw[f"t_{number}"] == "text" else value


def _value(column: Column[Any], dialect: Dialect, raw: Any) -> Any:
    """The value of a column. Raises ValueError when writing it would not give what is stored."""
    kind = column.type
    if raw is None:
        raise ValueError("it is empty")
    if isinstance(kind, Json):
        value = json.loads(raw)
        if json.dumps(value, allow_nan=False, separators=(",", ":")) != raw:
            raise ValueError("it is not written as Lookout writes it")
        return value
    if isinstance(kind, RawText):
        if isinstance(raw, str):
            raise ValueError("it is text in place of bytes")
        return bytes(raw).decode("utf-8", "surrogatepass")
    if isinstance(kind, UtcDateTime):
        return _moment(kind, dialect, raw)
    if isinstance(kind, Boolean):
        if raw not in (0, 1):
            raise ValueError(f"it is {raw}, neither true nor false")
        return bool(raw)
    wanted = float if isinstance(kind, Float) else int if isinstance(kind, Integer) else str
    if type(raw) is not wanted:
        raise ValueError(f"it is {type(raw).__name__} in place of {wanted.__name__}")
    return raw


def _moment(kind: UtcDateTime, dialect: Dialect, raw: Any) -> Any:
    here = kind.dialect_impl(dialect)
    read, write = here.result_processor(dialect, None), here.bind_processor(dialect)
    value = read(raw) if read else raw
    if dialect.name == "sqlite" and write is not None and write(value) != raw:
        raise ValueError("it is not written as Lookout writes it")
    return value
