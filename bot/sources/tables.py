"""What tables a warehouse has, and how to say that one is not among them."""

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Any

MOST = 20
"""Names listed; a warehouse may have thousands."""
ALIKE = 0.6
"""Likeness from 0 to 1 from which a name may have been meant."""

_LISTED = {
    "duckdb": "SELECT table_schema, table_name FROM information_schema.tables",
    "postgres": "SELECT table_schema, table_name FROM information_schema.tables "
    "WHERE table_schema NOT IN ('pg_catalog', 'information_schema')",
}
_PLAIN = {"duckdb": "main", "postgres": "public"}
"""The schema that need not be written."""


def tables_of(backend: Any) -> list[str]:
    """The names of all tables and views, as a registration would write them."""
    if backend.name == "pyspark":
        return _of_spark(backend._session)
    query = _LISTED.get(backend.name)
    if query is None:
        return sorted(backend.list_tables())
    if backend.name == "duckdb":
        rows = backend.con.execute(query).fetchall()
    else:
        with backend.con.cursor() as cursor, backend.con.transaction():
            rows = cursor.execute(query).fetchall()
    plain = _PLAIN[backend.name]
    return sorted(
        _written(name) if schema == plain else f"{_written(schema)}.{_written(name)}" for schema, name in rows
    )


def has_none(backend: Any, wanted: str) -> str:
    """The end of a sentence: "has no table X; it has …", the likeliest first."""
    there = tables_of(backend)
    if not there:
        return f"has no table {wanted}; it has none that may be read"
    listed = by_likeness(wanted, there)
    more = f" and {len(listed) - MOST} more" if len(listed) > MOST else ""
    return f"has no table {wanted}; it has {', '.join(listed[:MOST])}{more}"


def by_likeness(wanted: str, names: Sequence[str]) -> list[str]:
    """The names that may have been meant, likest first, then the others in order.

    >>> by_likeness("exposures", ["users", "Exposure", "shop.exposure_day"])
    ['Exposure', 'shop.exposure_day', 'users']
    """

    def likeness(name: str) -> float:
        last = name.rsplit(".", 1)[-1]
        each = (
            SequenceMatcher(None, wanted.lower().rsplit(".", 1)[-1], one.lower()).ratio()
            for one in (name, last)
        )
        return max(each)

    scored = [(likeness(name), name) for name in names]
    return [name for score, name in sorted(scored, key=lambda one: (-one[0] * (one[0] >= ALIKE), one[1]))]


def _written(name: str) -> str:
    if "." in name or '"' in name:
        return '"' + name.replace('"', '""') + '"'
    return name


def _of_spark(session: Any) -> list[str]:
    current = session.catalog.currentDatabase()
    found = set()
    for database in session.catalog.listDatabases()[:MOST]:
        for table in session.catalog.listTables(database.name):
            space = ".".join(_written(part) for part in table.namespace or ())
            found.add(_written(table.name) if space in ("", current) else f"{space}.{_written(table.name)}")
    return sorted(found)
