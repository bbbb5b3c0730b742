"""The chat worker: takes effects out of the outbox and says them in Slack, in order, once."""

import asyncio
import random
import traceback
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.chat import channels, files, messages
from bot.chat.slack import Attempt, Later, LeaseLost, Refused
from bot.chat.storage import Storage
from bot.clock import Clock
from bot.core.claimed import Claimed, StoreUnavailable
from bot.core.effect import CreateChannel, Ephemeral, Pin, Post, PublishHome, Update, Upload

log = structlog.get_logger()

LEASE = timedelta(seconds=30)
GIVE_UP = timedelta(hours=24)
LONGEST_PAUSE = 60.0
"""Seconds between tries, at most."""
_GRACE = timedelta(hours=1)
_CRASHES = 5
"""Tries that may end without a word before it is the effect that is suspected, and not a long night."""
_OUTBOX = "outbox"


@dataclass
class Counters:
    """What has happened since the start, for the metrics page; kinds are the effects' class names."""

    delivered: Counter[str] = field(default_factory=Counter)
    dead: Counter[str] = field(default_factory=Counter)
    retried: int = 0
    rate_limited: int = 0
    adopted: int = 0
    leases_lost: int = 0


class Worker:
    """Delivers effects, one at a time in each lane, at most `lanes` at once.

    `trouble` says why nothing can be delivered just now (for readiness), or is None. Definite refusals give
    an effect up; everything else is tried again, backing off to a minute, for `give_up` from the first try.
    `lease` must be at least twice the client's timeout. `client` comes from `slack.connect`.
    """

    def __init__(
        self,
        client: AsyncWebClient,
        storage: Storage,
        clock: Clock,
        *,
        lanes: int = 8,
        lease: timedelta = LEASE,
        give_up: timedelta = GIVE_UP,
        poll: float = 0.5,
        rng: random.Random | None = None,
    ) -> None:
        if client.retry_handlers:
            raise ValueError("the client repeats calls by itself: make it with bot.chat.slack.connect")
        if lease < timedelta(seconds=2 * client.timeout):
            raise ValueError(f"lease {lease} is shorter than two calls of {client.timeout} s")
        self.counters = Counters()
        self.trouble: str | None = None
        self._client = client
        self._storage = storage
        self._clock = clock
        self._lanes = lanes
        self._lease = lease
        self._give_up = give_up
        self._poll = poll
        self._rng = rng or random.Random()  # noqa: S311 - spreads retries, guards nothing
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = False

    def nudge(self) -> None:
        """Something was put in the outbox: look now instead of at the next poll. From any thread."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._wake.set)

    async def run(self) -> None:
        """Deliver until `stop` is called, then finish what is under way."""
        self._loop = asyncio.get_running_loop()
        try:
            while not self._stopping:
                self._wake.clear()
                await self._fill()
                try:
                    await asyncio.wait_for(self._wake.wait(), self._poll)
                except TimeoutError:
                    continue
            await self._drain()
        finally:
            for task in self._busy.values():
                task.cancel()

    def stop(self) -> None:
        """Take nothing new; `run` returns once the calls under way have ended."""
        self._stopping = True
        self.nudge()

    async def _drain(self) -> None:
        if self._busy:
            await asyncio.wait(list(self._busy.values()), timeout=self._lease.total_seconds())

    async def _fill(self) -> None:
        """Start a delivery for every lane that has one to do, up to the limit."""
        while len(self._busy) < self._lanes and not self._stopping:
            try:
                claimed = await asyncio.to_thread(
                    self._storage.claim, self._clock(), self._lease, tuple(self._busy)
                )
            except StoreUnavailable as error:
                self.trouble = f"{_OUTBOX}: {error}"
                log.error("chat.outbox_unavailable", error=str(error))
                return
            if self.trouble is not None and self.trouble.startswith(_OUTBOX):
                self.trouble = None
            if claimed is None:
                return
            task = asyncio.create_task(self._handle(claimed))
            self._busy[claimed.lane] = task
            task.add_done_callback(partial(self._finished, claimed))

    def _finished(self, claimed: Claimed, task: asyncio.Task[None]) -> None:
        self._busy.pop(claimed.lane, None)
        self._wake.set()
        error = None if task.cancelled() else task.exception()
        if error is not None:
            # A fault of ours. The lease keeps the lane until it runs out, then the effect is tried again.
            where = "".join(traceback.format_tb(error.__traceback__))  # no values: they may be a body
            log.error("chat.crashed", effect=claimed.id, error=type(error).__name__, where=where)

    async def _handle(self, claimed: Claimed) -> None:
        """Try one effect and record what came of it; when even that fails, its lease runs out."""
        try:
            await self._attempt(claimed)
        except LeaseLost:
            self._lost(claimed)
        except StoreUnavailable as error:
            self.trouble = f"{_OUTBOX}: {error}"
            log.error("chat.outbox_unavailable", effect=claimed.id, error=str(error))

    async def _attempt(self, claimed: Claimed) -> None:
        kind = type(claimed.effect).__name__
        if claimed.tries > _CRASHES and self._clock() - claimed.first_try > self._give_up + _GRACE:
            await self._refused(claimed, Refused("given up: every try crashed"))
            return
        try:
            result = await deliver(Attempt(claimed, self._client, self._storage, self._clock))
        except Later as pause:
            await self._later(claimed, pause)
        except Refused as refusal:
            await self._refused(claimed, refusal)
        else:
            self.trouble = None
            self.counters.delivered[kind] += 1
            self.counters.adopted += messages.ADOPTED in result
            await self._record_sent(claimed, result)
            log.info("chat.delivered", effect=claimed.id, kind=kind, lane=claimed.lane, tries=claimed.tries)

    async def _record_sent(self, claimed: Claimed, result: Mapping[str, str]) -> None:
        """Slack has it; keep trying to write that down while the lease lasts. After that it is read back."""
        pause = 0.1
        while True:
            try:
                if not await asyncio.to_thread(self._storage.sent, claimed, result, self._clock()):
                    self._lost(claimed)
                return
            except StoreUnavailable:
                if self._clock() + timedelta(seconds=pause) > claimed.lease_until:
                    raise
                await asyncio.sleep(pause)
                pause = min(2 * pause, 5.0)

    def _lost(self, claimed: Claimed) -> None:
        self.counters.leases_lost += 1
        log.warning("chat.lease_lost", effect=claimed.id, lane=claimed.lane)

    async def _later(self, claimed: Claimed, pause: Later) -> None:
        now = self._clock()
        if now - claimed.first_try > self._give_up:
            await self._refused(claimed, Refused(f"given up after {self._give_up}: {pause.reason}"))
            return
        seconds = self._backoff(claimed.tries) if pause.seconds is None else pause.seconds
        self.counters.retried += 1
        self.counters.rate_limited += pause.limited
        if pause.seconds is None:
            self.trouble = f"slack: {pause.reason}"
        at = now + timedelta(seconds=seconds)
        await asyncio.to_thread(self._storage.retry, claimed, at, pause.reason, doubt=pause.doubt)
        log.warning("chat.retry", effect=claimed.id, lane=claimed.lane, reason=pause.reason, seconds=seconds)

    def _backoff(self, tries: int) -> float:
        """1, 2, 4 … 60 s, less up to half by chance, so that lanes do not knock together."""
        longest = min(2.0 ** min(tries - 1, 10), LONGEST_PAUSE)
        return longest * self._rng.uniform(0.5, 1.0)

    async def _refused(self, claimed: Claimed, refusal: Refused) -> None:
        kind = type(claimed.effect).__name__
        self.counters.dead[kind] += 1
        await asyncio.to_thread(self._storage.dead, claimed, refusal.code, self._clock())
        log.error("chat.dead", effect=claimed.id, kind=kind, lane=claimed.lane, code=refusal.code)


async def deliver(attempt: Attempt) -> Mapping[str, str]:
    """Say one effect in Slack; what the outbox records of it. Raises Later, Refused or LeaseLost."""
    effect = attempt.claimed.effect
    try:
        match effect:
            case Post():
                return await messages.post(attempt, effect)
            case Update():
                return await messages.update(attempt, effect)
            case Ephemeral():
                return await messages.whisper(attempt, effect)
            case Pin():
                return await messages.pin(attempt, effect)
            case CreateChannel():
                return await channels.create(attempt, effect)
            case PublishHome():
                return await messages.home(attempt, effect)
            case Upload():
                return await _upload(attempt, effect)
    except Refused as refusal:
        raise await _perhaps_moved(attempt, refusal) from None


async def _upload(attempt: Attempt, effect: Upload) -> Mapping[str, str]:
    if not effect.share:
        return await files.upload(attempt, effect, None, None)
    channel = await channels.resolve(attempt, effect.channel)
    thread = await messages.thread_ts(attempt, effect.thread)
    return await files.upload(attempt, effect, channel, thread)


async def _perhaps_moved(attempt: Attempt, refusal: Refused) -> Later | Refused:
    """A name whose remembered channel is gone is looked up once more: it may have been made anew."""
    reference = attempt.claimed.lane
    if refusal.code != "channel_not_found" or not reference.startswith("#"):
        return refusal
    if attempt.claimed.note.get("looked_up_again"):
        return refusal
    noted = await asyncio.to_thread(attempt.storage.note, attempt.claimed, {"looked_up_again": True})
    if not noted:
        return Later("channel_not_found", seconds=1)
    await asyncio.to_thread(attempt.storage.forget_channel, reference)
    return Later("channel_not_found", seconds=0)
