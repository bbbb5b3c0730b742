"""Forms that answer while they are filled in: when a field changes, the form is drawn again."""

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.errors import UserError
from handlers.door import Door
from handlers.modals import submitted_of
from handlers.switchboard import FORMS
from handlers.topic import Opening

log = structlog.get_logger()

PAUSE = 0.3
"""Seconds without a further change after which a form is drawn again: nobody reads between two keystrokes."""

_CLOSED = frozenset({"not_found", "view_not_found", "expired_trigger_id"})


class LiveForms:
    """The forms open just now, by view; only the newest change of each is worth drawing."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._changes: dict[str, int] = {}

    def hears(self, body: Mapping[str, Any]) -> bool:
        """Whether this is a change in a field of a form that is drawn again."""
        form = FORMS.get((body.get("view") or {}).get("callback_id", ""))
        return form is not None and form.redraw is not None

    async def changed(self, body: Mapping[str, Any], client: AsyncWebClient) -> None:
        """Draw the form again with what it holds now, unless it changes meanwhile."""
        view = body["view"]
        mine = self._changes[view["id"]] = self._changes.get(view["id"], 0) + 1
        await asyncio.sleep(PAUSE)
        if self._changes.get(view["id"]) != mine:
            return
        try:
            await self._draw(view, body["user"]["id"], client, mine)
        finally:
            if self._changes.get(view["id"]) == mine:
                del self._changes[view["id"]]

    async def _draw(self, view: Mapping[str, Any], by: str, client: AsyncWebClient, mine: int) -> None:
        sent = submitted_of(view["callback_id"], view, by)
        try:
            drawn = await self._door.form(sent.form, Opening(by, sent.place, sent.value), sent.fields)
        except UserError:
            return  # it may not be opened any more; sending it off will say why
        hashed: str | None = view.get("hash")
        for attempt in (hashed, None):
            try:
                await client.views_update(view_id=view["id"], view=dict(drawn), hash=attempt)
                return
            except SlackApiError as error:
                reason = error.response.get("error")
                if reason == "hash_conflict" and attempt and self._changes.get(view["id"]) == mine:
                    continue  # we drew it since this change left the screen, and this is the newest change
                if reason not in _CLOSED:
                    log.warning("form_not_drawn", form=sent.form, reason=reason)
                return
