"""Slots: every due moment once, whatever restarts, replicas and clock changes do."""

from datetime import UTC, datetime, time, timedelta

import pytest

from bot.errors import ConfigError
from bot.store import slots
from bot.store.database import Database
from bot.store.schedule import Daily, Interval, load_rule
from bot.store.slots import MAX_TRIES, Slot
from tests.conftest import ManualClock

LEASE = timedelta(seconds=30)


def claim(db: Database, clock: ManualClock) -> Slot:
    """The next slot, which must be there."""
    slot = slots.claim(db, now=clock(), lease=LEASE)
    assert slot is not None
    return slot


def drain(db: Database, clock: ManualClock) -> list[tuple[str, str, bool]]:
    """Do every slot that is due: (job, slot, late)."""
    seen = []
    while (slot := slots.claim(db, now=clock(), lease=LEASE)) is not None:
        seen.append((slot.job, slot.slot, slot.late))
        with db.write() as session:
            assert slots.done(session, slot)
    return seen


def test_a_timer_fires_once_when_it_is_due(database: Database, clock: ManualClock) -> None:
    """Not before, with its payload, and only once however often it was set."""
    with database.write() as session:
        due = clock() + timedelta(minutes=15)
        assert slots.at(session, job="escalate", slot="incident/7/1", due=due, payload={"incident": 7})
        assert not slots.at(session, job="escalate", slot="incident/7/1", due=due, payload={"incident": 8})
        assert slots.next_due(session) == due
    assert slots.claim(database, now=clock(), lease=LEASE) is None
    clock.advance(minutes=15)
    slot = claim(database, clock)
    assert (slot.payload, slot.late, slot.due) == ({"incident": 7}, False, due)
    with database.write() as session:
        assert slots.done(session, slot)
        assert not slots.at(session, job="escalate", slot="incident/7/1", due=due)
        assert slots.next_due(session) is None
    clock.advance(days=1)
    assert drain(database, clock) == []


def test_cancel_drops_what_starts_with_the_prefix(database: Database, clock: ManualClock) -> None:
    """Only this job's waiting slots under exactly this prefix go."""
    with database.write() as session:
        for job, slot in [
            ("nag", "incident/7/a"),
            ("nag", "incident/7/b"),
            ("nag", "incident/70/a"),
            ("nag", "INCIDENT/7/a"),
            ("nag", "incident_7/a"),
            ("walk", "incident/7/a"),
        ]:
            slots.at(session, job=job, slot=slot, due=clock())
        assert slots.cancel(session, job="nag", prefix="incident/7/") == 2
    left = {(job, slot) for job, slot, _ in drain(database, clock)}
    assert left == {
        ("nag", "incident/70/a"),
        ("nag", "INCIDENT/7/a"),
        ("nag", "incident_7/a"),
        ("walk", "incident/7/a"),
    }


def test_a_slot_cancelled_while_it_is_worked_on_is_not_done(database: Database, clock: ManualClock) -> None:
    """The state changed under the worker: `done` says no, so its transaction rolls back."""
    with database.write() as session:
        slots.at(session, job="nag", slot="1", due=clock())
    slot = claim(database, clock)
    with database.write() as session:
        assert slots.cancel(session, job="nag") == 1
        assert not slots.done(session, slot)


def test_a_dead_worker_s_slot_is_done_by_another(database: Database, clock: ManualClock) -> None:
    """After the lease, and the first worker's late result does not count."""
    with database.write() as session:
        slots.at(session, job="look", slot="1", due=clock())
    first = claim(database, clock)
    assert slots.claim(database, now=clock(), lease=LEASE) is None
    clock.advance(seconds=30)
    second = claim(database, clock)
    with database.write() as session:
        assert not slots.done(session, first)
        assert not slots.failed(session, first, error="late", now=clock())
        assert slots.done(session, second)


def test_failures_back_off_then_are_given_up(database: Database, clock: ManualClock) -> None:
    """4, 8, 16, 32 s; the fifth failure answers True, and shows in the counts."""
    with database.write() as session:
        slots.at(session, job="look", slot="1", due=clock())
    for pause in (4, 8, 16, 32):
        with database.write() as session:
            pass
        slot = claim(database, clock)
        with database.write() as session:
            assert not slots.failed(session, slot, error="no", now=clock())
        clock.advance(seconds=pause - 1)
        assert slots.claim(database, now=clock(), lease=LEASE) is None
        clock.advance(seconds=1)
    slot = claim(database, clock)
    with database.write() as session:
        assert slots.counts(session, now=clock()).due == 1
        assert slots.failed(session, slot, error="no", now=clock())
        assert slots.counts(session, now=clock()) == slots.Counts(due=0, oldest=None, dead=1)


def test_a_slot_that_kills_its_worker_is_given_up(database: Database, clock: ManualClock) -> None:
    """Five leases run out, then it is dead, people are told once, and the others go on."""
    told: list[Slot] = []
    with database.write() as session:
        slots.at(session, job="look", slot="1", due=clock())
    for _ in range(MAX_TRIES):
        claim(database, clock)
        clock.advance(seconds=30)
    for _ in range(2):
        found = slots.claim(
            database, now=clock(), lease=LEASE, given_up=lambda _session, slot, _now: told.append(slot)
        )
        assert found is None
    assert [(slot.job, slot.slot, slot.tries) for slot in told] == [("look", "1", MAX_TRIES)]
    with database.read() as session:
        assert slots.counts(session, now=clock()).dead == 1


def test_a_daily_job_runs_at_its_local_time(database: Database, clock: ManualClock) -> None:
    """09:00 in Tokyo is midnight UTC; each day is one slot, named by zone, date and time."""
    with database.write() as session:
        slots.every(
            session, job="digest", rule=Daily(time(9), "Asia/Tokyo"), now=clock(), payload={"to": "#x"}
        )
    clock.now = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)
    assert slots.tick(database, clock()) == 1
    assert slots.tick(database, clock()) == 0
    slot = claim(database, clock)
    assert (slot.slot, slot.payload) == ("2026-11-24T09:00[Asia/Tokyo]", {"to": "#x"})


def test_missed_slots_are_caught_up_once_and_marked_late(database: Database, clock: ManualClock) -> None:
    """Three days down: three slots, in order; the two that are over a minute late say so; once."""
    with database.write() as session:
        slots.every(session, job="digest", rule=Daily(time(9), "UTC"), now=clock())
    clock.now = datetime(2026, 11, 25, 9, 0, 59, tzinfo=UTC)
    with database.write() as session:  # the restart says it again, which moves nothing
        slots.every(session, job="digest", rule=Daily(time(9), "UTC"), now=clock())
    assert slots.tick(database, clock()) == 3
    assert drain(database, clock) == [
        ("digest", "2026-11-23T09:00[UTC]", True),
        ("digest", "2026-11-24T09:00[UTC]", True),
        ("digest", "2026-11-25T09:00[UTC]", False),
    ]
    assert slots.tick(database, clock.advance(seconds=10)) == 0


def test_an_interval_catches_up_only_the_last(database: Database, clock: ManualClock) -> None:
    """A five-minute sweep that missed a week runs once, not two thousand times."""
    with database.write() as session:
        slots.every(session, job="sweep", rule=Interval(timedelta(minutes=5)), now=clock())
    clock.now = datetime(2026, 11, 30, 12, 2, tzinfo=UTC)
    assert slots.tick(database, clock()) == 1
    assert drain(database, clock) == [("sweep", "2026-11-30T12:00:00Z", True)]
    assert slots.tick(database, clock.advance(minutes=3)) == 1


def test_a_changed_rule_starts_anew_and_a_stopped_one_ends(database: Database, clock: ManualClock) -> None:
    """The old time does not fire any more; after `stop` nothing does."""
    with database.write() as session:
        slots.every(session, job="digest", rule=Daily(time(9), "UTC"), now=clock())
        slots.every(session, job="digest", rule=Daily(time(10), "UTC"), now=clock())
    assert slots.tick(database, datetime(2026, 11, 23, 9, 30, tzinfo=UTC)) == 0
    assert slots.tick(database, datetime(2026, 11, 23, 10, 0, tzinfo=UTC)) == 1
    with database.write() as session:
        slots.stop(session, job="digest")
    assert slots.tick(database, datetime(2026, 12, 23, 10, 0, tzinfo=UTC)) == 0


def test_the_heartbeat_shows_that_ticks_happen(database: Database, clock: ManualClock) -> None:
    """To within five seconds, and also after the clock was set back."""
    with database.read() as session:
        assert slots.heartbeat(session) is None
    for moment in (clock(), clock.advance(seconds=5), clock.advance(hours=-2)):
        slots.tick(database, moment)
        with database.read() as session:
            assert slots.heartbeat(session) == moment


def moments(rule: Daily, start: str, number: int) -> list[tuple[str, str]]:
    """The next `number` slots after a UTC time: (key, due)."""
    moment = datetime.fromisoformat(start).replace(tzinfo=UTC)
    found = []
    for _ in range(number):
        following = rule.after(moment)
        found.append((following.slot.partition("[")[0], f"{following.due:%m-%dT%H:%M}"))
        moment = following.due
    return found


def test_a_time_that_comes_twice_fires_once() -> None:
    """01:30 in New York on the night the clock goes back is its first, 05:30 UTC, and only that."""
    assert moments(Daily(time(1, 30), "America/New_York"), "2026-10-31T00:00", 3) == [
        ("2026-10-31T01:30", "10-31T05:30"),
        ("2026-11-01T01:30", "11-01T05:30"),
        ("2026-11-02T01:30", "11-02T06:30"),
    ]


def test_a_time_that_is_left_out_still_fires() -> None:
    """02:30 in New York on the night the clock goes forward is 03:30, once."""
    assert moments(Daily(time(2, 30), "America/New_York"), "2026-03-07T00:00", 3) == [
        ("2026-03-07T02:30", "03-07T07:30"),
        ("2026-03-08T02:30", "03-08T07:30"),
        ("2026-03-09T02:30", "03-09T06:30"),
    ]


def test_ticking_through_a_night_of_the_clock_change_fires_once(sqlite: Database, clock: ManualClock) -> None:
    """Ticks every ten minutes over both 01:30s make one slot."""
    clock.now = datetime(2026, 11, 1, 4, 0, tzinfo=UTC)
    with sqlite.write() as session:
        slots.every(session, job="digest", rule=Daily(time(1, 30), "America/New_York"), now=clock())
    assert sum(slots.tick(sqlite, clock.advance(minutes=10)) for _ in range(24)) == 1


def test_weekdays_are_kept() -> None:
    """Monday and Thursday at 10:00 in Berlin, over a change of the clock."""
    rule = Daily(time(10), "Europe/Berlin", weekdays=(0, 3))
    assert [due for _, due in moments(rule, "2026-10-20T12:00", 3)] == [
        "10-22T08:00",
        "10-26T09:00",
        "10-29T09:00",
    ]
    assert load_rule(rule.dump()) == rule


def test_a_zone_that_does_not_exist_is_named() -> None:
    """A wrong zone is a configuration error, not a crash at 3am."""
    with pytest.raises(ConfigError, match="'Mars/Base'"):
        Daily(time(9), "Mars/Base").after(datetime(2026, 1, 1, tzinfo=UTC))


def test_a_worker_of_one_job_takes_no_other(database: Database, clock: ManualClock) -> None:
    """A page's evidence waits for nothing that was due before it."""
    with database.write() as session:
        slots.at(session, job="look", slot="1", due=clock() - timedelta(minutes=5))
        slots.at(session, job="evidence", slot="1", due=clock())
    mine = slots.claim(database, now=clock(), lease=LEASE, job="evidence")
    assert mine is not None
    assert mine.job == "evidence"
    assert slots.claim(database, now=clock(), lease=LEASE, job="evidence") is None
    assert claim(database, clock).job == "look"
