"""What a version without a ledger left is taken into it once, with the times at which it happened."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from bot.core.launch import State
from bot.services import adopting, launches, verifying
from bot.store import experiments, ledger
from bot.store.database import Database
from tests.services.life import ML, NOW, PM, live, registered
from tests.services.tampering import tamper

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

LATER = datetime(2026, 12, 24, tzinfo=UTC)


@pytest.fixture
def old(database: Database) -> Database:
    """A database with looks whose ledger was never written, as the version before left it."""
    live(database)
    with database.write() as session:
        tamper(session, "DELETE FROM ledger")
        session.connection().execute(text("DELETE FROM revision"))
        session.connection().execute(text("DELETE FROM amendment"))
        session.connection().execute(text("DELETE FROM look WHERE id > 1"))
        session.connection().execute(text("UPDATE look SET seal = ''"))
    return database


def adopt(database: Database, now: datetime = LATER) -> int:
    """Adopt what is there."""
    with database.write() as session:
        return adopting.adopt(session, now)


def test_an_old_experiment_goes_on_as_locked_with_its_looks(old: Database) -> None:
    """Registered, locked and looked at, each at its own time; the entries say that they were adopted."""
    assert adopt(old) == 1
    with old.read() as session:
        launch = launches.read(session, "asos-0bad33")
        entries = list(ledger.every(session))
    assert (launch.state, launch.title, launch.author) == (State.RUNNING, "ASOS experiment 0bad33", ML)
    assert (launch.registered_at, launch.locked_at) == (NOW, NOW)
    (look,) = launch.looks
    assert (look.look, look.verdict) == (1, "continue")
    assert look.at - NOW < timedelta(hours=1)
    assert [(one.kind, one.by) for one in entries] == [("registered", ML), ("locked", ""), ("look", PM)]
    assert all(one.at == LATER and one.body["adopted"] for one in entries)


def test_it_happens_once(old: Database) -> None:
    """At the next start nothing; nor is a row adopted that somebody put into the table since."""
    adopt(old)
    with old.write() as session:
        there = list(ledger.every(session))
        second = registered().__class__(**{**registered().__dict__, "id": "eve-1"})
        assert experiments.add(session, second)
    assert adopt(old, LATER + timedelta(days=1)) == 0
    with old.read() as session:
        assert list(ledger.every(session)) == there
        faults = verifying.verify(session).faults
    assert [str(one)[:44] for one in faults] == ["experiment eve-1: the ledger has no entry of"]


def test_nothing_to_adopt_is_nothing_written(database: Database) -> None:
    """An empty database stays empty."""
    assert adopt(database) == 0
    with database.read() as session:
        assert ledger.head(session) is None


@pytest.mark.parametrize("change", ["asked_by = 'U0EVE'", "fingerprint = 'f'", "channel = 'C0EVE'"])
def test_from_then_on_verify_holds_and_a_changed_byte_is_found(old: Database, change: str) -> None:
    """Also in a look that has no seal of its own."""
    adopt(old)
    with old.read() as session:
        assert verifying.verify(session).faults == ()
    with old.write() as session:
        tamper(session, f"UPDATE look SET {change}")
    with old.read() as session:
        (fault,) = verifying.verify(session).faults
    assert str(fault).startswith("look 1: its seal over all columns is ")


def test_a_registration_that_this_version_cannot_read_is_adopted_all_the_same(old: Database) -> None:
    """By its id; what it says is kept as it is."""
    with old.write() as session:
        tamper(session, "DELETE FROM look")
        session.connection().execute(
            text("UPDATE experiment SET text = :text"), {"text": b"id: asos-0bad33\nfuture: 1\n"}
        )
    adopt(old)
    with old.read() as session:
        launch = launches.read(session, "asos-0bad33")
        assert verifying.verify(session).faults == ()
    assert (launch.title, launch.signoffs, launch.state) == ("asos-0bad33", (), State.LOCKED)
