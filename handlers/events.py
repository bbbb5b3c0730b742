"""Mentions: all that a slash command does, in threads and with a file too; and what is noticed unasked."""

import re
from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.core.inbound import (
    Altered,
    Ask,
    Changed,
    Dropped,
    Inbound,
    Misread,
    OpenedHome,
    Order,
    Place,
    Reacted,
    RegisterExperiment,
    Submit,
)
from bot.errors import UserError
from bot.services import amending_form
from bot.views import amendment
from handlers import grammar
from handlers.door import Door
from handlers.topic import FILE

EVENTS = (
    "app_home_opened",
    "app_mention",
    "file_shared",
    "message.channels",
    "message.groups",
    "reaction_added",
    "reaction_removed",
    "user_change",
)
"""The events Lookout subscribes to."""


def register(app: AsyncApp, door: Door) -> None:
    """Let `app` hear mentions, files, accounts that change, and the home page."""

    @app.event("app_mention")
    async def mentioned(body: dict[str, Any]) -> None:
        event = body["event"]
        if event.get("bot_id"):
            return
        await door.store(f"event:{body['event_id']}", read(event))

    @app.event("file_shared")
    async def dropped(body: dict[str, Any]) -> None:
        event = body["event"]
        seen = Dropped(event["user_id"], Place(event["channel_id"]), event["file_id"])
        await door.store(f"event:{body['event_id']}", seen)

    @app.event("app_home_opened")
    async def opened(body: dict[str, Any]) -> None:
        if body["event"].get("tab", "home") == "home":
            await door.store(f"event:{body['event_id']}", OpenedHome(body["event"]["user"]))

    @app.event("user_change")
    async def changed(body: dict[str, Any]) -> None:
        user = body["event"]["user"]
        seen = Changed(user["id"], bool(user.get("deleted")), str(user.get("name", "")))
        await door.store(f"event:{body['event_id']}", seen)

    _hear_marks(app, door)


def _hear_marks(app: AsyncApp, door: Door) -> None:
    """Let `app` hear emoji that mark messages, and what becomes of marked ones; of others nothing is kept."""

    @app.event("reaction_added")
    async def reacted(body: dict[str, Any]) -> None:
        await _react(door, body, on=True)

    @app.event("reaction_removed")
    async def took_away(body: dict[str, Any]) -> None:
        await _react(door, body, on=False)

    @app.event({"type": "message", "subtype": ["message_changed", "message_deleted"]})
    async def altered(body: dict[str, Any]) -> None:
        seen = alteration(body)
        if seen is not None and await door.follows(seen):
            await door.store(f"event:{body['event_id']}", seen)

    @app.event("message")
    async def said() -> None:
        """Slack tells of edits only together with everything that is said; the rest is acknowledged."""


async def _react(door: Door, body: Mapping[str, Any], *, on: bool) -> None:
    event = body["event"]
    item = event.get("item") or {}
    if item.get("type") != "message" or event["reaction"] not in door.emoji:
        return
    seen = Reacted(event["user"], Place(item["channel"]), item["ts"], event["reaction"], on)
    await door.store(f"event:{body['event_id']}", seen)


def alteration(body: Mapping[str, Any]) -> Altered | None:
    """Read what became of a message; None for Lookout's own, which it edits all the time."""
    event = body["event"]
    place, now = Place(event["channel"]), event.get("message") or {}
    if event["subtype"] == "message_deleted":
        before = event.get("previous_message") or {}
        return Altered(str(before.get("user") or ""), place, str(event["deleted_ts"]), True)
    if now.get("app_id") and now.get("app_id") == body.get("api_app_id"):
        return None
    by = str((now.get("edited") or {}).get("user") or now.get("user") or "")
    return Altered(by, place, str(now["ts"]), now.get("subtype") == "tombstone")


def read(event: Mapping[str, Any]) -> Inbound:
    """Read a mention's text as the command it stands for; what cannot be read is answered, not dropped."""
    place = Place(event["channel"], event.get("thread_ts") or event["ts"])
    by = event["user"]
    text = re.sub(r"^\s*<@[A-Z0-9]+(\|[^>]*)?>\s*", "", event.get("text", ""))
    command, *rest = text.split(None, 1) or ["help"]
    attached = (event.get("files") or [{}])[0] or {}
    try:
        if command.lower() == "help":
            return Ask(by, place, rest[0].strip().lower() if rest else "", "help")
        read = grammar.parse(command.lower().lstrip("/"), rest[0] if rest else "", by=by, place=place)
    except UserError as error:
        return Misread(by, place, f"{error.message} {error.hint}")
    if isinstance(read, Submit | grammar.OpenForm) and read.form in grammar.DOCUMENTS.values():
        return _document(read, attached)
    if not isinstance(read, grammar.OpenForm):
        return read
    if read.order is not None:
        return Order(by, place, *read.order, read.text)
    if attached.get("url_private"):
        name = attached.get("name") or "attached.yaml"
        if read.form == amendment.FORM:
            fields = {"file": f"{attached['url_private']}\n{name}", amending_form.TYPED: read.text}
            return Submit(by, place, read.form, "", fields)
        return RegisterExperiment(by, place, file_url=attached["url_private"], file_name=name)
    if read.form == amendment.FORM:
        problem = "Attach the changed YAML file to the message, with the reason behind the command."
        return Misread(by, place, problem)
    return Misread(
        by, place, "There was no YAML. Paste it behind the command, or attach the file to the message."
    )


def _document(read: Submit | grammar.OpenForm, attached: Mapping[str, Any]) -> Inbound:
    """A document as it was pasted or attached; a mention opens no form, so there must be one."""
    fields = dict(read.fields) if isinstance(read, Submit) else {}
    if attached.get("url_private"):
        fields[FILE] = f"{attached['url_private']}\n{attached.get('name') or 'attached'}"
    if not fields:
        problem = "There was nothing to read. Paste it behind the command, or attach the file to the message."
        return Misread(read.by, read.place, problem)
    return Submit(read.by, read.place, read.form, "", fields)
