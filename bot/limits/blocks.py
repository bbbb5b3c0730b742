"""The blocks themselves, one function each, and what may stand on which surface."""

from collections.abc import Callable, Mapping
from typing import Final

from bot.limits import elements, numbers
from bot.limits.elements import optional_text, required_text
from bot.limits.report import Node, Report
from bot.limits.rich_text import rich_text
from bot.limits.tables import data_table, table


def header(block: Node, at: Report) -> None:
    """Large bold text."""
    required_text(block, "text", at, most=numbers.HEADER_TEXT, plain=True)


def section(block: Node, at: Report) -> None:
    """Text, fields or both, and perhaps an accessory."""
    if block.get("text") is None and block.get("fields") is None:
        at.add("missing_field", "must provide text or fields", type="one_of", expected=["text", "fields"])
    optional_text(block, "text", at, most=numbers.SECTION_TEXT)
    if block.get("fields") is not None:
        for index, field in enumerate(at.items(block, "fields", most=numbers.SECTION_FIELDS)):
            elements.text(field, at.at("fields", index), most=numbers.FIELD_TEXT)
    accessory = block.get("accessory")
    if isinstance(accessory, Mapping) and accessory.get("type") == "image":
        elements.image_source(accessory, at.at("accessory"))
    elif accessory is not None:
        elements.element(accessory, at.at("accessory"), allowed=elements.IN_SECTION)


def context(block: Node, at: Report) -> None:
    """Small print: texts and images."""
    for index, item in enumerate(at.items(block, "elements", most=numbers.CONTEXT_ELEMENTS)):
        here = at.at("elements", index)
        if isinstance(item, Mapping) and item.get("type") == "image":
            elements.image_source(item, here)
        else:
            elements.text(item, here, most=numbers.CONTEXT_TEXT)


def actions(block: Node, at: Report) -> None:
    """A row of buttons, menus and pickers."""
    for index, item in enumerate(at.items(block, "elements", most=numbers.ACTIONS_ELEMENTS)):
        elements.element(item, at.at("elements", index), allowed=elements.IN_ACTIONS)


def divider(_block: Node, _at: Report) -> None:
    """A line."""


def image(block: Node, at: Report) -> None:
    """A picture with its alternative text."""
    elements.image_source(block, at)
    optional_text(block, "title", at, most=numbers.IMAGE_TITLE, plain=True)


def markdown(block: Node, at: Report) -> None:
    """Standard Markdown; the limit is over all such blocks of the message (`check_blocks`)."""
    at.required_string(block, "text", most=numbers.MARKDOWN_TEXT)


def input_block(block: Node, at: Report) -> None:
    """A label and one input element."""
    required_text(block, "label", at, most=numbers.INPUT_LABEL, plain=True)
    optional_text(block, "hint", at, most=numbers.INPUT_HINT, plain=True)
    at.boolean(block, "optional")
    at.boolean(block, "dispatch_action")
    if at.present(block, "element"):
        elements.element(block["element"], at.at("element"), allowed=elements.IN_INPUT)


def file(block: Node, at: Report) -> None:
    """A remote file."""
    at.required_string(block, "external_id", most=numbers.EXTERNAL_ID)
    at.present(block, "source")
    at.choice(block, "source", ("remote",))


def video(block: Node, at: Report) -> None:
    """An embedded video."""
    required_text(block, "title", at, most=numbers.VIDEO_TITLE, plain=True)
    optional_text(block, "description", at, most=numbers.VIDEO_DESCRIPTION, plain=True)
    at.required_string(block, "alt_text", most=numbers.ALT_TEXT)
    at.required_string(block, "video_url", most=numbers.IMAGE_URL)
    at.required_string(block, "thumbnail_url", most=numbers.IMAGE_URL)
    at.optional_string(block, "author_name", most=numbers.VIDEO_AUTHOR)
    at.optional_string(block, "provider_name", most=numbers.VIDEO_PROVIDER)


BLOCKS: Final[Mapping[str, Callable[[Node, Report], None]]] = {
    "header": header,
    "section": section,
    "context": context,
    "actions": actions,
    "divider": divider,
    "image": image,
    "rich_text": rich_text,
    "table": table,
    "data_table": data_table,
    "markdown": markdown,
    "input": input_block,
    "file": file,
    "video": video,
}
_ONLY_IN_MESSAGES: Final = frozenset({"table", "data_table", "markdown", "file"})
_MOST: Final = {"message": numbers.MESSAGE_BLOCKS}


def blocks(given: object, at: Report, *, surface: str) -> None:
    """A list of blocks on a message, modal or Home tab; a message may have none."""
    least = 0 if surface == "message" else 1
    most = _MOST.get(surface, numbers.VIEW_BLOCKS)
    items = at.sized(given, most=most, least=least)
    for index, item in enumerate(items):
        _block(item, at.at(index), surface)
    whole = [item for item in items if isinstance(item, Mapping)]
    _one_table(whole, at)
    _markdown_total(whole, at)
    _unique_ids(items, at)


def _block(item: object, at: Report, surface: str) -> None:
    if not at.mapping(item):
        return
    kind = at.kind(item)
    if kind not in BLOCKS or (surface != "message" and kind in _ONLY_IN_MESSAGES):
        if kind:
            at.unsupported(kind)
        return
    at.optional_string(item, "block_id", most=numbers.BLOCK_ID)
    BLOCKS[kind](item, at)


def _one_table(items: list[Node], at: Report) -> None:
    tables = [item for item in items if item.get("type") in ("table", "data_table")]
    if len(tables) > 1:
        at.add("failed_constraint", "only_one_table_allowed", type="max_tables", expected=1, got=len(tables))


def _markdown_total(items: list[Node], at: Report) -> None:
    texts = [item["text"] for item in items if item.get("type") == "markdown" and "text" in item]
    total = sum(len(text) for text in texts if isinstance(text, str))
    if len(texts) > 1 and total > numbers.MARKDOWN_TEXT:
        message = f"markdown blocks must be less than {numbers.MARKDOWN_TEXT + 1} characters together"
        at.add("failed_constraint", message, type="max_length", expected=numbers.MARKDOWN_TEXT, got=total)


def _unique_ids(items: list[object], at: Report) -> None:
    block_ids: set[str] = set()
    for index, item in enumerate(items):
        if not isinstance(item, Mapping):
            continue
        _unique(item.get("block_id"), "block_id", block_ids, at.at(index, "block_id"))
        action_ids: set[str] = set()  # unique within their block, as Slack has it
        for pointer, element in interactive(item):
            _unique(element.get("action_id"), "action_id", action_ids, at.at(index, *pointer, "action_id"))


def _unique(value: object, field: str, seen: set[str], at: Report) -> None:
    if not isinstance(value, str):
        return
    if value in seen:
        at.add("duplicate_value", f"{field} must be unique: {value}", type="unique", field=field, got=value)
    seen.add(value)


def interactive(block: Node) -> list[tuple[tuple[str | int, ...], Node]]:
    """The elements of a block that can carry an action_id, each with the way to it."""
    found: list[tuple[tuple[str | int, ...], object]] = []
    if block.get("type") == "section":
        found = [(("accessory",), block.get("accessory"))]
    elif block.get("type") == "input":
        found = [(("element",), block.get("element"))]
    elif block.get("type") == "actions" and isinstance(block.get("elements"), list | tuple):
        found = [(("elements", index), item) for index, item in enumerate(block["elements"])]
    return [(way, item) for way, item in found if isinstance(item, Mapping) and item.get("type") != "image"]
