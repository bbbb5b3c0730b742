"""Buttons, selects and overflow menus: an action's id names what to do, its value says on what."""

import re
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.inbound import Press
from handlers import form_pages
from handlers.commands import open_form, place_of
from handlers.door import Door
from handlers.live_forms import LiveForms
from handlers.quarter import TOPICS
from handlers.switchboard import FORM_BUTTONS
from handlers.topic import Opening

_QUARTER = [topic.name for topic in TOPICS]
OURS = re.compile(rf"^({'|'.join(['triage', 'incident', 'experiment', 'launch', 'digest', *_QUARTER])})\.")


def register(app: AsyncApp, door: Door) -> None:
    """Let `app` hear every action whose id is ours."""
    live = LiveForms(door)

    @app.action(OURS)
    async def pressed(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        turn = form_pages.turning(body)
        if turn:
            sent = form_pages.left(body)
            await door.store(_key(body), sent, name=_name(body))
            await ack()
            door.soon(form_pages.turn(door, client, body, sent, turn))
            return
        if live.hears(body):
            await ack()
            door.soon(live.changed(body, client))
            return
        press = read(body)
        form = FORM_BUTTONS.get(press.action)
        if form is not None:
            await ack()
            opened = Opening(press.by, press.place, press.value)
            door.soon(open_form(door, client, body["trigger_id"], form, opened))
            return
        await door.store(_key(body), press, name=_name(body))
        await ack()

    @app.action(re.compile(r"^link\."))
    async def followed(ack: AsyncAck) -> None:
        await ack()  # a link button opens its page in the browser; Slack only wants to be acknowledged


def _key(body: dict[str, Any]) -> str:
    return f"action:{body['trigger_id']}:{body['actions'][0].get('action_ts', '')}"


def _name(body: dict[str, Any]) -> str:
    """What Slack calls the person."""
    return str(body["user"].get("username") or body["user"].get("name", ""))


def read(body: dict[str, Any]) -> Press:
    """Return the press, with the value of whichever element it was."""
    action = body["actions"][0]
    return Press(
        by=body["user"]["id"],
        place=place_of(body),
        action=str(action["action_id"]).partition(":")[0],
        value=value_of(action),
        message=(body.get("message") or {}).get("ts", ""),
    )


def value_of(element: dict[str, Any]) -> str:
    """The value an element carries: a button's, the selected option's or user's, or the text typed."""
    selected = element.get("selected_option") or {}
    return str(element.get("value") or selected.get("value") or element.get("selected_user") or "")
