"""The database: SQLite in a file by default, PostgreSQL by URL.

SQLite runs in WAL with `synchronous=FULL` (NORMAL loses acknowledged commits in a power cut). A process has
one writing connection per file, which alone does the checkpoints, and writers take turns; a transaction
that will write says so at once (BEGIN IMMEDIATE), since one that reads first and writes later meets
"database is locked" whatever the busy timeout.
"""

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool, QueuePool
from sqlmodel import Session

from bot.errors import ConfigError

BUSY_TIMEOUT = 5.0
"""Seconds a SQLite writer waits for another process's write to end."""

MIGRATION_TIMEOUT = 60.0
"""Seconds a start waits for another process that is migrating."""


class Database:
    """Our own state, by URL: `sqlite:///path` or `postgresql+psycopg://user:password@host/name`.

    Opening it makes no connection; `upgrade` does and says with ConfigError what is wrong. Errors never
    contain the password.
    """

    def __init__(self, url: str) -> None:
        self._url = _parse(url)
        self._gate = _gate_for(self._url)
        if self.sqlite:
            self._writer = _sqlite_engine(self._url, begin="BEGIN IMMEDIATE", pool_size=1, max_overflow=0)
            self._reader = _sqlite_engine(self._url, begin="BEGIN", pool_size=5, max_overflow=10)
        else:
            self._writer = _postgres_engine(self._url, pool_size=5, max_overflow=10)
            self._reader = _postgres_engine(
                self._url, isolation_level="REPEATABLE READ", pool_size=5, max_overflow=10
            ).execution_options(postgresql_readonly=True)

    def __repr__(self) -> str:
        return f"Database({self.name!r})"

    @property
    def sqlite(self) -> bool:
        """Whether this is SQLite."""
        return self._url.get_backend_name() == "sqlite"

    @property
    def path(self) -> Path | None:
        """The SQLite file; None for PostgreSQL."""
        return Path(self._url.database or "") if self.sqlite else None

    @property
    def name(self) -> str:
        """The URL fit to be shown: no password, no query."""
        return self._url.set(query={}).render_as_string(hide_password=True)

    @contextmanager
    def write(self, *, ahead: bool = False) -> Iterator[Session]:
        """A transaction that may write: committed at the end, rolled back by an exception.

        On SQLite one runs at a time in a process, so keep slow work out of it; a second one inside the
        first, in the same thread, raises RuntimeError instead of waiting for itself. `ahead` does not wait
        for the whole line: for what somebody outside is waiting for.
        """
        with (
            self._gate.passed(ahead=ahead),
            Session(self._writer, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A snapshot, taken at the first statement; a write in it raises OperationalError."""
        with Session(self._reader, expire_on_commit=False) as session:
            yield session

    def upgrade(self) -> None:
        """Bring the tables to this version of Lookout; several processes may do it at once.

        Raises ConfigError when the database cannot be reached or written, or is newer than the code.
        """
        from bot.store.migrate import migrate  # alembic takes 0.2 s to import and only a start needs it

        engine = self._migration_engine()
        try:
            with engine.begin() as connection:
                if not self.sqlite:
                    connection.execute(text("SELECT pg_advisory_xact_lock(6107211)"))
                migrate(connection, self.name)
        except SQLAlchemyError as error:
            raise ConfigError(f"database {self.name} cannot be used: {_reason(error)}.", _HINT) from error
        finally:
            engine.dispose()

    def version(self) -> str:
        """Product and version of the database, e.g. "SQLite 3.46.1"; raises ConfigError when unreachable."""
        try:
            with self.read() as session:
                if self.sqlite:
                    return f"SQLite {sqlite3.sqlite_version}"
                shown = session.connection().exec_driver_sql("SHOW server_version").scalar_one()
                return f"PostgreSQL {shown}"
        except SQLAlchemyError as error:
            raise ConfigError(f"database {self.name} cannot be used: {_reason(error)}.", _HINT) from error

    def check(self) -> str | None:
        """Why nothing can be written just now, or None; for the readiness page. Waits for other writers.

        It writes: a full disk and a replica still begin transactions and read.
        """
        try:
            with self.write() as session:
                connection = session.connection()
                connection.exec_driver_sql(
                    "INSERT INTO heartbeat (name, at) SELECT 'check', at FROM heartbeat WHERE name = 'tick'"
                )
                connection.exec_driver_sql("DELETE FROM heartbeat WHERE name = 'check'")
        except SQLAlchemyError as error:
            return _reason(error)
        return None

    def close(self) -> None:
        """Close every connection."""
        self._writer.dispose()
        self._reader.dispose()

    def _migration_engine(self) -> Engine:
        if not self.sqlite:
            return _postgres_engine(self._url, poolclass=NullPool)
        folder = (self.path or Path()).parent
        if not folder.is_dir():
            raise ConfigError(f"database {self.name}: folder {folder} does not exist.", "Create it first.")
        return _sqlite_engine(self._url, begin="BEGIN IMMEDIATE", migrating=True, poolclass=NullPool)


_HINT = "Check LOOKOUT_DATABASE_URL, that the server runs and that its disk is not full or read-only."


def _parse(url: str) -> URL:
    hint = "Use sqlite:///lookout.db or postgresql+psycopg://user:password@host/name."
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise ConfigError("LOOKOUT_DATABASE_URL is not a database URL.", hint) from error
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg"):
        raise ConfigError(f"database kind {parsed.drivername!r} is not supported.", hint)
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise ConfigError("a SQLite database in memory keeps nothing.", "Name a file: sqlite:///lookout.db.")
    return parsed


def _reason(error: SQLAlchemyError) -> str:
    cause = getattr(error, "orig", None) or error
    lines = str(cause).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(cause).__name__


class _Gate:
    """One writer at a time; asking twice in the same thread is an error, not a deadlock.

    The gate is handed to who is next, so that nobody slips in between: those who go ahead take turns with
    the first of the line, neither wait for everybody and nobody waits for ever.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner: int | None = None
        self._taken = False
        self._went_ahead = False
        self._ahead, self._line = deque[threading.Event](), deque[threading.Event]()

    @property
    def waiting(self) -> int:
        """How many wait."""
        with self._lock:
            return len(self._ahead) + len(self._line)

    @contextmanager
    def passed(self, *, ahead: bool) -> Iterator[None]:
        me = threading.get_ident()
        if self._owner == me:
            raise RuntimeError("a write transaction is already open in this thread")
        self._enter(ahead)
        self._owner = me
        try:
            yield
        finally:
            self._owner = None
            self._leave()

    def _enter(self, ahead: bool) -> None:
        with self._lock:
            if not self._taken:
                self._taken = True
                return
            turn = threading.Event()
            (self._ahead if ahead else self._line).append(turn)
        turn.wait()

    def _leave(self) -> None:
        with self._lock:
            ahead = bool(self._ahead) and not (self._went_ahead and self._line)
            waiting = self._ahead if ahead else self._line
            self._went_ahead = ahead
            if waiting:
                waiting.popleft().set()
            else:
                self._taken = False


class _Open:
    """No gate: PostgreSQL orders its writers itself."""

    def passed(self, *, ahead: bool) -> AbstractContextManager[None]:  # noqa: ARG002 - as the gate's
        return nullcontext()


_gates: dict[str, _Gate] = {}
_gates_lock = threading.Lock()


def _gate_for(url: URL) -> _Gate | _Open:
    if url.get_backend_name() != "sqlite":
        return _Open()
    with _gates_lock:
        return _gates.setdefault(str(Path(url.database or "").resolve()), _Gate())


def _postgres_engine(url: URL, **options: Any) -> Engine:
    return create_engine(url, hide_parameters=True, pool_pre_ping="poolclass" not in options, **options)


def _sqlite_engine(url: URL, *, begin: str, migrating: bool = False, **options: Any) -> Engine:
    options.setdefault("poolclass", QueuePool)
    timeout = MIGRATION_TIMEOUT if migrating else BUSY_TIMEOUT
    engine = create_engine(
        url, hide_parameters=True, connect_args={"timeout": timeout, "check_same_thread": False}, **options
    )
    writes = begin == "BEGIN IMMEDIATE"

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the driver must not begin transactions of its own
        _use_wal(connection, timeout)
        connection.execute("PRAGMA synchronous = FULL")
        # A batch migration drops and renames tables; with the keys on, that deletes the children's rows.
        connection.execute(f"PRAGMA foreign_keys = {'OFF' if migrating else 'ON'}")
        if not writes:
            connection.execute("PRAGMA query_only = ON")

    @event.listens_for(engine, "begin")
    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _use_wal(connection: sqlite3.Connection, timeout: float) -> None:
    """Switch to WAL; SQLite does not wait for other processes here, so we do, in steps of 50 ms."""
    for _ in range(int(timeout / 0.05)):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            time.sleep(0.05)
        else:
            return
    connection.execute("PRAGMA journal_mode = WAL")
