"""The local Slack as a server on this machine.

    async with LocalWorkspace() as local:
        app = AsyncApp(token="xoxb-local", client=AsyncWebClient(base_url=local.api_url, token="xoxb-local"))
        ...
        await local.people.command("U0ENG", "C0INC", "/triage start")
        message = await local.said("INC-1")

`ThreadedWorkspace` is the same in a thread of its own, for programs that are not asynchronous.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Route

from bot.workspace import control, page, web
from bot.workspace.clock import Clock
from bot.workspace.guard import Guard, is_loopback
from bot.workspace.hub import Hub
from bot.workspace.installation import SIGNING_SECRET, Installation, Mode
from bot.workspace.manifest import Manifest, parse
from bot.workspace.people import People
from bot.workspace.records import Message
from bot.workspace.rules import Rules
from bot.workspace.socket_mode import Peer

Result = TypeVar("Result")

GRACE = 1.0
"""Seconds that requests under way have to end when the workspace stops."""


def create_app(hub: Hub, people: People) -> Starlette:
    """The Web API, Socket Mode, the control API and the page, behind the guard."""

    async def health(_request: object) -> JSONResponse:
        return JSONResponse({"ok": True, "connections": hub.socket_mode.connections})

    routes = [
        Route("/healthz", health),
        *web.routes(hub),
        *control.routes(hub, people),
        *page.routes(hub.workspace, people),
    ]
    return Starlette(routes=routes, middleware=[Middleware(Guard)])


class _Server(uvicorn.Server):
    """A uvicorn that leaves the program's signals alone, and leaves at once when told to."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._leave = asyncio.Event()

    def leave(self) -> None:
        """Stop serving."""
        self.should_exit = True
        self._leave.set()

    async def main_loop(self) -> None:
        """uvicorn's own, with its ticks of 100 ms, but for the last."""
        ticks = 0
        while not await self.on_tick(ticks):
            ticks += 1
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.1):
                    await self._leave.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002 - uvicorn's
        """uvicorn's own, but it sleeps 100 ms at least; what does not end within GRACE is cut off."""
        state = self.server_state
        for server in self.servers:
            server.close()
        for connection in list(state.connections):
            connection.shutdown()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GRACE):
                while state.connections or state.tasks:
                    await asyncio.sleep(0.002)
        for task in list(state.tasks):
            task.cancel()
        for connection in list(state.connections):
            if connection.transport is not None:
                connection.transport.abort()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class LocalWorkspace:
    """A workspace that listens on a loopback address; port 0 takes a free one.

    `manifest` is an app manifest's JSON: its commands are registered, its scopes and event subscriptions
    enforced. `clock_file` receives the rehearsal's clock offset in seconds. With mode "http", payloads go
    signed to `request_url`. Tokens, if given, are the only ones accepted. ValueError for a host that is
    not this machine's own.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        manifest: Mapping[str, Any] | None = None,
        clock_file: Path | None = None,
        mode: Mode = "socket",
        request_url: str = "",
        bot_token: str | None = None,
        app_token: str | None = None,
        signing_secret: str = SIGNING_SECRET,
        rules: Rules | None = None,
    ) -> None:
        if not is_loopback(host):
            raise ValueError(f"{host} is not this machine's own address: use 127.0.0.1")
        if mode == "http" and not request_url:
            raise ValueError("HTTP mode needs a request_url")
        installation = Installation(
            bot_token=bot_token,
            app_token=app_token,
            signing_secret=signing_secret,
            mode=mode,
            request_url=request_url,
            manifest=parse(manifest) if manifest is not None else Manifest(),
        )
        self.hub = Hub(installation, clock=Clock(clock_file), rules=rules)
        self.people = People(self.hub)
        self.workspace = self.hub.workspace
        self.host, self.port = host, port
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{self.host}:{self.port}"

    @property
    def api_url(self) -> str:
        """The base URL of the Web API, for slack_sdk's `base_url`."""
        return f"{self.url}/api/"

    async def start(self) -> None:
        """Listen. OSError if the port is taken."""
        listener = socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Connections inherit it; asyncio sets it only on sockets it made itself. Without it, answers wait
        # 40 ms for the peer's delayed acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            listener.bind((self.host, self.port))
        except OSError:
            listener.close()
            raise
        self.port = listener.getsockname()[1]
        self.hub.serve_at(self.url, self._abort)
        config = uvicorn.Config(
            create_app(self.hub, self.people),
            log_config=None,
            access_log=False,
            lifespan="off",
        )
        self._server = _Server(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))
        while not self._server.started:
            if self._serving.done():
                self._serving.result()
                raise RuntimeError("the workspace's server stopped while starting")
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Let go of the app and stop listening."""
        await self.hub.close()
        if self._server is not None and self._serving is not None:
            self._server.leave()
            await self._serving
            self._server = self._serving = None

    async def said(self, text: str, *, channel: str = "", after: str = "", timeout: float = 5.0) -> Message:
        """The first message, perhaps yet to come, with `text` in its text or blocks. TimeoutError."""
        body = {"text": text, "after": after, "timeout": timeout, **({"channel": channel} if channel else {})}
        found = (await control.wait(self.hub, self.people, body))["message"]
        message = self.workspace.message(found["channel"], found["ts"])
        if message is None:
            raise TimeoutError(f"{text!r} was said and taken back")
        return message

    async def __aenter__(self) -> "LocalWorkspace":
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _abort(self, peer: Peer) -> bool:
        """Cut the TCP connection from a peer without a word."""
        for connection in list(self._server.server_state.connections if self._server else ()):
            transport = getattr(connection, "transport", None)
            if transport is not None and transport.get_extra_info("peername")[:2] == peer:
                transport.abort()
                return True
        return False


class ThreadedWorkspace:
    """A `LocalWorkspace`, as `make` makes it, in a thread with an event loop of its own.

    with ThreadedWorkspace(LocalWorkspace) as threaded:
        threaded.do(lambda local: local.people.command("U0ENG", "C0INC", "/triage start"))
        print(threaded.look(lambda local: local.workspace.messages("C0INC")))
    """

    def __init__(self, make: Callable[[], LocalWorkspace]) -> None:
        self._make = make
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="workspace", daemon=True)
        self.local: LocalWorkspace

    def do(self, work: Callable[[LocalWorkspace], Awaitable[Result]], timeout: float = 30.0) -> Result:
        """Run something asynchronous in the workspace's loop, and wait for its result."""

        async def run() -> Result:
            return await work(self.local)

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(timeout)

    def look(self, at: Callable[[LocalWorkspace], Result]) -> Result:
        """Read or change something in the workspace's loop."""

        async def run(local: LocalWorkspace) -> Result:
            return at(local)

        return self.do(run)

    def __enter__(self) -> "ThreadedWorkspace":
        self._thread.start()

        async def start() -> None:
            self.local = self._make()
            await self.local.start()

        try:
            asyncio.run_coroutine_threadsafe(start(), self._loop).result(30)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.do(lambda local: local.stop())
        finally:
            self._end()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
