"""The inbox: stored once, worked on once, and never a poison loop."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from bot.store import claims, inbox
from bot.store.claims import MAX_TRIES
from bot.store.database import Database
from bot.store.inbox import Arrival, Stored
from tests.conftest import ManualClock

LEASE = timedelta(seconds=30)


def put(db: Database, clock: ManualClock, key: str = "k1", **more: object) -> Stored:
    """Store one delivery in a transaction of its own."""
    with db.write() as session:
        return inbox.put(session, source="generic", key=key, body="{}", now=clock(), **more)  # type: ignore[arg-type]


def test_the_same_key_is_stored_once(database: Database, clock: ManualClock) -> None:
    """A repeat is found, whenever it comes; another source's key is another delivery."""
    first = put(database, clock)
    clock.advance(days=30)
    assert put(database, clock) == Stored(first.id, duplicate=True)
    with database.write() as session:
        other = inbox.put(session, source="github", key="k1", body="{}", now=clock())
    assert not other.duplicate


def test_a_delivery_waits_until_it_is_done(database: Database, clock: ManualClock) -> None:
    """Also while somebody works on it; one that is not there does not."""
    stored = put(database, clock)
    taken = claims.claim(database, now=clock(), lease=LEASE)
    assert taken is not None
    with database.write() as session:
        assert inbox.waits(session, stored.id)
        assert not inbox.waits(session, stored.id + 1)
        assert claims.done(session, taken)
    with database.read() as session:
        assert not inbox.waits(session, stored.id)


def test_a_key_that_keeps_coming_is_stored_anew_after_a_while(database: Database, clock: ManualClock) -> None:
    """With `repeat_after`, an alert still firing an hour later is a new delivery, once."""
    hour = timedelta(hours=1)
    first = put(database, clock, repeat_after=hour)
    clock.advance(minutes=59)
    assert put(database, clock, repeat_after=hour).duplicate
    clock.advance(minutes=1)
    again = put(database, clock, repeat_after=hour)
    assert not again.duplicate
    assert again.id != first.id
    clock.advance(minutes=59)
    assert put(database, clock, repeat_after=hour) == Stored(again.id, duplicate=True)
    taken = [claims.claim(database, now=clock(), lease=LEASE) for _ in range(2)]
    assert [delivery.key for delivery in taken if delivery] == ["k1", "k1"]


@pytest.mark.parametrize(
    "body", ["", "a\x00b", "\ud800", '{"a": "\\ud800"}', b"\xff\xfe".decode("utf-8", "surrogateescape")]
)
def test_any_body_comes_back_as_it_was(database: Database, clock: ManualClock, body: str) -> None:
    """NUL, lone surrogates and undecodable bytes are stored exactly, in body, headers and key."""
    with database.write() as session:
        stored = inbox.put(session, source="generic", key=body, body=body, headers={"x": body}, now=clock())
        assert inbox.put(session, source="generic", key=body, body="", now=clock()).id == stored.id
    delivery = claims.claim(database, now=clock(), lease=LEASE)
    assert delivery is not None
    assert (delivery.body, delivery.headers) == (body, {"x": body})


def test_long_keys_are_still_unique(database: Database, clock: ManualClock) -> None:
    """Keys no index would hold are told apart, and found again."""
    long = put(database, clock, "x" * 100_000)
    assert put(database, clock, "x" * 100_000).id == long.id
    assert put(database, clock, "x" * 99_999).id != long.id


def test_deliveries_are_claimed_oldest_first_and_once(database: Database, clock: ManualClock) -> None:
    """A claimed delivery is nobody else's while its lease lasts."""
    ids = [put(database, clock, str(number)).id for number in range(3)]
    taken = [claims.claim(database, now=clock(), lease=LEASE) for _ in range(4)]
    assert [delivery and delivery.id for delivery in taken] == [*ids, None]


def test_work_is_done_in_the_worker_s_own_transaction(database: Database, clock: ManualClock) -> None:
    """Rolled back work leaves the delivery to be done again; committed work does not."""
    put(database, clock)
    delivery = claims.claim(database, now=clock(), lease=LEASE)
    assert delivery is not None
    with pytest.raises(ZeroDivisionError), database.write() as session:
        assert 1 / (not claims.done(session, delivery))
    clock.advance(seconds=31)
    again = claims.claim(database, now=clock(), lease=LEASE)
    assert again is not None
    assert (again.id, again.tries) == (delivery.id, 2)
    with database.write() as session:
        assert not claims.done(session, delivery), "the first worker's lease is lost"
        assert claims.done(session, again)
        assert not claims.done(session, again), "done is done"
    clock.advance(days=1)
    assert claims.claim(database, now=clock(), lease=LEASE) is None


def test_failures_back_off_then_go_to_quarantine(database: Database, clock: ManualClock) -> None:
    """2, 4, 8, 16 s between tries; the fifth failure is the last, and says why."""
    put(database, clock)
    for pause in (2, 4, 8, 16):
        delivery = claims.claim(database, now=clock(), lease=LEASE)
        assert delivery is not None
        with database.write() as session:
            claims.failed(session, delivery, error="bad \x00 luck", now=clock())
        clock.advance(seconds=pause - 0.01)
        assert claims.claim(database, now=clock(), lease=LEASE) is None
        clock.advance(seconds=0.01)
    delivery = claims.claim(database, now=clock(), lease=LEASE)
    assert delivery is not None
    assert delivery.tries == MAX_TRIES
    with database.write() as session:
        claims.failed(session, delivery, error="bad \x00 luck", now=clock())
    with database.read() as session:
        assert inbox.counts(session) == inbox.Counts(new=0, quarantined=1, oldest=None)
        assert inbox.quarantined(session)[0].error == "given up after 5 tries: bad \ufffd luck"


def test_a_delivery_that_kills_its_worker_is_quarantined(database: Database, clock: ManualClock) -> None:
    """Workers that never come back cost five tries, and the next delivery is served."""
    put(database, clock, "poison")
    for _ in range(MAX_TRIES):
        assert claims.claim(database, now=clock(), lease=LEASE) is not None
        clock.advance(seconds=31)
    put(database, clock, "fine")
    served = claims.claim(database, now=clock(), lease=LEASE)
    assert served is not None
    assert served.key == "fine"
    with database.read() as session:
        assert "died" in inbox.quarantined(session)[0].error


def test_a_lost_lease_cannot_fail_a_delivery(database: Database, clock: ManualClock) -> None:
    """The report of a worker whose lease ran out changes nothing."""
    put(database, clock)
    slow = claims.claim(database, now=clock(), lease=LEASE)
    clock.advance(seconds=31)
    quick = claims.claim(database, now=clock(), lease=LEASE)
    assert slow is not None
    assert quick is not None
    with database.write() as session:
        claims.failed(session, slow, error="too slow", now=clock())
        assert claims.done(session, quick)


def test_quarantine_keeps_what_nobody_understood(database: Database, clock: ManualClock) -> None:
    """It is stored raw with error, path and hint, once, and never worked on."""
    what = {
        "source": "grafana",
        "key": "q",
        "body": "{",
        "error": "not JSON",
        "path": "$",
        "hint": "send JSON",
    }
    with database.write() as session:
        first = inbox.quarantine(session, **what, now=clock())
        assert inbox.quarantine(session, **what, now=clock()) == Stored(first.id, duplicate=True)
        kept = inbox.quarantined(session)
        assert [(row.id, row.error, row.path, row.hint) for row in kept] == [
            (first.id, "not JSON", "$", "send JSON")
        ]
    assert claims.claim(database, now=clock(), lease=LEASE) is None


def test_old_deliveries_are_purged_but_not_undone_ones(database: Database, clock: ManualClock) -> None:
    """After 90 days what is done goes; what is new stays, however old."""
    for key in ("done", "new"):
        put(database, clock, key)
    delivery = claims.claim(database, now=clock(), lease=LEASE)
    assert delivery is not None
    with database.write() as session:
        claims.done(session, delivery)
        assert inbox.purge(session, now=clock.advance(days=90)) == 0
        assert inbox.purge(session, now=clock.advance(seconds=1)) == 1
        assert session.connection().execute(text("SELECT key FROM inbox")).scalars().all() == ["new"]
        assert inbox.counts(session).oldest == clock() - timedelta(days=90, seconds=1)


def test_many_are_stored_together_as_one_by_one(database: Database) -> None:
    """In their order: what is new, what is repeated within the batch, what was there, what is news again."""
    now = datetime(2026, 11, 23, 3, 12, tzinfo=UTC)
    hour = timedelta(hours=1)

    def arrival(key: str, at: datetime = now) -> Arrival:
        return Arrival("webhooks/generic", key, "{}", {}, at, hour)

    with database.write() as session:
        first = inbox.put_all(session, [arrival("a"), arrival("b"), arrival("a"), arrival("x" * 300)])
        again = inbox.put_all(session, [arrival("b", now + hour), arrival("c"), arrival("x" * 300)])
        assert inbox.put_all(session, []) == []
    assert [one.duplicate for one in first] == [False, False, True, False]
    assert first[2].id == first[0].id
    assert [one.duplicate for one in again] == [False, False, True]
    assert again[0].id not in {one.id for one in first}
    assert again[2].id == first[3].id
