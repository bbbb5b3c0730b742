"""What happens to messages that are there: reactions, edits, deletions, an app's shortcuts."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from bot.workspace.hub import Hub
from bot.workspace.installation import Installation
from bot.workspace.manifest import Manifest, parse
from bot.workspace.people import People
from bot.workspace.records import Message
from bot.workspace.refused import RefusedError
from bot.workspace.seed import BOT
from bot.workspace.server import LocalWorkspace, create_app
from bot.workspace.web import answer
from tests.workspace.conftest import RawApp

SHORTCUT = {"name": "Keep it", "type": "message", "callback_id": "app.keep", "description": "For the record"}
MANIFEST: dict[str, Any] = {
    "display_information": {"name": "Lookout"},
    "features": {"shortcuts": [SHORTCUT, {"name": "Begin", "type": "global", "callback_id": "app.begin"}]},
    "settings": {
        "event_subscriptions": {"bot_events": ["message.channels", "reaction_added", "reaction_removed"]}
    },
}


class Heard:
    """What the app would be told, in order."""

    def __init__(self, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
        self.events: list[dict[str, Any]] = []
        monkeypatch.setattr(hub.delivery, "announce", self.events.append)

    def pop(self) -> dict[str, Any]:
        """The next event."""
        return self.events.pop(0)


@pytest.fixture
def hub() -> Hub:
    """A workspace with an app that hears everything."""
    return Hub(Installation(manifest=parse(MANIFEST)))


@pytest.fixture
def heard(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Heard:
    """What the app is told."""
    return Heard(hub, monkeypatch)


async def say(people: People, text: str = "rolled it back", **more: Any) -> Message:
    """A message of the engineer's."""
    message = await people.say("U0ENG", "C0INC", text, **more)
    assert message is not None
    return message


async def test_an_edit_and_a_deletion_are_told_as_slack_tells_them(hub: Hub, heard: Heard) -> None:
    """With the message as it is and as it was; a deletion names only the ts."""
    people = People(hub)
    message = await say(people)
    heard.pop()
    await people.edit("U0ENG", "C0INC", message.ts, "rolled back to v41, @maria")
    event = heard.pop()
    assert (event["type"], event["subtype"], event["channel"]) == ("message", "message_changed", "C0INC")
    assert event["message"]["text"] == "rolled back to v41, <@U0PM>"
    assert event["message"]["edited"]["user"] == "U0ENG"
    assert event["previous_message"]["text"] == "rolled it back"
    assert event["ts"] != event["message"]["ts"] == message.ts
    await people.delete("U0ENG", "C0INC", message.ts)
    event = heard.pop()
    assert (event["subtype"], event["deleted_ts"]) == ("message_deleted", message.ts)
    assert hub.workspace.message("C0INC", message.ts) is None


async def test_what_was_answered_leaves_a_tombstone(hub: Hub, heard: Heard) -> None:
    """Slack tells of that as of an edit."""
    people = People(hub)
    message = await say(people)
    await say(people, "yes", thread_ts=message.ts)
    heard.events.clear()
    await people.delete("U0ENG", "C0INC", message.ts)
    event = heard.pop()
    assert (event["subtype"], event["message"]["subtype"]) == ("message_changed", "tombstone")


async def test_nobody_changes_what_another_said(hub: Hub) -> None:
    """Nor what is gone, nor into nothing."""
    people = People(hub)
    message = await say(people)
    for act in (people.edit("U0PM", "C0INC", message.ts, "x"), people.delete("U0PM", "C0INC", message.ts)):
        with pytest.raises(RefusedError, match="not your message"):
            await act
    with pytest.raises(RefusedError, match="delete it instead"):
        await people.edit("U0ENG", "C0INC", message.ts, " ")
    with pytest.raises(RefusedError, match="not there any more"):
        await people.edit("U0ENG", "C0INC", "1.1", "x")


async def test_a_reaction_taken_back_is_told(hub: Hub, heard: Heard) -> None:
    """Of people and of the app itself."""
    people = People(hub)
    message = await say(people)
    heard.events.clear()
    for _ in range(2):
        await people.react("U0PM", "C0INC", message.ts, "pushpin")
    assert [one["type"] for one in heard.events] == ["reaction_added", "reaction_removed"]
    heard.events.clear()
    arguments = {"channel": "C0INC", "timestamp": message.ts, "name": "eyes"}
    for method in ("reactions.add", "reactions.remove"):
        assert answer(hub, method, arguments, "xoxb-local").body["ok"]
    assert [(one["type"], one["user"]) for one in heard.events] == [
        ("reaction_added", BOT),
        ("reaction_removed", BOT),
    ]


async def test_the_apps_own_edits_are_told_to_it_too(hub: Hub, heard: Heard) -> None:
    """As Slack does: an app has to know its own."""
    said = answer(hub, "chat.postMessage", {"channel": "C0INC", "text": "card"}, "xoxb-local").body
    answer(hub, "chat.update", {"channel": "C0INC", "ts": said["ts"], "text": "card 2"}, "xoxb-local")
    answer(hub, "chat.delete", {"channel": "C0INC", "ts": said["ts"]}, "xoxb-local")
    kinds = [one.get("subtype") for one in heard.events]
    assert kinds == [None, "message_changed", "message_deleted"]
    assert heard.events[1]["message"]["app_id"] == "A0LOOKOUT"


async def test_a_shortcut_brings_the_message_and_a_trigger(local: LocalWorkspace, raw: RawApp) -> None:
    """Only those on messages are in a message's menu; one nobody declared is refused."""
    local.hub.install(parse({**MANIFEST, "settings": {}}))
    message = await say(local.people)
    used = local.people.shortcut("U0PM", "C0INC", message.ts, "app.keep")
    task = asyncio.create_task(used)
    envelope = await raw.receive()
    await raw.ack(envelope)
    await task
    payload = envelope["payload"]
    assert (payload["type"], payload["callback_id"]) == ("message_action", "app.keep")
    assert (payload["message_ts"], payload["channel"]["id"], payload["user"]["id"]) == (
        message.ts, "C0INC", "U0PM",
    )  # fmt: skip
    assert payload["message"]["text"] == "rolled it back"
    assert payload["trigger_id"]
    with pytest.raises(RefusedError, match=r"app\.begin"):
        await local.people.shortcut("U0PM", "C0INC", message.ts, "app.begin")


@pytest.fixture
async def browser(hub: Hub) -> AsyncIterator[httpx.AsyncClient]:
    """A browser without a screen."""
    transport = httpx.ASGITransport(create_app(hub, People(hub)), client=("127.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        yield client


async def test_every_message_has_a_menu(hub: Hub, heard: Heard, browser: httpx.AsyncClient) -> None:
    """With emoji and the app's shortcuts; with edit and delete on one's own."""
    message = await say(People(hub), "draft")
    page = (await browser.get("/client/U0ENG/C0INC")).text
    assert "Keep it" in page
    assert "Delete the message" in page
    assert "Delete the message" not in (await browser.get("/client/U0PM/C0INC")).text
    menu, origin = f"/client/U0ENG/C0INC/message/{message.ts}/do", {"Origin": "http://127.0.0.1:8000"}
    for form in ({"react": "pushpin"}, {"edit": "final"}):
        assert (await browser.post(menu, data=form, headers=origin)).status_code == 204
    kept = hub.workspace.message("C0INC", message.ts)
    assert kept is not None
    assert (kept.text, kept.reactions) == ("final", {"pushpin": ("U0ENG",)})
    assert (await browser.post(menu, data={"edit": " "}, headers=origin)).status_code == 409
    await browser.post(menu, data={"delete": "yes"}, headers=origin)
    assert hub.workspace.message("C0INC", message.ts) is None
    assert heard.events


@pytest.mark.parametrize("shortcut", [{}, {"name": "x"}, {"callback_id": "x", "type": "message"}])
def test_a_shortcut_without_a_name_is_no_manifest(shortcut: dict[str, str]) -> None:
    """As a command without one."""
    with pytest.raises(ValueError, match="shortcut without a name"):
        parse({**MANIFEST, "features": {"shortcuts": [shortcut]}})
    assert Manifest().shortcuts == ()
