"""A local workspace that is quick to lose patience, a client, and two kinds of app to connect to it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.hub import Hub
from bot.workspace.installation import Installation
from bot.workspace.records import Command
from bot.workspace.rules import Rules
from bot.workspace.server import LocalWorkspace


@pytest.fixture
def rules() -> Rules:
    """Slack's rules, with the waiting cut short."""
    return Rules(ack=0.5, event_retries=(0.0, 0.02, 0.04), refresh_grace=0.1)


@pytest.fixture
def hub(rules: Rules) -> Hub:
    """A workspace that nothing listens for: enough to ask `web.answer`."""
    return Hub(Installation(), rules=rules)


@pytest.fixture
async def local(rules: Rules) -> AsyncIterator[LocalWorkspace]:
    """A workspace with /triage registered."""
    async with LocalWorkspace(rules=rules) as local:
        local.workspace.register([Command("/triage", "Start or look at an incident")])
        yield local


@pytest.fixture
def client(local: LocalWorkspace) -> AsyncWebClient:
    """slack_sdk's client, pointed at the workspace."""
    return AsyncWebClient(token="xoxb-local", base_url=local.api_url)


class RawApp:
    """An app that speaks Socket Mode by hand, so that a test decides when it acknowledges."""

    def __init__(self, session: aiohttp.ClientSession, local: LocalWorkspace) -> None:
        self._session = session
        self._local = local
        self.socket: aiohttp.ClientWebSocketResponse

    async def connect(self) -> dict[str, Any]:
        """Open a connection; its hello."""
        headers = {"Authorization": "Bearer xapp-local"}
        async with self._session.post(
            self._local.api_url + "apps.connections.open", headers=headers
        ) as answer:
            url = (await answer.json())["url"]
        self.socket = await self._session.ws_connect(url)
        return await self.receive()

    async def receive(self) -> dict[str, Any]:
        """What comes next; fails after 2 s."""
        message: dict[str, Any] = await self.socket.receive_json(timeout=2)
        return message

    async def ack(self, envelope: dict[str, Any], payload: dict[str, Any] | None = None) -> None:
        """Acknowledge, perhaps with a payload."""
        body = {"envelope_id": envelope["envelope_id"], **({"payload": payload} if payload else {})}
        await self.socket.send_json(body)


@pytest.fixture
async def raw(local: LocalWorkspace) -> AsyncIterator[RawApp]:
    """A connected RawApp."""
    async with aiohttp.ClientSession() as session:
        app = RawApp(session, local)
        assert (await app.connect())["type"] == "hello"
        yield app
        await app.socket.close()


Connect = Callable[[AsyncApp], Awaitable[AsyncSocketModeHandler]]


@pytest.fixture
def bolt(client: AsyncWebClient) -> AsyncApp:
    """A real Bolt app, not connected yet."""
    return AsyncApp(client=client)


@pytest.fixture
async def connect(local: LocalWorkspace, client: AsyncWebClient) -> AsyncIterator[Connect]:
    """Connect a Bolt app over Socket Mode, as Lookout does."""
    handlers: list[AsyncSocketModeHandler] = []

    async def connected(app: AsyncApp) -> AsyncSocketModeHandler:
        handler = AsyncSocketModeHandler(app, "xapp-local", web_client=client, ping_interval=1)
        handlers.append(handler)
        before = local.workspace.connections
        await handler.connect_async()
        await local.workspace.until(lambda: local.workspace.connections > before)
        return handler

    yield connected
    for handler in handlers:
        await handler.close_async()
