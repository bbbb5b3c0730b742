"""Block Kit JSON to safe HTML, by the macros of pages/blocks.j2 and pages/elements.j2.

Every macro escapes; the only markup that passes unescaped is made by the other render modules. A block
nobody knows, or one too broken to draw, is shown as a warning instead of being left out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote

from jinja2 import ChainableUndefined, Environment, PackageLoader, StrictUndefined, Undefined
from markupsafe import Markup

from bot.workspace.render_emoji import emoji
from bot.workspace.render_moment import ago
from bot.workspace.render_rich import markdown, rich_text, table, unknown
from bot.workspace.render_text import Reader, mrkdwn, plain, safe_url, text_object, unescape

Block = Mapping[str, Any]

BLOCKS = {
    "actions": "actions",
    "context": "context",
    "divider": "divider",
    "file": "file",
    "header": "header",
    "image": "image",
    "input": "input",
    "section": "section",
}
ELEMENTS = {
    "button": "button",
    "channels_select": "select",
    "checkboxes": "choice_group",
    "conversations_select": "select",
    "datepicker": "picker",
    "datetimepicker": "picker",
    "email_text_input": "text_input",
    "file_input": "file_input",
    "image": "thumbnail",
    "multi_channels_select": "multi_select",
    "multi_conversations_select": "multi_select",
    "multi_static_select": "multi_select",
    "multi_users_select": "multi_select",
    "number_input": "text_input",
    "overflow": "overflow",
    "plain_text_input": "text_input",
    "radio_buttons": "choice_group",
    "static_select": "select",
    "timepicker": "picker",
    "url_text_input": "text_input",
    "users_select": "select",
}


@dataclass(frozen=True)
class Choice:
    """One entry of a menu, with its group's heading if it has one."""

    value: str
    label: Markup
    description: Markup = field(default_factory=Markup)
    group: str = ""


@dataclass(frozen=True)
class Surface:
    """Where blocks are drawn: a message or a modal.

    `id` starts the ids of all its elements; clicks are posted to `act`; `people` and `channels` are offered
    by the selects, as (id, name); `file_url` answers where an uploaded image can be fetched, or None.
    """

    id: str
    reader: Reader
    act: str = ""
    people: Sequence[tuple[str, str]] = ()
    channels: Sequence[tuple[str, str]] = ()
    errors: Mapping[str, str] = field(default_factory=dict)
    file_url: Callable[[str], str | None] = field(default=lambda _id: None)

    def with_errors(self, errors: Mapping[str, str]) -> "Surface":
        """The same with what is wrong with its inputs, by block_id."""
        return replace(self, errors=errors)


def key(block: Block, element: Block) -> str:
    """The form name of an element's value, "block/action" with both quoted; `split_key` reads it back."""
    return "/".join(
        quote(str(part), safe="") for part in (block.get("block_id", ""), element.get("action_id", ""))
    )


def split_key(name: str) -> tuple[str, str] | None:
    """block_id and action_id of a form field, None for a field that is no element's."""
    block_id, slash, action_id = name.partition("/")
    return (unquote(block_id), unquote(action_id)) if slash else None


def blocks(items: Sequence[Block], surface: Surface) -> Markup:
    """All blocks of a message or a view, in order."""
    return Markup("").join(block(item, position, surface) for position, item in enumerate(items))


def block(item: Block, position: int, surface: Surface) -> Markup:
    """One block; a warning in its place if its type is unknown or its shape cannot be read."""
    kind = str(item.get("type", "?"))
    try:
        if kind == "rich_text":
            return rich_text(item, surface.reader)
        if kind in ("table", "data_table"):
            return table(item, surface.reader)
        if kind == "markdown":
            return markdown(str(item.get("text", "")))
        if kind in BLOCKS:
            macro = getattr(_BLOCKS.get_template("blocks.j2").module, BLOCKS[kind])
            return Markup("{}").format(macro(item, f"{surface.id}-{position}", surface))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        return unknown(f"{kind} block that cannot be read ({error})")
    return unknown(f"{kind} block")


def element(item: Block, within: Block, ident: str, surface: Surface) -> Markup:
    """One interactive element or image of a block."""
    kind = str(item.get("type", "?"))
    if kind not in ELEMENTS:
        return unknown(f"{kind} element")
    macro = getattr(_BLOCKS.get_template("elements.j2").module, ELEMENTS[kind])
    return Markup("{}").format(macro(item, within, ident, surface))


def choices(item: Block, surface: Surface) -> list[Choice]:
    """What a menu, a group of radio buttons or of checkboxes offers."""
    kind = str(item.get("type", ""))
    if "users_select" in kind:
        return [Choice(value, plain(name)) for value, name in surface.people]
    if "channels_select" in kind:
        return [Choice(value, plain(f"#{name}")) for value, name in surface.channels]
    if "conversations_select" in kind:
        channels = [Choice(value, plain(f"#{name}"), group="Channels") for value, name in surface.channels]
        return channels + [Choice(value, plain(name), group="People") for value, name in surface.people]
    groups = item.get("option_groups") or [{"options": item.get("options") or ()}]
    return [
        Choice(
            str(option["value"]),
            text_object(option["text"], surface.reader),
            text_object(option.get("description"), surface.reader),
            unescape(str((group.get("label") or {}).get("text", ""))),
        )
        for group in groups
        for option in group["options"]
    ]


def chosen(item: Block) -> frozenset[str]:
    """The values chosen at first, by whichever initial_… field the element's type has."""
    out: set[str] = set()
    for name in ("initial_user", "initial_channel", "initial_conversation"):
        if item.get(name):
            out.add(str(item[name]))
    for name in ("initial_users", "initial_channels", "initial_conversations"):
        out.update(str(value) for value in item.get(name) or ())
    options = [item["initial_option"]] if item.get("initial_option") else item.get("initial_options") or ()
    out.update(str(option["value"]) for option in options)
    return frozenset(out)


def local_input(unix: int, surface: Surface) -> str:
    """A moment as a datetime-local control wants it, in the reader's zone."""
    return f"{datetime.fromtimestamp(unix, UTC).astimezone(surface.reader.zone):%Y-%m-%dT%H:%M}"


def environment(undefined: type[Undefined]) -> Environment:
    """Jinja over bot/workspace/pages: everything is escaped but what the render modules made."""
    env = Environment(
        loader=PackageLoader("bot.workspace", "pages"),
        autoescape=True,
        undefined=undefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(plain=plain, safe_url=safe_url, markdown=markdown)
    env.globals.update(
        ago=ago,
        blocks=blocks,
        choices=choices,
        chosen=chosen,
        element=element,
        emoji=emoji,
        key=key,
        local_input=local_input,
        mrkdwn=mrkdwn,
        text_object=text_object,
    )
    return env


# Most fields of a block are optional, so a missing one is empty there; in a page it is a mistake of ours.
_BLOCKS = environment(ChainableUndefined)
PAGES = environment(StrictUndefined)
