"""Several workers, threads and processes at once, and one killed in the middle."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.core.effect import Message, Post
from bot.store import claims, inbox, outbox, slots
from bot.store.database import Database
from bot.store.schedule import Interval
from bot.store.writer import Overloaded, Writer
from tests.conftest import ManualClock

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 23, 3, 12, tzinfo=UTC)

# Ticks, and does slots and effects until there are none left; prints what it did.
WORKER = """
import sys
from datetime import UTC, datetime, timedelta
from bot.store import slots
from bot.store.database import Database
from bot.store.lanes import Outbox

db, lease = Database(sys.argv[1]), timedelta(minutes=5)
box, now = Outbox(db), datetime(2026, 11, 23, 3, 12, tzinfo=UTC) + timedelta(minutes=20)
print("ready", flush=True)
sys.stdin.readline()
idle = 0
while idle < 20:
    slots.tick(db, now)
    slot, effect = slots.claim(db, now=now, lease=lease), box.claim(now, lease)
    idle = idle + 1 if slot is None and effect is None else 0
    if slot is not None:
        with db.write() as session:
            if slots.done(session, slot):
                print("slot", slot.slot, flush=True)
    if effect is not None and box.sent(effect, {"channel": "C1", "ts": f"{effect.id}.0"}, now):
        print("effect", effect.lane, effect.id, flush=True)
"""


def test_processes_share_the_work_and_do_each_piece_once(database_url: str) -> None:
    """Three processes ticking and claiming: every slot and effect once, lanes in order."""
    db = Database(database_url)
    with db.write() as session:
        slots.every(session, job="sweep", rule=Interval(timedelta(minutes=1), latest_only=False), now=NOW)
        for number in range(30):
            slots.at(session, job="job", slot=f"{number}", due=NOW)
            outbox.put(session, Post(f"p{number}", f"#{number % 3}", Message("hi")), now=NOW)
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, database_url],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for worker in workers:
        assert worker.stdout
        assert worker.stdout.readline() == "ready\n"
    done: Counter[str] = Counter()
    for worker in workers:
        assert worker.stdin
        worker.stdin.write("go\n")
        worker.stdin.flush()
    for worker in workers:
        out, _ = worker.communicate(timeout=60)
        assert worker.returncode == 0
        done.update(out.splitlines())
    db.close()
    expected = [f"slot {n}" for n in range(30)] + [f"effect #{n % 3} {n + 1}" for n in range(30)]
    expected += [f"slot {NOW + timedelta(minutes=n):%Y-%m-%dT%H:%M:%SZ}" for n in range(1, 21)]
    assert done == Counter(expected)


def test_threads_claim_each_delivery_once(database: Database) -> None:
    """Six threads empty the inbox; nothing is claimed twice."""
    with database.write() as session:
        for number in range(60):
            inbox.put(session, source="generic", key=str(number), body="{}", now=NOW)
    taken: list[int] = []

    def work() -> None:
        while (delivery := claims.claim(database, now=NOW, lease=timedelta(minutes=5))) is not None:
            taken.append(delivery.id)
            with database.write() as session:
                assert claims.done(session, delivery)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(taken).most_common(1)[0][1] == 1
    with database.read() as session:
        assert inbox.counts(session).new == 0


QUARANTINED = {"source": "generic", "key": "bad", "body": "{", "error": "e", "path": "p", "hint": "h"}


async def test_the_writer_answers_with_what_it_stored(database: Database, clock: ManualClock) -> None:
    """A hundred at once, each key twice: every caller hears the row and whether it was a repeat."""
    writer = Writer(database, clock)
    writer.start()
    answers = await asyncio.gather(
        *(writer.put(source="generic", key=str(number % 50), body="{}") for number in range(100)),
        writer.store(partial(inbox.quarantine, **QUARANTINED, now=clock())),
    )
    await writer.stop()
    assert Counter(answer.duplicate for answer in answers) == {False: 51, True: 50}
    with database.read() as session:
        counted = inbox.counts(session)
    assert (counted.new, counted.quarantined) == (50, 1)


async def test_the_writer_commits_many_at_once(sqlite: Database, clock: ManualClock) -> None:
    """What waits while a commit is under way goes into one transaction, not one each."""
    batches = 0
    write = sqlite.write

    def counted(**how):  # type: ignore[no-untyped-def] # the context manager of the real one
        nonlocal batches
        batches += 1
        return write(**how)

    sqlite.write = counted  # type: ignore[method-assign] # to count transactions
    writer = Writer(sqlite, clock)
    with write():  # the disk is busy: everything below has to queue
        writer.start()
        asks = [asyncio.create_task(writer.put(source="generic", key=str(n), body="{}")) for n in range(200)]
        await asyncio.sleep(0)
    await asyncio.gather(*asks)
    await writer.stop()
    assert batches <= 2


async def test_a_full_queue_refuses(
    sqlite: Database, clock: ManualClock, eventually: Callable[..., object]
) -> None:
    """Past the limit the answer is Overloaded at once, and those waiting are stored all the same."""
    writer = Writer(sqlite, clock, limit=2)
    with sqlite.write():
        writer.start()
        asks = [asyncio.create_task(writer.put(source="generic", key="0", body="{}"))]
        await asyncio.sleep(0)
        await eventually(lambda: writer.waiting == 0)  # type: ignore[misc] # a coroutine function
        asks += [asyncio.create_task(writer.put(source="generic", key=str(n), body="{}")) for n in (1, 2)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded, match="full"):
            await writer.put(source="generic", key="3", body="{}")
    assert [answer.duplicate for answer in await asyncio.gather(*asks)] == [False] * 3
    await writer.stop()
    with pytest.raises(Overloaded, match="shutting down"):
        await writer.put(source="generic", key="4", body="{}")


async def test_a_database_that_cannot_be_written_is_overload(sqlite: Database, clock: ManualClock) -> None:
    """The edge hears Overloaded (503), and once the database is back the writer goes on."""
    writer = Writer(sqlite, clock)
    writer.start()
    with sqlite.write() as session:
        session.connection().execute(text("ALTER TABLE inbox RENAME TO gone"))
    with pytest.raises(Overloaded, match="cannot be written"):
        await writer.put(source="generic", key="1", body="{}")
    with sqlite.write() as session:
        session.connection().execute(text("ALTER TABLE gone RENAME TO inbox"))
    assert not (await writer.put(source="generic", key="1", body="{}")).duplicate
    await writer.stop()


# Stores as fast as it can from 16 tasks, printing every key that was acknowledged.
LOADED = """
import asyncio, itertools, sys
from bot.clock import system
from bot.store.database import Database
from bot.store.writer import Writer

async def main():
    writer, numbers = Writer(Database(sys.argv[1]), system), itertools.count()
    writer.start()
    async def send():
        for number in numbers:
            await writer.put(source="generic", key=str(number), body="{}" * 100)
            print(number, flush=True)
    await asyncio.gather(*(send() for _ in range(16)))

asyncio.run(main())
"""


def test_what_was_acknowledged_survives_kill_9(database_url: str) -> None:
    """A process killed under load has lost nothing it had acknowledged."""
    loaded = subprocess.Popen(
        [sys.executable, "-c", LOADED, database_url], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert loaded.stdout
    acknowledged = [loaded.stdout.readline() for _ in range(300)]
    os.kill(loaded.pid, signal.SIGKILL)
    acknowledged += loaded.stdout.read().splitlines(keepends=True)
    loaded.wait(timeout=10)
    loaded.stdout.close()
    keys = {json.loads(line) for line in acknowledged if line.endswith("\n")}
    db = Database(database_url)
    with db.read() as session:
        stored = {int(key) for key in session.connection().execute(text("SELECT key FROM inbox")).scalars()}
    db.close()
    assert len(keys) >= 300
    assert keys <= stored
