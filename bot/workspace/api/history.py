"""conversations.history and conversations.replies: what was said."""

from bot.workspace import shapes
from bot.workspace.api.call import ApiError, Call, Shape
from bot.workspace.api.paging import page
from bot.workspace.records import Message


def history(call: Call) -> Shape:
    """conversations.history: newest first; no replies unless broadcast; no ephemeral messages."""
    channel = call.channel(member=True)
    everything = [m for m in call.workspace.messages(channel.id) if not m.ephemeral_to]
    shown = [m for m in everything if (not m.is_reply or m.broadcast) and _within(call, m)]
    cut, metadata = page(call, shown[::-1], default=100, most=999)
    return {
        "messages": [_shape(call, message) for message in cut],
        "has_more": bool(metadata["next_cursor"]),
        "pin_count": sum(message.pinned for message in everything),
        "channel_actions_ts": None,
        "channel_actions_count": 0,
        **({"response_metadata": metadata} if metadata["next_cursor"] else {}),
    }


def replies(call: Call) -> Shape:
    """conversations.replies: the parent first, on every page; then the replies, oldest first."""
    channel = call.channel(member=True)
    message = call.workspace.message(channel.id, call.needed("ts"))
    if message is None or message.ephemeral_to:
        raise ApiError("thread_not_found")
    parent = call.workspace.message(channel.id, message.thread_ts or message.ts) or message
    answers = [
        m
        for m in call.workspace.messages(channel.id)
        if m.is_reply and m.thread_ts == parent.ts and not m.ephemeral_to and _within(call, m)
    ]
    cut, metadata = page(call, answers, default=1000, most=1000)
    return {
        "messages": [_shape(call, m) for m in (parent, *cut)],
        "has_more": bool(metadata["next_cursor"]),
        **({"response_metadata": metadata} if metadata["next_cursor"] else {}),
    }


def _within(call: Call, message: Message) -> bool:
    oldest, latest = call.text("oldest", "0"), call.text("latest")
    try:
        at = float(message.ts)
        after, before = float(oldest or 0), float(latest) if latest else float("inf")
    except ValueError:
        raise ApiError("invalid_ts_latest" if latest else "invalid_ts_oldest") from None
    if call.flag("inclusive"):
        return after <= at <= before or message.ts in (oldest, latest)
    return (after < at < before) and message.ts not in (oldest, latest)


def _shape(call: Call, message: Message) -> Shape:
    with_metadata = call.flag("include_all_metadata")
    return shapes.message(call.workspace, message, call.hub.base_url, with_metadata=with_metadata)
