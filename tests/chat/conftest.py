"""A bench for the chat worker: an outbox, a clock moved by hand, and a local Slack to deliver to."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from bot.chat.slack import Attempt, connect
from bot.chat.worker import Worker, deliver
from bot.core.claimed import Claimed
from bot.core.effect import Effect
from bot.store import outbox
from bot.store.database import Database
from bot.store.lanes import Outbox
from bot.workspace.records import Message
from bot.workspace.server import LocalWorkspace
from tests.conftest import ManualClock, poll

INCIDENTS = "C0INC"
LAUNCHES = "C0LAUNCH"
LEASE = timedelta(seconds=30)


class WatchedOutbox(Outbox):
    """Counts how often it was asked for work."""

    asked = 0

    def claim(self, now: datetime, lease: timedelta, busy: Collection[str] = ()) -> Claimed | None:
        """As the outbox does."""
        self.asked += 1
        return super().claim(now, lease, busy)


class Bench:
    """Say effects, deliver them, see what Slack has."""

    def __init__(self, db: Database, clock: ManualClock, local: LocalWorkspace) -> None:
        self.db = db
        self.clock = clock
        self.hub = local.hub
        self.workspace = local.workspace
        self.client = connect("xoxb-local", local.api_url)
        self.told: list[tuple[str, str]] = []
        self.box = WatchedOutbox(db, on_dead=self._tell)
        self.worker = self.new_worker(self.box)

    def new_worker(self, box: Outbox) -> Worker:
        """A worker that looks every 20 ms, with chance fixed."""
        return Worker(self.client, box, self.clock, poll=0.02, lease=LEASE, rng=random.Random(7))

    def say(self, *effects: Effect) -> None:
        """Put effects in one transaction."""
        with self.db.write() as session:
            for effect in effects:
                outbox.put(session, effect, now=self.clock())

    def messages(self, channel: str) -> list[Message]:
        """What was said in a channel, oldest first, without what Slack itself says."""
        return [m for m in self.workspace.messages(channel) if m.subtype in ("", "file_share")]

    def texts(self, channel: str) -> list[str]:
        """The texts of a channel's messages."""
        return [message.text for message in self.messages(channel)]

    def pending(self) -> int:
        """Effects still to be delivered."""
        with self.db.read() as session:
            return outbox.counts(session).pending

    @asynccontextmanager
    async def running(self, worker: Worker | None = None) -> AsyncIterator[None]:
        """Run the worker inside the block; stop it at the end and wait for it."""
        worker = worker or self.worker
        running = asyncio.create_task(worker.run())
        try:
            yield
        finally:
            worker.stop()
            await running

    async def pump(self) -> None:
        """Let time pass, a second whenever the worker is idle, until nothing is pending."""
        for _ in range(2000):
            if not self.pending():
                return
            if not self.worker._busy:
                self.clock.advance(seconds=1)
                self.worker.nudge()
            await asyncio.sleep(0.01)
        pytest.fail(f"{self.pending()} effects are still pending")

    async def deliver(self) -> None:
        """Run the worker until everything is settled."""
        async with self.running():
            await self.pump()

    async def deliver_unrecorded(self, *, after: int = 0) -> None:
        """Deliver `after` effects, then one whose worker dies before it records it; its lease runs out."""
        for number in range(after + 1):
            claimed = self.box.claim(self.clock(), LEASE)
            assert claimed is not None
            result = await deliver(Attempt(claimed, self.client, self.box, self.clock))
            if number < after:
                assert self.box.sent(claimed, result, self.clock())
        self.clock.advance(seconds=LEASE.total_seconds() + 1)

    async def until(self, check: Callable[[], Any]) -> None:
        """Wait until it is true."""
        await poll(check)

    async def until_looked(self) -> None:
        """Wait until the worker has looked for work after now, and found none."""
        asked = self.box.asked
        await poll(lambda: self.box.asked > asked + 1 and not self.worker._busy)

    def _tell(self, _session: Session, claimed: Claimed, reason: str, _now: datetime) -> None:
        self.told.append((type(claimed.effect).__name__, reason))


@pytest.fixture
async def bench(sqlite: Database, clock: ManualClock) -> AsyncIterator[Bench]:
    """A bench with a fresh workspace whose rate limits are off."""
    async with LocalWorkspace() as local:
        local.hub.rates.configure(enabled=False)
        yield Bench(sqlite, clock, local)
