"""response_urls: what an app says to the person who clicked or typed, without being in the channel."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.workspace.clock import monotonic
from bot.workspace.incoming import BlocksError, incoming_blocks
from bot.workspace.records import Message
from bot.workspace.rules import Rules
from bot.workspace.state import Workspace

_KEPT: Final = 10_000  # the oldest are forgotten beyond this many


class ResponseError(Exception):
    """Slack's error code for a response that cannot be taken, and its HTTP status."""

    def __init__(self, code: str, status: int) -> None:
        super().__init__(code)
        self.code = code
        self.status = status


@dataclass
class ResponseUrl:
    """Who is answered where; `source` is the ts of the message that was clicked, empty for a command."""

    user: str
    channel: str
    source: str
    thread_ts: str
    until: float
    uses: int


class Responses:
    """The response_urls given out."""

    def __init__(self, workspace: Workspace, rules: Rules) -> None:
        self.workspace = workspace
        self.rules = rules
        self.base_url = ""
        self._all: dict[str, ResponseUrl] = {}

    def issue(self, user: str, channel: str, *, source: str = "", thread_ts: str = "") -> str:
        """A new response_url."""
        key = secrets.token_urlsafe(18)
        while len(self._all) >= _KEPT:
            del self._all[next(iter(self._all))]
        until = monotonic() + self.rules.response_url_life
        self._all[key] = ResponseUrl(user, channel, source, thread_ts, until, self.rules.response_url_uses)
        return f"{self.base_url}/response/{key}"

    def use(self, key: str, body: Mapping[str, Any]) -> Message | None:
        """Take one response; the message it made or changed. ResponseError if it cannot be taken."""
        url = self._all.get(key)
        if url is None or monotonic() > url.until:
            raise ResponseError("expired_url", 404)
        if url.uses <= 0:
            raise ResponseError("used_url", 404)
        message = self.say(url, body)
        url.uses -= 1
        return message

    def say(self, url: ResponseUrl, body: Mapping[str, Any]) -> Message | None:
        """What the body asks for: a new message, the source replaced or the source deleted."""
        if body.get("delete_original"):
            self._delete(url)
            return None
        text = str(body.get("text") or "")
        try:
            blocks = incoming_blocks(self.workspace, body.get("blocks"))
        except BlocksError as error:
            self.workspace.warn(f"A response to {url.channel} had invalid blocks: {error.summary}")
            raise ResponseError(error.code, 400) from error
        if not text and not blocks:
            raise ResponseError("no_text", 400)
        if body.get("replace_original"):
            return self._replace(url, text, blocks)
        return self._post(url, body, text, blocks)

    def answer(self, user: str, channel: str, thread_ts: str, body: Mapping[str, Any]) -> None:
        """What an app said with its ack of a command; a body Slack would not take becomes a warning."""
        url = ResponseUrl(user, channel, "", thread_ts, 0.0, 1)
        try:
            self.say(url, body)
        except ResponseError as error:
            self.workspace.warn(f"The app's ack could not be shown: {error.code}")

    def _post(
        self, url: ResponseUrl, body: Mapping[str, Any], text: str, blocks: tuple[Mapping[str, Any], ...]
    ) -> Message:
        bot = self.workspace.users[self.workspace.bot]
        for_all = body.get("response_type") == "in_channel"
        return self.workspace.post(
            url.channel,
            bot.id,
            text,
            bot_id=bot.bot_id,
            blocks=blocks,
            thread_ts=str(body.get("thread_ts") or url.thread_ts),
            ephemeral_to="" if for_all else url.user,
        )

    def _replace(self, url: ResponseUrl, text: str, blocks: tuple[Mapping[str, Any], ...]) -> Message:
        source = self.workspace.message(url.channel, url.source)
        if source is None:
            raise ResponseError("message_not_found", 404)
        edited = "" if source.ephemeral_to else self.workspace.clock.ts()
        return self.workspace.change_message(url.channel, url.source, text=text, blocks=blocks, edited=edited)

    def _delete(self, url: ResponseUrl) -> None:
        if self.workspace.message(url.channel, url.source) is None:
            raise ResponseError("message_not_found", 404)
        self.workspace.delete_message(url.channel, url.source)
