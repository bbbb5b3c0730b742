"""Tables where they are: the connection and the table a registration's `data:` names."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from bot.core.registration import Data
from bot.errors import SourceError
from bot.settings import SourceSettings
from bot.sources.files import open_files, resolve


@contextmanager
def table_of(data: Data, *, sources: Mapping[str, SourceSettings], root: Path | None) -> Iterator[Any]:
    """The Ibis table of a registration's data; the connection is closed afterwards.

    root is the folder below which `path:` may lead; None forbids paths. Raises SourceError with the reason
    when there is no such source, table or file, or when it does not answer.
    """
    if data.path is not None:
        if root is None:
            raise SourceError(
                "this registration names a path, and no folder for data is configured: "
                "set [data] path in lookout.toml, or name a source"
            )
        backend, table = open_files(resolve(data.path, root))
    else:
        backend, table = _source(data, sources)
    try:
        with reasons(data):
            yield table
    finally:
        backend.disconnect()


def reasons(data: Data) -> AbstractContextManager[None]:
    """Turn whatever an engine raises into a SourceError that a person can read."""
    return _reasons(data.table or data.path or "the query")


@contextmanager
def _reasons(what: str) -> Iterator[None]:
    import duckdb
    from ibis.common.exceptions import IbisError

    try:
        yield
    except (duckdb.Error, IbisError, OSError, ImportError) as error:
        lines = str(error).strip().splitlines()
        raise SourceError(f"{what}: {lines[0] if lines else type(error).__name__}") from error


def tables(source: SourceSettings) -> list[str]:
    """The names of a warehouse's tables. Raises SourceError when it does not answer."""
    with _reasons("the warehouse"):  # its URL may hold a password
        backend = _connect(source.url)
        try:
            if backend.name != "duckdb":
                return list(backend.list_tables())
            # Ibis lists DuckDB's tables by a call that DuckDB 2 no longer has.
            query = "SELECT table_name FROM information_schema.tables ORDER BY table_name"
            return [str(name) for (name,) in backend.con.execute(query).fetchall()]
        finally:
            backend.disconnect()


def columns_missing(table: Any, needed: Mapping[str, str], what: str) -> str | None:
    """What is missing of the columns needed (column: what it is for), and what is there; else None."""
    absent = [f"{column} ({part})" for column, part in needed.items() if column not in table.columns]
    if not absent:
        return None
    return f"{what} has no column {', '.join(absent)}; it has {', '.join(table.columns)}"


def not_numbers(table: Any, columns: Iterable[str], name: str) -> str | None:
    """Which of the columns of metric `name` hold no numbers; else None."""
    for column in columns:
        kind = table[column].type()
        if not (kind.is_numeric() or kind.is_boolean()):
            return f"column {column} ({name}) is {kind}, not a number"
    return None


def _source(data: Data, sources: Mapping[str, SourceSettings]) -> tuple[Any, Any]:
    settings = sources.get(data.source or "")
    if settings is None or settings.kind != "ibis":
        known = ", ".join(name for name, source in sources.items() if source.kind == "ibis") or "none"
        raise SourceError(f"source {data.source} is not configured; configured warehouses: {known}")
    with reasons(data):
        backend = _connect(settings.url)
        try:
            return backend, _table(backend, data)
        except BaseException:
            backend.disconnect()
            raise


def _connect(url: str) -> Any:
    import ibis

    if not url.startswith("duckdb://"):
        return ibis.connect(url)
    joint = "&" if "?" in url else "?"
    backend = ibis.connect(f"{url}{joint}read_only=True&threads=1")
    backend.raw_sql("SET enable_external_access = false")
    backend.raw_sql("SET lock_configuration = true")
    return backend


def _table(backend: Any, data: Data) -> Any:
    from ibis.common.exceptions import TableNotFound

    if data.sql is not None:
        _one_query(backend, data.sql)
        if backend.name != "duckdb":
            return backend.sql(data.sql)
        # Ibis asks DuckDB for the schema of a query by a call that DuckDB 2 no longer has; a view has one.
        backend.raw_sql(f"CREATE TEMP VIEW lookout_look AS {data.sql}")
        return backend.table("lookout_look")
    *schema, name = (data.table or "").split(".")
    if len(schema) > 2 or not all((*schema, name)):
        raise SourceError(f"source {data.source} has no table {data.table}: write `table` or `schema.table`")
    try:
        return backend.table(
            name, database=tuple(schema) if len(schema) > 1 else schema[0] if schema else None
        )
    except TableNotFound as error:
        raise SourceError(f"source {data.source} has no table {data.table}") from error


def _one_query(backend: Any, sql: str) -> None:
    """Refuse all but one query that reads. Raises SourceError; the engine's own error when it is no SQL."""
    if backend.name == "duckdb":
        kinds = [statement.type.name for statement in backend.con.extract_statements(sql)]
        reads = kinds == ["SELECT"]
    else:
        import sqlglot
        from sqlglot.errors import SqlglotError

        try:
            found = [one for one in sqlglot.parse(sql, read=backend.dialect) if one is not None]
        except SqlglotError as error:
            raise SourceError(f"data.sql is no SQL: {str(error).splitlines()[0]}") from error
        reads = len(found) == 1 and isinstance(found[0], sqlglot.exp.Query)
    if not reads:
        raise SourceError("data.sql must be one SELECT, and nothing else: no second statement, no command")
