"""Where a person is answered: in the channel they asked in, or directly where there is none."""

from typing import Any, cast

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.inbound import Inbound, Misread, Place
from bot.errors import RefusedError
from handlers.commands import open_form, place_of
from handlers.door import Door
from handlers.topic import Opening


@pytest.mark.parametrize(
    ("payload", "place"),
    [
        ({"channel": {"id": "C0LAUNCH"}, "message": {"ts": "1.1"}}, Place("C0LAUNCH")),
        ({"channel": {"id": "C0LAUNCH"}, "message": {"thread_ts": "1.0"}}, Place("C0LAUNCH", "1.0")),
        ({"container": {"type": "message", "channel_id": "C0LAUNCH"}}, Place("C0LAUNCH")),
        ({"container": {"type": "view", "view_id": "V1"}, "channel": None}, Place("U0PM")),
    ],
)
def test_the_place_of_an_interaction(payload: dict[str, Any], place: Place) -> None:
    """A channel, a thread of it; on the home page it is the person."""
    assert place_of({"user": {"id": "U0PM"}, **payload}) == place


class RefusingDoor:
    """A door behind which the form may not be opened; keeps what was stored."""

    def __init__(self) -> None:
        self.stored: list[tuple[str, Inbound]] = []

    async def form(self, *_: object) -> None:
        """Refuse."""
        raise RefusedError("To decide takes the role owner.", "Who holds it: <@U0PM>.")

    async def store(self, key: str, inbound: Inbound) -> None:
        """Keep it."""
        self.stored.append((key, inbound))


class NoSlack(AsyncWebClient):
    """Nothing may be asked of Slack: an answer of its own could be lost, one that is stored is not."""

    async def api_call(self, *_: object, **__: object) -> Any:
        """Fail."""
        raise AssertionError("Slack was called")


async def test_who_may_not_open_a_form_is_told_by_what_is_stored() -> None:
    """As every answer: once, however often Slack must be asked, directly where they are in no channel."""
    door = RefusingDoor()
    opened = Opening("U0ENG", Place("C0LAUNCH", "1.0"), "{}")
    await open_form(cast(Door, door), NoSlack(), "T1", "launch.ship", opened)
    said = "To decide takes the role owner. Who holds it: <@U0PM>."
    assert door.stored == [("form:T1", Misread("U0ENG", Place("C0LAUNCH", "1.0"), said))]
