"""conversations.*: channels, who is in them, and what they are called."""

import re
from typing import Final

from bot.workspace import shapes
from bot.workspace.api.call import ApiError, Call, Shape, bad_arguments
from bot.workspace.api.paging import page
from bot.workspace.records import Channel

_NAME: Final = 80  # characters in a channel's name
_TOPIC: Final = 250  # characters in a topic or purpose


def create(call: Call) -> Shape:
    """conversations.create"""
    name = _valid_name(call)
    if call.flag("is_private"):
        raise ApiError("restricted_action")
    channel = call.workspace.create_channel(name, creator=call.bot.id)
    call.hub.events.channel("channel_created", channel.id, call.bot.id)
    return _one(call, channel)


def list_(call: Call) -> Shape:
    """conversations.list: filters come after the cut into pages, so pages may be short, as in Slack."""
    kinds = call.ids("types") or ["public_channel"]
    wanted = [
        channel
        for channel in call.workspace.channels.values()
        if ("im" if channel.is_im else "public_channel") in kinds
        and (not channel.is_im or call.bot.id in channel.members)
    ]
    cut, metadata = page(call, wanted, default=100, most=1000)
    if call.flag("exclude_archived"):
        cut = [channel for channel in cut if not channel.archived]
    return {
        "channels": [shapes.channel(call.workspace, channel, call.bot.id) for channel in cut],
        "response_metadata": metadata,
    }


def info(call: Call) -> Shape:
    """conversations.info"""
    return _one(call, call.channel())


def members(call: Call) -> Shape:
    """conversations.members"""
    cut, metadata = page(call, call.channel().members, default=100, most=1000)
    return {"members": cut, "response_metadata": metadata}


def join(call: Call) -> Shape:
    """conversations.join"""
    channel = call.channel(archived_too=False)
    if channel.is_im:
        raise ApiError("method_not_supported_for_channel_type")
    if call.bot.id in channel.members:
        warned = {"warning": "already_in_channel", "response_metadata": {"warnings": ["already_in_channel"]}}
        return {**_one(call, channel), **warned}
    joined = call.workspace.change_channel(channel.id, members=(*channel.members, call.bot.id))
    call.hub.events.joined(call.bot.id, channel.id)
    return _one(call, joined)


def leave(call: Call) -> Shape:
    """conversations.leave"""
    channel = call.channel(archived_too=False)
    if call.bot.id not in channel.members:
        return {"not_in_channel": True}
    rest = tuple(member for member in channel.members if member != call.bot.id)
    call.workspace.change_channel(channel.id, members=rest)
    return {}


def invite(call: Call) -> Shape:
    """conversations.invite: all or none, unless `force`."""
    channel = call.channel(member=True, archived_too=False)
    users = call.ids("users")
    if not users:
        raise ApiError("no_user")
    problems = [(user, code) for user in users if (code := _no_invite(call, channel, user))]
    errors = [{"user": user, "ok": False, "error": code} for user, code in problems]
    refused = {user for user, _code in problems}
    if problems and (not call.flag("force") or len(refused) == len(set(users))):
        raise ApiError(problems[0][1], errors=errors)
    new = [user for user in dict.fromkeys(users) if user not in refused]
    changed = call.workspace.change_channel(channel.id, members=(*channel.members, *new))
    for user in new:
        call.hub.events.joined(user, channel.id, inviter=call.bot.id)
    return {**_one(call, changed), **({"errors": errors} if errors else {})}


def set_topic(call: Call) -> Shape:
    """conversations.setTopic"""
    return _describe(call, "topic")


def set_purpose(call: Call) -> Shape:
    """conversations.setPurpose"""
    return _describe(call, "purpose")


def rename(call: Call) -> Shape:
    """conversations.rename"""
    channel = call.channel(member=True, archived_too=False)
    name = _valid_name(call)
    if channel.creator != call.bot.id:
        raise ApiError("not_authorized")
    return _one(call, call.workspace.change_channel(channel.id, name=name))


def archive(call: Call) -> Shape:
    """conversations.archive"""
    channel = call.channel(member=True)
    if channel.archived:
        raise ApiError("already_archived")
    if channel.is_im:
        raise ApiError("method_not_supported_for_channel_type")
    if channel.name == "general":
        raise ApiError("cant_archive_general")
    call.workspace.post(channel.id, call.bot.id, "archived the channel", subtype="channel_archive")
    call.workspace.change_channel(channel.id, archived=True)
    call.hub.events.channel("channel_archive", channel.id, call.bot.id)
    return {}


def unarchive(call: Call) -> Shape:
    """conversations.unarchive"""
    channel = call.channel(member=True)
    if not channel.archived:
        raise ApiError("not_archived")
    call.workspace.change_channel(channel.id, archived=False)
    return {}


def open_(call: Call) -> Shape:
    """conversations.open: a direct message with one person."""
    users = call.ids("users")
    if call.text("channel"):
        channel = call.channel()
    elif len(users) != 1:
        raise bad_arguments("exactly one user: group direct messages are not in this workspace")
    elif users[0] not in call.workspace.users:
        raise ApiError("user_not_found")
    else:
        channel = call.workspace.direct(call.bot.id, users[0])
    if not channel.is_im:
        raise ApiError("method_not_supported_for_channel_type")
    return _one(call, channel) if call.flag("return_im") else {"channel": {"id": channel.id}}


def _one(call: Call, channel: Channel) -> Shape:
    return {"channel": shapes.channel(call.workspace, channel, call.bot.id)}


def _valid_name(call: Call) -> str:
    name = call.text("name")
    if not name:
        raise ApiError("invalid_name_required")
    if len(name) > _NAME:
        raise ApiError("invalid_name_maxlength")
    if not re.fullmatch(r"[\w-]+", name) or name != name.lower():
        raise ApiError("invalid_name_specials")
    if not re.search(r"[^\W_]", name):
        raise ApiError("invalid_name_punctuation")
    if call.workspace.named(name) is not None:
        raise ApiError("name_taken")
    return name


def _no_invite(call: Call, channel: Channel, user: str) -> str:
    if user == call.bot.id:
        return "cant_invite_self"
    if user not in call.workspace.users:
        return "user_not_found"
    return "already_in_channel" if user in channel.members else ""


def _describe(call: Call, what: str) -> Shape:
    channel = call.channel(member=True, archived_too=False)
    if channel.is_im:
        raise ApiError("method_not_supported_for_channel_type")
    text = call.text(what)
    if len(text) > _TOPIC:
        raise ApiError("too_long")
    if getattr(channel, what) != text:
        channel = call.workspace.change_channel(channel.id, **{what: text})
        said = f"set the channel {what}: {text}"
        call.workspace.post(channel.id, call.bot.id, said, subtype=f"channel_{what}")
    return {**_one(call, channel), what: text}
