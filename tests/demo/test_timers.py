"""The page of the demo offers to go to what the bot waits for."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.demo import timers
from bot.services.incident_cards import EVIDENCE_JOB, LADDER_JOB
from bot.services.rollout_stages import CHECK_JOB
from bot.services.scheduled_looks import PLANNED_LOOK_JOB
from bot.store import slots
from bot.store.database import Database
from bot.workspace.state import Workspace


async def test_the_next_rung_is_offered_by_its_name(tmp_path: Path) -> None:
    """Work that is due at once is no timer; a rung of the ladder has its title, and is gone once it spoke."""
    workspace = Workspace()
    file = tmp_path / "lookout.db"
    now = datetime.fromtimestamp(workspace.clock.now(), UTC)
    due = now + timedelta(minutes=15)
    watching = asyncio.create_task(timers.watch(workspace, file))  # before there is a database
    db = Database(f"sqlite:///{file}")
    db.upgrade()
    with db.write() as session:
        slots.at(session, job=EVIDENCE_JOB, slot="1/opened", due=now, payload={"incident": 1})
        payload = {"incident": 1, "rung": "localize"}
        slots.at(session, job=LADDER_JOB, slot="1/localize/0", due=due, payload=payload)
    timer = await workspace.until(lambda: workspace.next_timer, 10)
    assert timer.what == "No category after 15 min"
    assert abs(timer.at - due.timestamp()) < 0.001
    with db.write() as session:
        slots.cancel(session, job=LADDER_JOB)
    await workspace.until(lambda: workspace.next_timer is None, 10)
    db.close()
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching


async def test_the_next_look_is_offered_and_not_the_checks_before_it(tmp_path: Path) -> None:
    """A rollout is checked every quarter of an hour: nobody goes forward to that."""
    workspace = Workspace()
    file = tmp_path / "lookout.db"
    now = datetime.fromtimestamp(workspace.clock.now(), UTC)
    db = Database(f"sqlite:///{file}")
    db.upgrade()
    with db.write() as session:
        due = now + timedelta(minutes=15)
        slots.at(session, job=CHECK_JOB, slot="x/1", due=due, payload={"experiment": "x", "period": 1})
        due = now + timedelta(days=4)
        slots.at(session, job=PLANNED_LOOK_JOB, slot="x/2", due=due, payload={"experiment": "x", "look": 2})
    watching = asyncio.create_task(timers.watch(workspace, file))
    timer = await workspace.until(lambda: workspace.next_timer, 10)
    assert timer.what == "x: look 2"
    db.close()
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching
