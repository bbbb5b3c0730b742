"""After a crash, a process alone on its database goes on at once."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from bot.core.effect import Message, Post
from bot.store import claims, inbox, outbox, slots
from bot.store.database import Database
from bot.store.lanes import Outbox
from bot.store.leases import Tenancy
from tests.conftest import ManualClock

LEASE = timedelta(minutes=2)
HOLD = """
import sys
from datetime import UTC, datetime
from bot.store.database import Database
from bot.store.leases import Tenancy
tenancy = Tenancy(Database(sys.argv[1]))
print(tenancy.take(datetime(2026, 11, 23, tzinfo=UTC)), flush=True)
sys.stdin.read()
"""


def test_what_a_dead_process_held_is_free_at_once(sqlite: Database, clock: ManualClock) -> None:
    """Delivery, slot and effect are claimed again without waiting; the dead one's fence is no good."""
    with sqlite.write() as session:
        inbox.put(session, source="generic", key="1", body="{}", now=clock())
        slots.at(session, job="look", slot="1", due=clock())
        slots.at(session, job="look", slot="later", due=clock() + timedelta(hours=1))
        outbox.put(session, Post("1", "#a", Message("1")), now=clock())
        outbox.put(session, Post("2", "#b", Message("2")), now=clock())
    box = Outbox(sqlite)
    delivery = claims.claim(sqlite, now=clock(), lease=LEASE)
    slot, effect = slots.claim(sqlite, now=clock(), lease=LEASE), box.claim(clock(), LEASE)
    limited = box.claim(clock(), LEASE)
    assert delivery is not None
    assert slot is not None
    assert effect is not None
    assert limited is not None
    box.retry(limited, clock() + timedelta(minutes=1), "ratelimited", doubt=False)

    tenancy = Tenancy(sqlite)
    assert tenancy.take(clock())
    tenancy.leave()

    with sqlite.write() as session:
        assert not claims.done(session, delivery)
        assert not slots.done(session, slot)
    assert not box.sent(effect, {"channel": "C1", "ts": "1.0"}, clock())
    again = box.claim(clock(), LEASE)
    assert again is not None
    assert (again.id, again.doubt) == (effect.id, True)
    assert box.claim(clock(), LEASE) is None, "the pause Slack asked for is kept"
    assert claims.claim(sqlite, now=clock(), lease=LEASE) is not None
    assert slots.claim(sqlite, now=clock(), lease=LEASE) is not None
    assert slots.claim(sqlite, now=clock(), lease=LEASE) is None, "a timer not yet due stays"


def test_leases_of_a_living_process_are_left_alone(sqlite_url: str, clock: ManualClock) -> None:
    """A second process is told it is not alone, until the first is killed."""
    db = Database(sqlite_url)
    tenancy = Tenancy(db)
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, sqlite_url],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout
    assert other.stdout.readline() == "True\n"
    with db.write() as session:
        inbox.put(session, source="generic", key="1", body="{}", now=clock())
    assert claims.claim(db, now=clock(), lease=LEASE) is not None
    assert not tenancy.take(clock())
    assert claims.claim(db, now=clock(), lease=LEASE) is None
    other.kill()
    other.communicate()
    assert tenancy.take(clock())
    assert claims.claim(db, now=clock(), lease=LEASE) is not None
    tenancy.leave()
    db.close()


def test_postgres_leaves_it_to_the_leases(postgres_url: str, clock: ManualClock) -> None:
    """Other hosts may be working: nothing is freed early."""
    db = Database(postgres_url)
    assert not Tenancy(db).take(clock())
    db.close()
