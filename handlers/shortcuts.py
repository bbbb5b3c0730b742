"""Message shortcuts: an entry of Lookout's own in the menu of every message, which opens a form."""

from typing import Any, Final

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.inbound import Place
from bot.views.marking import MarkAction
from handlers.commands import open_form
from handlers.door import Door
from handlers.topic import Opening

SHORTCUTS: Final = (
    (MarkAction.FORM.value, "Add to incident timeline", "Puts this message into an incident's record"),
)
"""Each by its callback id, which is the form's name, what the menu says, and what it does."""


def register(app: AsyncApp, door: Door) -> None:
    """Let `app` hear every shortcut."""
    for name, _, _ in SHORTCUTS:
        _hear(app, door, name)


def _hear(app: AsyncApp, door: Door, name: str) -> None:
    @app.shortcut(name)
    async def used(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        channel, ts = body["channel"]["id"], body["message_ts"]
        place = Place(channel, (body.get("message") or {}).get("thread_ts"))
        opened = Opening(body["user"]["id"], place, f"{channel}/{ts}")
        door.soon(open_form(door, client, body["trigger_id"], name, opened))
