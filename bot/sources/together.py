"""Queries of one look, side by side where DuckDB's connection allows it; all end when it is interrupted."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

WORKERS = 4
"""Cores that a look may take at most: others answer people at the same time."""

Row: TypeAlias = dict[str, Any]

_running: WeakKeyDictionary[Any, list[Any]] = WeakKeyDictionary()
"""By DuckDB connection its cursors that are busy. DuckDB interrupts each by itself."""


def ask_all(backend: Any, queries: Sequence[Any]) -> list[list[Row]]:
    """The rows of each Ibis query, in order."""
    if not shares(backend):
        return [query.to_pyarrow().to_pylist() for query in queries]
    return side_by_side(backend.con, [str(backend.compile(query)) for query in queries])


def shares(backend: Any) -> bool:
    """Whether cursors see what the connection made: in a DuckDB in memory, which holds no temporary table."""
    if backend.name != "duckdb":
        return False
    ((name,),) = backend.con.execute("SELECT current_database()").fetchall()
    return bool(name == "memory")


def side_by_side(connection: Any, texts: Sequence[str]) -> list[list[Row]]:
    """The rows of each text of SQL, in order. Raises duckdb.Error when one fails."""
    with ThreadPoolExecutor(workers_for(len(texts)), thread_name_prefix="look") as pool:
        return list(pool.map(lambda text: on_cursor(connection, text), texts))


def workers_for(queries: int) -> int:
    """How many of so many queries run at once."""
    return max(1, min(queries, WORKERS, os.cpu_count() or 1))


def interrupt(connection: Any) -> None:
    """End whatever runs on a DuckDB connection and on its cursors, if anything does."""
    import duckdb

    for one in (connection, *_running.get(connection, ())):
        with suppress(duckdb.Error):  # its query has just ended, and it is closed
            one.interrupt()


def rows_of(connection: Any, text: str) -> list[Row]:
    """The rows of one text of SQL, on the connection itself."""
    found = connection.execute(text)
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def on_cursor(connection: Any, text: str) -> list[Row]:
    """The rows of one text of SQL, on a cursor of its own, for a thread of its own."""
    busy = _running.setdefault(connection, [])
    cursor = connection.cursor()
    busy.append(cursor)
    try:
        return rows_of(cursor, text)
    finally:
        busy.remove(cursor)
        cursor.close()
