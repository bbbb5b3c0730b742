"""The database: durable settings, one writer, upgrades, and errors that say what to do."""

import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError, StatementError
from sqlmodel import Session

from bot.errors import ConfigError
from bot.store import blobs, inbox
from bot.store.columns import clean
from bot.store.database import Database, _Gate

NOW = datetime(2026, 11, 23, 3, 12, tzinfo=UTC)


def scalar(session: Session, sql: str) -> object:
    """The first value of the first row."""
    return session.connection().execute(text(sql)).scalar()


def test_sqlite_survives_power_cuts(sqlite: Database) -> None:
    """SQLite runs in WAL, synchronous FULL, with foreign keys on, in writers and in readers."""
    for open_session in (sqlite.write, sqlite.read):
        with open_session() as session:
            assert scalar(session, "PRAGMA journal_mode") == "wal"
            assert scalar(session, "PRAGMA synchronous") == 2
            assert scalar(session, "PRAGMA foreign_keys") == 1


def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    """An exception inside `write` rolls everything back."""
    with pytest.raises(KeyError), database.write() as session:
        blobs.get(session, blobs.put(session, b"half", "text/plain") + "!")
    with database.read() as session:
        assert scalar(session, "SELECT count(*) FROM blob") == 0


def test_a_reader_cannot_write(database: Database) -> None:
    """`read` refuses writes on both databases, and `write` still works afterwards."""
    with pytest.raises(SQLAlchemyError), database.read() as session:
        blobs.put(session, b"no", "text/plain")
    with database.write() as session:
        assert blobs.get(session, blobs.put(session, b"yes", "text/plain")) == b"yes"


def test_a_reader_sees_one_moment(database: Database) -> None:
    """What is committed while a reader is open does not show up in it."""
    with database.read() as reader:
        before = inbox.counts(reader).new
        with database.write() as session:
            inbox.put(session, source="generic", key="1", body="{}", now=NOW)
        assert inbox.counts(reader).new == before == 0
    with database.read() as reader:
        assert inbox.counts(reader).new == 1


def test_readers_do_not_wait_for_the_writer(sqlite: Database) -> None:
    """A reader answers while a write transaction is open."""
    with sqlite.write() as session:
        inbox.put(session, source="generic", key="1", body="{}", now=NOW)
        with sqlite.read() as reader:
            assert inbox.counts(reader).new == 0


def test_a_write_inside_a_write_is_refused(sqlite: Database) -> None:
    """Nesting write transactions raises at once; it would wait for itself."""
    with sqlite.write(), pytest.raises(RuntimeError, match="already open"), sqlite.write():
        pass


async def test_who_goes_ahead_takes_turns_with_the_line(
    sqlite: Database, eventually: Callable[..., Awaitable[object]]
) -> None:
    """Those who go ahead wait for one of the line at most, and the line never for all of them."""
    gate = sqlite._gate = _Gate()
    order = list[str]()

    def write(name: str) -> None:
        with sqlite.write(ahead=name in "XYZ"):
            order.append(name)

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcdXYZ"]
    with sqlite.write():
        for waiting, thread in enumerate(threads, start=1):
            thread.start()
            await eventually(lambda waiting=waiting: gate.waiting == waiting)
    for thread in threads:
        thread.join()
    assert "".join(order) == "XaYbZcd"


def test_a_transaction_that_fails_lets_the_next_one_in(sqlite: Database) -> None:
    """An exception inside a transaction leaves the gate open."""
    with pytest.raises(ValueError, match="no"), sqlite.write():
        raise ValueError("no")
    with sqlite.write() as session:
        assert inbox.counts(session).new == 0


def test_threads_that_read_then_write_do_not_lock_each_other_out(database: Database) -> None:
    """Eight threads that read, then write, in one transaction all succeed."""
    errors: list[SQLAlchemyError] = []

    def work(number: int) -> None:
        try:
            for turn in range(5):
                with database.write() as session:
                    inbox.counts(session)
                    inbox.put(session, source="generic", key=f"{number}/{turn}", body="{}", now=NOW)
        except SQLAlchemyError as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with database.read() as session:
        assert inbox.counts(session).new == 40


def test_naive_times_are_refused(sqlite: Database) -> None:
    """A time without a zone never reaches the database."""
    with pytest.raises(StatementError, match="naive"), sqlite.write() as session:
        inbox.put(session, source="generic", key="1", body="{}", now=NOW.replace(tzinfo=None))


def test_clean_replaces_what_no_database_takes() -> None:
    """NUL and lone surrogates become U+FFFD, everything else stays."""
    assert clean("a\x00b\ud800c 漢字 \U0001f600") == "a\ufffdb\ufffdc 漢字 \U0001f600"


def test_upgrading_twice_changes_nothing(database: Database) -> None:
    """A second upgrade keeps the data."""
    with database.write() as session:
        inbox.put(session, source="generic", key="1", body="{}", now=NOW)
    database.upgrade()
    with database.read() as session:
        assert inbox.counts(session).new == 1


def test_several_processes_may_upgrade_at_once(tmp_path: Path) -> None:
    """Three processes starting on an empty file all come up."""
    url = f"sqlite:///{tmp_path / 'new.db'}"
    code = f"from bot.store.database import Database; Database({url!r}).upgrade()"
    root = Path(__file__).parents[2]
    starts = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", code], cwd=root, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    for start in starts:
        _, errors = start.communicate(timeout=60)
        assert (start.returncode, errors.decode()) == (0, "")


def test_the_migration_makes_exactly_the_tables_of_the_code(database: Database) -> None:
    """Nothing is left for autogenerate to add: rows and migrations say the same."""
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext
    from sqlmodel import SQLModel

    import bot.store.tables  # noqa: F401 - fills the metadata

    with database.read() as session:
        context = MigrationContext.configure(session.connection())
        assert compare_metadata(context, SQLModel.metadata) == []


def test_a_newer_database_is_refused(sqlite: Database) -> None:
    """A revision this code does not know stops the start with what to do."""
    with sqlite.write() as session:
        session.connection().execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigError, match=r"revision 9999.*does not know.*newer Lookout"):
        sqlite.upgrade()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite:////nowhere/at/all/x.db", "folder /nowhere/at/all does not exist"),
        ("sqlite://", "in memory keeps nothing"),
        (
            "postgresql://bot:hunter2@127.0.0.1:1/x?password=hunter2",
            "postgresql+psycopg://bot:***@127.0.0.1:1/x",
        ),
        ("mysql://bot:hunter2@host/x", "'mysql' is not supported"),
        ("postgresql://bot:hunter2@host:port/x", "not a database URL"),
        ("hunter2", "not a database URL"),
    ],
)
def test_a_database_that_cannot_be_used_says_why(url: str, says: str) -> None:
    """Errors at start name the database and what to do, and never the password."""
    with pytest.raises(ConfigError) as caught:
        Database(url).upgrade()
    assert says in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert caught.value.hint


def test_a_file_that_is_no_database_says_so(tmp_path: Path) -> None:
    """Some other file under the name is refused, and left as it was."""
    path = tmp_path / "notes.db"
    path.write_text("these are notes\n" * 100)
    with pytest.raises(ConfigError, match="file is not a database"):
        Database(f"sqlite:///{path}").upgrade()
    assert path.read_text().startswith("these are notes")


def test_blobs_are_kept_once(database: Database) -> None:
    """The same bytes have the same name, which is their SHA-256."""
    with database.write() as session:
        first = blobs.put(session, b"chart", "image/png")
        assert blobs.put(session, b"chart", "image/png") == first
        assert blobs.get(session, first) == b"chart"
        with pytest.raises(KeyError):
            blobs.get(session, "0" * 64)


def test_check_names_what_is_wrong(sqlite: Database, database: Database) -> None:
    """Readiness hears None when a write would work, and the reason when not."""
    assert database.check() is None
    with sqlite.write() as session:
        session.connection().execute(text("DROP TABLE heartbeat"))
    assert sqlite.check() == "no such table: heartbeat"
