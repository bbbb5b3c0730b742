"""conversations.history and conversations.replies: what was said."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from bot.workspace import shapes
from bot.workspace.api.call import ApiError, Call, Shape
from bot.workspace.api.paging import page
from bot.workspace.records import Message


def history(call: Call) -> Shape:
    """conversations.history: newest first; no replies unless broadcast; no ephemeral messages."""
    channel = call.channel(member=True)
    within = _within(call)
    everything = [m for m in call.workspace.messages(channel.id) if not m.ephemeral_to]
    shown = [m for m in everything if (not m.is_reply or m.broadcast) and within(m)]
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
    within = _within(call)
    answers = [
        m
        for m in call.workspace.messages(channel.id)
        if m.is_reply and m.thread_ts == parent.ts and not m.ephemeral_to and within(m)
    ]
    cut, metadata = page(call, answers, default=1000, most=1000)
    return {
        "messages": [_shape(call, m) for m in (parent, *cut)],
        "has_more": bool(metadata["next_cursor"]),
        **({"response_metadata": metadata} if metadata["next_cursor"] else {}),
    }


def _within(call: Call) -> Callable[[Message], bool]:
    """Whether a message lies between `oldest` and `latest`; at them only if `inclusive`."""
    after, before = _moment(call, "oldest"), _moment(call, "latest")
    inclusive = call.flag("inclusive")

    def within(message: Message) -> bool:
        at = Decimal(message.ts)
        if at in (after, before):
            return inclusive
        return (after is None or after < at) and (before is None or at < before)

    return within


def _moment(call: Call, name: str) -> Decimal | None:
    text = call.text(name)
    if not text or not text.strip("0."):
        return None
    try:
        moment = Decimal(text)
    except InvalidOperation:
        raise ApiError(f"invalid_ts_{name}") from None
    if not moment.is_finite():
        raise ApiError(f"invalid_ts_{name}")
    return moment


def _shape(call: Call, message: Message) -> Shape:
    with_metadata = call.flag("include_all_metadata")
    return shapes.message(call.workspace, message, call.hub.base_url, with_metadata=with_metadata)
