"""Channels that a message names before Slack has given them an id: "<#inc-20261123-ndcg>".

A view may know a channel by its name alone. Text from outside cannot look like this: its brackets are
escaped.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from bot.core.effect import Message

_NAMED = re.compile(r"<(#[a-z0-9_-]{1,80})>")


def link_channels(message: Message, find: Callable[[str], str | None]) -> Message:
    """Return the message with each such name as a link to the id that `find` knows, else as plain text.

    >>> link_channels(Message("<#inc-1> <#inc-2>"), {"#inc-1": "C01"}.get).text
    '<#C01> #inc-2'
    """
    ids: dict[str, str | None] = {}

    def link(found: re.Match[str]) -> str:
        name = found[1]
        if name not in ids:
            ids[name] = find(name)
        return f"<#{ids[name]}>" if ids[name] else name

    return Message(_NAMED.sub(link, message.text), tuple(_each(block, link) for block in message.blocks))


def _each(value: Any, link: Callable[[re.Match[str]], str]) -> Any:
    if isinstance(value, str):
        return _NAMED.sub(link, value)
    if isinstance(value, Mapping):
        return {key: _each(item, link) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_each(item, link) for item in value]
    return value
