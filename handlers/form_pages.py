"""Buttons in a form of several pages: the page left is stored as it is, and another is shown in its place."""

from collections.abc import Mapping
from typing import Any

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.inbound import Submit
from bot.errors import UserError
from handlers.door import Door
from handlers.modals import submitted_of
from handlers.switchboard import FORMS

log = structlog.get_logger()


def turning(body: Mapping[str, Any]) -> str:
    """The action of a button that leaves for another page of its form; empty for everything else."""
    form = FORMS.get((body.get("view") or {}).get("callback_id", ""))
    action = str(body["actions"][0]["action_id"]).partition(":")[0]
    return action if form is not None and action in form.turns else ""


def left(body: Mapping[str, Any]) -> Submit:
    """The page as it was left."""
    view = body["view"]
    return submitted_of(view["callback_id"], view, body["user"]["id"])


async def turn(
    door: Door, client: AsyncWebClient, body: Mapping[str, Any], sent: Submit, action: str
) -> None:
    """Show the other page; what it cannot be drawn for is told by what was stored."""
    try:
        page = await door.turned(sent, action)
    except UserError:
        return
    if page is None:
        return
    view = body["view"]
    try:
        await client.views_update(view_id=view["id"], view=dict(page), hash=view.get("hash"))
    except SlackApiError as error:
        log.warning("form_not_turned", form=sent.form, reason=error.response.get("error"))
