"""`lookout verify` is red after one byte of any record is changed, whichever table it lies in."""

import json
import random
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import SQLModel

from bot.commands import verify
from bot.core.launch import Kind
from bot.core.ledger import GENESIS
from bot.errors import InputError
from bot.services import verifying
from bot.services.verifying import Verified
from bot.store import ledger
from bot.store.append_only import APPEND_ONLY
from bot.store.columns import Json, RawText, UtcDateTime
from bot.store.database import Database
from bot.store.tables import ROWS
from tests.services.life import ASOS, Life, live
from tests.services.tampering import tamper

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")


def found(database: Database, *heads: Any) -> Verified:
    """What verify finds."""
    with database.read() as session:
        return verifying.verify(session, heads)


def env(database: Database) -> dict[str, str]:
    """An environment that names the database."""
    return {"LOOKOUT_DATABASE_URL": f"sqlite:///{database.path}"}


@pytest.fixture
def lived(database: Database) -> Database:
    """A database with a whole life in it."""
    live(database)
    return database


@pytest.fixture(scope="module")
def lived_file(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole life in a SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("lived") / "lived.db"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    live(database)
    database.close()
    return path


@pytest.fixture
def file(lived_file: Path, tmp_path: Path) -> Iterator[Database]:
    """The same in a SQLite file of this test's own."""
    shutil.copy(lived_file, tmp_path / "lookout.db")
    database = Database(f"sqlite:///{tmp_path / 'lookout.db'}")
    yield database
    database.close()


def test_a_whole_life_holds(lived: Database) -> None:
    """Every look computed again, the chain whole, every row as its entry says."""
    whole = found(lived)
    assert [str(fault) for fault in whole.faults] == []
    assert whole.ok
    assert len(whole.looks) == 3
    assert whole.entries == 10


def _changes(column: Any, value: Any, chosen: random.Random) -> Any:
    """One byte of a stored value changed, so that it can still be stored."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value + 1.0
    if isinstance(value, datetime):
        return value + timedelta(microseconds=1)
    if isinstance(value, bytes):
        at = chosen.randrange(len(value))
        return value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :]
    if not value:
        return "x"
    at = chosen.randrange(len(value))
    return value[:at] + ("x" if value[at] != "x" else "y") + value[at + 1 :]


def _cases() -> list[tuple[str, str]]:
    tables = SQLModel.metadata.tables
    return [(name, column.name) for name in APPEND_ONLY for column in tables[name].columns]


@pytest.mark.parametrize(("table", "column"), _cases())
def test_one_byte_of_any_column_of_any_row_is_found(file: Database, table: str, column: str) -> None:
    """In the file, behind the database's back: three rows changed and put back, verify red each time."""
    chosen = random.Random(f"{table}.{column}")
    assert file.path is not None
    connection = sqlite3.connect(file.path, isolation_level=None)
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    cells = connection.execute(f'SELECT rowid, "{column}" FROM {table}').fetchall()
    assert cells
    change = f'UPDATE {table} SET "{column}" = ? WHERE rowid = ?'
    keyed = SQLModel.metadata.tables[table].columns[column].primary_key and isinstance(cells[0][1], int)
    for rowid, value in chosen.sample(cells, min(len(cells), 3)):
        spoilt = 1000 if keyed else _changes(column, value, chosen)
        connection.execute(change, (spoilt, rowid))
        whole = found(file)
        assert not whole.ok, (table, column, rowid, value, spoilt)
        connection.execute(change, (value, spoilt if keyed else rowid))
    assert found(file).ok
    connection.close()


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_one_byte_of_any_column_is_found_on_postgresql_too(postgres_url: str, table: str) -> None:
    """Every column of a row of every table, changed and put back, verify red each time."""
    postgres = Database(postgres_url)
    live(postgres)
    chosen = random.Random(table)
    columns = SQLModel.metadata.tables[table].columns
    key = next(iter(SQLModel.metadata.tables[table].primary_key.columns)).name
    with postgres.write() as session:
        connection = session.connection()
        rows = connection.execute(text(f"SELECT * FROM {table} ORDER BY {key}")).mappings().all()
        assert rows
        for column in columns:
            row = chosen.choice(rows)
            numbered = column.name == key and isinstance(row[key], int)
            spoilt = 1000 if numbered else _changes(column, row[column.name], chosen)
            nested = session.begin_nested()
            tamper(
                session,
                text(f'UPDATE {table} SET "{column.name}" = :spoilt WHERE {key} = :key'),
                {"spoilt": spoilt, "key": row[key]},
            )
            assert not verifying.verify(session).ok, (table, column.name, row[column.name], spoilt)
            nested.rollback()
    assert found(postgres).ok
    postgres.close()


def test_every_row_of_every_table_is_held_against_the_ledger(lived: Database) -> None:
    """On both databases one column of each table that no verdict needs."""
    for table, column, value in (
        ("ledger", '"by"', "'U0EVE'"),
        ("experiment", "channel", "'C0EVE'"),
        ("experiment", "name", "'eve.yaml'"),
        ("amendment", '"by"', "'U0EVE'"),
        ("revision", "name", "'eve.yaml'"),
        ("look", "asked_by", "'U0EVE'"),
        ("ledger", "body", "replace(body, 'clear', 'Clear')"),
        ("look", "observations", 'replace(observations, \'"engine":"\', \'"engine":" \')'),
    ):
        with lived.write() as session:
            nested = session.begin_nested()
            tamper(session, f"UPDATE {table} SET {column} = {value}")
            assert not verifying.verify(session).ok, (table, column)
            nested.rollback()
    assert found(lived).ok


@pytest.mark.parametrize(
    ("change", "first"),
    [
        (
            "UPDATE ledger SET kind = 'voided' WHERE number = 2",
            "ledger 2: its hash does not fit what it says",
        ),
        ("DELETE FROM ledger WHERE number = 4", "ledger 4: entry 4 is missing: after 3 comes 5"),
        ("DELETE FROM ledger WHERE number = 1", "ledger 1: entry 1 is missing: after 0 comes 2"),
        ("DELETE FROM look WHERE id = 2", "look 2: entry 8 of the ledger stands for it, and it is not there"),
        ("DELETE FROM revision", "revision 1: entry 7 of the ledger stands for it, and it is not there"),
        ("DELETE FROM amendment", "amendment 1: entry 5 of the ledger stands for it, and it is not there"),
        (
            "INSERT INTO experiment SELECT 'eve-1', sha256, name, text, canonical, channel, registered_by, "
            "registered_at FROM experiment",
            "experiment eve-1: the ledger has no entry of it: it was put in by hand",
        ),
        (
            "UPDATE look SET verdict = 'ship' WHERE id = 3",
            "look 3: its verdict is ship, and entry 9 of the led",
        ),
        ("UPDATE experiment SET channel = 'C0EVE'", "experiment asos-0bad33: its seal over all columns is"),
    ],
)
def test_the_first_row_that_does_not_hold_is_named(lived: Database, change: str, first: str) -> None:
    """Which row, what is wrong with it, what to do."""
    with lived.write() as session:
        tamper(session, change)
    whole = found(lived)
    assert str(whole.faults[0]).startswith(first)
    assert "restore" in whole.faults[0].reason or "by hand" in whole.faults[0].reason


@pytest.mark.parametrize(
    ("kind", "by", "body", "said"),
    [
        (Kind.DECIDED, "U0EVE", {"decision": "ship"}, "it ships asos-0bad33, whose newest look says VETO"),
        (Kind.DECIDED, "U0EVE", {"decision": "ship", "override": "override-1"}, "newest look says VETO"),
        (Kind.OVERRIDE_APPROVED, "U0PM", {}, "it approves override-1 by who asked for it"),
        (Kind.OVERRIDE_APPROVED, "U0DIR", {"override": "override-2"}, "override-2, which nobody asked for"),
        (Kind.AMENDED, "", {"breaking": False}, "it changes the plan of asos-0bad33 after its veto"),
        (Kind.OVERRIDE_APPROVED, "U0DIR", {}, ""),
    ],
)
def test_an_entry_put_in_by_hand_is_found_by_the_rules_it_breaks(
    database: Database, kind: Kind, by: str, body: dict[str, Any], said: str
) -> None:
    """Appending is what the triggers allow, and its hash fits: no head in Slack would show it."""
    with database.write() as session:
        life = Life(session)
        life.lock()
        look = {"record": 1, "look": 1, "day": 2.0, "planned": True, "verdict": "veto"}
        life.note(Kind.LOOK, **look, seal="", sha256=life.version.sha256)
        days = {"expires": "2026-12-01", "retrospective": "2026-12-02"}
        life.note(Kind.OVERRIDE_REQUESTED, "U0PM", override="override-1", record=1, fields={}, **days)
        said_by_hand = {"override": "override-1", "record": 1, "verdict": "veto", "sha256": "ab"}
        ledger.append(session, kind=kind, subject=life.id, by=by, body=said_by_hand | body, now=life.now)
    faults = [fault for fault in found(database).faults if fault.table == "ledger"]
    assert [fault.key for fault in faults] == ([6] if said else [])
    assert all(said in fault.reason and "put in by hand" in fault.reason for fault in faults)


def test_a_comment_in_the_text_is_part_of_the_record(file: Database) -> None:
    """One byte that changes no verdict and no hash of the registration."""
    with file.write() as session:
        tamper(session, "UPDATE experiment SET text = CAST(replace(text, 'Made by', 'made by') AS BLOB)")
    whole = found(file)
    assert "its text's SHA-256 is" in whole.faults[0].reason
    assert "entry 1 of the ledger says" in whole.faults[0].reason


@pytest.mark.parametrize(
    ("column", "spoilt", "said"),
    [
        ("body", "'{'", "its column body cannot be read"),
        ("body", "replace(body, ':', ': ')", "it is not written as Lookout writes it"),
        ("at", "'yesterday'", "its column at cannot be read"),
        ("at", "NULL", "it is empty"),
        ("kind", "CAST(X'ff' AS TEXT)", "its column kind cannot be read"),
        ("subject", "X'00'", "it is bytes in place of str"),
    ],
)
def test_a_row_that_cannot_even_be_read_is_a_finding(
    file: Database, column: str, spoilt: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback: exit 1, the row and the column."""
    assert file.path is not None
    _unguarded(file.path, f'UPDATE ledger SET "{column}" = {spoilt} WHERE number = 6')
    assert verify.run(env(file)) == 1
    out = capsys.readouterr().out
    assert out.startswith("ledger 6: its column ")
    assert said in out
    assert "The ledger does not hold; 5 entries can be read, the last is 5:" in out


def _unguarded(path: Path, change: str) -> None:
    """As somebody with the file and a hex editor: no triggers, no constraints."""
    connection = sqlite3.connect(path, isolation_level=None)
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute("UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '') WHERE name = 'ledger'")
    connection.execute("PRAGMA writable_schema = RESET")
    connection.execute(change)
    connection.close()


def test_a_damaged_file_is_said_to_be_damaged(file: Database, capsys: pytest.CaptureFixture[str]) -> None:
    """An index that disagrees with its table: no row is wrong, and the file is."""
    assert file.path is not None
    connection = sqlite3.connect(file.path, isolation_level=None)
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute(
        "UPDATE sqlite_master SET rootpage = (SELECT rootpage FROM sqlite_master WHERE "
        "name = 'ix_look_experiment_number') WHERE name = 'ix_experiment_channel'"
    )
    connection.close()
    file.close()
    assert verify.run(env(file)) == 1
    assert capsys.readouterr().out.startswith("database file: it is damaged (")


def test_a_head_from_slack_shows_a_chain_written_anew(
    file: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever holds the database can make a chain that holds, not one with the head in the channel."""
    with file.read() as session:
        entries = list(ledger.every(session))
    told = [f"{one.number}:{one.hash[:12]}" for one in entries[3:6]]
    assert verify.run(env(file), heads=told) == 0
    assert "It has all 3 heads given." in capsys.readouterr().out
    assert verify.run(env(file), heads=[f"ledger 4 · head {entries[3].hash[:12]}…"]) == 0
    capsys.readouterr()
    previous, forged = GENESIS, []
    for entry in entries:
        by = "U0EVE" if entry.number == 3 else entry.by
        again = ledger.sealed(entry.number, entry.at, entry.kind, entry.subject, by, entry.body, previous)
        forged.append(again)
        previous = again.hash
    with file.write() as session:
        tamper(session, "DELETE FROM ledger")
        session.add_all(ledger.LedgerRow(**ledger._values(entry)) for entry in forged)
    assert verify.run(env(file)) == 0
    capsys.readouterr()
    assert verify.run(env(file), heads=told) == 1
    out = capsys.readouterr().out
    assert out.startswith(f"ledger 4: a message has the head {entries[3].hash[:12]}…, and here it is ")
    assert "the chain was written anew up to here" in out


def test_entries_cut_off_the_end_show_only_against_a_head(
    file: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """And verify says so, with the head to compare."""
    with file.read() as session:
        last = ledger.head(session)
    assert last is not None
    with file.write() as session:
        tamper(session, f"DELETE FROM ledger WHERE number = {last.number}")
    assert verify.run(env(file)) == 0
    said = capsys.readouterr().out
    assert f"its head is {last.number - 1}:" in said
    assert "entries cut off the end, or all written anew, show nowhere else" in said
    assert verify.run(env(file), heads=[f"{last.number}:{last.hash[:8]}"]) == 1
    said = capsys.readouterr().out
    assert said.startswith(
        "ledger 10: a message has its head, and the newest here is 9: entries were deleted"
    )


@pytest.mark.parametrize(
    "head", ["", "88", "88:", "88:xyz", ":5d1e0a", "0:5d1e0a2b", "88:5d1", "9" * 30 + ":5d1e0a"]
)
def test_what_is_no_head_is_bad_input(file: Database, head: str) -> None:
    """With what to copy."""
    with pytest.raises(InputError, match=r"is no head of the ledger\. Copy number and hash from a message"):
        verify.run(env(file), heads=[head])


def test_json_has_the_first_row_the_head_and_every_fault(
    file: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """For other programs."""
    assert verify.run(env(file), json=True) == 0
    sound = json.loads(capsys.readouterr().out)
    assert (sound["ok"], sound["first"], sound["ledger"]["entries"]) == (True, None, 10)
    assert sound["ledger"]["head"]["number"] == 10
    with file.write() as session:
        tamper(session, "UPDATE ledger SET kind = 'voided' WHERE number = 2")
    assert verify.run(env(file), json=True) == 1
    spoilt = json.loads(capsys.readouterr().out)
    assert spoilt["first"] == spoilt["ledger"]["faults"][0]
    assert (spoilt["first"]["table"], spoilt["first"]["key"]) == ("ledger", 2)


def test_the_columns_tried_are_of_kinds_that_are_known() -> None:
    """A new kind of column needs a place in bot.store.exact."""
    tables = SQLModel.metadata.tables
    kinds = {type(column.type).__name__ for name in APPEND_ONLY for column in tables[name].columns}
    assert kinds <= {
        "Integer", "AutoString", "String", "Float", "Boolean",
        Json.__name__, RawText.__name__, UtcDateTime.__name__,
    }  # fmt: skip
    assert ROWS


def test_verdicts_under_a_plan_that_was_broken_hold_and_are_named(
    sqlite: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only those taken after the change; every record can be reproduced all the same."""
    with sqlite.write() as session:
        life = Life(session)
        life.lock()
        life.look(1)
        life.amend(ASOS.replace("relative: 0.01}", "relative: 0.02}"), breaking=True)
        life.look(2)
        life.look(3)
    assert verify.run(env(sqlite)) == 0
    said = capsys.readouterr().out
    assert (
        "The plan of asos-0bad33 was changed after a look (ledger 7): the error rates of records 2, 3 are "
        "not those that were signed." in said
    )
    verify.run(env(sqlite), json=True)
    looks = json.loads(capsys.readouterr().out)["looks"]
    assert [(one["ok"], one["plan_broken"]) for one in looks] == [(True, None), (True, 7), (True, 7)]
