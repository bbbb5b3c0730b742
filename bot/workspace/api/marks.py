"""pins.* and reactions.*: what is put beside a message."""

import re

from bot.workspace import shapes
from bot.workspace.api.call import ApiError, Call, Shape
from bot.workspace.records import Message


def pin(call: Call) -> Shape:
    """pins.add"""
    message = _message(call)
    if message.pinned:
        raise ApiError("already_pinned")
    call.workspace.change_message(message.channel, message.ts, pinned=True)
    return {}


def unpin(call: Call) -> Shape:
    """pins.remove"""
    message = _message(call)
    if not message.pinned:
        raise ApiError("no_pin")
    call.workspace.change_message(message.channel, message.ts, pinned=False)
    return {}


def pins(call: Call) -> Shape:
    """pins.list"""
    channel = call.channel(member=True)
    pinned = [message for message in call.workspace.messages(channel.id) if message.pinned]
    return {
        "items": [
            {
                "type": "message",
                "channel": channel.id,
                "message": shapes.message(call.workspace, message, call.hub.base_url),
            }
            for message in pinned
        ]
    }


def react(call: Call) -> Shape:
    """reactions.add"""
    message, name = _message(call), _emoji(call)
    users = message.reactions.get(name, ())
    if call.bot.id in users:
        raise ApiError("already_reacted")
    reactions = {**message.reactions, name: (*users, call.bot.id)}
    changed = call.workspace.change_message(message.channel, message.ts, reactions=reactions)
    call.hub.events.reacted(changed, call.bot.id, name)
    return {}


def unreact(call: Call) -> Shape:
    """reactions.remove"""
    message, name = _message(call), _emoji(call)
    users = message.reactions.get(name, ())
    if call.bot.id not in users:
        raise ApiError("no_reaction")
    left = tuple(user for user in users if user != call.bot.id)
    reactions = {emoji: who for emoji, who in message.reactions.items() if emoji != name}
    if left:
        reactions[name] = left
    changed = call.workspace.change_message(message.channel, message.ts, reactions=reactions)
    call.hub.events.reacted(changed, call.bot.id, name, added=False)
    return {}


def reactions(call: Call) -> Shape:
    """reactions.get"""
    message = _message(call)
    shape = shapes.message(call.workspace, message, call.hub.base_url)
    return {"type": "message", "channel": message.channel, "message": shape}


def _message(call: Call) -> Message:
    channel = call.channel(member=True, archived_too=False)
    message = call.workspace.message(channel.id, call.needed("timestamp"))
    if message is None or message.ephemeral_to:
        raise ApiError("message_not_found")
    return message


def _emoji(call: Call) -> str:
    name = call.text("name").strip(":")
    if not re.fullmatch(r"[\w+'-]+(::skin-tone-[2-6])?", name):
        raise ApiError("invalid_name")
    return name
