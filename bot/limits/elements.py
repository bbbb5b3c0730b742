"""Composition objects and interactive elements: text, options, confirmations, buttons, selects, inputs."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from bot.limits import numbers
from bot.limits.report import Node, Report


def text(value: object, at: Report, *, most: int, least: int = 1, plain: bool = False) -> None:
    """A text object: plain_text, or also mrkdwn unless `plain`."""
    if not at.mapping(value):
        return
    kind = at.kind(value)
    allowed = ("plain_text",) if plain else ("plain_text", "mrkdwn")
    if kind and kind not in allowed:
        at.unsupported(kind)
    if at.present(value, "text"):
        at.at("text").string(value["text"], most=most, least=least)
    at.boolean(value, "emoji")
    at.boolean(value, "verbatim")
    if kind == "mrkdwn" and "emoji" in value:
        at.at("emoji").add("failed_constraint", "emoji is only for plain_text", type="not_allowed")


def optional_text(node: Node, field: str, at: Report, *, most: int, plain: bool = False) -> None:
    """A text object that may be absent."""
    if node.get(field) is not None:
        text(node[field], at.at(field), most=most, plain=plain)


def required_text(node: Node, field: str, at: Report, *, most: int, plain: bool = False) -> None:
    """A text object that must be there."""
    if at.present(node, field):
        text(node[field], at.at(field), most=most, plain=plain)


def confirm(value: object, at: Report) -> None:
    """A confirmation dialog."""
    if not at.mapping(value):
        return
    required_text(value, "title", at, most=numbers.CONFIRM_TITLE, plain=True)
    required_text(value, "text", at, most=numbers.CONFIRM_TEXT)
    required_text(value, "confirm", at, most=numbers.CONFIRM_BUTTON, plain=True)
    required_text(value, "deny", at, most=numbers.CONFIRM_BUTTON, plain=True)
    at.choice(value, "style", ("primary", "danger"))


def image_source(node: Node, at: Report) -> None:
    """Exactly one of `image_url` and `slack_file` (by id or url), and an alternative text."""
    url, file = node.get("image_url"), node.get("slack_file")
    if (url is None) == (file is None):
        message = "must provide exactly one of image_url and slack_file"
        at.add("failed_constraint", message, type="one_of", expected=["image_url", "slack_file"])
    if url is not None:
        at.at("image_url").string(url, most=numbers.IMAGE_URL)
        if isinstance(url, str) and not url.startswith(("http://", "https://")):
            at.at("image_url").add("failed_constraint", "must be a valid URL", type="url")
    if file is not None and at.at("slack_file").mapping(file) and ("id" in file) == ("url" in file):
        message = "must provide exactly one of id and url"
        at.at("slack_file").add("failed_constraint", message, type="one_of", expected=["id", "url"])
    at.required_string(node, "alt_text", most=numbers.ALT_TEXT)


def option(value: object, at: Report, *, plain: bool, url: bool = False) -> None:
    """One option; `plain` where mrkdwn is not taken, `url` in overflow menus."""
    if not at.mapping(value):
        return
    required_text(value, "text", at, most=numbers.OPTION_TEXT, plain=plain)
    at.required_string(value, "value", most=numbers.OPTION_VALUE)
    optional_text(value, "description", at, most=numbers.OPTION_DESCRIPTION, plain=plain)
    if url:
        at.optional_string(value, "url", most=numbers.OPTION_URL)
    elif "url" in value:
        at.at("url").add("failed_constraint", "url is only for overflow menus", type="not_allowed")


def options(node: Node, at: Report, *, most: int, plain: bool, url: bool = False) -> None:
    """The `options` of an element, no value twice."""
    given = at.items(node, "options", most=most)
    _options(given, at.at("options"), plain=plain, url=url)
    initial = node.get("initial_option")
    if initial is not None and initial not in given:
        message = "must match one of the options exactly"
        at.at("initial_option").add("failed_constraint", message, type="one_of_options")


def _options(given: list[Any], at: Report, *, plain: bool, url: bool = False) -> None:
    seen: set[str] = set()
    for index, item in enumerate(given):
        option(item, at.at(index), plain=plain, url=url)
        value = item.get("value") if isinstance(item, Mapping) else None
        if isinstance(value, str):
            if value in seen:
                at.at(index, "value").add(
                    "duplicate_value", f"duplicate option value: {value}", type="unique"
                )
            seen.add(value)


def _groups(node: Node, at: Report) -> None:
    if node.get("options") is not None:
        message = "must provide only one of options and option_groups"
        at.add("failed_constraint", message, type="one_of", expected=["options", "option_groups"])
    for index, group in enumerate(at.items(node, "option_groups", most=numbers.OPTION_GROUPS)):
        here = at.at("option_groups", index)
        if here.mapping(group):
            required_text(group, "label", here, most=numbers.OPTION_GROUP_LABEL, plain=True)
            _options(
                here.items(group, "options", most=numbers.SELECT_OPTIONS), here.at("options"), plain=True
            )


def button(node: Node, at: Report) -> None:
    """A button."""
    required_text(node, "text", at, most=numbers.BUTTON_TEXT, plain=True)
    at.optional_string(node, "value", most=numbers.BUTTON_VALUE, least=0)
    at.optional_string(node, "url", most=numbers.BUTTON_URL)
    at.optional_string(node, "accessibility_label", most=numbers.ACCESSIBILITY_LABEL)
    at.choice(node, "style", ("primary", "danger"))


def static_select(node: Node, at: Report) -> None:
    """A menu with fixed options, or groups of them; one choice or several."""
    if node.get("option_groups") is not None:
        _groups(node, at)
    else:
        options(node, at, most=numbers.SELECT_OPTIONS, plain=True)


def overflow(node: Node, at: Report) -> None:
    """The menu behind three dots."""
    options(node, at, most=numbers.OVERFLOW_OPTIONS, plain=True, url=True)


def radio_buttons(node: Node, at: Report) -> None:
    """One of a few."""
    options(node, at, most=numbers.RADIO_OPTIONS, plain=False)


def checkboxes(node: Node, at: Report) -> None:
    """Any of a few."""
    options(node, at, most=numbers.CHECKBOX_OPTIONS, plain=False)


def plain_text_input(node: Node, at: Report) -> None:
    """A text field; its own limits must make sense."""
    at.optional_string(node, "initial_value", most=numbers.PLAIN_TEXT_INPUT, least=0)
    at.boolean(node, "multiline")
    for field, least in (("min_length", 0), ("max_length", 1)):
        value = node.get(field)
        if value is not None and not (isinstance(value, int) and least <= value <= numbers.PLAIN_TEXT_INPUT):
            message = f"must be between {least} and {numbers.PLAIN_TEXT_INPUT}"
            at.at(field).add("failed_constraint", message, type="range", got=value)


def number_input(node: Node, at: Report) -> None:
    """A number field, which says whether decimals are allowed."""
    at.present(node, "is_decimal_allowed")


def file_input(node: Node, at: Report) -> None:
    """Files to attach."""
    most = node.get("max_files")
    if most is not None and not (isinstance(most, int) and 1 <= most <= numbers.FILE_INPUT_FILES):
        message = f"must be between 1 and {numbers.FILE_INPUT_FILES}"
        at.at("max_files").add("failed_constraint", message, type="range", got=most)


def nothing_more(_node: Node, _at: Report) -> None:
    """An element with nothing of its own to check."""


ELEMENTS: Final[Mapping[str, Callable[[Node, Report], None]]] = {
    "button": button,
    "static_select": static_select,
    "multi_static_select": static_select,
    "external_select": nothing_more,
    "multi_external_select": nothing_more,
    "users_select": nothing_more,
    "multi_users_select": nothing_more,
    "conversations_select": nothing_more,
    "multi_conversations_select": nothing_more,
    "channels_select": nothing_more,
    "multi_channels_select": nothing_more,
    "overflow": overflow,
    "radio_buttons": radio_buttons,
    "checkboxes": checkboxes,
    "datepicker": nothing_more,
    "timepicker": nothing_more,
    "datetimepicker": nothing_more,
    "plain_text_input": plain_text_input,
    "email_text_input": nothing_more,
    "url_text_input": nothing_more,
    "number_input": number_input,
    "rich_text_input": nothing_more,
    "file_input": file_input,
}
_MULTI: Final = frozenset(kind for kind in ELEMENTS if kind.startswith("multi_"))
_SINGLE: Final = frozenset(kind for kind in ELEMENTS if kind.endswith("_select")) - _MULTI
_PICKERS: Final = frozenset({"datepicker", "timepicker", "radio_buttons", "checkboxes"})
_TYPED: Final = frozenset(kind for kind in ELEMENTS if kind.endswith("_input"))
IN_ACTIONS: Final = _SINGLE | _PICKERS | {"button", "overflow", "datetimepicker"}
IN_SECTION: Final = _SINGLE | _MULTI | _PICKERS | {"button", "overflow"}
IN_INPUT: Final = _SINGLE | _MULTI | _PICKERS | _TYPED | {"datetimepicker"}


def element(value: object, at: Report, *, allowed: frozenset[str]) -> None:
    """An interactive element where only some kinds are allowed."""
    if not at.mapping(value):
        return
    kind = at.kind(value)
    if kind not in allowed:
        if kind:
            at.unsupported(kind)
        return
    at.optional_string(value, "action_id", most=numbers.ACTION_ID)
    optional_text(value, "placeholder", at, most=numbers.PLACEHOLDER, plain=True)
    if value.get("confirm") is not None:
        confirm(value["confirm"], at.at("confirm"))
    ELEMENTS[kind](value, at)
