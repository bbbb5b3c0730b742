"""chat.*: what the app says, changes and takes back."""

from collections.abc import Mapping
from typing import Any

from bot.limits import numbers
from bot.workspace import shapes
from bot.workspace.api.call import ApiError, Call, Shape, bad_arguments
from bot.workspace.records import Channel, Message


def post_message(call: Call) -> Shape:
    """chat.postMessage"""
    channel = _target(call)
    _may_post(call, channel)
    blocks, text = call.blocks(), _text(call)
    if not text and not blocks:
        raise ApiError("no_text")
    thread_ts, metadata = _thread(call, channel), _metadata(call)
    _slow_down(call, channel)
    message = call.workspace.post(
        channel.id,
        call.bot.id,
        text,
        bot_id=call.bot.bot_id,
        blocks=blocks,
        thread_ts=thread_ts,
        broadcast=call.flag("reply_broadcast"),
        metadata=metadata,
    )
    if not text:
        call.workspace.warn(f"chat.postMessage to {_name(channel)} has no text: notifications show nothing.")
    call.hub.events.message(message)
    return {"channel": channel.id, "ts": message.ts, "message": _shape(call, message)}


def post_ephemeral(call: Call) -> Shape:
    """chat.postEphemeral"""
    channel = _target(call)
    _may_post(call, channel)
    user = call.needed("user")
    if user not in channel.members:
        raise ApiError("user_not_in_channel")
    blocks, text = call.blocks(), _text(call)
    if not text and not blocks:
        raise ApiError("no_text")
    message = call.workspace.post(
        channel.id,
        call.bot.id,
        text,
        bot_id=call.bot.bot_id,
        blocks=blocks,
        thread_ts=_thread(call, channel),
        ephemeral_to=user,
    )
    return {"message_ts": message.ts}


def update(call: Call) -> Shape:
    """chat.update: text without blocks removes the blocks, as in Slack; metadata stays unless it is given."""
    message = _own(call, "cant_update_message")
    blocks, text = call.blocks(), _text(call)
    if not text and not blocks:
        raise ApiError("no_text")
    metadata = _metadata(call)
    changed = call.workspace.change_message(
        message.channel,
        message.ts,
        text=text,
        blocks=blocks,
        metadata=message.metadata if metadata is None else metadata or None,
        edited=call.workspace.clock.ts(),
        broadcast=message.broadcast or call.flag("reply_broadcast"),
    )
    call.hub.events.edited(changed, message)
    shape = _shape(call, changed)
    return {"channel": message.channel, "ts": message.ts, "text": text, "message": shape}


def delete(call: Call) -> Shape:
    """chat.delete: a parent of replies stays as a tombstone."""
    message = _own(call, "cant_delete_message")
    if call.workspace.reply_count(message.channel, message.ts):
        changed = call.workspace.change_message(
            message.channel,
            message.ts,
            text="This message was deleted.",
            blocks=(),
            metadata=None,
            subtype="tombstone",
        )
        call.hub.events.edited(changed, message)
    else:
        call.workspace.delete_message(message.channel, message.ts)
        call.hub.events.deleted(message)
    return {"channel": message.channel, "ts": message.ts}


def get_permalink(call: Call) -> Shape:
    """chat.getPermalink"""
    channel = call.channel()
    ts = call.needed("message_ts")
    message = call.workspace.message(channel.id, ts)
    if message is None or message.ephemeral_to:
        raise ApiError("message_not_found")
    link = f"{call.hub.base_url}/archives/{channel.id}/p{ts.replace('.', '')}"
    if message.is_reply:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


def _target(call: Call) -> Channel:
    name = call.text("channel")
    if name in call.workspace.users and name != call.bot.id:
        return call.workspace.direct(call.bot.id, name)
    channel = call.workspace.channels.get(name) or call.workspace.named(name)
    if channel is None:
        raise ApiError("channel_not_found")
    return channel


def _may_post(call: Call, channel: Channel) -> None:
    if channel.archived:
        raise ApiError("is_archived")
    if channel.is_im and not call.hub.installation.manifest.messages:
        raise ApiError("messages_tab_disabled")
    if call.bot.id not in channel.members:
        scopes = call.hub.installation.manifest.scopes
        anywhere = scopes is not None and "chat:write.public" in scopes and call.method == "chat.postMessage"
        if channel.is_im or not anywhere:
            raise ApiError("channel_not_found" if channel.is_im else "not_in_channel")


def _text(call: Call) -> str:
    text = call.text("text")
    if len(text) > numbers.MESSAGE_TEXT:
        raise ApiError("msg_too_long")
    return text


def _thread(call: Call, channel: Channel) -> str:
    ts = call.text("thread_ts")
    if not ts:
        return ""
    parent = call.workspace.message(channel.id, ts)
    if parent is None or parent.ephemeral_to:
        raise ApiError("thread_not_found")
    return parent.thread_ts or parent.ts


def _metadata(call: Call) -> Mapping[str, Any] | None:
    value = call.json("metadata", "invalid_metadata_format")
    if value is None:
        return None
    if value == {} and call.method == "chat.update":
        return {}
    well_formed = (
        isinstance(value, dict)
        and isinstance(value.get("event_type"), str)
        and value["event_type"]
        and isinstance(value.get("event_payload"), dict)
    )
    if not well_formed:
        raise ApiError("invalid_metadata_format")
    return dict(value)


def _own(call: Call, refusal: str) -> Message:
    channel = call.channel(archived_too=False)
    ts = call.needed("ts")
    if ts.count(".") != 1 or not ts.replace(".", "").isdigit():
        raise bad_arguments("must be a message timestamp [json-pointer:/ts]")
    message = call.workspace.message(channel.id, ts)
    if message is None or message.ephemeral_to or message.subtype == "tombstone":
        raise ApiError("message_not_found")
    if message.user != call.bot.id:
        raise ApiError(refusal)
    return message


def _slow_down(call: Call, channel: Channel) -> None:
    wait = call.hub.rates.message(channel.id)
    if wait:
        raise ApiError("ratelimited", retry_after=wait)


def _shape(call: Call, message: Message) -> Shape:
    return shapes.message(call.workspace, message, call.hub.base_url)


def _name(channel: Channel) -> str:
    return f"#{channel.name}" if channel.name else "a direct message"
