"""Acknowledgements go first, and are measured from the request to the response."""

import asyncio

from slack_bolt.async_app import AsyncAck, AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.metrics import Metrics
from bot.workspace.server import LocalWorkspace
from handlers import precedence
from handlers.loop import Loop
from handlers.precedence import Precedence
from handlers.timing import MeasuredApp


async def test_what_was_stored_waits_for_every_acknowledgement_under_way(monkeypatch):
    """A loop takes its next step when the last of them is made."""
    monkeypatch.setattr(precedence, "AT_MOST", 3600)
    ours, steps = Precedence(), []
    loop = Loop("test", lambda: steps.append("done"), before=ours.give_way, after=lambda: None)
    with ours.first():
        with ours.first():
            loop.start()
            await asyncio.to_thread(lambda: None)
        await asyncio.to_thread(lambda: None)
        assert not steps
    async with asyncio.timeout(10):
        while not steps:
            await asyncio.sleep(0)
    await loop.stop()


async def test_what_was_stored_does_not_wait_for_ever(monkeypatch):
    """A storm without a pause leaves it a step now and then."""
    monkeypatch.setattr(precedence, "AT_MOST", 0.01)
    ours = Precedence()
    with ours.first():
        async with asyncio.timeout(10):
            await ours.give_way()


async def test_an_acknowledgement_is_measured_with_the_work_of_its_listener():
    """The figure at /metrics counts until Bolt's response, during which the rest gives way."""
    metrics, ours, seen = Metrics(dict), Precedence(), []
    async with LocalWorkspace() as local:
        client = AsyncWebClient("xoxb-local", base_url=local.api_url)
        app = MeasuredApp(client, metrics, ours)

        @app.command("/triage")
        async def listen(ack: AsyncAck) -> None:
            seen.append(metrics.registry.get_sample_value("lookout_ack_seconds_count", {"kind": "command"}))
            seen.append(ours._under_way)
            await ack("heard")

        body = {"command": "/triage", "team_id": "T0LOCAL", "user_id": "U0ENG"}
        answer = await app.async_dispatch(AsyncBoltRequest(body=body, mode="socket_mode"))
    assert answer.body == "heard"
    assert seen == [None, 1]
    assert ours._under_way == 0
    assert metrics.registry.get_sample_value("lookout_ack_seconds_count", {"kind": "command"}) == 1
