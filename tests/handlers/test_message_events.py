"""What is heard of messages: emoji and edits that matter, and nothing kept of those that do not."""

import asyncio
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest

from bot.core.inbound import Altered, Inbound, Place, Reacted, dump, load
from handlers import events
from handlers.events import EVENTS, alteration
from handlers.manifest import SCOPES, manifest

TS = "1795403400.000100"


class Door:
    """Keeps what was stored; follows one message, takes two emoji."""

    emoji = frozenset({"pushpin", "memo"})

    def __init__(self) -> None:
        self.stored: list[Inbound] = []

    async def follows(self, seen: Altered) -> bool:
        """Whether it is the marked one."""
        return seen.ts == TS

    async def store(self, key: str, inbound: Inbound) -> None:
        """Keep it, as the inbox does."""
        assert key.startswith("event:")
        self.stored.append(load(dump(inbound)))


@pytest.fixture
def door() -> Door:
    """A door."""
    return Door()


def hear(door: Door, event: dict[str, Any]) -> list[Inbound]:
    """Let Bolt take an event to its listener; what was stored."""
    app = AsyncApp(
        token="xoxb-x",
        process_before_response=True,
        request_verification_enabled=False,
        ssl_check_enabled=False,
        url_verification_enabled=False,
        authorize=None,
        signing_secret="x",
    )
    app._async_middleware_list = []  # only the listeners are looked at here
    events.register(app, door)  # type: ignore[arg-type]
    body = {"type": "event_callback", "event_id": "Ev1", "api_app_id": "A1", "event": event}
    request = AsyncBoltRequest(mode="socket_mode", body=body)
    answer = asyncio.run(app.async_dispatch(request))
    assert answer.status == 200
    return door.stored


def reaction(name: str, kind: str = "reaction_added", **item: str) -> dict[str, Any]:
    """An emoji event."""
    return {
        "type": kind,
        "user": "U1",
        "reaction": name,
        "item": {"type": "message", "channel": "C1", "ts": TS, **item},
    }


def edited(**message: Any) -> dict[str, Any]:
    """An edit."""
    said = {"user": "U1", "ts": TS, "text": "secret", "edited": {"user": "U2", "ts": "1.2"}, **message}
    return {"type": "message", "subtype": "message_changed", "channel": "C1", "message": said}


DELETED = {
    "type": "message",
    "subtype": "message_deleted",
    "channel": "C1",
    "deleted_ts": TS,
    "previous_message": {"user": "U1", "text": "secret"},
}


@pytest.mark.parametrize(
    ("event", "stored"),
    [
        (reaction("pushpin"), [Reacted("U1", Place("C1"), TS, "pushpin", True)]),
        (reaction("memo", "reaction_removed"), [Reacted("U1", Place("C1"), TS, "memo", False)]),
        (reaction("eyes"), []),
        (reaction("pushpin", type="file"), []),
        (edited(), [Altered("U2", Place("C1"), TS, False)]),
        (edited(subtype="tombstone"), [Altered("U2", Place("C1"), TS, True)]),
        (edited(app_id="A1"), []),
        (edited(ts="1795403999.000100"), []),
        (DELETED, [Altered("U1", Place("C1"), TS, True)]),
        ({"type": "message", "channel": "C1", "user": "U1", "text": "hello", "ts": "1.1"}, []),
        ({"type": "message", "subtype": "channel_join", "channel": "C1", "user": "U1", "ts": "1.1"}, []),
    ],
)
def test_only_what_matters_is_stored(door: Door, event: dict[str, Any], stored: list[Inbound]) -> None:
    """Marks, and what becomes of marked messages: their place alone, never a word of what they say."""
    assert hear(door, event) == stored
    assert not any("secret" in dump(one) for one in door.stored)


def test_another_apps_edit_is_followed() -> None:
    """A deploy bot's message may be in a timeline; only Lookout's own edits are passed over."""
    body = {"api_app_id": "A1", "event": edited(app_id="A2", user="", edited={})}
    assert alteration(body) == Altered("", Place("C1"), TS, False)


def test_the_manifest_asks_for_what_is_heard() -> None:
    """Each event with its scope, and the message shortcut."""
    assert {"reactions:read", "channels:history", "groups:history"} <= set(SCOPES)
    declared = manifest()
    assert declared["settings"]["event_subscriptions"]["bot_events"] == list(EVENTS)
    assert declared["features"]["shortcuts"][0]["type"] == "message"
    assert len(declared["features"]["shortcuts"][0]["name"]) <= 24
    assert len(declared["features"]["shortcuts"][0]["callback_id"]) <= 255
