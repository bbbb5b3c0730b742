"""Prints what is said in the workspace, as a person would read it on a terminal."""

import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from bot.workspace.records import Message
from bot.workspace.state import Workspace

WIDTH = 100
PICTURE = 150
"""Characters of a picture's description that are told; a screen reader gets all of it."""


def lines(
    workspace: Workspace, message: Message, zone: tzinfo = UTC, *, again: bool = False
) -> Iterator[str]:
    """Yield a message's lines: where, who and when, then what; times are of `zone`.

    again: the reader has seen an earlier form of it.
    """
    yield _head(workspace, message, zone, again)
    shown = [line for block in message.blocks for line in _block(block)] or [message.text]
    for text in (*shown, *(f"[file: {workspace.files[file].name}]" for file in message.files)):
        for part in plain(workspace, text, zone).splitlines():
            yield from textwrap.wrap(part, WIDTH, initial_indent="    ", subsequent_indent="      ") or [""]


def _head(workspace: Workspace, message: Message, zone: tzinfo, again: bool) -> str:
    channel, author = workspace.channels[message.channel], workspace.users[message.user]
    name = author.real_name if author.is_bot else f"{author.real_name} ({author.title.partition(',')[0]})"
    at = f"{datetime.fromtimestamp(float(message.ts), zone):%a %-d %b %H:%M}"
    if again:
        return f"#{channel.name} · {name} edits what it wrote on {at}"
    only = f"only {workspace.users[message.ephemeral_to].real_name} sees this" if message.ephemeral_to else ""
    aside = ", ".join(filter(None, ["in the thread" if message.is_reply else "", only]))
    return f"#{channel.name} · {name} · {at}{f' ({aside})' if aside else ''}"


def plain(workspace: Workspace, text: str, zone: tzinfo = UTC) -> str:
    """Return mrkdwn as it is read: names for ids, times of `zone` for date tokens, no markup."""

    def named(match: re.Match[str]) -> str:
        user = workspace.users.get(match[1])
        return f"@{user.name}" if user else match[0]

    def place(match: re.Match[str]) -> str:
        channel = workspace.channels.get(match[1])
        return f"#{channel.name}" if channel else match[0]

    def moment(match: re.Match[str]) -> str:
        day = "%a %-d %b " if "{date" in match[2] else ""
        return f"{datetime.fromtimestamp(int(match[1]), zone):{day}%H:%M}"

    text = re.sub(r"<@([A-Z0-9]+)(?:\|[^>]*)?>", named, text)
    text = re.sub(r"<#([A-Z0-9]+)(?:\|[^>]*)?>", place, text)
    text = re.sub(r"<!date\^(\d+)\^([^|>]*)[^>]*>", moment, text)
    text = re.sub(r"<!subteam\^([A-Z0-9]+)[^>]*>", r"@\1", text)
    text = re.sub(r"<(https?://[^|>]+)\|([^>]*)>", r"\2", text)
    text = re.sub(r"(?<![\w*])\*([^*\n]+)\*(?![\w*])", r"\1", text)
    text = re.sub(r"(?<![\w_])_([^_\n]+)_(?![\w_])", r"\1", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _block(block: Mapping[str, Any]) -> list[str]:
    show = _BLOCKS.get(block["type"])
    return show(block) if show else []


def _section(block: Mapping[str, Any]) -> list[str]:
    texts = [block["text"]] if "text" in block else []
    shown = [text["text"] for text in (*texts, *block.get("fields", ()))]
    return [*shown, _element(block["accessory"])] if "accessory" in block else shown


def _element(element: Mapping[str, Any]) -> str:
    text = element.get("text") or element.get("placeholder") or {}
    label = text.get("text", "…") if isinstance(text, Mapping) else str(text)
    strong = {"primary": "▶ ", "danger": "! "}.get(element.get("style", ""), "")
    return f"[{strong}{label}]"


def _picture(block: Mapping[str, Any]) -> list[str]:
    return [f"[image: {textwrap.shorten(block['alt_text'], PICTURE, placeholder=' …')}]"]


def _cell(cell: Mapping[str, Any]) -> str:
    if "elements" in cell:
        return "".join(_cell(inner) for inner in cell["elements"])
    text = cell.get("text", "")
    return text if isinstance(text, str) else str(text.get("text", ""))


_BLOCKS: dict[str, Callable[[Mapping[str, Any]], list[str]]] = {
    "header": lambda block: [f"━━ {block['text']['text']} ━━"],
    "section": _section,
    "context": lambda block: [" · ".join(element.get("text", "") for element in block["elements"])],
    "actions": lambda block: [" ".join(_element(element) for element in block["elements"])],
    "image": _picture,
    "markdown": lambda block: [block["text"]],
    "table": lambda block: [" | ".join(_cell(cell) for cell in row) for row in block["rows"]],
    "rich_text": lambda block: [_cell(block)],
}
