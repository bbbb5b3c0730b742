"""Slash commands: read the text, store what is to be done, acknowledge. Questions are answered in the ack."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.effect import Message
from bot.core.inbound import Ask, AskLook, Inbound, Misread, Place, RegisterExperiment, StartTriage
from bot.errors import UserError
from handlers import grammar
from handlers.door import Door, said
from handlers.switchboard import Opening

Listener = Callable[..., Awaitable[None]]


def register(app: AsyncApp, door: Door) -> None:
    """Let `app` hear every command there is."""
    for name in grammar.HELP:
        app.command(f"/{name}")(_listener(name, door))


def _listener(name: str, door: Door) -> Listener:
    async def listen(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
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
        await door.store(f"command:{body['trigger_id']}", read, name=body.get("user_name", ""))
        await ack(**said(Message(_receipt(read))))

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


def _receipt(read: Inbound) -> str:
    """What the person is told at once, before the work is done."""
    match read:
        case StartTriage(here=True):
            return "Opening an incident in this channel."
        case StartTriage():
            return "Opening an incident; its channel comes in a moment."
        case AskLook(look=look):
            return f"Look {look}: computing. The card comes into this channel."
        case RegisterExperiment():
            return "Checking the registration. The card, or what to mend, comes into this channel."
        case _:
            return "Received."


def place_of(payload: Mapping[str, Any]) -> Place:
    """Where an interaction happened: its channel, and the thread of its message where there is one.

    On the home page there is no channel: then it is the person, who is answered by a direct message.
    """
    container = payload.get("container") or {}
    channel = (payload.get("channel") or {}).get("id") or container.get("channel_id") or payload["user"]["id"]
    return Place(channel, (payload.get("message") or {}).get("thread_ts"))
