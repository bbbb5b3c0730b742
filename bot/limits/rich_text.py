"""Rich text: sections, lists, quotes and preformatted text of styled pieces."""

from collections.abc import Mapping
from typing import Final

from bot.limits import numbers
from bot.limits.report import Node, Report

_MOST: Final = 1000  # pieces; Slack names no number, the message's own size bounds it
_NEEDS: Final[Mapping[str, str]] = {
    "text": "text",
    "link": "url",
    "user": "user_id",
    "usergroup": "usergroup_id",
    "channel": "channel_id",
    "emoji": "name",
    "broadcast": "range",
    "date": "timestamp",
    "color": "value",
}


def rich_text(block: Node, at: Report) -> None:
    """A rich_text block."""
    for index, part in enumerate(at.items(block, "elements", most=_MOST)):
        _part(part, at.at("elements", index))


def _part(part: object, at: Report) -> None:
    if not at.mapping(part):
        return
    kind = at.kind(part)
    if kind == "rich_text_list":
        at.present(part, "style")
        at.choice(part, "style", ("bullet", "ordered"))
        for index, item in enumerate(at.items(part, "elements", most=_MOST)):
            _part(item, at.at("elements", index))
    elif kind in ("rich_text_section", "rich_text_quote", "rich_text_preformatted"):
        for index, piece in enumerate(at.items(part, "elements", most=_MOST, least=0)):
            _piece(piece, at.at("elements", index))
    elif kind:
        at.unsupported(kind)


def _piece(piece: object, at: Report) -> None:
    if not at.mapping(piece):
        return
    kind = at.kind(piece)
    if kind not in _NEEDS:
        if kind:
            at.unsupported(kind)
        return
    at.present(piece, _NEEDS[kind])
    if kind == "text":
        at.required_string(piece, "text", most=numbers.MESSAGE_TEXT)
    if kind == "broadcast":
        at.choice(piece, "range", ("here", "channel", "everyone"))
