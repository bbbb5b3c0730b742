"""Channels: from a name to an id, and made where there is none."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import structlog
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.chat.slack import Attempt, Call, Refused, ask
from bot.core.effect import CreateChannel

log = structlog.get_logger()

_PAGE = 200
_TOPIC_LENGTH = 250  # https://docs.slack.dev/reference/methods/conversations.setTopic
_ALREADY = frozenset({"already_in_channel", "cant_invite_self"})


async def resolve(attempt: Attempt, reference: str) -> str:
    """The id of "C0123", "D0123", "#name" or a user ("U0123": the direct messages with them).

    Raises Refused("channel_not_found") for a name no channel has.
    """
    if not reference.startswith(("#", "U", "W")):
        return reference
    known = await asyncio.to_thread(attempt.storage.channel, reference)
    if known is not None:
        return known
    if reference.startswith("#"):
        found = await _find(attempt, reference[1:])
        if found is None:
            raise Refused("channel_not_found")
        channel = str(found["id"])
    else:
        opened = await ask(lambda: attempt.client.conversations_open(users=reference))
        channel = str(opened["channel"]["id"])
    await asyncio.to_thread(attempt.storage.remember_channel, reference, channel)
    return channel


async def inside(attempt: Attempt, channel: str, call: Call) -> AsyncSlackResponse:
    """Make a call that needs membership, joining the channel first if that turns out to be missing."""
    try:
        return await ask(call)
    except Refused as refusal:
        if refusal.code != "not_in_channel":
            raise
    await ask(lambda: attempt.client.conversations_join(channel=channel))
    return await ask(call)


async def create(attempt: Attempt, effect: CreateChannel) -> Mapping[str, str]:
    """Create the channel, or adopt the one that has the name; set its topic, invite people.

    Each step can be repeated. A topic or an invitation that Slack refuses is logged and left: the channel is
    what matters. An archived channel under the name is Refused("is_archived").
    """
    client = attempt.client
    channel = await asyncio.to_thread(attempt.storage.channel, effect.channel)
    if channel is None:
        channel = await _create_or_adopt(attempt, effect.channel.removeprefix("#"))
        await asyncio.to_thread(attempt.storage.remember_channel, effect.channel, channel)
    if effect.topic:
        topic = effect.topic[:_TOPIC_LENGTH]
        await _tolerate(attempt, lambda: client.conversations_setTopic(channel=channel, topic=topic))
    for user in effect.invite:
        await _invite(attempt, channel, user)
    return {"channel": channel}


async def _create_or_adopt(attempt: Attempt, name: str) -> str:
    attempt.check_lease()
    try:
        made = await ask(lambda: attempt.client.conversations_create(name=name))
    except Refused as refusal:
        if refusal.code != "name_taken":
            raise
    else:
        return str(made["channel"]["id"])
    found = await _find(attempt, name)
    if found is None:  # taken by a private channel we are not in, or by a user's name
        raise Refused("name_taken")
    if found.get("is_archived"):
        raise Refused("is_archived")
    channel = str(found["id"])
    if not found.get("is_member"):
        await ask(lambda: attempt.client.conversations_join(channel=channel))
    return channel


async def _invite(attempt: Attempt, channel: str, user: str) -> None:
    await _tolerate(attempt, lambda: attempt.client.conversations_invite(channel=channel, users=user))


async def _tolerate(attempt: Attempt, call: Call) -> None:
    try:
        await ask(call)
    except Refused as refusal:
        if refusal.code not in _ALREADY:
            log.warning("chat.channel_step_refused", effect=attempt.claimed.id, code=refusal.code)


async def _find(attempt: Attempt, name: str) -> Mapping[str, Any] | None:
    """The channel called `name`, on whatever page of the list it is; private ones where we may see them."""
    for kind in ("public_channel", "private_channel"):
        try:
            async for channel in _all(attempt, kind):
                if channel["name"] == name:
                    return channel
        except Refused as refusal:
            if kind == "public_channel" or refusal.code != "missing_scope":
                raise
    return None


async def _all(attempt: Attempt, kind: str) -> AsyncIterator[Mapping[str, Any]]:
    cursor: str | None = None
    while True:
        page = await ask(_page(attempt, kind, cursor))
        for channel in page["channels"]:
            yield channel
        cursor = (page.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            return


def _page(attempt: Attempt, kind: str, cursor: str | None) -> Call:
    return lambda: attempt.client.conversations_list(types=kind, limit=_PAGE, cursor=cursor)
