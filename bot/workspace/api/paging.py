"""Slack's cursors."""

import base64
from collections.abc import Sequence
from typing import Any, TypeVar

from bot.workspace.api.call import ApiError, Call

Item = TypeVar("Item")


def page(call: Call, items: Sequence[Item], *, default: int, most: int) -> tuple[list[Item], dict[str, Any]]:
    """The items the call asks for with `limit` and `cursor`, and the `response_metadata` to go on with."""
    size = call.number("limit", default, most)
    start = _position(call.text("cursor"))
    cut = list(items[start : start + size])
    following = start + size
    cursor = _cursor(following) if following < len(items) else ""
    return cut, {"next_cursor": cursor}


def _cursor(position: int) -> str:
    return base64.b64encode(f"next:{position}".encode()).decode()


def _position(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        word, _, number = base64.b64decode(cursor, validate=True).decode().partition(":")
        position = int(number)
    except ValueError:
        raise ApiError("invalid_cursor") from None
    if word != "next" or position < 0:
        raise ApiError("invalid_cursor")
    return position
