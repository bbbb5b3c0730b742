"""Slack's limits: one bad payload per fault, and the place and sentence of the refusal."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from bot.limits import check_blocks, check_view

Json = Mapping[str, Any]


def _plain(text: str = "x") -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def _mrkdwn(text: str = "x") -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


def _option(value: str = "v", **more: Any) -> dict[str, Any]:
    return {"text": _plain(), "value": value, **more}


def _button(**more: Any) -> dict[str, Any]:
    return {"type": "button", "text": _plain(), **more}


def _section(**more: Any) -> dict[str, Any]:
    return {"type": "section", "text": _mrkdwn(), **more}


def _actions(*elements: Any) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)}


def _select(**more: Any) -> dict[str, Any]:
    return {"type": "static_select", "options": [_option()], **more}


def _cell(text: str = "x") -> dict[str, Any]:
    return {"type": "raw_text", "text": text}


def _text_input(**more: Any) -> dict[str, Any]:
    return {"type": "input", "label": _plain(), "element": {"type": "plain_text_input", **more}}


def _rich(*pieces: Any) -> dict[str, Any]:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(pieces)}]}


def _confirm(**more: Any) -> dict[str, Any]:
    return {"title": _plain(), "text": _mrkdwn(), "confirm": _plain(), "deny": _plain(), **more}


GOOD: list[Json] = [
    {"type": "header", "text": _plain("h" * 150)},
    _section(text=_mrkdwn("s" * 3000), fields=[_mrkdwn("f" * 2000)] * 10),
    _section(accessory={"type": "image", "image_url": "https://x.test/a.png", "alt_text": "a"}),
    _section(accessory={"type": "multi_static_select", "options": [_option()]}),
    {
        "type": "context",
        "elements": [_mrkdwn(), {"type": "image", "slack_file": {"id": "F1"}, "alt_text": "a"}],
    },
    _actions(*[_button(action_id=f"a{i}") for i in range(25)]),
    _actions(_button(value="v" * 2000, url="https://x.test", style="danger", confirm=_confirm())),
    _actions(_select(), {"type": "overflow", "options": [_option(str(i)) for i in range(5)]}),
    _actions(
        {"type": "static_select", "option_groups": [{"label": _plain(), "options": [_option()]}]},
        {"type": "datepicker", "initial_date": "2026-11-23"},
        {"type": "radio_buttons", "options": [_option(text=_mrkdwn("*bold*"))]},
    ),
    {"type": "divider"},
    {"type": "image", "slack_file": {"url": "https://x.test/f"}, "alt_text": "a", "title": _plain()},
    _rich({"type": "text", "text": "a", "style": {"bold": True}}, {"type": "user", "user_id": "U1"}),
    {
        "type": "rich_text",
        "elements": [
            {"type": "rich_text_list", "style": "bullet", "elements": [_rich()["elements"][0]]},
            {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "x = 1"}]},
        ],
    },
    {"type": "table", "rows": [[_cell()] * 20] * 100, "column_settings": [{"align": "right"}, None]},
    {
        "type": "data_table",
        "caption": "c",
        "rows": [[_cell()], [{"type": "raw_number", "value": 1.5}], [_rich()]],
    },
    {"type": "markdown", "text": "m" * 12_000},
    _text_input(max_length=3000),
    {"type": "file", "external_id": "e", "source": "remote"},
    {
        "type": "video",
        "title": _plain(),
        "alt_text": "a",
        "video_url": "https://x.test/v",
        "thumbnail_url": "https://x.test/t",
    },
]

LONG = "must be less than {} characters".format
BAD: list[tuple[str, Sequence[Any], str, str]] = [
    ("not an object", ["x"], "/blocks/0", "must provide an object"),
    ("no type", [{}], "/blocks/0", "missing required field: type"),
    ("unknown block", [{"type": "sections"}], "/blocks/0/type", "unsupported type: sections"),
    ("51 blocks", [{"type": "divider"}] * 51, "/blocks", "no more than 50 items allowed"),
    ("header 151", [{"type": "header", "text": _plain("h" * 151)}], "/blocks/0/text/text", LONG(151)),
    (
        "header mrkdwn",
        [{"type": "header", "text": _mrkdwn()}],
        "/blocks/0/text/type",
        "unsupported type: mrkdwn",
    ),
    ("header without text", [{"type": "header"}], "/blocks/0", "missing required field: text"),
    ("section 3001", [_section(text=_mrkdwn("s" * 3001))], "/blocks/0/text/text", LONG(3001)),
    ("section empty", [_section(text=_mrkdwn(""))], "/blocks/0/text/text", "must be more than 0 characters"),
    ("section nothing", [{"type": "section"}], "/blocks/0", "must provide text or fields"),
    ("fields 11", [_section(fields=[_mrkdwn()] * 11)], "/blocks/0/fields", "no more than 10 items allowed"),
    ("field 2001", [_section(fields=[_mrkdwn("f" * 2001)])], "/blocks/0/fields/0/text", LONG(2001)),
    ("text a string", [_section(text="x")], "/blocks/0/text", "must provide an object"),
    ("text a number", [_section(text=_mrkdwn(5))], "/blocks/0/text/text", "must provide a string"),  # type: ignore[arg-type] # the fault
    (
        "emoji on mrkdwn",
        [_section(text={**_mrkdwn(), "emoji": True})],
        "/blocks/0/text/emoji",
        "emoji is only for plain_text",
    ),
    ("actions empty", [_actions()], "/blocks/0/elements", "no less than 1 items allowed"),
    ("actions 26", [_actions(*[_button()] * 26)], "/blocks/0/elements", "no more than 25 items allowed"),
    (
        "input in actions",
        [_actions({"type": "plain_text_input"})],
        "/blocks/0/elements/0/type",
        "unsupported type: plain_text_input",
    ),
    (
        "multi-select in actions",
        [_actions({"type": "multi_static_select", "options": [_option()]})],
        "/blocks/0/elements/0/type",
        "unsupported type: multi_static_select",
    ),
    (
        "context 11",
        [{"type": "context", "elements": [_mrkdwn()] * 11}],
        "/blocks/0/elements",
        "no more than 10 items allowed",
    ),
    (
        "button in context",
        [{"type": "context", "elements": [_button()]}],
        "/blocks/0/elements/0/type",
        "unsupported type: button",
    ),
    (
        "button text 76",
        [_actions(_button(text=_plain("b" * 76)))],
        "/blocks/0/elements/0/text/text",
        LONG(76),
    ),
    ("button value 2001", [_actions(_button(value="v" * 2001))], "/blocks/0/elements/0/value", LONG(2001)),
    ("button url 3001", [_actions(_button(url="u" * 3001))], "/blocks/0/elements/0/url", LONG(3001)),
    (
        "button style",
        [_actions(_button(style="red"))],
        "/blocks/0/elements/0/style",
        "must be one of danger, primary",
    ),
    ("action_id 256", [_actions(_button(action_id="a" * 256))], "/blocks/0/elements/0/action_id", LONG(256)),
    ("block_id 256", [{"type": "divider", "block_id": "b" * 256}], "/blocks/0/block_id", LONG(256)),
    (
        "action_id twice",
        [_actions(_button(action_id="a"), _button(action_id="a"))],
        "/blocks/0/elements/1/action_id",
        "action_id must be unique: a",
    ),
    (
        "block_id twice",
        [{"type": "divider", "block_id": "a"}] * 2,
        "/blocks/1/block_id",
        "block_id must be unique: a",
    ),
    (
        "placeholder 151",
        [_actions(_select(placeholder=_plain("p" * 151)))],
        "/blocks/0/elements/0/placeholder/text",
        LONG(151),
    ),
    (
        "select 101",
        [_actions(_select(options=[_option(str(i)) for i in range(101)]))],
        "/blocks/0/elements/0/options",
        "no more than 100 items allowed",
    ),
    (
        "select none",
        [_actions(_select(options=[]))],
        "/blocks/0/elements/0/options",
        "no less than 1 items allowed",
    ),
    (
        "option text 76",
        [_actions(_select(options=[_option(text=_plain("o" * 76))]))],
        "/blocks/0/elements/0/options/0/text/text",
        LONG(76),
    ),
    (
        "option value 76",
        [_actions(_select(options=[_option("o" * 76)]))],
        "/blocks/0/elements/0/options/0/value",
        LONG(76),
    ),
    (
        "option value twice",
        [_actions(_select(options=[_option(), _option()]))],
        "/blocks/0/elements/0/options/1/value",
        "duplicate option value: v",
    ),
    (
        "option mrkdwn in a select",
        [_actions(_select(options=[_option(text=_mrkdwn())]))],
        "/blocks/0/elements/0/options/0/text/type",
        "unsupported type: mrkdwn",
    ),
    (
        "initial option unknown",
        [_actions(_select(initial_option=_option("other")))],
        "/blocks/0/elements/0/initial_option",
        "must match one of the options exactly",
    ),
    (
        "options and groups",
        [_actions(_select(option_groups=[{"label": _plain(), "options": [_option()]}]))],
        "/blocks/0/elements/0",
        "must provide only one of options and option_groups",
    ),
    (
        "overflow 6",
        [_actions({"type": "overflow", "options": [_option(str(i)) for i in range(6)]})],
        "/blocks/0/elements/0/options",
        "no more than 5 items allowed",
    ),
    (
        "radio 11",
        [_actions({"type": "radio_buttons", "options": [_option(str(i)) for i in range(11)]})],
        "/blocks/0/elements/0/options",
        "no more than 10 items allowed",
    ),
    (
        "checkboxes 11",
        [_actions({"type": "checkboxes", "options": [_option(str(i)) for i in range(11)]})],
        "/blocks/0/elements/0/options",
        "no more than 10 items allowed",
    ),
    (
        "confirm title 101",
        [_actions(_button(confirm=_confirm(title=_plain("t" * 101))))],
        "/blocks/0/elements/0/confirm/title/text",
        LONG(101),
    ),
    (
        "confirm text 301",
        [_actions(_button(confirm=_confirm(text=_mrkdwn("t" * 301))))],
        "/blocks/0/elements/0/confirm/text/text",
        LONG(301),
    ),
    (
        "confirm button 31",
        [_actions(_button(confirm=_confirm(deny=_plain("t" * 31))))],
        "/blocks/0/elements/0/confirm/deny/text",
        LONG(31),
    ),
    (
        "image without alt",
        [{"type": "image", "image_url": "https://x.test"}],
        "/blocks/0",
        "missing required field: alt_text",
    ),
    (
        "image without source",
        [{"type": "image", "alt_text": "a"}],
        "/blocks/0",
        "must provide exactly one of image_url and slack_file",
    ),
    (
        "image url",
        [{"type": "image", "image_url": "x.png", "alt_text": "a"}],
        "/blocks/0/image_url",
        "must be a valid URL",
    ),
    (
        "image url 3001",
        [{"type": "image", "image_url": "https://" + "u" * 2993, "alt_text": "a"}],
        "/blocks/0/image_url",
        LONG(3001),
    ),
    (
        "image alt 2001",
        [{"type": "image", "image_url": "https://x.test", "alt_text": "a" * 2001}],
        "/blocks/0/alt_text",
        LONG(2001),
    ),
    (
        "slack_file both",
        [{"type": "image", "slack_file": {"id": "F", "url": "u"}, "alt_text": "a"}],
        "/blocks/0/slack_file",
        "must provide exactly one of id and url",
    ),
    ("markdown 12001", [{"type": "markdown", "text": "m" * 12_001}], "/blocks/0/text", LONG(12_001)),
    (
        "markdown together",
        [{"type": "markdown", "text": "m" * 6_001}] * 2,
        "/blocks",
        "markdown blocks must be less than 12001 characters together",
    ),
    (
        "table 101 rows",
        [{"type": "table", "rows": [[_cell()]] * 101}],
        "/blocks/0/rows",
        "no more than 100 items allowed",
    ),
    (
        "table 21 columns",
        [{"type": "table", "rows": [[_cell()] * 21]}],
        "/blocks/0/rows/0",
        "no more than 20 items allowed",
    ),
    (
        "table cell empty",
        [{"type": "table", "rows": [[_cell("")]]}],
        "/blocks/0/rows/0/0/text",
        "must be more than 0 characters",
    ),
    (
        "table cell kind",
        [{"type": "table", "rows": [[_mrkdwn()]]}],
        "/blocks/0/rows/0/0/type",
        "unsupported type: mrkdwn",
    ),
    ("two tables", [{"type": "table", "rows": [[_cell()]]}] * 2, "/blocks", "only_one_table_allowed"),
    (
        "data_table 202 rows",
        [{"type": "data_table", "caption": "c", "rows": [[_cell()]] * 202}],
        "/blocks/0/rows",
        "no more than 201 items allowed",
    ),
    (
        "data_table ragged",
        [{"type": "data_table", "caption": "c", "rows": [[_cell()], [_cell(), _cell()]]}],
        "/blocks/0/rows",
        "all rows must have the same number of cells",
    ),
    (
        "data_table number a string",
        [{"type": "data_table", "caption": "c", "rows": [[_cell()], [{"type": "raw_number", "value": "1"}]]}],
        "/blocks/0/rows/1/0/value",
        "must provide a number",
    ),
    (
        "rich piece",
        [_rich({"type": "bold"})],
        "/blocks/0/elements/0/elements/0/type",
        "unsupported type: bold",
    ),
    (
        "rich link without url",
        [_rich({"type": "link"})],
        "/blocks/0/elements/0/elements/0",
        "missing required field: url",
    ),
    (
        "input label 2001",
        [{**_text_input(), "label": _plain("l" * 2001)}],
        "/blocks/0/label/text",
        LONG(2001),
    ),
    (
        "button in input",
        [{**_text_input(), "element": _button()}],
        "/blocks/0/element/type",
        "unsupported type: button",
    ),
    (
        "input max_length",
        [_text_input(max_length=3001)],
        "/blocks/0/element/max_length",
        "must be between 1 and 3000",
    ),
]


def test_every_block_lookout_uses_passes_at_its_limits() -> None:
    """A message with one of each block, as large as Slack takes it, has no problem."""
    for block in GOOD:
        assert check_blocks([block]) == []


@pytest.mark.parametrize(
    ("blocks", "pointer", "message"), [bad[1:] for bad in BAD], ids=[bad[0] for bad in BAD]
)
def test_one_bad_block_per_fault(blocks: Sequence[Json], pointer: str, message: str) -> None:
    """Each fault is found exactly once, where it is, in Slack's words."""
    found = [problem for problem in check_blocks(blocks) if problem.message == message]
    assert [problem.pointer.startswith(pointer) for problem in found] == [True]


def test_the_constraint_says_what_was_expected_and_found() -> None:
    """A problem carries its rule in a form that a program can read."""
    (problem,) = check_blocks([{"type": "header", "text": _plain("h" * 151)}])
    assert problem.code == "failed_constraint"
    assert problem.constraint == {"type": "max_length", "expected": 150, "got": 151}


def test_the_same_action_id_in_two_blocks_is_allowed() -> None:
    """Slack wants an action_id unique within its block only."""
    assert check_blocks([_actions(_button(action_id="a")), _actions(_button(action_id="a"))]) == []


def _modal(**more: Any) -> dict[str, Any]:
    return {"type": "modal", "title": _plain(), "blocks": [_section()], **more}


BAD_VIEWS: list[tuple[str, Json, str, str]] = [
    ("no type", {}, "", "missing required field: type"),
    ("type", {"type": "dialog"}, "/type", "unsupported type: dialog"),
    ("title", {"type": "modal", "blocks": [_section()]}, "", "missing required field: title"),
    ("title 25", _modal(title=_plain("t" * 25)), "/title/text", LONG(25)),
    ("submit 25", _modal(submit=_plain("t" * 25)), "/submit/text", LONG(25)),
    ("close 25", _modal(close=_plain("t" * 25)), "/close/text", LONG(25)),
    ("metadata 3001", _modal(private_metadata="m" * 3001), "/private_metadata", LONG(3001)),
    ("callback_id 256", _modal(callback_id="c" * 256), "/callback_id", LONG(256)),
    ("no blocks", {"type": "modal", "title": _plain()}, "", "missing required field: blocks"),
    ("empty", _modal(blocks=[]), "/blocks", "no less than 1 items allowed"),
    ("101 blocks", _modal(blocks=[{"type": "divider"}] * 101), "/blocks", "no more than 100 items allowed"),
    (
        "input, no submit",
        _modal(blocks=[_text_input()]),
        "",
        "submit is required when an input block is in blocks",
    ),
    (
        "table in a modal",
        _modal(blocks=[{"type": "table", "rows": [[_cell()]]}]),
        "/blocks/0/type",
        "unsupported type: table",
    ),
]


@pytest.mark.parametrize(
    ("view", "pointer", "message"), [bad[1:] for bad in BAD_VIEWS], ids=[bad[0] for bad in BAD_VIEWS]
)
def test_one_bad_view_per_fault(view: Json, pointer: str, message: str) -> None:
    """Views have limits of their own."""
    assert [(p.pointer, p.message) for p in check_view(view)] == [(pointer, message)]


def test_a_modal_with_an_input_and_a_home_tab_pass() -> None:
    """A modal needs a title and, with inputs, a submit; a Home tab needs neither."""
    assert check_view(_modal(submit=_plain("Send"), blocks=[_text_input()])) == []
    assert check_view({"type": "home", "blocks": [_section()]}) == []
