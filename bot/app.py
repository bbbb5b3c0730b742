"""The composition root: the one file that knows every part, and how they are put together."""

import asyncio
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import structlog
import uvicorn
from slack_bolt.async_app import AsyncApp
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from bot import clock as clocks
from bot.chat.slack import connect
from bot.chat.worker import Worker
from bot.clock import Clock
from bot.core.claimed import StoreUnavailable
from bot.core.effect import Block, Message
from bot.core.inbound import Ask, Submit
from bot.errors import ConfigError
from bot.metrics import Metrics
from bot.services import looking
from bot.services.desk import Desk
from bot.services.incident_cards import EVIDENCE_JOB
from bot.settings import Settings
from bot.store import inbox, marked, rooms, slots
from bot.store.database import Database
from bot.store.lanes import Outbox
from bot.store.leases import Tenancy
from bot.store.writer import Writer
from handlers import (
    actions,
    commands,
    events,
    health,
    jobs,
    modals,
    registrations,
    shortcuts,
    slack_http,
    slack_verbs,
    webhooks,
)
from handlers.dispatch import Dispatcher
from handlers.door import Door
from handlers.loop import Loop
from handlers.precedence import Precedence
from handlers.schedules import Slots, ticker
from handlers.sockets import Sockets
from handlers.timing import MeasuredApp
from handlers.topic import Opening
from handlers.webhooks import Hall

log = structlog.get_logger()

JOBS_AT_ONCE = 2
"""Slots worked on side by side."""

GATHERED_AT_ONCE = 2
"""Slots of evidence beside them: a page waits neither for large looks nor for timers of old incidents."""

SILENT_AFTER = timedelta(seconds=20)
"""A scheduler whose heartbeat is older is not ready; it beats every 5 s."""


class Lookout:
    """The running bot."""

    def __init__(self, settings: Settings, desk: Desk) -> None:
        self._settings = settings
        self._clock: Clock = (
            clocks.rehearsal(settings.clock_offset_file) if settings.clock_offset_file else clocks.system
        )
        self._db = Database(settings.database_url)
        self._tenancy = Tenancy(self._db)
        self._desk = desk
        self._client = connect(_token(settings), settings.slack_api_url)
        self._metrics = Metrics(self._figures)
        self._writer = Writer(self._db, self._clock)
        self._chat = Worker(
            self._client, Outbox(self._db, on_dead=slack_verbs.undeliverable(desk)), self._clock
        )
        self._precedence = Precedence()
        self._inbox = self._loop("inbox", Dispatcher(self._db, desk, self._clock).step)
        known, given_up = jobs.jobs(self._db, desk), jobs.given_up(desk)
        self._slots = Slots(self._db, known, self._clock, given_up)
        self._evidence = Slots(self._db, known, self._clock, given_up, only=EVIDENCE_JOB)
        self._jobs = [self._loop(f"slots-{n}", self._slots.step) for n in range(JOBS_AT_ONCE)]
        self._jobs += [self._loop(f"evidence-{n}", self._evidence.step) for n in range(GATHERED_AT_ONCE)]
        self._scheduler = ticker(self._tick)
        self._sockets: Sockets | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set; what is under way then is finished, or found again at the next start.

        Raises:
            ConfigError: the database, the port or Slack's tokens cannot be used.

        """
        await asyncio.to_thread(self._prepare)
        listener = _listen(self._settings.host, self._settings.port)
        self._writer.start()
        for loop in (self._inbox, *self._jobs):
            loop.start()
        self._scheduler.start()
        server = _Server(uvicorn.Config(self._http(), log_config=None, lifespan="off"))
        parts: list[asyncio.Task[Any]] = [
            asyncio.create_task(self._chat.run(), name="chat"),
            asyncio.create_task(server.serve(sockets=[listener]), name="http"),
            asyncio.create_task(stop.wait(), name="stop"),
        ]
        connecting = asyncio.create_task(self._connect(), name="slack")
        try:
            await _first_end(connecting, parts)
        finally:
            server.should_exit = True
            await self._end(parts[:2], connecting)

    def _prepare(self) -> None:
        self._db.upgrade()
        self._tenancy.take(self._clock())
        with self._db.write() as session:
            jobs.schedule(session, self._desk, self._clock())

    async def _connect(self) -> None:
        """Connect to Slack, then import in the background what the first look would wait for."""
        token = self._settings.slack_app_token
        if token is not None:
            self._sockets = Sockets(self._bolt(), token.get_secret_value(), self._client)
            await self._sockets.connect()
        log.info("serving", host=self._settings.host, port=self._settings.port)
        await asyncio.to_thread(looking.warm)

    async def _end(self, parts: list[asyncio.Task[Any]], connecting: "asyncio.Task[None]") -> None:
        connecting.cancel()
        self._scheduler.shutdown(wait=False)
        if self._sockets is not None:
            await self._sockets.close()
        self._chat.stop()
        await asyncio.gather(*parts, connecting, return_exceptions=True)
        await self._writer.stop()
        for loop in (self._inbox, *self._jobs):
            await loop.stop()
        self._db.close()
        self._tenancy.leave()

    def _loop(self, name: str, step: Callable[[], bool]) -> Loop:
        return Loop(name, step, before=self._precedence.give_way, after=self._chat.nudge)

    def _bolt(self) -> AsyncApp:
        """Bolt, hearing every handler."""
        app = MeasuredApp(self._client, self._metrics, self._precedence)
        door = Door(
            self._writer,
            self._clock,
            self._inbox.wake,
            self._answer,
            self,
            self._waits,
            emoji=frozenset(self._settings.timeline.emoji),
            follows=self._follows,
        )
        for room in (commands, actions, modals, shortcuts, events):
            room.register(app, door)
        return app

    def _http(self) -> Starlette:
        checks = {
            "database": self._database_trouble,
            "chat": self._chat_trouble,
            "scheduler": self._tick_trouble,
        }
        hall = Hall(self._settings, self._writer, self._clock, self._inbox.wake)
        routes: list[BaseRoute] = [*webhooks.routes(hall)]  # first, since they are looked through in order
        routes += health.routes(checks, self._metrics.registry)
        routes += registrations.routes(hall, self._db, self._desk)
        secret = self._settings.slack_signing_secret
        if self._settings.slack_app_token is None and secret is not None:
            routes += slack_http.routes(self._bolt(), secret.get_secret_value(), clocks.system)
        return Starlette(routes=routes)

    def _waits(self, delivery: int) -> bool:
        with self._db.read() as session:
            return inbox.waits(session, delivery)

    def _follows(self, channel: str, ts: str) -> bool:
        with self._db.read() as session:
            return marked.is_marked(session, channel, ts)

    def _answer(self, ask: Ask) -> Message:
        with self._db.read() as session:
            return slack_verbs.answer(session, self._desk, ask, self._clock())

    def draw(self, form: str, opened: Opening, entered: Mapping[str, str] | None = None) -> Block:
        """Draw a form from what is stored, again with what was `entered` into it."""
        with self._db.read() as session:
            return slack_verbs.draw(session, self._desk, form, opened, self._clock(), entered=entered)

    def faults(self, form: str, entered: Mapping[str, str]) -> Mapping[str, str]:
        """What is wrong with what was entered into a form, by action id."""
        with self._db.read() as session:
            return slack_verbs.faults(session, form, entered)

    def turned(self, sent: Submit, action: str = "") -> Block | None:
        """The page of a form that follows what was sent off, or a button in it; None where there is none."""
        with self._db.read() as session:
            return slack_verbs.turned(session, self._desk, sent, action, self._clock())

    async def _tick(self) -> None:
        if await asyncio.to_thread(self._slots.tick):
            for loop in self._jobs:
                loop.wake()

    async def _database_trouble(self) -> str:
        return await asyncio.to_thread(self._db.check) or ""

    async def _chat_trouble(self) -> str:
        if self._settings.slack_app_token is not None:
            heard = await self._sockets.trouble() if self._sockets else "not connected to Slack yet"
            return heard or self._chat.trouble or ""
        return self._chat.trouble or ""

    async def _tick_trouble(self) -> str:
        return await asyncio.to_thread(self._silence) or self._inbox.trouble()

    def _silence(self) -> str:
        with self._db.read() as session:
            beat = slots.heartbeat(session)
        if beat is None:
            return "has not started"
        silent = self._clock() - beat
        return f"silent for {silent.total_seconds():.0f} s" if silent > SILENT_AFTER else ""

    def _figures(self) -> dict[str, float]:
        spoken = self._chat.counters
        try:
            waiting = {"database_up": 1.0, **rooms.figures(self._db, now=self._clock())}
        except StoreUnavailable:
            waiting = {"database_up": 0.0}
        return {
            **waiting,
            "chat_delivered": spoken.delivered.total(),
            "chat_retried": spoken.retried,
            "chat_rate_limited": spoken.rate_limited,
            "chat_adopted": spoken.adopted,
        }


class _Server(uvicorn.Server):
    """uvicorn without signal handlers of its own: `lookout serve` has one for the whole process."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _listen(host: str, port: int) -> socket.socket:
    """Take the port, before anything else is started."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        what = f"LOOKOUT_HOST {host}, LOOKOUT_PORT {port}: {error.strerror}."
        raise ConfigError(what, "Choose another port, or end what holds it.") from None
    # Connections inherit it; asyncio sets it only on sockets it made itself. Without it, what is written in
    # two parts waits 40 ms for the peer's delayed acknowledgement of the first.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


async def _first_end(connecting: "asyncio.Task[None]", parts: list[asyncio.Task[Any]]) -> None:
    """Wait until a part ends; that connecting ends is no end, unless it failed."""
    await asyncio.wait({connecting, *parts}, return_when=asyncio.FIRST_COMPLETED)
    if connecting.done():
        connecting.result()
        await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)


def _token(settings: Settings) -> str:
    token = settings.slack_bot_token
    if token is None:
        what = "SLACK_BOT_TOKEN is not set."
        raise ConfigError(what, "Install the app (`lookout manifest`) and copy its token.")
    if settings.slack_app_token is None and settings.slack_signing_secret is None:
        what = "Neither SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET is set."
        raise ConfigError(what, "Set the first for Socket Mode, the second for HTTP mode.")
    return token.get_secret_value()
