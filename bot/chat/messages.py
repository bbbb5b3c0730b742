"""Messages: post, update, whisper, pin; and find one again whose answer was lost."""

import asyncio
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.chat import files
from bot.chat.channels import inside, resolve
from bot.chat.slack import Attempt, Call, Later, Refused, ask
from bot.core.channel_links import link_channels
from bot.core.effect import Ephemeral, Message, Pin, Post, PublishHome, Update

log = structlog.get_logger()

EVENT_TYPE = "lookout_effect"
ADOPTED = "adopted"
"""Set in a result when the message was found in the channel instead of posted."""

_ABSENT = frozenset(
    {
        "user_not_in_channel",
        "channel_not_found",
        "is_archived",
        "not_in_channel",
        "method_not_supported_for_channel_type",
        "restricted_action",
    }
)
"""Why nobody can be whispered to in a channel: they are not there, or Lookout cannot be."""
_TS = re.compile(r"\d+\.\d+")
_PAGE = 200
_CLOCKS_APART = timedelta(minutes=10)
_PROCESSING = timedelta(minutes=2)
_CREATING = timedelta(seconds=5)
"""How long a message that names a channel waits for it to be created; then it goes without a link."""


async def post(attempt: Attempt, effect: Post) -> Mapping[str, str]:
    """Post it, unless an earlier attempt may have: then look for it first."""
    channel = await resolve(attempt, effect.channel)
    thread = await thread_ts(attempt, effect.thread)
    if attempt.claimed.doubt:
        found = await _find(attempt, channel, thread, effect.key)
        if found is not None:
            return {"channel": channel, "ts": found, ADOPTED: "yes"}
    message = await _linked(attempt, effect.message)
    blocks = await files.fill(attempt, message.blocks)
    attempt.check_lease()
    try:
        answer = await inside(
            attempt,
            channel,
            lambda: attempt.client.chat_postMessage(
                channel=channel,
                text=message.text,
                blocks=blocks or None,
                thread_ts=thread,
                reply_broadcast=effect.broadcast or None,
                metadata=_metadata(effect.key),
                unfurl_links=False,
                unfurl_media=False,
            ),
        )
    except Refused as refusal:
        raise _maybe_processing(attempt, effect.message.blocks, refusal) from None
    return {"channel": str(answer["channel"]), "ts": str(answer["ts"])}


async def update(attempt: Attempt, effect: Update) -> Mapping[str, str]:
    """Edit the message in place; doing it twice is doing it once. Blocks always go along: without, Slack
    would remove them."""
    channel, ts = await _target(attempt, effect.key)
    message = await _linked(attempt, effect.message)
    blocks = await files.fill(attempt, message.blocks)
    attempt.check_lease()
    try:
        await inside(
            attempt,
            channel,
            lambda: attempt.client.chat_update(
                channel=channel,
                ts=ts,
                text=message.text,
                blocks=blocks,
                metadata=_metadata(effect.key),
            ),
        )
    except Refused as refusal:
        raise _maybe_processing(attempt, effect.message.blocks, refusal) from None
    return {}


async def whisper(attempt: Attempt, effect: Ephemeral) -> Mapping[str, str]:
    """Say it to one person. Nothing can tell whether they saw it, so in doubt it is said again.

    Who is not in the channel, or is somewhere Lookout cannot be, is told by a direct message.
    """
    message = await _linked(attempt, effect.message)
    blocks = await files.fill(attempt, message.blocks)
    if effect.channel == effect.user:
        await _tell(attempt, effect.user, message.text, blocks)
        return {}
    channel = await resolve(attempt, effect.channel)
    thread = await thread_ts(attempt, effect.thread)
    attempt.check_lease()
    try:
        await inside(
            attempt,
            channel,
            lambda: attempt.client.chat_postEphemeral(
                channel=channel,
                user=effect.user,
                text=message.text,
                blocks=blocks or None,
                thread_ts=thread,
            ),
        )
    except Refused as refusal:
        if refusal.code not in _ABSENT or effect.channel.startswith("#"):
            raise
        await _tell(attempt, effect.user, message.text, blocks)
    return {}


async def _tell(attempt: Attempt, user: str, text: str, blocks: list[Any]) -> None:
    """Say it in the direct messages with somebody."""
    direct = await resolve(attempt, user)
    attempt.check_lease()
    await ask(lambda: attempt.client.chat_postMessage(channel=direct, text=text, blocks=blocks or None))


async def pin(attempt: Attempt, effect: Pin) -> Mapping[str, str]:
    """Pin it; pinned already is fine."""
    channel, ts = await _target(attempt, effect.key)
    try:
        await inside(attempt, channel, lambda: attempt.client.pins_add(channel=channel, timestamp=ts))
    except Refused as refusal:
        if refusal.code != "already_pinned":
            raise
    return {}


async def home(attempt: Attempt, effect: PublishHome) -> Mapping[str, str]:
    """Show a person their home page; doing it twice is doing it once."""
    message = await _linked(attempt, effect.message)
    attempt.check_lease()
    view = {"type": "home", "blocks": list(message.blocks)}
    await ask(lambda: attempt.client.views_publish(user_id=effect.channel, view=view))
    return {}


async def thread_ts(attempt: Attempt, thread: str | None) -> str | None:
    """The ts of a thread given by key or ts; Later while its message is still to be sent.

    Where that message was given up, the answer goes to the channel itself rather than nowhere.
    """
    if thread is None or _TS.fullmatch(thread):
        return thread
    parent = await _message(attempt, thread)
    if parent is None:
        log.warning("chat.thread_lost", effect=attempt.claimed.id, thread=thread)
        return None
    return parent[1]


async def _target(attempt: Attempt, key: str) -> tuple[str, str]:
    target = await _message(attempt, key)
    if target is None:
        raise Refused("message_never_sent")
    return target


async def _message(attempt: Attempt, key: str) -> tuple[str, str] | None:
    """Where the message of `key` is; Later while it is still on its way."""
    storage = attempt.storage
    found = await asyncio.to_thread(storage.message, key)
    if found is None:
        if await asyncio.to_thread(storage.awaited, attempt.claimed, "post", key):
            raise Later(f"waiting for message {key}", seconds=1)
        found = await asyncio.to_thread(storage.message, key)  # it may have arrived between the two
    return found


async def _linked(attempt: Attempt, message: Message) -> Message:
    """The message with links to the channels it names; Later while one of them is just being created."""
    young = attempt.clock() - attempt.claimed.created_at < _CREATING

    def find(name: str) -> str | None:
        storage = attempt.storage
        known = storage.channel(name)
        if known is None and young and storage.awaited(attempt.claimed, "channel", name):
            raise Later(f"waiting for channel {name}", seconds=0.5)
        return known

    return await asyncio.to_thread(link_channels, message, find)


async def _find(attempt: Attempt, channel: str, thread: str | None, key: str) -> str | None:
    """The ts of the message that carries `key` in its metadata.

    A channel is read from its newest message back to a bit before the effect was made, at least one page,
    since our clock need not be Slack's; a thread is read whole.
    """
    until = attempt.claimed.created_at - _CLOCKS_APART
    cursor: str | None = None
    while True:
        page = await inside(attempt, channel, _page(attempt, channel, thread, cursor))
        messages: list[Mapping[str, Any]] = page["messages"]
        for message in messages:
            if _key_of(message) == key:
                return str(message["ts"])
        cursor = (page.get("response_metadata") or {}).get("next_cursor")
        if not cursor or (thread is None and messages and _older(messages[-1], until)):
            return None


def _page(attempt: Attempt, channel: str, thread: str | None, cursor: str | None) -> Call:
    client = attempt.client
    if thread is None:
        return lambda: client.conversations_history(
            channel=channel, limit=_PAGE, cursor=cursor, include_all_metadata=True
        )
    return lambda: client.conversations_replies(
        channel=channel, ts=thread, limit=_PAGE, cursor=cursor, include_all_metadata=True
    )


def _older(message: Mapping[str, Any], moment: datetime) -> bool:
    return float(message["ts"]) < moment.timestamp()


def _metadata(key: str) -> dict[str, Any]:
    return {"event_type": EVENT_TYPE, "event_payload": {"key": key}}


def _key_of(message: Mapping[str, Any]) -> str | None:
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != EVENT_TYPE:
        return None
    key = (metadata.get("event_payload") or {}).get("key")
    return key if isinstance(key, str) else None


def _maybe_processing(attempt: Attempt, blocks: Any, refusal: Refused) -> Later | Refused:
    """Slack refuses a message whose file it is still processing, for some seconds: then wait."""
    young = attempt.clock() - attempt.claimed.created_at < _PROCESSING
    if refusal.code in ("invalid_blocks", "slack_file_error") and young and files.mentioned(blocks):
        return Later("slack is processing the file", seconds=2)
    return refusal
