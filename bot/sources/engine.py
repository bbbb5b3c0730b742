"""The engines a warehouse can be: how each is opened for reading alone, interrupted and closed.

DuckDB and PostgreSQL come with Lookout; PySpark does when it is installed with the extra `spark`; any other
URL goes to Ibis as it is, with the read-only role and the time-out that its owner has given it.
"""

import os
import shutil
import sys
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from bot.settings import SourceSettings

CONNECT_SECONDS = 10
POSTGRES = ("postgresql", "postgres", "postgresql+psycopg")
SPARK = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.shuffle.partitions": "8",
}
"""For a Spark that starts here; the source's URL may say otherwise."""

_loading = threading.Lock()


@dataclass(frozen=True)
class Engine:
    """An open connection. cancel: called from another thread, ends the query that runs, if any."""

    backend: Any
    cancel: Callable[[], None]
    close: Callable[[], None]


def load() -> None:
    """Import Ibis with its DuckDB, in one thread at a time.

    A thread that imports a part of a package does not wait for the thread that is still importing the package
    itself, and finds half of it.
    """
    with _loading:
        import_module("ibis")
        import_module("ibis.backends.duckdb")


def connect(source: SourceSettings) -> Engine:
    """Open a source. Raises what the engine raises, one of `failures()`, or ValueError for a bad URL."""
    load()
    url = source.url.get_secret_value()
    scheme = url.partition("://")[0]
    if scheme == "duckdb":
        return _duckdb(url)
    if scheme in POSTGRES:
        return _postgres(url, source.timeout_seconds)
    if scheme == "pyspark":
        return _spark(url)
    import ibis

    backend = ibis.connect(url)
    return Engine(backend, lambda: None, backend.disconnect)


def name_of(table: Any) -> str:
    """The engine that answers for an Ibis table, with its version: "duckdb 1.4.1"."""
    backend = table.get_backend()
    return f"{backend.name} {backend.version}"


def failures(*more: type[Exception]) -> tuple[type[Exception], ...]:
    """What the engines raise when they cannot answer: of those that were imported, and of Ibis."""
    import duckdb
    from ibis.common.exceptions import IbisError
    from sqlglot.errors import SqlglotError

    found: list[type[Exception]] = [duckdb.Error, IbisError, SqlglotError, OSError, ImportError]
    if "sqlite3" in sys.modules:
        found.append(sys.modules["sqlite3"].Error)
    if "psycopg" in sys.modules:
        found.append(sys.modules["psycopg"].Error)
    if "pyspark" in sys.modules:
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException

        found += [PySparkException, Py4JError]
    return (*found, *more)


def _duckdb(url: str) -> Engine:
    import ibis

    joint = "&" if "?" in url else "?"
    # One thread: sums are hashed, and with several threads their last bits differ from run to run.
    backend = ibis.connect(f"{url}{joint}read_only=True&threads=1")
    # Nothing turns it on again. The configuration is not locked besides: connections of one process share the
    # open file with its settings, and each next one sets its own.
    backend.raw_sql("SET enable_external_access = false")
    return Engine(backend, backend.con.interrupt, backend.disconnect)


def _postgres(url: str, seconds: float) -> Engine:
    import ibis
    import psycopg

    parts = urlsplit(url)
    database, _, schema = parts.path.removeprefix("/").partition("/")  # as Ibis writes it: /database/schema
    info = parts._replace(scheme="postgresql", path=f"/{database}").geturl()
    connection = psycopg.connect(info, autocommit=True, connect_timeout=CONNECT_SECONDS)
    try:
        # Every query runs in a transaction that begins READ ONLY, which the query itself cannot undo.
        connection.read_only = True
        _settle(connection, "default_transaction_read_only", "on")
        _settle(connection, "statement_timeout", f"{seconds * 1000:.0f}ms")
        if schema:
            _settle(connection, "search_path", f'"{schema.replace(chr(34), chr(34) * 2)}"')
        backend = ibis.postgres.from_connection(connection)
    except BaseException:
        connection.close()
        raise

    def cancel() -> None:
        with suppress(psycopg.Error):
            connection.cancel_safe(timeout=CONNECT_SECONDS)

    return Engine(backend, cancel, connection.close)


def _settle(connection: Any, name: str, value: str) -> None:
    connection.execute("SELECT set_config(%s, %s, false)", (name, value))


def _spark(url: str) -> Engine:
    """A session of its own in the Spark of this process, which starts with the first and stays."""
    import ibis

    try:
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError:
        raise ImportError("PySpark is not installed: install lookout-bot[spark]") from None
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        raise OSError("Spark needs Java 17 or newer, and there is none on the PATH or in JAVA_HOME")
    builder = SparkSession.builder.appName("lookout")
    for name, value in (SPARK | dict(parse_qsl(urlsplit(url).query))).items():
        builder = builder.config(name, value)
    session = builder.getOrCreate().newSession()
    session.conf.set("spark.sql.runSQLOnFiles", "false")  # tables, and no file of the machine
    tag = f"lookout-{uuid.uuid4().hex}"
    session.addTag(tag)

    def cancel() -> None:
        with suppress(Py4JError, PySparkException):
            session.interruptTag(tag)

    return Engine(ibis.pyspark.from_connection(session), cancel, lambda: session.removeTag(tag))
