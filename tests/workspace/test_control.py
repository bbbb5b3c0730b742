"""The control API, the guard, the clock, and the workspace as a program of its own."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.clock import Clock
from bot.workspace.server import LocalWorkspace, ThreadedWorkspace
from tests.workspace.conftest import RawApp


@pytest.fixture
async def session(local: LocalWorkspace) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of the control API."""
    async with aiohttp.ClientSession(local.url) as session:
        yield session


async def _control(session: aiohttp.ClientSession, act: str, **body: Any) -> dict[str, Any]:
    async with session.post(f"/control/{act}", json=body) as response:
        answer: dict[str, Any] = await response.json()
        return answer


async def test_a_person_acts_by_json(
    session: aiohttp.ClientSession, client: AsyncWebClient, raw: RawApp
) -> None:
    """say, command, click and submit, as another program does them."""
    said = await _control(
        session, "act", **{"as": "U0ENG", "do": "say", "channel": "#ml-incidents", "text": "x"}
    )
    assert said["channel"] == "C0INC"
    as_json = {"as": "U0ENG", "do": "command", "channel": "C0INC", "text": "/triage start"}
    typed = asyncio.create_task(_control(session, "act", **as_json))
    envelope = await raw.receive()
    await raw.ack(envelope)
    assert (await typed)["ok"]
    element = {"type": "plain_text_input", "action_id": "it"}
    label = {"type": "plain_text", "text": "Title"}
    view = {
        "type": "modal",
        "title": label,
        "submit": label,
        "blocks": [{"type": "input", "block_id": "title", "label": label, "element": element}],
    }
    opened = await client.views_open(trigger_id=envelope["payload"]["trigger_id"], view=view)
    submitted = await _control(
        session, "act", **{"as": "U0ENG", "do": "submit", "view_id": opened["view"]["id"]}
    )
    assert submitted["errors"] == {"title": "Please complete this required field."}


async def test_everything_else_people_do_has_a_verb(
    local: LocalWorkspace, session: aiohttp.ClientSession, client: AsyncWebClient, raw: RawApp
) -> None:
    """Clicks in messages and views, joining, reading, reacting, closing, archiving, files."""

    async def act(do: str, **body: Any) -> dict[str, Any]:
        return await _control(session, "act", **{"as": "U0ENG", "do": do, **body})

    button = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}
    row = {"type": "actions", "elements": [button]}
    ts = (await client.chat_postMessage(channel="C0INC", text="card", blocks=[row]))["ts"]
    title = {"type": "plain_text", "text": "x"}
    trigger_id = local.hub.triggers.issue("U0ENG")
    view = {"type": "modal", "title": title, "blocks": [row]}
    view_id = (await client.views_open(trigger_id=trigger_id, view=view))["view"]["id"]
    for do, where in (
        ("click", {"channel": "#ml-incidents", "ts": ts}),
        ("click_in_view", {"view_id": view_id}),
    ):
        clicked = asyncio.create_task(act(do, action_id="go", **where))
        envelope = await raw.receive()
        await raw.ack(envelope)
        assert (await clicked)["ok"]
        assert envelope["payload"]["actions"][0]["action_id"] == "go"
    file = {"name": "a.yaml", "text": "id: a"}
    for do, body in (
        ("close", {"view_id": view_id}),
        ("react", {"channel": "C0INC", "ts": ts, "name": "eyes"}),
        ("say", {"channel": "C0INC", "text": "a file", "files": [file]}),
        ("read", {"channel": "C0INC"}),
        ("join", {"channel": "general"}),
        ("invite_bot", {"channel": "general"}),
        ("open_home", {}),
        ("archive", {"channel": "launches"}),
    ):
        assert (await act(do, **body)) == {"ok": True} or do == "say"
    assert local.workspace.modals["U0ENG"] == ()
    card, carrier = local.workspace.messages("C0INC")
    assert card.reactions == {"eyes": ("U0ENG",)}
    assert local.workspace.files[carrier.files[0]].content == b"id: a"
    assert "U0LOOKOUT" in local.workspace.channels["C0GENERAL"].members
    assert local.workspace.channels["C0LAUNCH"].archived


async def test_suggestions_come_and_go(local: LocalWorkspace, session: aiohttp.ClientSession) -> None:
    """Texts are offered in a channel until others are, or all is reset."""
    told = await _control(session, "suggest", channel="#ml-incidents", texts=["/triage list"])
    assert told == {"ok": True, "channel": "C0INC"}
    assert local.workspace.suggestions == {"C0INC": ("/triage list",)}
    await _control(session, "reset")
    assert local.workspace.suggestions == {}


@pytest.mark.parametrize(
    ("act", "body", "error"),
    [
        ("act", {"as": "U0ENG", "do": "fly"}, "nobody can fly"),
        ("act", {"do": "say"}, "missing: 'as'"),
        ("act", {"as": "U0X", "do": "say", "channel": "C0INC", "text": "x"}, "nobody called U0X"),
        ("faults", {"slowly": 1}, "unknown: slowly"),
        ("rules", {"patience": 1}, "unknown: patience"),
        ("rates", {"scale": 0}, "must be above 0"),
        ("clock/advance", {"seconds": -1}, "only moves forward"),
        ("commands", {"commands": [{}]}, "without a name"),
        ("suggest", {"channel": "#nowhere", "texts": []}, "no channel #nowhere"),
        ("suggest", {"channel": "C0INC", "texts": "/triage"}, "list of strings"),
        ("nothing", {}, "no such act"),
    ],
)
async def test_what_control_does_not_understand(
    session: aiohttp.ClientSession, act: str, body: dict[str, Any], error: str
) -> None:
    """Each is refused with a reason."""
    answer = await _control(session, act, **body)
    assert not answer["ok"]
    assert error in answer["error"]


async def test_the_state_shows_what_happened(
    local: LocalWorkspace, session: aiohttp.ClientSession, client: AsyncWebClient
) -> None:
    """Channels, messages with blocks and metadata, the call log without tokens, warnings."""
    metadata = {"event_type": "lookout", "event_payload": {"key": "a"}}
    await client.chat_postMessage(channel="C0INC", text="card", metadata=metadata)
    async with session.get("/control/state", params={"channel": "C0INC"}) as response:
        state = await response.json()
    assert list(state["messages"]) == ["C0INC"]
    (message,) = state["messages"]["C0INC"]
    assert (message["text"], message["metadata"]) == ("card", metadata)
    (call,) = state["calls"]
    assert (call["method"], call["status"], call["args"]["channel"]) == ("chat.postMessage", 200, "C0INC")
    assert "xoxb" not in json.dumps(state)
    assert [channel["name"] for channel in state["channels"]][:2] == ["ml-incidents", "launches"]


async def test_one_can_wait_for_a_message(local: LocalWorkspace, session: aiohttp.ClientSession) -> None:
    """It may be there already or come later; if it does not come, 408."""
    waiting = asyncio.create_task(_control(session, "wait", text="INC-1", channel="C0INC"))
    await local.people.say("U0ENG", "C0INC", "INC-1 is open")
    found = (await waiting)["message"]
    assert found["text"] == "INC-1 is open"
    later = await _control(session, "wait", text="INC-1", after=found["ts"], timeout=0.05)
    assert later == {"ok": False, "error": "timed out"}


async def test_a_reset_begins_again(
    local: LocalWorkspace, session: aiohttp.ClientSession, raw: RawApp
) -> None:
    """The app stays connected, the commands stay registered, everything said is gone."""
    await local.people.say("U0ENG", "C0INC", "x")
    await _control(session, "faults", status=500, count=-1)
    await _control(session, "reset")
    assert local.workspace.messages("C0INC") == []
    assert list(local.workspace.commands) == ["/triage"]
    assert local.workspace.connections == 1
    assert local.hub.faults.take("auth.test") is None


async def test_the_rest_of_control(
    local: LocalWorkspace, session: aiohttp.ClientSession, raw: RawApp
) -> None:
    """Rules, rates, commands, sockets."""
    assert (await _control(session, "rules", ack=1.5, event_retries=[1]))["ack"] == 1.5
    assert local.hub.rules.event_retries == (1,)
    assert (await _control(session, "rates", enabled=False))["ok"]
    registered = await _control(session, "commands", commands=[{"name": "experiment", "description": "x"}])
    assert registered["commands"] == ["/experiment", "/triage"]
    assert (await _control(session, "settle"))["ok"]
    assert (await _control(session, "faults", refresh=True))["connections"] == 1
    assert (await raw.receive())["reason"] == "refresh_requested"
    assert (await _control(session, "faults", drop_sockets=True))["connections"] == 1


async def test_a_permalink_leads_to_the_message(
    session: aiohttp.ClientSession, client: AsyncWebClient
) -> None:
    """To its channel, or to its thread, as the person one last acted as."""
    parent = (await client.chat_postMessage(channel="C0INC", text="parent"))["ts"]
    alone = (await client.chat_postMessage(channel="C0INC", text="alone"))["ts"]
    await client.chat_postMessage(channel="C0INC", text="reply", thread_ts=parent)
    led = []
    for ts in (alone, parent):
        link = (await client.chat_getPermalink(channel="C0INC", message_ts=ts))["permalink"]
        async with session.get(link, allow_redirects=False, headers={"Cookie": "acting=U0PM"}) as answer:
            led.append((answer.status, answer.headers["Location"]))
    assert led == [(303, "/client/U0PM/C0INC"), (303, f"/client/U0PM/C0INC/thread/{parent}")]
    async with session.get("/archives/C0INC/p1000001") as answer:
        assert answer.status == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:1234"}, 200),
        ({"Host": "rebound.example:80"}, 403),
        ({"Host": "169.254.169.254"}, 403),
        ({"Host": "["}, 400),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
async def test_only_this_machine_and_its_own_page_may_act(
    session: aiohttp.ClientSession, headers: dict[str, str], status: int
) -> None:
    """A re-bound name or a foreign page is refused, whatever it asks."""
    async with session.post("/control/settle", json={}, headers=headers) as response:
        assert response.status == status


async def test_a_foreign_page_cannot_open_a_socket(local: LocalWorkspace) -> None:
    """Even with a good ticket."""
    url = f"ws://127.0.0.1:{local.port}/link?ticket={local.hub.socket_mode.ticket()}"
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url, headers={"Origin": "https://evil.example"})


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.com", "::"])
def test_it_listens_on_loopback_only(host: str) -> None:
    """Any other address is refused before anything is opened."""
    with pytest.raises(ValueError, match="not this machine's own address"):
        LocalWorkspace(host)


async def test_a_taken_port_is_an_error(local: LocalWorkspace) -> None:
    """Not a silent other port."""
    with pytest.raises(OSError, match="in use"):
        await LocalWorkspace(port=local.port).start()


def test_the_clock_moves_forward_and_tells_a_file(tmp_path: Path) -> None:
    """A rehearsal's bot reads the offset; a later workspace takes it over; timestamps only grow."""
    path = tmp_path / "offset"
    clock = Clock(path)
    stamps = [clock.ts() for _ in range(1000)]
    assert stamps == sorted(set(stamps))
    before = clock.now()
    clock.advance(3600)
    assert clock.now() - before >= 3600
    assert float(path.read_text()) == 3600
    assert list(tmp_path.iterdir()) == [path]
    assert Clock(path).offset == 3600
    assert clock.ts() > stamps[-1]
    with pytest.raises(ValueError, match="only moves forward"):
        clock.advance(-1)
    path.write_text("noon")
    assert Clock(path).offset == 0


def test_a_program_without_a_loop_can_use_it(tmp_path: Path) -> None:
    """In a thread of its own; an error there arrives here."""
    clock_file = tmp_path / "offset"
    with ThreadedWorkspace(lambda: LocalWorkspace(clock_file=clock_file)) as threaded:
        threaded.do(lambda local: local.people.say("U0ENG", "C0INC", "hello"))
        assert [m.text for m in threaded.look(lambda local: local.workspace.messages("C0INC"))] == ["hello"]
        threaded.look(lambda local: local.people.advance(60))
    assert float(clock_file.read_text()) == 60
    with pytest.raises(ValueError, match="needs a request_url"):
        ThreadedWorkspace(lambda: LocalWorkspace(mode="http")).__enter__()


async def test_it_runs_as_a_program(tmp_path: Path) -> None:
    """`python -m bot.workspace` says where it is and ends on an interrupt; a bad manifest ends it at once."""
    program = (sys.executable, "-m", "bot.workspace", "--port", "0", "--manifest")
    manifest = tmp_path / "manifest.json"
    manifest.write_text('{"display_information": {"name": "x"}}')
    pipe = asyncio.subprocess.PIPE
    running = await asyncio.create_subprocess_exec(*program, str(manifest), stdout=pipe, stderr=pipe)
    assert running.stdout is not None
    url = (await running.stdout.readline()).decode().split()[-1]
    client = AsyncWebClient(token="xoxb-local", base_url=f"{url}/api/")
    assert (await client.auth_test())["user_id"] == "U0LOOKOUT"
    os.kill(running.pid, signal.SIGINT)
    assert await running.wait() == 0
    await running.communicate()
    manifest.write_text("[]")
    refused = await asyncio.create_subprocess_exec(*program, str(manifest), stdout=pipe, stderr=pipe)
    _out, error = await refused.communicate()
    assert refused.returncode == 2
    assert b"is not an app manifest" in error
