"""Socket Mode, spoken by hand and by Bolt: hello, acks, deadlines, redelivery, refreshes and cuts."""

import asyncio
from typing import Any

import aiohttp
import pytest
from slack_bolt.async_app import AsyncApp

from bot.workspace.faults import Fault
from bot.workspace.rules import Rules
from bot.workspace.server import LocalWorkspace
from tests.workspace.conftest import Connect, RawApp


async def test_a_connection_begins_with_hello_and_needs_a_ticket(local: LocalWorkspace, raw: RawApp) -> None:
    """A ticket is good for one connection."""
    assert local.workspace.connections == 1
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(f"ws://127.0.0.1:{local.port}/link?ticket=old")


async def test_a_command_arrives_as_slack_sends_it(local: LocalWorkspace, raw: RawApp) -> None:
    """With its trigger_id and response_url, and the text escaped."""
    typed = asyncio.create_task(local.people.command("U0ENG", "C0INC", "/triage  start a < b & c"))
    envelope = await raw.receive()
    assert (envelope["type"], envelope["accepts_response_payload"]) == ("slash_commands", True)
    payload = envelope["payload"]
    assert payload["command"] == "/triage"
    assert payload["text"] == "start a &lt; b &amp; c"
    assert (payload["user_id"], payload["user_name"]) == ("U0ENG", "yuki")
    assert (payload["channel_id"], payload["channel_name"]) == ("C0INC", "ml-incidents")
    assert payload["trigger_id"]
    assert payload["response_url"].startswith(local.url)
    await raw.ack(envelope, {"text": "Opening INC-1", "response_type": "in_channel"})
    await typed
    (message,) = local.workspace.messages("C0INC")
    assert (message.text, message.ephemeral_to) == ("Opening INC-1", "")


async def test_no_ack_in_time_is_an_operation_timeout(
    local: LocalWorkspace, raw: RawApp, rules: Rules
) -> None:
    """The person sees Slack's own sentence; a late ack changes nothing and is a warning."""
    rules.ack = 0.1
    typed = asyncio.create_task(local.people.command("U0ENG", "C0INC", "/triage start"))
    envelope = await raw.receive()
    await typed
    (message,) = local.workspace.messages("C0INC")
    assert message.text == '/triage failed with the error "operation_timeout"'
    assert (message.ephemeral_to, message.subtype) == ("U0ENG", "system")
    await raw.ack(envelope, {"text": "too late"})
    await local.workspace.until(
        lambda: any("too late" in warning.text for warning in local.workspace.warnings)
    )
    assert len(local.workspace.messages("C0INC")) == 1


async def test_without_an_app_a_command_cannot_be_dispatched(local: LocalWorkspace) -> None:
    """dispatch_failed at once, not after 3 s."""
    await local.people.command("U0ENG", "C0INC", "/triage start")
    assert local.workspace.messages("C0INC")[0].text == '/triage failed with the error "dispatch_failed"'


async def test_an_event_comes_again_until_it_is_acknowledged(
    local: LocalWorkspace, raw: RawApp, rules: Rules
) -> None:
    """Three more times, with the same event id, each saying which attempt it is and why."""
    rules.ack = 0.1
    await local.people.say("U0ENG", "C0INC", "@lookout triage start")
    seen = [await raw.receive() for _ in range(4)]
    assert [envelope["retry_attempt"] for envelope in seen] == [0, 1, 2, 3]
    assert [envelope["retry_reason"] for envelope in seen] == ["", "timeout", "timeout", "timeout"]
    assert len({envelope["payload"]["event_id"] for envelope in seen}) == 1
    assert len({envelope["envelope_id"] for envelope in seen}) == 4
    event = seen[0]["payload"]["event"]
    assert (event["type"], event["text"]) == ("app_mention", "<@U0LOOKOUT> triage start")
    await local.workspace.until(lambda: any("never" in warning.text for warning in local.workspace.warnings))


async def test_an_acknowledged_event_does_not_come_again(local: LocalWorkspace, raw: RawApp) -> None:
    """Unless the ack itself was lost."""
    local.hub.faults.add(Fault("events_api", then_fail=True))
    await local.people.say("U0ENG", "C0INC", "@lookout hello")
    for _ in range(2):
        await raw.ack(await raw.receive())
    await local.hub.delivery.settled()
    assert [(d.attempt, d.ok) for d in local.hub.delivery.log] == [(0, False), (1, True)]


async def test_any_of_several_connections_gets_an_envelope(local: LocalWorkspace, raw: RawApp) -> None:
    """Two connections take turns."""
    async with aiohttp.ClientSession() as session:
        other = RawApp(session, local)
        assert (await other.connect())["num_connections"] == 2
        for app in (raw, other, raw, other):
            typed = asyncio.create_task(local.people.command("U0ENG", "C0INC", "/triage"))
            await app.ack(await app.receive())
            await typed
        await other.socket.close()
    assert local.workspace.messages("C0INC") == []


async def test_too_many_connections_are_turned_away(rules: Rules, local: LocalWorkspace, raw: RawApp) -> None:
    """With Slack's reason."""
    rules.connections = 1
    async with aiohttp.ClientSession() as session:
        other = RawApp(session, local)
        assert (await other.connect())["reason"] == "too_many_websockets"
        await other.socket.close()


async def test_an_app_is_warned_then_asked_to_refresh(local: LocalWorkspace, raw: RawApp) -> None:
    """After refresh_requested the connection gets nothing more, and closes."""
    await local.hub.socket_mode.warn()
    assert (await raw.receive())["reason"] == "warning"
    await local.hub.socket_mode.refresh()
    assert (await raw.receive())["reason"] == "refresh_requested"
    assert local.workspace.connections == 0
    assert (await raw.socket.receive(timeout=2)).type is aiohttp.WSMsgType.CLOSE


async def test_a_cut_connection_fails_what_it_carried(local: LocalWorkspace, raw: RawApp) -> None:
    """The person hears of it at once."""
    typed = asyncio.create_task(local.people.command("U0ENG", "C0INC", "/triage"))
    await raw.receive()
    await local.hub.socket_mode.drop()
    await typed
    assert "dispatch_failed" in local.workspace.messages("C0INC")[0].text
    assert (await raw.socket.receive(timeout=2)).type is not aiohttp.WSMsgType.TEXT


@pytest.fixture
def said(bolt: AsyncApp) -> list[str]:
    """A Bolt app that answers /triage and mentions; what it was told."""
    heard: list[str] = []

    @bolt.command("/triage")
    async def triage(ack: Any, command: Any, say: Any) -> None:
        await ack()
        heard.append(command["text"])
        await say(f"triage {command['text']}")

    @bolt.event("app_mention")
    async def mention(event: Any, say: Any) -> None:
        heard.append(event["text"])
        await say(text="mentioned", thread_ts=event["ts"])

    return heard


async def test_bolt_answers_commands_and_mentions(
    local: LocalWorkspace, bolt: AsyncApp, said: list[str], connect: Connect
) -> None:
    """An unmodified AsyncApp over aiohttp's Socket Mode."""
    await connect(bolt)
    await local.people.command("U0ENG", "C0INC", "/triage start")
    assert (await local.said("triage start")).user == "U0LOOKOUT"
    mention = await local.people.say("U0ENG", "C0INC", "@lookout status")
    assert mention is not None
    assert (await local.said("mentioned")).thread_ts == mention.ts
    assert said == ["start", "<@U0LOOKOUT> status"]


@pytest.mark.parametrize("how", ["refresh", "drop"])
async def test_bolt_comes_back(
    local: LocalWorkspace, bolt: AsyncApp, said: list[str], connect: Connect, how: str
) -> None:
    """After a polite request to refresh, and after its connection was cut."""
    await connect(bolt)
    if how == "refresh":
        await local.hub.socket_mode.refresh()
    else:
        await local.hub.socket_mode.drop()
    await local.workspace.until(lambda: local.workspace.connections == 1, timeout=15)
    await local.people.command("U0ENG", "C0INC", "/triage again")
    await local.said("triage again")
