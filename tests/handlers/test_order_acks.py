"""What a typed order is answered with before its real answer: nothing, unless that takes long."""

from collections.abc import Coroutine
from typing import Any, cast

import pytest
from slack_bolt.async_app import AsyncApp, AsyncRespond

from bot.core.inbound import Inbound
from bot.store.inbox import Stored
from handlers import commands
from handlers.door import Door

STORED = Stored(7, duplicate=False)


class App:
    """Keeps the listeners that are registered."""

    def __init__(self) -> None:
        self.listeners: dict[str, commands.Listener] = {}

    def command(self, name: str) -> Any:
        """As Bolt's decorator."""
        return lambda listener: self.listeners.update({name: listener})


class SlowDoor:
    """A door behind which nothing is done until the test says so."""

    def __init__(self, *, duplicate: bool = False) -> None:
        self.stored: list[Inbound] = []
        self.waiting = True
        self.later: list[Coroutine[Any, Any, None]] = []
        self._duplicate = duplicate

    async def store(self, key: str, inbound: Inbound, *, name: str = "") -> Stored:
        """Keep it."""
        self.stored.append(inbound)
        return Stored(7, duplicate=self._duplicate)

    async def waits(self, stored: Stored) -> bool:
        """Whether it is still to be done."""
        assert stored == STORED
        return self.waiting

    def soon(self, what: Coroutine[Any, Any, None]) -> None:
        """Keep what is to be done after the acknowledgement."""
        self.later.append(what)
        what.close()


class Said:
    """What Slack was told by an acknowledgement or a response_url."""

    def __init__(self) -> None:
        self.words: list[str] = []

    async def __call__(self, **said: Any) -> None:
        """Keep it."""
        self.words.append(str(said.get("text", "")))


async def typed(command: str, text: str, door: SlowDoor) -> list[str]:
    """Type a command; what it was acknowledged with."""
    app, ack = App(), Said()
    commands.register(cast(AsyncApp, app), cast(Door, door))
    body = {"channel_id": "C0LAUNCH", "user_id": "U0PM", "trigger_id": "T1", "text": text}
    await cast(Any, app.listeners[command])(ack=ack, body=body, client=None, respond=Said())
    return ack.words


@pytest.mark.parametrize(
    ("command", "text"),
    [("/experiment", "stop too few users"), ("/digest", "unsubscribe"), ("/launch", "waive AML-01 known")],
)
async def test_an_order_is_acknowledged_in_silence(command: str, text: str) -> None:
    """Its answer comes in a moment; a word of receipt would stand beside it."""
    door = SlowDoor()
    assert await typed(command, text, door) == [""]
    assert len(door.stored) == len(door.later) == 1


async def test_what_takes_long_from_the_start_is_said_to_be_begun() -> None:
    """Without a promise that a refusal would break."""
    said = await typed("/experiment", "look 2", SlowDoor())
    assert said == ["Look 2 is asked for. Its card, or why there is none, comes into this channel."]


async def test_a_command_that_slack_sends_again_is_not_waited_for_twice() -> None:
    """Whoever stored it first says that it is late."""
    door = SlowDoor(duplicate=True)
    assert await typed("/experiment", "stop too few users", door) == [""]
    assert door.later == []


@pytest.mark.parametrize("waiting", [True, False])
async def test_an_order_that_is_late_is_said_to_be_received(*, waiting: bool) -> None:
    """Once it was done in time nothing is said."""
    door, said = SlowDoor(), Said()
    door.waiting = waiting
    await commands.say_if_late(cast(Door, door), STORED, cast(AsyncRespond, said), after=0)
    assert said.words == ([commands.LATE] if waiting else [])
