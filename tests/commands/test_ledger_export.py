"""`lookout ledger`: the export that a stranger can check, and the history that people read."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from bot.cli import app
from bot.commands import ledger as command
from bot.commands import verify
from bot.core.launch import Kind
from bot.errors import ConfigError, InputError
from bot.store import exact, people
from bot.store.database import Database
from bot.store.ledger import LedgerRow
from bot.views.ledger_history import history, told
from tests.services.life import ASOS, Life
from tests.services.tampering import tamper

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")


@pytest.fixture
def lived(sqlite: Database) -> Database:
    """Two experiments, one of them with a hostile title."""
    with sqlite.write() as session:
        people.meet(session, "U0PM", "yuki")
        life = Life(session)
        life.lock()
        life.note(Kind.PAUSED, "U0PM", why="p95 | over\n1500 ms <!channel> é \ud83d\ude00")
        other = Life(session, ASOS.replace("asos-0bad33", "other-1"))
        other.note(Kind.WAIVED, "U0EM", row="runbook", reason="none yet")
    return sqlite


def env(database: Database) -> dict[str, str]:
    """An environment that names the database."""
    return {"LOOKOUT_DATABASE_URL": f"sqlite:///{database.path}"}


def test_a_stranger_can_check_the_export(lived: Database, capsysbinary: Any) -> None:
    """As the help says: each line without its hash is what was hashed, and follows the one before."""
    assert command.run(env(lived)) == 0
    previous = "0" * 64
    lines = capsysbinary.readouterr().out.decode().splitlines()
    assert len(lines) == 6
    for number, line in enumerate(lines, start=1):
        entry = json.loads(line)
        assert (entry["number"], entry["previous"]) == (number, previous)
        rest = line.replace(f'"hash":"{entry["hash"]}",', "")
        previous = hashlib.sha256(rest.encode()).hexdigest()
        assert previous == entry["hash"]
        del entry["hash"]
        canonical = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert hashlib.sha256(canonical.encode()).hexdigest() == previous


def test_one_experiment_to_a_file(lived: Database, tmp_path: Path) -> None:
    """Its entries with the numbers they have in the whole."""
    out = tmp_path / "other.jsonl"
    assert command.run(env(lived), experiment="other-1", out=out) == 0
    assert [json.loads(line)["number"] for line in out.read_text("utf-8").splitlines()] == [5, 6]


def test_the_history_reads_well_and_what_people_wrote_stays_text(lived: Database, capsysbinary: Any) -> None:
    """A section for each experiment; no cell, no link, no heading of theirs."""
    assert command.run(env(lived), markdown=True) == 0
    said = capsysbinary.readouterr().out.decode()
    assert said.startswith("# Ledger\n\n## asos-0bad33\n\n| | when (UTC) | who | what | hash |\n")
    assert "| 2 | 2026-11-23 03:14:00 | yuki | signed 0b" in said or "| yuki | signed " in said
    assert "| Lookout | locked " in said
    assert "paused: p95 \\| over 1500 ms \\<!channel\\>" in said
    assert "\n## other-1\n" in said
    assert "waived runbook: none yet" in said


def test_what_is_not_there_is_named(lived: Database, sqlite_url: str, tmp_path: Path) -> None:
    """With what is."""
    with pytest.raises(InputError, match=r"no entry of 'x'\. It has entries of: asos-0bad33, other-1\."):
        command.run(env(lived), experiment="x")
    with pytest.raises(InputError, match=r"cannot be written: .*Name another file"):
        command.run(env(lived), out=tmp_path / "no" / "such.jsonl")
    with pytest.raises(InputError, match="There is no database"):
        command.run({"LOOKOUT_DATABASE_URL": f"sqlite:///{tmp_path}/none.db"})


def test_an_empty_ledger_is_an_empty_export(sqlite: Database, capsysbinary: Any) -> None:
    """No line, or a document that says so."""
    assert command.run(env(sqlite)) == 0
    assert capsysbinary.readouterr().out == b""
    assert command.run(env(sqlite), markdown=True) == 0
    assert b"It has no entry." in capsysbinary.readouterr().out


def test_a_broken_chain_is_exported_with_exit_code_1(lived: Database, capsysbinary: Any) -> None:
    """What can be read is shown; an entry that cannot be is named."""
    with lived.write() as session:
        tamper(session, "UPDATE ledger SET kind = 'voided' WHERE number = 2")
    assert command.run(env(lived)) == 1
    printed = capsysbinary.readouterr()
    assert len(printed.out.splitlines()) == 6
    assert b"the chain does not hold, at entry 2: its hash does not fit what it says" in printed.err
    with lived.write() as session:
        tamper(session, "UPDATE ledger SET body = '{' WHERE number = 2")
    with pytest.raises(InputError, match="Entry 2 of the ledger cannot be read: its column body"):
        command.run(env(lived))


def test_an_entry_of_another_version_is_shown_as_it_is(lived: Database) -> None:
    """No kind, or no field: its body, and no crash."""
    with lived.read() as session:
        entry = next(iter(exact.rows(session, LedgerRow)))
    strange = command._entry(entry).__class__(**{**entry.values, "kind": "danced", "body": {"tango": 2}})
    assert told(strange) == 'danced \\{"tango": 2\\}'
    assert "signed" in told(command._entry(entry).__class__(**{**entry.values, "kind": "signed", "body": {}}))
    assert history([], {}) == "# Ledger\n\nIt has no entry.\n"


def test_two_forms_at_once_are_refused() -> None:
    """Before anything is read."""
    from typer.testing import CliRunner

    result = CliRunner().invoke(app, ["ledger", "--json", "--markdown"])
    assert isinstance(result.exception, InputError)


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    """By both commands that read the record, in one line; what cannot be given to one is not offered."""
    (tmp_path / "g.db").write_bytes(b"garbage, and more of it" * 100)
    garbage = {"LOOKOUT_DATABASE_URL": f"sqlite:///{tmp_path}/g.db"}
    for run in (command.run, verify.run):
        with pytest.raises(ConfigError, match=r"g\.db is damaged, or no database: it cannot be read\."):
            run(garbage)
    with pytest.raises(InputError) as caught:
        command.run({"LOOKOUT_DATABASE_URL": f"sqlite:///{tmp_path}/none.db"})
    assert caught.value.hint == "Set LOOKOUT_DATABASE_URL."
