"""The ledger's table: no fork and no gap whoever writes at once, and nobody changes or deletes a row."""

import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session

from bot.core.launch import Kind
from bot.core.ledger import GENESIS, broken
from bot.store import experiments, ledger, migrate
from bot.store.append_only import APPEND_ONLY
from bot.store.database import Database
from tests.services.life import ASOS, Life, registered

NOW = datetime(2026, 11, 23, 3, 12, tzinfo=UTC)


def entries(database: Database) -> list[Any]:
    """The whole ledger."""
    with database.read() as session:
        return list(ledger.every(session))


def append(database: Database, subject: str, number: int) -> None:
    """One entry in a transaction of its own."""
    with database.write() as session:
        now = NOW + timedelta(seconds=number)
        ledger.append(session, kind=Kind.SIGNED, subject=subject, by="U1", body={"n": number}, now=now)


def test_entries_count_from_one_and_follow_each_other(database: Database) -> None:
    """What is read back is what was written, and the head is the newest."""
    with database.write() as session:
        assert ledger.head(session) is None
        written = [
            ledger.append(session, kind=Kind.SIGNED, subject=f"e{n % 2}", by="", body={"n": n / 3}, now=NOW)
            for n in range(5)
        ]
    assert entries(database) == written
    assert written[0].previous == GENESIS
    assert broken(written) is None
    with database.read() as session:
        assert ledger.head(session) == written[-1]
        assert ledger.of(session, "e1") == [written[1], written[3]]
        assert ledger.subjects(session) == ["e0", "e1"]
        assert ledger.since(session, NOW, (Kind.LOOK,)) == []


def _append_two(database: Database) -> None:
    """One that can be written and one that cannot, together."""
    with database.write() as session:
        ledger.append(session, kind=Kind.SIGNED, subject="a", by="", body={}, now=NOW)
        ledger.append(session, kind=Kind.SIGNED, subject="a", by="", body={"n": float("nan")}, now=NOW)


def test_a_transaction_that_fails_leaves_no_entry(database: Database) -> None:
    """Nor a gap."""
    append(database, "a", 1)
    with pytest.raises(ValueError, match="Out of range"):
        _append_two(database)
    append(database, "a", 2)
    assert [one.number for one in entries(database)] == [1, 2]
    assert broken(entries(database)) is None


def test_threads_that_write_at_once_make_one_chain(database: Database) -> None:
    """Six threads, eight entries each."""
    threads = [
        threading.Thread(target=lambda name=f"t{t}": [append(database, name, n) for n in range(8)])
        for t in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = entries(database)
    assert [one.number for one in found] == list(range(1, 49))
    assert broken(found) is None
    for t in range(6):
        assert [one.body["n"] for one in found if one.subject == f"t{t}"] == list(range(8))


WRITER = """
import sys
from datetime import UTC, datetime, timedelta
from bot.store import ledger
from bot.store.database import Database
url, name = sys.argv[1:]
for number in range(10):
    with Database(url).write() as session:
        now = datetime(2026, 11, 23, tzinfo=UTC) + timedelta(seconds=number)
        ledger.append(session, kind="signed", subject=name, by="", body={"n": number}, now=now)
"""


def test_processes_that_write_at_once_make_one_chain(database: Database, database_url: str) -> None:
    """Two processes beside this one."""
    processes = [subprocess.Popen([sys.executable, "-c", WRITER, database_url, f"p{p}"]) for p in range(2)]
    for number in range(10):
        append(database, "here", number)
    for process in processes:
        assert process.wait(60) == 0
    found = entries(database)
    assert [one.number for one in found] == list(range(1, 31))
    assert broken(found) is None


def test_a_fork_is_refused_by_the_table_itself(database: Database) -> None:
    """Were there no lock: two entries that follow the same one."""
    append(database, "a", 1)
    (first,) = entries(database)
    forked = ledger.sealed(2, NOW, "signed", "b", "", {}, first.previous)
    with pytest.raises(DBAPIError), database.write() as session:
        session.add(ledger.LedgerRow(**ledger._values(forked)))


@pytest.fixture
def filled(database: Database) -> Database:
    """A row in every table that is only added to."""
    with database.write() as session:
        life = Life(session)
        life.lock()
        life.amend(ASOS.replace("title: ASOS experiment 0bad33", "title: ASOS 0bad33"))
        life.look(1)
    return database


pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")


def test_nobody_changes_or_deletes_a_row(filled: Database) -> None:
    """Update, delete, replace, upsert, truncate: refused by the database, with the reason, on both."""
    for table in APPEND_ONLY:
        key = {"ledger": "number"}.get(table, "id")
        columns = "*"
        attempts = [
            f"UPDATE {table} SET {key} = {key}",
            f"DELETE FROM {table}",
            f"DELETE FROM {table} WHERE {key} IN (SELECT max({key}) FROM {table})",
        ]
        if filled.sqlite and table != "experiment":
            attempts.append(f"INSERT OR REPLACE INTO {table} SELECT {columns} FROM {table}")
        if not filled.sqlite:
            attempts += [f"TRUNCATE {table} CASCADE", f"UPDATE {table} SET {key} = {key} WHERE true"]
        for attempt in attempts:
            with pytest.raises(DBAPIError, match="is append-only"), filled.write() as session:
                session.connection().execute(text(attempt))


def test_an_experiment_is_not_replaced_and_registering_it_again_is_no_error(filled: Database) -> None:
    """What is there stays, whatever is put in its place."""
    with filled.write() as session:
        before = experiments.original(session, "asos-0bad33")
        assert not experiments.add(session, registered(ASOS + "\n# other", by="U0EVE"))
        if filled.sqlite:
            replace = "INSERT OR REPLACE INTO experiment SELECT id, 'x', name, text, canonical, channel, "
            session.connection().execute(text(replace + "'U0EVE', registered_at FROM experiment"))
    with filled.read() as session:
        assert experiments.original(session, "asos-0bad33") == before


def test_an_entry_put_in_the_place_of_another_is_refused(filled: Database) -> None:
    """SQLite's INSERT OR REPLACE with another number and the same hash would delete the row in its way."""
    replacing = "INSERT OR REPLACE INTO" if filled.sqlite else "INSERT INTO"
    columns = 'at, kind, subject, "by", body, previous, hash'
    for number in ("1", "99"):
        with pytest.raises(DBAPIError), filled.write() as session:
            session.connection().execute(
                text(f"{replacing} ledger (number, {columns}) SELECT {number}, {columns} FROM ledger LIMIT 1")
            )
    assert broken(entries(filled)) is None


def _old(url: str) -> None:
    """A database of the version before the ledger, with an experiment, a look and somebody in it."""
    experiment = {
        "id": "old-1", "sha256": "ab", "name": "o.yaml", "text": b"id: old-1", "canonical": b"{}",
        "channel": "C1", "registered_by": "U1", "registered_at": "2026-10-01 00:00:00.000000",
    }  # fmt: skip
    look = {
        "experiment": "old-1", "sha256": "ab", "number": 1, "day": 4.0, "planned": True,
        "verdict": "continue", "result": "{}", "observations": "{}", "earlier": "[]", "fingerprint": "f",
        "channel": "C1", "asked_by": "U1", "asked_at": "2026-10-05 00:00:00.000000",
        "taken_at": "2026-10-05 00:00:00.000000", "seal": "",
    }  # fmt: skip
    person = {"id": "U1", "name": "yuki"}
    engine = create_engine(url)
    with engine.begin() as connection:
        command.upgrade(migrate.config(connection), "0002")
        for table, row in (("experiment", experiment), ("look", look), ("person", person)):
            names, places = ", ".join(row), ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), row)
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def old_url(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """The URL of a database at revision 0002, with rows."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'old.db'}"
        _old(url)
        return url
    server = request.getfixturevalue("postgres_server")
    name = f"lookout_old_{abs(hash(str(tmp_path))):x}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))

    def drop() -> None:
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()

    request.addfinalizer(drop)  # noqa: PT021 - only one of both kinds has something to drop
    url = make_url(server).set(database=name).render_as_string(hide_password=False)
    _old(url)
    return url


def test_an_upgrade_keeps_everything_and_forbids_changes_from_then_on(old_url: str) -> None:
    """Rows, foreign keys and the new columns' defaults; and the triggers are there."""
    database = Database(old_url)
    database.upgrade()
    database.upgrade()  # again is no error
    with database.read() as session:
        kept = experiments.original(session, "old-1")
        (look,) = experiments.looks(session, "old-1")
        person = session.connection().execute(text("SELECT name, deactivated, email FROM person")).one()
        keys = inspect(session.connection()).get_foreign_keys("look")
    assert kept is not None
    assert (kept.text, kept.registered_by) == ("id: old-1", "U1")
    assert (look.verdict, look.planned, look.day) == ("continue", True, 4.0)
    assert (person.name, bool(person.deactivated), person.email) == ("yuki", False, "")
    assert [key["referred_table"] for key in keys] == ["experiment"]
    for table in ("experiment", "look"):
        with pytest.raises(DBAPIError, match="is append-only"), database.write() as session:
            session.connection().execute(text(f"DELETE FROM {table}"))
    with pytest.raises(IntegrityError), database.write() as session:
        _orphan(session)
    database.close()


def _orphan(session: Session) -> None:
    session.connection().execute(
        text(
            'INSERT INTO amendment (experiment, sha256, name, text, canonical, "by", at) '
            "SELECT 'nobody', sha256, name, text, canonical, registered_by, registered_at FROM experiment"
        )
    )


def test_the_triggers_of_sqlite_hold_for_every_connection(sqlite: Database) -> None:
    """Not only for Lookout's own: they lie in the file."""
    append(sqlite, "a", 1)
    assert sqlite.path is not None
    connection = sqlite3.connect(sqlite.path)
    with pytest.raises(sqlite3.IntegrityError, match="ledger is append-only"):
        connection.execute("DELETE FROM ledger")
    connection.close()
