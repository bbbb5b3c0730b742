"""Slash commands: read the text, store what is to be done, acknowledge. Questions are answered in the ack.

An order is acknowledged in silence, since its answer comes within a moment; where it does not, a word says
that it was received. What takes long from the start is said to be begun.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.effect import Message
from bot.core.inbound import Ask, AskLook, Inbound, Misread, Place, RegisterExperiment, StartTriage
from bot.errors import UserError
from bot.store.inbox import Stored
from handlers import grammar
from handlers.door import Door, said
from handlers.help import HELP
from handlers.topic import Opening

Listener = Callable[..., Awaitable[None]]

PATIENCE = 2.0
"""Seconds after which somebody who sees no answer would type it again."""

LATE = "Received. It takes longer than usual; the answer comes by itself, so do not type it again."


def register(app: AsyncApp, door: Door) -> None:
    """Let `app` hear every command there is."""
    for name in HELP:
        app.command(f"/{name}")(_listener(name, door))


def _listener(name: str, door: Door) -> Listener:
    async def listen(
        ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient, respond: AsyncRespond
    ) -> None:
        place = Place(body["channel_id"])
        try:
            read = grammar.parse(name, body.get("text", ""), by=body["user_id"], place=place)
            if isinstance(read, Ask):
                await ack(**said(await door.answer(read)))
                return
        except UserError as error:
            await ack(**said(Message(f"{error.message} {error.hint}")))
            return
        if isinstance(read, grammar.OpenForm):
            await ack()
            door.soon(open_form(door, client, body["trigger_id"], read.form, opening(read)))
            return
        stored = await door.store(f"command:{body['trigger_id']}", read, name=body.get("user_name", ""))
        begun = _begun(read)
        if begun:
            await ack(**said(Message(begun)))
            return
        await ack()
        if not stored.duplicate:
            door.soon(say_if_late(door, stored, respond))

    return listen


def opening(read: grammar.OpenForm) -> Opening:
    """What the form is opened with."""
    return Opening(read.by, read.place, read.text)


async def open_form(door: Door, client: AsyncWebClient, trigger: str, form: str, opened: Opening) -> None:
    """Draw a form and open it while its trigger lives; who may not, or what is missing, is told instead."""
    try:
        view = await door.form(form, opened)
    except UserError as error:
        refused = Misread(opened.by, opened.place, f"{error.message} {error.hint}".strip())
        await door.store(f"form:{trigger}", refused)
        return
    await client.views_open(trigger_id=trigger, view=dict(view))


async def say_if_late(door: Door, stored: Stored, respond: AsyncRespond, *, after: float = PATIENCE) -> None:
    """Tell the person that their order was received, if it still waits to be done after a while."""
    await asyncio.sleep(after)
    if await door.waits(stored):
        await respond(**said(Message(LATE)))


def _begun(read: Inbound) -> str:
    """What the person is told at once of something that takes long; empty where the answer is near."""
    match read:
        case StartTriage(here=True):
            return "Opening an incident in this channel."
        case StartTriage():
            return "Opening an incident; its channel comes in a moment."
        case AskLook(look=look):
            return f"Look {look} is asked for. Its card, or why there is none, comes into this channel."
        case RegisterExperiment():
            return "Checking the registration. The card, or what to mend, comes into this channel."
        case _:
            return ""


def place_of(payload: Mapping[str, Any]) -> Place:
    """Where an interaction happened: its channel, and the thread of its message where there is one.

    On the home page there is no channel: then it is the person, who is answered by a direct message.
    """
    container = payload.get("container") or {}
    channel = (payload.get("channel") or {}).get("id") or container.get("channel_id") or payload["user"]["id"]
    return Place(channel, (payload.get("message") or {}).get("thread_ts"))
