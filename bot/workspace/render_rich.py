"""The blocks that carry their own markup: rich_text, table, data_table and markdown, as safe HTML."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markupsafe import Markup, escape

from bot.workspace.render_emoji import emoji, with_emoji
from bot.workspace.render_moment import date
from bot.workspace.render_text import (
    Reader,
    broadcast,
    channel_mention,
    group_mention,
    link,
    safe_url,
    user_mention,
)

_STYLES = (
    ("code", Markup("<code>{}</code>")),
    ("bold", Markup("<strong>{}</strong>")),
    ("italic", Markup("<em>{}</em>")),
    ("strike", Markup("<s>{}</s>")),
    ("underline", Markup("<u>{}</u>")),
)


def rich_text(block: Mapping[str, Any], reader: Reader) -> Markup:
    """A rich_text block: sections, lists (nested by indent), preformatted text and quotes."""
    out: list[Markup] = []
    for element in _maps(block.get("elements")):
        kind = element.get("type")
        if kind == "rich_text_section":
            out.append(Markup('<p class="rich">{}</p>').format(_inlines(element, reader)))
        elif kind == "rich_text_list":
            out.append(_list(element, reader))
        elif kind == "rich_text_preformatted":
            out.append(Markup("<pre>{}</pre>").format(_inlines(element, reader, verbatim=True)))
        elif kind == "rich_text_quote":
            out.append(Markup("<blockquote>{}</blockquote>").format(_inlines(element, reader)))
        else:
            out.append(unknown(f"rich text element {kind}"))
    return Markup("").join(out)


def unknown(what: str) -> Markup:
    """A visible note that something could not be shown."""
    return Markup('<p class="unknown" role="note">⚠ Not shown here: {}</p>').format(what)


def _maps(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, Sequence) else []


def _list(element: Mapping[str, Any], reader: Reader) -> Markup:
    items = Markup("").join(
        Markup("<li>{}</li>").format(_inlines(item, reader)) for item in _maps(element.get("elements"))
    )
    indent = min(_whole(element.get("indent"), 0), 8)
    if element.get("style") == "ordered":
        start = _whole(element.get("offset"), 0) + 1
        return Markup('<ol data-depth="{}" start="{}">{}</ol>').format(indent, start, items)
    return Markup('<ul data-depth="{}">{}</ul>').format(indent, items)


def _whole(value: Any, default: int) -> int:
    return max(value, 0) if isinstance(value, int) else default


def _inlines(element: Mapping[str, Any], reader: Reader, *, verbatim: bool = False) -> Markup:
    return Markup("").join(_inline(item, reader, verbatim) for item in _maps(element.get("elements")))


def _inline(item: Mapping[str, Any], reader: Reader, verbatim: bool) -> Markup:
    html = _inline_content(item, reader, verbatim)
    style = item.get("style")
    if isinstance(style, Mapping):
        for name, template in _STYLES:
            if style.get(name):
                html = template.format(html)
    return html


def _inline_content(item: Mapping[str, Any], reader: Reader, verbatim: bool) -> Markup:
    kind = item.get("type")
    if kind == "text":
        text = escape(item.get("text", ""))
        return text if verbatim else Markup("<br>").join(text.split("\n"))
    if kind == "link":
        url = str(item.get("url", ""))
        return link(url, escape(item.get("text") or url))
    if kind == "emoji":
        return _emoji(item)
    if kind == "date":
        return _date(item, reader)
    return _mention(item, reader)


def _mention(item: Mapping[str, Any], reader: Reader) -> Markup:
    match item.get("type"):
        case "user":
            return user_mention(str(item.get("user_id", "")), reader)
        case "channel":
            return channel_mention(str(item.get("channel_id", "")), reader)
        case "usergroup":
            return group_mention(str(item.get("usergroup_id", "")), reader)
        case "broadcast":
            return broadcast(str(item.get("range", "")))
        case "color":
            return Markup("<code>{}</code>").format(item.get("value", ""))
        case kind:
            return Markup('<span class="unknown">⚠ {}</span>').format(kind)


def _emoji(item: Mapping[str, Any]) -> Markup:
    code = str(item.get("unicode", ""))
    if re.fullmatch(r"[0-9a-f]{1,6}(-[0-9a-f]{1,6})*", code):
        points = [int(part, 16) for part in code.split("-")]
        if all(32 <= point <= 0x10FFFF for point in points):
            character = "".join(map(chr, points))
            template = Markup('<span class="emoji" role="img" aria-label="{}">{}</span>')
            return template.format(item.get("name", ""), character)
    return emoji(str(item.get("name", "")))


def _date(item: Mapping[str, Any], reader: Reader) -> Markup:
    unix = item.get("timestamp")
    if not isinstance(unix, int):
        return escape(item.get("fallback", ""))
    shown = date(unix, str(item.get("format", "{date_num} {time}")), reader.now, reader.zone)
    return link(str(item["url"]), shown) if item.get("url") else shown


def table(block: Mapping[str, Any], reader: Reader) -> Markup:
    """A table or data_table block; the first row is the header; it scrolls inside its own box."""
    rows = [row for row in block.get("rows") or () if isinstance(row, Sequence)]
    settings = _maps(block.get("column_settings"))
    numeric = _numeric_columns(rows)
    row_header = block.get("row_header_column_index", 0) if block.get("type") == "data_table" else None
    caption = Markup("<caption>{}</caption>").format(block["caption"]) if block.get("caption") else ""
    lines = Markup("").join(
        Markup("<tr>{}</tr>").format(
            Markup("").join(
                _cell(
                    cell, reader, _column_class(column, settings, numeric), _scope(line, column, row_header)
                )
                for column, cell in enumerate(row)
            )
        )
        for line, row in enumerate(rows)
    )
    name = block.get("caption") or "Table"
    return Markup(
        '<div class="table" role="region" aria-label="{}" tabindex="0"><table>{}{}</table></div>'
    ).format(name, caption, lines)


def _scope(line: int, column: int, row_header: object) -> str:
    if line == 0:
        return "col"
    return "row" if column == row_header else ""


def _numeric_columns(rows: Sequence[Sequence[Any]]) -> frozenset[int]:
    """The columns whose cells below the header are all raw numbers."""
    kinds: dict[int, set[bool]] = {}
    for row in rows[1:]:
        for column, cell in enumerate(row):
            number = isinstance(cell, Mapping) and cell.get("type") == "raw_number"
            kinds.setdefault(column, set()).add(number)
    return frozenset(column for column, seen in kinds.items() if seen == {True})


def _column_class(column: int, settings: Sequence[Mapping[str, Any]], numeric: frozenset[int]) -> str:
    setting = settings[column] if column < len(settings) else {}
    align = setting.get("align") or ("right" if column in numeric else "left")
    wrap = " wrap" if setting.get("is_wrapped") else ""
    return (align if align in ("left", "center", "right") else "left") + wrap


def _cell(cell: Any, reader: Reader, css: str, scope: str) -> Markup:
    if not isinstance(cell, Mapping):
        content = unknown("table cell")
    elif cell.get("type") == "rich_text":
        content = rich_text(cell, reader)
    else:
        content = with_emoji(str(cell.get("text", cell.get("value", ""))))
    if scope:
        return Markup('<th scope="{}" class="{}">{}</th>').format(scope, css, content)
    return Markup('<td class="{}">{}</td>').format(css, content)


_MARKDOWN = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])
_MARKDOWN.disable("image")
_MARKDOWN.validateLink = lambda url: safe_url(url) is not None  # type: ignore[method-assign]  # documented way


def markdown(text: str) -> Markup:
    """A markdown block, or a Markdown file: CommonMark with tables; raw HTML is shown, not obeyed."""
    tokens = _MARKDOWN.parse(text)
    for token in tokens:
        if token.type in ("th_open", "td_open") and "style" in token.attrs:
            token.attrs = {"class": str(token.attrs["style"]).removeprefix("text-align:")}
        for child in token.children or ():
            if child.type == "link_open":
                child.attrSet("target", "_blank")
                child.attrSet("rel", "noopener noreferrer")
    html = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    boxed = html.replace(
        "<table>", '<div class="table" role="region" aria-label="Table" tabindex="0"><table>'
    )
    safe = boxed.replace("</table>", "</table></div>")
    return Markup('<div class="markdown">{}</div>').format(Markup(safe))  # noqa: S704 - html=False escapes
