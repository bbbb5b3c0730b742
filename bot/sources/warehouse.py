"""Tables where they are: the connection and the table a registration's `data:` names."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from bot.core.registration import Data
from bot.core.source_url import hidden
from bot.errors import SourceError
from bot.settings import SourceSettings
from bot.sources.deadline import deadline
from bot.sources.engine import connect, failures
from bot.sources.files import open_files, resolve
from bot.sources.tables import has_none, tables_of
from bot.sources.together import interrupt

FILE_SECONDS = 300.0
"""Seconds that a look at files may take."""
LONGEST = 300
"""Characters of an engine's own words."""
VIEW = "lookout_look"
"""The name by which an engine knows the query of a registration."""
CALLS_JAVA = ("java_method", "reflect", "try_reflect")

_PART = re.compile(r'(?:"((?:[^"]|"")+)"|([^".]+))(?:\.(?=.)|$)')


@contextmanager
def table_of(
    data: Data, *, sources: Mapping[str, SourceSettings], root: Path | None, seconds: float | None = None
) -> Iterator[Any]:
    """The Ibis table of a registration's data; the connection is closed afterwards.

    root is the folder below which `path:` may lead; None forbids paths. seconds: less patience than the
    source's own. Raises SourceError with the reason when there is no such source, table or file, or when it
    does not answer in time.
    """
    if data.path is None:
        what = data.table or "the query"
        with _opened(_named(data, sources), what, data.source or "", seconds) as backend:
            yield _table(backend, data)
        return
    if root is None:
        raise SourceError(
            "this registration names a path, and no folder for data is configured: "
            "set [data] path in lookout.toml, or name a source"
        )
    backend, table = open_files(resolve(data.path, root))
    try:
        with deadline(FILE_SECONDS, partial(interrupt, backend.con)) as over:
            try:
                yield table
            except failures() as error:
                if over.is_set():
                    mend = "make it smaller, or put it in a warehouse, which has a timeout_seconds"
                    raise SourceError(f"{data.path} was not read in {FILE_SECONDS:g} s: {mend}") from None
                raise SourceError(f"{data.path}: {_first_line(error)}") from error
    finally:
        backend.disconnect()


def tables(source: SourceSettings) -> list[str]:
    """The names of a warehouse's tables. Raises SourceError when it does not answer."""
    with _opened(source, "the warehouse", "") as backend:
        return tables_of(backend)


def number(source: SourceSettings, sql: str, *, name: str) -> float:
    """The one number that a query gives: one row, one column.

    Raises SourceError with the reason when it gives anything else, or does not answer in time.
    """
    with _opened(source, f"{name}: the query", name) as backend:
        _one_query(backend, sql, "the query")
        found = _query(backend, sql).limit(2).to_pyarrow()
    if found.num_columns != 1 or found.num_rows != 1:
        rows = "no row" if not found.num_rows else "several rows" if found.num_rows > 1 else "one row"
        columns = f"{found.num_columns} column{'' if found.num_columns == 1 else 's'}"
        raise SourceError(f"{name}: the query gave {rows} of {columns}, and one number is needed")
    value = found.column(0)[0].as_py()
    if value is None:
        raise SourceError(f"{name}: the query gave NULL")
    if isinstance(value, str | bytes | bool) or not hasattr(value, "__float__"):
        raise SourceError(f"{name}: the query gave {type(value).__name__}, not a number")
    if not math.isfinite(value):
        raise SourceError(f"{name}: the query gave {float(value)}, not a finite number")
    return float(value)


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


def _named(data: Data, sources: Mapping[str, SourceSettings]) -> SourceSettings:
    settings = sources.get(data.source or "")
    if settings is None or settings.kind != "ibis":
        known = ", ".join(name for name, source in sources.items() if source.kind == "ibis") or "none"
        raise SourceError(f"source {data.source} is not configured; configured warehouses: {known}")
    return settings


@contextmanager
def _opened(source: SourceSettings, what: str, name: str, patience: float | None = None) -> Iterator[Any]:
    """The connection; whatever the engine raises becomes a SourceError that a person can read."""
    url, seconds = source.url.get_secret_value(), source.timeout_seconds
    hurried = patience is not None and patience < seconds
    seconds = patience if patience is not None and hurried else seconds
    try:
        engine = connect(source)
    except failures(ValueError) as error:  # a URL that is none
        raise SourceError(f"{what}: {hidden(_first_line(error), url)}") from None  # its cause holds the URL
    try:
        with deadline(seconds, engine.cancel) as over:
            try:
                yield engine.backend
            except failures() as error:
                if over.is_set() or type(error).__name__ == "QueryCanceled":
                    mend = (
                        f": raise timeout_seconds of source {name}" if name else ": raise its timeout_seconds"
                    )
                    end = "" if hurried else mend
                    raise SourceError(f"{what} did not answer in {seconds:g} s{end}") from None
                raise SourceError(f"{what}: {hidden(_first_line(error), url)}") from None
    finally:
        engine.close()


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    if len(lines) > 1 and lines[0].startswith("An error occurred while calling"):  # Py4J's own words
        lines = lines[1:]
    return lines[0].strip()[:LONGEST] if lines else type(error).__name__


def _table(backend: Any, data: Data) -> Any:
    from ibis.common.exceptions import TableNotFound

    if data.sql is not None:
        _one_query(backend, data.sql)
        return _query(backend, data.sql)
    parts = _parts(data.table or "")
    if parts is None:
        raise SourceError(f"source {data.source} has no table {data.table}: write `table` or `schema.table`")
    try:
        if backend.name == "pyspark":
            return _spark_table(backend, parts)
        *schema, name = parts
        return backend.table(name, database=(None, *schema)[-2:] if schema else None)
    except TableNotFound:
        raise SourceError(f"source {data.source} {has_none(backend, data.table or '')}") from None


def _parts(name: str) -> list[str] | None:
    """The parts of `schema.table`; one in double quotes may hold anything. None when it is no such name."""
    parts, at = [], 0
    while at < len(name):
        found = _PART.match(name, at)
        if found is None:
            return None
        parts.append(found[2] or found[1].replace('""', '"'))
        at = found.end()
    return parts if 1 <= len(parts) <= 3 else None


def _query(backend: Any, sql: str) -> Any:
    if backend.name == "pyspark":
        backend._session.sql(sql).createOrReplaceTempView(VIEW)
        return backend.table(VIEW)
    if backend.name == "duckdb":
        # Ibis asks DuckDB for the schema of a query by a call that DuckDB 2 no longer has; a view has one.
        backend.raw_sql(f"CREATE TEMP VIEW {VIEW} AS {sql}")
        return backend.table(VIEW)
    if backend.name == "postgres":
        return backend.sql(sql, schema=_postgres_schema(backend, sql))
    return backend.sql(sql)


def _spark_table(backend: Any, parts: list[str]) -> Any:
    """A temporary view of the table, since Ibis changes the session's database for each that has another."""
    from ibis.common.exceptions import TableNotFound
    from pyspark.errors import AnalysisException

    name = ".".join(f"`{part.replace('`', '``')}`" for part in parts)
    try:
        backend._session.table(name).createOrReplaceTempView(VIEW)
    except AnalysisException as error:
        if "NOT_FOUND" in (error.getCondition() or ""):
            raise TableNotFound(name) from error
        raise
    return backend.table(VIEW)


def _postgres_schema(backend: Any, sql: str) -> dict[str, str]:
    """Columns and types of a query: Ibis would make a view, and nothing may be made here."""
    kinds = backend.compiler.type_mapper
    with backend.con.cursor() as cursor, backend.con.transaction():
        cursor.execute(f"SELECT * FROM ({sql.strip().rstrip(';')}\n) AS {VIEW} LIMIT 0")  # noqa: S608 - one query
        described = [(column.name, column.type_code) for column in cursor.description]
        found = {}
        for name, code in described:
            cursor.execute("SELECT pg_catalog.format_type(%s, NULL)", (code,))
            found[name] = kinds.from_string(cursor.fetchone()[0])
    return found


def _one_query(backend: Any, sql: str, what: str = "data.sql") -> None:
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
            raise SourceError(f"{what} is no SQL: {str(error).splitlines()[0]}") from error
        reads = len(found) == 1 and isinstance(found[0], sqlglot.exp.Query)
        calls = {one.name.lower() for query in found for one in query.find_all(sqlglot.exp.Anonymous)}
        if backend.name == "pyspark" and calls.intersection(CALLS_JAVA):
            raise SourceError(f"{what} must not call {', '.join(sorted(calls.intersection(CALLS_JAVA)))}")
    if not reads:
        raise SourceError(f"{what} must be one SELECT, and nothing else: no second statement, no command")
