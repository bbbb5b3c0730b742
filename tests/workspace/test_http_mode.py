"""HTTP delivery: signed requests to a real Bolt app behind Starlette, retries with Slack's headers."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import uvicorn
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.workspace.installation import SIGNING_SECRET
from bot.workspace.records import Command
from bot.workspace.rules import Rules
from bot.workspace.server import LocalWorkspace


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class AppServer:
    """Where the app listens: records every request, then lets `answer` answer it."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.status = 200
        self.bolt: AsyncApp | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/slack/events"

    async def answer(self, request: Request) -> Response:
        """Bolt's answer where there is a Bolt app, else the status that was asked for."""
        self.requests.append((dict(request.headers), await request.body()))
        if self.bolt is not None:
            return await AsyncSlackRequestHandler(self.bolt).handle(request)
        return PlainTextResponse("", self.status)

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator["AppServer"]:
        """Listen until the end of the block."""
        app = Starlette(routes=[Route("/slack/events", self.answer, methods=["POST"])])
        config = uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
        server = _Server(config)
        task = asyncio.create_task(server.serve(sockets=[self._listener]))
        yield self
        server.should_exit = True
        await task


@pytest.fixture
async def app() -> AsyncIterator[AppServer]:
    """An app that listens over HTTP."""
    async with AppServer().serving() as server:
        yield server


@pytest.fixture
async def local(app: AppServer, rules: Rules) -> AsyncIterator[LocalWorkspace]:
    """A workspace that delivers to it."""
    async with LocalWorkspace(mode="http", request_url=app.url, rules=rules) as local:
        local.workspace.register([Command("/triage")])
        yield local


async def test_every_request_is_signed_over_its_body(local: LocalWorkspace, app: AppServer) -> None:
    """slack_sdk's own verifier takes commands (forms) and events (JSON), and no other secret's."""
    await local.people.command("U0ENG", "C0INC", "/triage start é")
    await local.people.say("U0ENG", "C0INC", "@lookout hello")
    await local.hub.delivery.settled()
    kinds = [headers["content-type"] for headers, _body in app.requests]
    assert kinds == ["application/x-www-form-urlencoded", "application/json"]
    for headers, body in app.requests:
        assert SignatureVerifier(SIGNING_SECRET).is_valid_request(body, headers)
        assert not SignatureVerifier("other").is_valid_request(body, headers)


async def test_a_refused_event_is_repeated_with_slacks_headers(local: LocalWorkspace, app: AppServer) -> None:
    """X-Slack-Retry-Num and -Reason, the same body each time."""
    app.status = 500
    await local.people.say("U0ENG", "C0INC", "@lookout hello")
    await local.workspace.until(lambda: any("never" in warning.text for warning in local.workspace.warnings))
    retries = [(h.get("x-slack-retry-num"), h.get("x-slack-retry-reason")) for h, _body in app.requests]
    assert retries == [(None, None), ("1", "http_error"), ("2", "http_error"), ("3", "http_error")]
    assert len({body for _headers, body in app.requests}) == 1


async def test_a_command_that_the_app_fails_is_shown(local: LocalWorkspace, app: AppServer) -> None:
    """A 500 is Slack's dispatch_unknown_error."""
    app.status = 500
    await local.people.command("U0ENG", "C0INC", "/triage")
    assert "dispatch_unknown_error" in local.workspace.messages("C0INC")[0].text


async def test_bolt_works_over_http(local: LocalWorkspace, app: AppServer) -> None:
    """A real AsyncApp with signature checks on: the ack's text, a click, and url_verification."""
    client = AsyncWebClient(token="xoxb-local", base_url=local.api_url)
    app.bolt = bolt = AsyncApp(client=client, signing_secret=SIGNING_SECRET)
    button = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}

    @bolt.command("/triage")
    async def triage(ack: Any) -> None:
        await ack(text="here", blocks=[{"type": "actions", "elements": [button]}])

    @bolt.action("go")
    async def go(ack: Any, respond: Any) -> None:
        await ack()
        await respond(text="gone", replace_original=True)

    assert await local.hub.http_mode.verify()
    await local.people.command("U0ENG", "C0INC", "/triage")
    card = await local.said("here")
    assert card.ephemeral_to == "U0ENG"
    await local.people.click("U0ENG", "C0INC", card.ts, "go")
    assert (await local.said("gone")).ts == card.ts


async def test_an_app_that_is_not_there_fails_verification(local: LocalWorkspace, app: AppServer) -> None:
    """Slack's challenge wants the challenge back."""
    assert not await local.hub.http_mode.verify()
    local.hub.installation.request_url = "http://127.0.0.1:9/"
    assert not await local.hub.http_mode.verify()
    await local.people.command("U0ENG", "C0INC", "/triage")
    assert "dispatch_failed" in local.workspace.messages("C0INC")[0].text
