"""Slack's text, as safe HTML: mrkdwn, plain text with emoji, dates in the reader's zone.

Whatever the text holds, the result holds only the tags written here; everything else is escaped.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any

from markupsafe import Markup, escape

from bot.workspace.render_emoji import EMOJI, emoji, with_emoji
from bot.workspace.render_moment import date

_SAFE_SCHEMES = ("http://", "https://", "mailto:", "tel:")


@dataclass(frozen=True)
class Reader:
    """Who reads, in which zone, at what time, and what the ids in the text are called.

    The three lookups answer None for an id that does not exist.
    """

    user: str
    now: datetime
    zone: tzinfo = UTC
    user_name: Callable[[str], str | None] = field(default=lambda _id: None)
    channel_name: Callable[[str], str | None] = field(default=lambda _id: None)
    group_handle: Callable[[str], str | None] = field(default=lambda _id: None)
    channel_url: Callable[[str], str] = field(default=lambda _id: "#")


def plain(text: str) -> Markup:
    """Plain text with emoji shortcodes; line breaks are kept."""
    return Markup("<br>").join(with_emoji(unescape(line)) for line in text.split("\n"))


def text_object(value: Any, reader: Reader) -> Markup:
    """A Block Kit text object of either type; anything else renders as nothing."""
    if not isinstance(value, Mapping):
        return Markup("")
    text = str(value.get("text", ""))
    if value.get("type") == "mrkdwn":
        return mrkdwn(text, reader)
    return plain(text) if value.get("emoji", True) else escape(unescape(text))


def unescape(text: str) -> str:
    """Undo Slack's three entities, and only those."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def safe_url(url: str) -> str | None:
    """The address if its scheme cannot run anything, else None."""
    cleaned = re.sub(r"[\x00-\x20]", "", unescape(url))
    return cleaned if cleaned.lower().startswith(_SAFE_SCHEMES) else None


def link(url: str, label: Markup) -> Markup:
    """A link to another site, or just the label when its address is not one we follow."""
    target = safe_url(url)
    if target is None:
        return label
    return Markup('<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>').format(target, label)


def mrkdwn(text: str, reader: Reader) -> Markup:
    """Slack's mrkdwn: styles, code, quotes, lists, links, mentions and dates."""
    parts = re.split(r"```\n?(.+?)\n?```", text.replace("\r\n", "\n"), flags=re.S)
    out = Markup("")
    for position, part in enumerate(parts):
        if position % 2:
            out += Markup("<pre>{}</pre>").format(_verbatim(part, reader))
        elif position > 0 or part:
            trimmed = part.removeprefix("\n") if position > 0 else part
            trimmed = trimmed.removesuffix("\n") if position < len(parts) - 1 else trimmed
            out += _lines(trimmed, reader)
    return out


_QUOTE_REST = re.compile(r"(?:&gt;|>){3} ?")
_QUOTE = re.compile(r"(?:&gt;|>) ?")
_ITEM_HTML = Markup('<span class="li" data-depth="{}"><span class="mark">{}</span><span>{}</span></span>')
_ITEM = re.compile(r"( *)([•◦▪‣-]|\d{1,3}[.)]) (?=\S)")


def _lines(text: str, reader: Reader, *, quotes: bool = True) -> Markup:
    """Lines into paragraphs, quotes (which do not nest) and list items with a hanging indent."""
    out: list[Markup] = []
    quote: list[str] = []
    gap = False  # whether a plain line came before, so that a break is due
    rest_quoted = False

    def flush() -> None:
        nonlocal gap
        if quote:
            out.append(
                Markup("<blockquote>{}</blockquote>").format(_lines("\n".join(quote), reader, quotes=False))
            )
            quote.clear()
            gap = False

    for line in text.split("\n"):
        triple = _QUOTE_REST.match(line) if quotes else None
        quoted = (triple or _QUOTE.match(line)) if quotes else None
        if rest_quoted or quoted:
            quote.append(line[quoted.end() :] if quoted and not rest_quoted else line)
            rest_quoted = rest_quoted or bool(triple)
            continue
        flush()
        item = _ITEM.match(line)
        if item:
            depth = min(len(item[1]) // 2, 4)
            out.append(_ITEM_HTML.format(depth, item[2], inline(line[item.end() :], reader)))
            gap = False
            continue
        if gap:
            out.append(Markup("<br>"))
        out.append(inline(line, reader))
        gap = True
    flush()
    return Markup("").join(out)


_TOKEN = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|<(?P<angle>[^<>\n]+)>"
    r"|(?P<url>https?://[^\s<>|`*]+[^\s<>|`*.,;:!?)\]}'\"_~])"
    r"|:(?P<emoji>[a-z0-9_+-]{1,60}):"
)
_STYLE = re.compile(
    r"(?<![\w*_~])(?P<mark>[*_~])(?=[^\s*_~]|[*_~]\S)(?P<inner>(?:(?!(?P=mark)).)+?)(?<!\s)(?P=mark)(?!\w)"
)
_TAGS = {
    "*": Markup("<strong>{}</strong>"),
    "_": Markup("<em>{}</em>"),
    "~": Markup("<s>{}</s>"),
}
_HELD = re.compile("\ue000(\\d+)\ue001")


def inline(text: str, reader: Reader) -> Markup:
    """One line of mrkdwn: styles around code, links, mentions, dates and emoji."""
    held: list[Markup] = []

    def hold(match: re.Match[str]) -> str:
        held.append(_token(match, reader))
        return f"\ue000{len(held) - 1}\ue001"

    skeleton = _TOKEN.sub(hold, text.translate({0xE000: None, 0xE001: None}))
    return _style(skeleton, held)


def _style(text: str, held: list[Markup]) -> Markup:
    out: list[Markup] = []
    end = 0
    for match in _STYLE.finditer(text):
        out.append(_leaf(text[end : match.start()], held))
        out.append(_TAGS[match["mark"]].format(_style(match["inner"], held)))
        end = match.end()
    out.append(_leaf(text[end:], held))
    return Markup("").join(out)


def _leaf(text: str, held: list[Markup]) -> Markup:
    """Text without styles: what was held is put back, the rest is escaped."""
    parts = _HELD.split(text)
    return Markup("").join(
        held[int(part)] if position % 2 else escape(unescape(part)) for position, part in enumerate(parts)
    )


def _token(match: re.Match[str], reader: Reader) -> Markup:
    if match["code"] is not None:
        return Markup("<code>{}</code>").format(_verbatim(match["code"], reader))
    if match["angle"] is not None:
        return _angle(match["angle"], reader)
    if match["url"] is not None:
        return link(match["url"], escape(unescape(match["url"])))
    return emoji(match["emoji"]) if match["emoji"] in EMOJI else escape(match[0])


def _verbatim(text: str, reader: Reader) -> Markup:
    """Text within code: no styles, but references read as names, as in Slack."""
    named = re.sub(r"<([^<>\n]+)>", lambda match: _angle(match[1], reader).striptags(), text)
    return escape(unescape(named))


def _angle(body: str, reader: Reader) -> Markup:
    """What stands between angle brackets: a mention, a date, a broadcast or a link."""
    target, _, label = body.partition("|")
    if target.startswith("@"):
        return user_mention(target[1:], reader, label)
    if target.startswith("#"):
        return channel_mention(target[1:], reader, label)
    if target.startswith("!date^"):
        return _date_token(target, label, reader)
    if target.startswith("!subteam^"):
        return group_mention(target[9:], reader, label)
    if target.startswith("!"):
        return broadcast(target[1:].split("^")[0])
    if safe_url(target) is None:
        return escape(unescape(f"<{body}>"))
    return link(target, escape(unescape(label or target.removeprefix("mailto:"))))


def user_mention(user: str, reader: Reader, label: str = "") -> Markup:
    """A person's name, marked when it is the reader's own."""
    name = reader.user_name(user) or label.removeprefix("@") or user
    css = "mention me" if user == reader.user else "mention"
    return Markup('<span class="{}">@{}</span>').format(css, unescape(name))


def channel_mention(channel: str, reader: Reader, label: str = "") -> Markup:
    """A channel's name, leading there when it exists."""
    name = reader.channel_name(channel)
    if name is None:
        return Markup('<span class="mention">#{}</span>').format(unescape(label or channel))
    return Markup('<a class="mention" href="{}">#{}</a>').format(reader.channel_url(channel), name)


def group_mention(group: str, reader: Reader, label: str = "") -> Markup:
    """A user group's handle."""
    name = reader.group_handle(group) or label.removeprefix("@") or group
    return Markup('<span class="mention">@{}</span>').format(unescape(name))


def broadcast(word: str) -> Markup:
    """@here, @channel or @everyone, loud; any other special word as it is."""
    known = word in ("here", "channel", "everyone", "group")
    return Markup('<span class="mention loud">@{}</span>').format(word) if known else escape(f"<!{word}>")


def _date_token(target: str, fallback: str, reader: Reader) -> Markup:
    fields = target.split("^", 3)
    if len(fields) < 3 or not re.fullmatch(r"\d{1,11}", fields[1]):
        return escape(unescape(fallback))
    shown = date(int(fields[1]), unescape(fields[2]), reader.now, reader.zone)
    return link(fields[3], shown) if len(fields) > 3 else shown
