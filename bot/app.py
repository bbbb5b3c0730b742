"""The composition root: the one file that knows every part, and how they are put together."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

import structlog
import uvicorn
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from bot import clock as clocks
from bot.chat.slack import connect
from bot.chat.worker import Worker
from bot.clock import Clock
from bot.core.effect import Message
from bot.core.inbound import Ask
from bot.errors import ConfigError
from bot.metrics import Metrics
from bot.services.desk import Desk
from bot.settings import Settings
from bot.store import inbox, outbox, slots
from bot.store.database import Database
from bot.store.outbox import Outbox
from bot.store.writer import Writer
from handlers import (
    actions,
    commands,
    events,
    health,
    jobs,
    modals,
    slack_http,
    slack_verbs,
    timing,
    webhooks,
)
from handlers.dispatch import Dispatcher
from handlers.door import Door
from handlers.loop import Loop
from handlers.schedules import Slots, ticker
from handlers.webhooks import Hall

log = structlog.get_logger()

SOCKETS = 2
"""Socket Mode connections: when one drops, the other hears what comes until it is back (about 10 s)."""

JOBS_AT_ONCE = 2
"""Slots worked on side by side: evidence for an incident must not wait for a large look."""

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
        self._desk = desk
        self._client = connect(_token(settings), settings.slack_api_url)
        self._metrics = Metrics(self._rooms)
        self._writer = Writer(self._db, self._clock)
        self._chat = Worker(
            self._client, Outbox(self._db, on_dead=slack_verbs.undeliverable(desk)), self._clock
        )
        self._inbox = Loop("inbox", Dispatcher(self._db, desk, self._clock).step)
        self._slots = Slots(self._db, jobs.jobs(self._db, desk), self._clock)
        self._jobs = [Loop(f"slots-{number}", self._slots.step) for number in range(JOBS_AT_ONCE)]
        self._scheduler = ticker(self._tick)
        self._sockets: list[AsyncSocketModeHandler] = []

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set; what is under way then is finished, or found again at the next start."""
        await asyncio.to_thread(self._prepare)
        self._writer.start()
        speaking = asyncio.create_task(self._chat.run(), name="chat")
        for loop in (self._inbox, *self._jobs):
            loop.start()
        self._scheduler.start()
        server = _Server(
            uvicorn.Config(self._http(), self._settings.host, self._settings.port, log_config=None)
        )
        serving = asyncio.create_task(server.serve())
        try:
            await self._connect()
            log.info(
                "serving", host=self._settings.host, port=self._settings.port, sockets=len(self._sockets)
            )
            await asyncio.wait(
                {serving, asyncio.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            server.should_exit = True
            await self._end(serving, speaking)

    def _prepare(self) -> None:
        self._db.upgrade()
        with self._db.write() as session:
            jobs.schedule(session, self._desk, self._clock())

    async def _connect(self) -> None:
        """In Socket Mode, open the connections; one more than needed, since any one may drop."""
        token = self._settings.slack_app_token
        if token is None:
            return
        bolt = self._bolt()
        for _ in range(SOCKETS):
            handler = AsyncSocketModeHandler(bolt, token.get_secret_value(), web_client=self._client)
            await handler.connect_async()  # type: ignore[no-untyped-call] # Bolt leaves it untyped
            self._sockets.append(handler)

    async def _end(self, serving: "asyncio.Task[None]", speaking: "asyncio.Task[None]") -> None:
        self._scheduler.shutdown(wait=False)
        for handler in self._sockets:
            await handler.close_async()  # type: ignore[no-untyped-call] # Bolt leaves it untyped
        await asyncio.gather(serving, return_exceptions=True)
        await self._writer.stop()
        for loop in (self._inbox, *self._jobs):
            await loop.stop()
        self._chat.stop()
        await asyncio.gather(speaking, return_exceptions=True)
        self._db.close()

    def _bolt(self) -> AsyncApp:
        """Bolt, hearing every handler; in HTTP mode our own route has verified the signature already."""
        app = AsyncApp(client=self._client, process_before_response=True, request_verification_enabled=False)
        door = Door(self._writer, self._clock, self._wake_inbox, self._answer)
        timing.register(app, self._metrics)
        for room in (commands, actions, modals, events):
            room.register(app, door)
        return app

    def _http(self) -> Starlette:
        checks: dict[str, health.Check] = {
            "database": partial(asyncio.to_thread, self._database_trouble),
            "chat": self._chat_trouble,
            "scheduler": partial(asyncio.to_thread, self._tick_trouble),
        }
        routes: list[BaseRoute] = [*health.routes(checks, self._metrics.registry)]
        routes += webhooks.routes(Hall(self._settings, self._writer, self._clock, self._wake_inbox))
        secret = self._settings.slack_signing_secret
        if self._settings.slack_app_token is None and secret is not None:
            routes += slack_http.routes(self._bolt(), secret.get_secret_value(), clocks.system)
        return Starlette(routes=routes)

    def _answer(self, ask: Ask) -> Message:
        with self._db.read() as session:
            return slack_verbs.answer(session, self._desk, ask, self._clock())

    async def _tick(self) -> None:
        await asyncio.to_thread(self._slots.tick)
        for loop in self._jobs:
            loop.wake()
        self._chat.nudge()

    def _wake_inbox(self) -> None:
        self._inbox.wake()

    def _database_trouble(self) -> str:
        return self._db.check() or ""

    async def _chat_trouble(self) -> str:
        connected = [await socket.client.is_connected() for socket in self._sockets]
        if self._settings.slack_app_token is not None and not any(connected):
            return "no Socket Mode connection"
        return self._chat.trouble or ""

    def _tick_trouble(self) -> str:
        try:
            with self._db.read() as session:
                beat = slots.heartbeat(session)
        except SQLAlchemyError:
            return "unknown: the database cannot be read"
        if beat is None:
            return "has not started"
        silent = self._clock() - beat
        return (
            f"silent for {silent.total_seconds():.0f} s" if silent > SILENT_AFTER else self._inbox.trouble()
        )

    def _rooms(self) -> dict[str, float]:
        now = self._clock()
        with self._db.read() as session:
            came, out, due = inbox.counts(session), outbox.counts(session), slots.counts(session, now=now)
        oldest = {"inbox": came.oldest, "outbox": out.oldest, "slots": due.oldest}
        lags = {
            f"{room}_lag_seconds": (now - at).total_seconds() if at else 0.0 for room, at in oldest.items()
        }
        return {
            "inbox_new": came.new,
            "inbox_quarantined": came.quarantined,
            "outbox_pending": out.pending,
            "outbox_dead": out.dead,
            "slots_due": due.due,
            "slots_dead": due.dead,
            **lags,
        }


class _Server(uvicorn.Server):
    """uvicorn without signal handlers of its own: `lookout serve` has one for the whole process."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _token(settings: Settings) -> str:
    token = settings.slack_bot_token
    if token is None:
        raise ConfigError(
            "SLACK_BOT_TOKEN is not set.", "Install the app (`lookout manifest`) and copy its token."
        )
    if settings.slack_app_token is None and settings.slack_signing_secret is None:
        raise ConfigError(
            "Neither SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET is set.",
            "Set the first for Socket Mode, the second for HTTP mode.",
        )
    return token.get_secret_value()
