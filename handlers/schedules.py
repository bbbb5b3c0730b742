"""Timers and jobs: APScheduler says when to look, the slots in the database say what is due, once."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy.exc import SQLAlchemyError

from bot.clock import Clock
from bot.store import slots
from bot.store.database import Database
from bot.store.slots import GivenUp, Job, Slot

log = structlog.get_logger()

LEASE = timedelta(seconds=120)
"""Longer than any job takes: a look over a large table is the slowest."""

TICK_SECONDS = 0.25


class Slots:
    """Works off due slots, one a step; those of the job `only` where one is named."""

    def __init__(
        self, db: Database, jobs: Mapping[str, Job], clock: Clock, given_up: GivenUp, only: str = ""
    ) -> None:
        self._db = db
        self._jobs = jobs
        self._clock = clock
        self._given_up = given_up
        self._only = only

    def tick(self) -> int:
        """Note that the clock runs and make every due slot of the recurring schedules; how many.

        While the database fails there are none: the heartbeat's age tells, and one line a tick is logged.
        """
        try:
            return slots.tick(self._db, now=self._clock())
        except SQLAlchemyError as error:
            log.warning("tick_failed", error=type(error).__name__)
            return 0

    def step(self) -> bool:
        """Run one due slot; False when there is none."""
        slot = slots.claim(self._db, now=self._clock(), lease=LEASE, given_up=self._given_up, job=self._only)
        if slot is None:
            return False
        try:
            self._run(slot)
        except Exception:
            log.exception("slot_failed", job=slot.job, slot=slot.slot, tries=slot.tries)
            now = self._clock()
            with self._db.write() as session:
                if slots.failed(session, slot, error="see the log", now=now):
                    self._given_up(session, slot, now)
        return True

    def _run(self, slot: Slot) -> None:
        job = self._jobs[slot.job.partition(":")[0]]  # behind the colon: whose schedule it is
        finish = job(slot.payload, self._clock())
        with self._db.write() as session:
            finish(session)
            if not slots.done(session, slot):
                session.rollback()
                log.warning("slot_lease_lost", job=slot.job, slot=slot.slot)
                return
        log.info("slot_done", job=slot.job, slot=slot.slot, late=slot.late)


def ticker(tick: Callable[[], Any]) -> AsyncIOScheduler:
    """Return a scheduler, not yet started, that calls the coroutine function `tick` four times a second."""
    scheduler = AsyncIOScheduler(timezone="UTC")
    scheduler.add_job(
        tick, "interval", seconds=TICK_SECONDS, max_instances=1, coalesce=True, misfire_grace_time=None
    )
    return scheduler
