"""Block Kit and mrkdwn become the HTML that people, screen readers and phones need, and never more."""

import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.workspace.render import ELEMENTS, Surface, block, blocks, key, split_key
from bot.workspace.render_rich import markdown
from bot.workspace.render_text import Reader, mrkdwn, plain, safe_url

NOW = datetime(2026, 11, 23, 2, 46, tzinfo=UTC)
READER = Reader(
    user="U1",
    now=NOW,
    zone=ZoneInfo("Asia/Tokyo"),
    user_name={"U1": "Yuki Tanaka", "U2": "<b>Mallory</b>"}.get,
    channel_name={"C1": "ml-incidents"}.get,
    group_handle={"S1": "applied-ml"}.get,
    channel_url=lambda channel: f"/client/U1/{channel}",
)
SURFACE = Surface(
    id="m-1",
    reader=READER,
    act="/act",
    people=[("U1", "Yuki Tanaka"), ("U2", "<b>Mallory</b>")],
    channels=[("C1", "ml-incidents")],
    file_url={"F1": "/client-files/F1/chart.png"}.get,
)
HOSTILE = (
    """"><script>alert(1)</script><img src=x onerror=alert(1)>' onclick='x' javascript:alert(1) {{7*7}}"""
)


class Tags(HTMLParser):
    """Every start tag with its attributes, and all text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Keep text."""
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every such tag."""
        return [attrs for name, attrs in self.tags if name == tag]


def text(value: str, kind: str = "mrkdwn") -> dict[str, Any]:
    """A text object."""
    return {"type": kind, "text": value}


def label(value: str) -> dict[str, Any]:
    """A plain text object."""
    return text(value, "plain_text")


def option(value: str) -> dict[str, Any]:
    """An option."""
    return {"text": label(value.title()), "value": value}


def drawn(*items: dict[str, Any], surface: Surface = SURFACE) -> Tags:
    """These blocks on the surface."""
    return Tags(str(blocks(items, surface)))


def element(item: dict[str, Any], **within: Any) -> Tags:
    """This element in an actions block."""
    return drawn({"type": "actions", "block_id": "b", "elements": [{"action_id": "a", **item}], **within})


def inputs(item: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """An input block around this element."""
    return {
        "type": "input",
        "block_id": "b",
        "label": label("Why"),
        "element": {"action_id": "a", **item},
        **fields,
    }


@pytest.mark.parametrize(
    ("written", "html"),
    [
        ("*bold* _it_ ~no~", "<strong>bold</strong> <em>it</em> <s>no</s>"),
        ("*_both_ x*", "<strong><em>both</em> x</strong>"),
        ("a*b*c 2*3*4 snake_case_name", "a*b*c 2*3*4 snake_case_name"),
        ("**two** * alone", "**two** * alone"),
        ("`*code* &lt;b&gt;`", "<code>*code* &lt;b&gt;</code>"),
        ("```a\n *b*```\nafter", "<pre>a\n *b*</pre>after"),
        ("> quoted\n&gt; too\nnot", "<blockquote>quoted<br>too</blockquote>not"),
        ("one\ntwo", "one<br>two"),
        ("&lt;not a tag&gt; &amp;", "&lt;not a tag&gt; &amp;"),
        ("12:30:45 :unheard_of:", "12:30:45 :unheard_of:"),
    ],
)
def test_mrkdwn_styles_what_slack_styles(written: str, html: str) -> None:
    """Styles begin and end at word borders; code and unknown shortcodes are left as they are."""
    assert mrkdwn(written, READER) == html


def test_mentions_read_as_names_and_mark_the_reader() -> None:
    """A mention shows the name, is marked when it is the reader, and a channel leads there."""
    html = Tags(str(mrkdwn("<@U1> <@U9|ghost> <#C1> <#C9|gone> <!subteam^S1> <!here>", READER)))
    assert html.text == "@Yuki Tanaka @ghost #ml-incidents #gone @applied-ml @here"
    assert [span["class"] for span in html.all("span")] == [
        "mention me",
        "mention",
        "mention",
        "mention",
        "mention loud",
    ]
    assert html.all("a") == [{"class": "mention", "href": "/client/U1/C1"}]


def test_dates_are_told_in_the_readers_zone_with_utc_beside() -> None:
    """A date token is shown in Tokyo for a reader in Tokyo; its title says UTC."""
    unix = int(datetime(2026, 11, 23, 2, 30, tzinfo=UTC).timestamp())
    html = Tags(str(mrkdwn(f"<!date^{unix}^{{date_short_pretty}} at {{time}}|02:30 UTC>", READER)))
    assert html.text == "Today at 11:30"
    assert html.all("time")[0]["title"] == "2026-11-23 02:30:00 UTC"
    assert mrkdwn("<!date^soon^{time}|02:30 UTC>", READER) == "02:30 UTC"


def test_list_lines_keep_their_marker_and_hang() -> None:
    """Bullets and numbers become list lines whose text wraps beside the marker."""
    html = Tags(str(mrkdwn("before\n• one\n2. *two*", READER)))
    assert html.text == "before•one2.two"
    assert [span["class"] for span in html.all("span") if span.get("class")] == ["li", "mark", "li", "mark"]


def test_links_open_elsewhere_and_only_with_schemes_that_run_nothing() -> None:
    """http, https, mailto and tel become links; javascript:, data: and vbscript: stay text."""
    html = Tags(str(mrkdwn("<https://a.b/?x=1&amp;y=2|label> https://c.d/e. <mailto:x@y.z|mail>", READER)))
    assert [a["href"] for a in html.all("a")] == ["https://a.b/?x=1&y=2", "https://c.d/e", "mailto:x@y.z"]
    assert {a["rel"] for a in html.all("a")} == {"noopener noreferrer"}
    for url in (
        "javascript:alert(1)",
        "JaVaScRiPt:x",
        "java\tscript:x",
        "data:text/html,x",
        "vbscript:x",
        "//x",
    ):
        assert safe_url(url) is None
        assert Tags(str(mrkdwn(f"<{url}|click>", READER))).all("a") == []


def test_plain_text_draws_known_emoji_with_a_name() -> None:
    """An emoji shortcode becomes its character, named for a screen reader; markup stays text."""
    html = Tags(str(plain(":warning: *no* <b>")))
    assert html.text == "⚠️ *no* <b>"
    assert html.all("span")[0]["aria-label"] == "warning"


def test_section_shows_text_fields_and_accessory() -> None:
    """A section's fields come after its text, and its accessory acts on the surface's address."""
    html = drawn(
        {
            "type": "section",
            "block_id": "b",
            "text": text("*hello*"),
            "fields": [text("one"), label("two")],
            "accessory": {"type": "button", "action_id": "a", "text": label("Try again")},
        }
    )
    assert re.sub(r"\s+", " ", html.text).strip() == "hello onetwo Try again"
    assert html.all("button")[0]["hx-post"] == "/act"


def test_button_names_its_element_and_its_style() -> None:
    """A button sends its block_id and action_id, so that a redrawn message cannot be hit by accident."""
    (button,) = element({"type": "button", "text": label("Go"), "style": "danger", "value": "v"}).all(
        "button"
    )
    assert button["class"] == "btn danger"
    assert split_key(json.loads(button["hx-vals"] or "")["element"]) == ("b", "a")
    assert "v" not in (button.get("value") or "")


def test_button_with_an_address_is_a_link_that_also_tells_the_app() -> None:
    """A url button opens elsewhere and still sends its action."""
    (link,) = element({"type": "button", "text": label("Open"), "url": "https://a.b"}).all("a")
    assert (link["href"], link["target"], link["hx-trigger"]) == ("https://a.b", "_blank", "opened")


def test_confirm_dialog_is_held_ready_in_a_template() -> None:
    """A button with a confirmation names the template with title, text and both answers."""
    html = element(
        {
            "type": "button",
            "text": label("Stop"),
            "confirm": {
                "title": label("Sure?"),
                "text": text("*All* of it"),
                "confirm": label("Yes"),
                "deny": label("No"),
                "style": "danger",
            },
        }
    )
    (template,) = html.all("template")
    assert template == {"id": html.all("button")[0]["data-confirm"], "data-style": "danger"}
    assert html.text.split() == ["Stop", "Sure?", "All", "of", "it", "Yes", "No"]


def test_selects_offer_options_in_their_groups_and_order() -> None:
    """Groups keep the app's order, the first choice is selected, people and channels come by name."""
    groups = [
        {"label": label("B"), "options": [option("x")]},
        {"label": label("A"), "options": [option("y")]},
    ]
    html = element({"type": "static_select", "option_groups": groups, "initial_option": option("y")})
    assert [group["label"] for group in html.all("optgroup")] == ["B", "A"]
    assert [o["value"] for o in html.all("option") if "selected" in o] == ["y"]
    people = element({"type": "users_select", "initial_user": "U1"})
    assert "<b>Mallory</b>" in people.text
    assert people.all("b") == []
    assert "#ml-incidents" in element({"type": "channels_select"}).text
    assert [g["label"] for g in element({"type": "conversations_select"}).all("optgroup")] == [
        "Channels",
        "People",
    ]


@pytest.mark.parametrize("kind", ["checkboxes", "multi_static_select", "radio_buttons"])
def test_choices_share_one_name_and_start_as_the_app_said(kind: str) -> None:
    """All boxes of one element have the same field name; the initial ones are checked."""
    first = {"initial_option": option("y")} if kind == "radio_buttons" else {"initial_options": [option("y")]}
    html = element({"type": kind, "options": [option("x"), option("y")], **first})
    boxes = html.all("input")
    assert {box["name"] for box in boxes} == {key({"block_id": "b"}, {"action_id": "a"})}
    assert [box["value"] for box in boxes if "checked" in box] == ["y"]


def test_overflow_is_a_menu_of_buttons() -> None:
    """Each entry of an overflow menu sends its own value."""
    html = element({"type": "overflow", "options": [option("assign"), option("escalate")]})
    assert [button["value"] for button in html.all("button")] == ["assign", "escalate"]
    assert html.all("summary")[0]["aria-label"] == "More actions"


def test_pickers_start_in_the_readers_zone() -> None:
    """Date and time are native controls; a moment is shown in the reader's zone, which is named."""
    moment = int(datetime(2026, 11, 23, 2, 30, tzinfo=UTC).timestamp())
    html = element({"type": "datetimepicker", "initial_date_time": moment})
    assert html.all("input")[0]["value"] == "2026-11-23T11:30"
    assert "Asia/Tokyo" in html.text
    assert element({"type": "datepicker", "initial_date": "2026-11-23"}).all("input")[0]["type"] == "date"
    assert element({"type": "timepicker", "initial_time": "02:30"}).all("input")[0]["value"] == "02:30"


def test_image_has_its_alt_text_and_an_uploaded_one_is_found() -> None:
    """An uploaded image is fetched from the page; one that is not there is said to be missing."""
    html = drawn(
        {"type": "image", "slack_file": {"id": "F1"}, "alt_text": "z at look 2", "title": label("Look")}
    )
    assert html.all("img")[0]["src"] == "/client-files/F1/chart.png"
    assert html.all("img")[0]["alt"] == "z at look 2"
    assert (
        "Image not available: z" in drawn({"type": "image", "slack_file": {"id": "F9"}, "alt_text": "z"}).text
    )


def test_header_divider_and_context_are_what_they_are() -> None:
    """A header is a heading, a divider a rule, context small text with small images."""
    html = drawn(
        {"type": "header", "text": label("INC-7 · SEV2")},
        {"type": "divider"},
        {
            "type": "context",
            "elements": [text("small"), {"type": "image", "image_url": "https://x/y", "alt_text": "i"}],
        },
    )
    assert [name for name, _ in html.tags if name in ("h3", "hr", "img")] == ["h3", "hr", "img"]


def test_input_ties_label_hint_and_error_to_its_control() -> None:
    """A label names its control; the error is announced and described; optional is said."""
    field = inputs({"type": "plain_text_input", "multiline": True}, hint=label("One sentence"), optional=True)
    html = drawn(field, surface=SURFACE.with_errors({"b": "Say why"}))
    (area,) = html.all("textarea")
    assert html.all("label")[0]["for"] == area["id"]
    assert area["aria-describedby"] == f"{area['id']}-error {area['id']}-hint"
    assert "required" not in area
    assert {"role": "alert"}.items() <= html.all("p")[0].items()
    assert re.sub(r"\s+", " ", html.text).strip() == "Why (optional) Say why One sentence"


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        (
            "number_input",
            {"is_decimal_allowed": False, "min_value": "1"},
            {"type": "number", "step": "1", "min": "1"},
        ),
        ("email_text_input", {}, {"type": "email"}),
        ("url_text_input", {"initial_value": "https://a.b"}, {"type": "url", "value": "https://a.b"}),
        (
            "plain_text_input",
            {"max_length": 9, "placeholder": label("p")},
            {"maxlength": "9", "placeholder": "p"},
        ),
        (
            "file_input",
            {"filetypes": ["yaml", "md"], "max_files": 1},
            {"type": "file", "accept": ".yaml,.md"},
        ),
    ],
)
def test_inputs_are_the_browsers_own_controls(
    kind: str, fields: dict[str, Any], expected: dict[str, str]
) -> None:
    """Numbers, addresses and files use the control that a phone has a keyboard or picker for."""
    (control,) = drawn(inputs({"type": kind, **fields})).all("input")
    assert expected.items() <= control.items()
    assert "required" in control


def test_inputs_act_only_when_the_block_dispatches() -> None:
    """An input is silent until submitted, unless its block has dispatch_action."""
    quiet = drawn(inputs({"type": "static_select", "options": [option("x")]}))
    loud = drawn(inputs({"type": "static_select", "options": [option("x")]}, dispatch_action=True))
    assert "hx-post" not in quiet.all("select")[0]
    assert loud.all("select")[0]["hx-trigger"] == "change"


def test_rich_text_draws_sections_lists_code_quotes_and_mentions() -> None:
    """All element kinds of rich text appear, nested lists by depth."""
    section = {
        "type": "rich_text_section",
        "elements": [
            {"type": "text", "text": "bold", "style": {"bold": True, "italic": True}},
            {"type": "link", "url": "https://a.b", "text": "there"},
            {"type": "user", "user_id": "U1"},
            {"type": "channel", "channel_id": "C1"},
            {"type": "usergroup", "usergroup_id": "S1"},
            {"type": "broadcast", "range": "here"},
            {"type": "emoji", "name": "eyes", "unicode": "1f440"},
            {"type": "date", "timestamp": 1795401000, "format": "{time}", "fallback": "f"},
        ],
    }
    items = {"type": "rich_text_list", "style": "ordered", "indent": 1, "offset": 2, "elements": [section]}
    html = drawn(
        {
            "type": "rich_text",
            "elements": [
                section,
                items,
                {**section, "type": "rich_text_quote"},
                {**section, "type": "rich_text_preformatted"},
            ],
        }
    )
    assert html.text.startswith("boldthere@Yuki Tanaka#ml-incidents@applied-ml@here👀11:30")
    assert html.all("ol")[0] == {"data-depth": "1", "start": "3"}
    assert {"blockquote", "pre", "li", "strong", "em"} <= {name for name, _ in html.tags}


def test_table_has_headers_alignment_and_its_own_scroll_box() -> None:
    """The first row is the header; settings align and wrap; numbers align right in a data_table."""
    rows = [
        [{"type": "raw_text", "text": "metric"}, {"type": "raw_text", "text": "n"}],
        [{"type": "raw_text", "text": "CSAT"}, {"type": "raw_number", "value": 3, "text": "3.0"}],
    ]
    plain_table = drawn(
        {"type": "table", "rows": rows, "column_settings": [{"is_wrapped": True}, {"align": "center"}]}
    )
    assert [cell["class"] for cell in plain_table.all("td")] == ["left wrap", "center"]
    assert {"role": "region", "tabindex": "0"}.items() <= plain_table.all("div")[0].items()
    data = drawn({"type": "data_table", "caption": "Guardrails", "rows": rows})
    assert [cell["scope"] for cell in data.all("th")] == ["col", "col", "row"]
    assert data.all("td")[0]["class"] == "right"
    assert data.all("div")[0]["aria-label"] == "Guardrails"


def test_markdown_is_rendered_without_raw_html_images_or_inline_styles() -> None:
    """CommonMark with tables; HTML in it is shown as text; nothing that the page's policy forbids."""
    html = Tags(
        str(
            markdown(
                "# T\n\n| a | b |\n|--|--:|\n| 1 | 2 |\n\n"
                "<script>x</script> [l](javascript:x) ![i](https://x/y) ~~s~~"
            )
        )
    )
    assert {"h1", "table", "s"} <= {name for name, _ in html.tags}
    assert html.all("script") == html.all("img") == []
    assert [a["href"] for a in html.all("a")] == ["https://x/y"]
    assert all("style" not in attrs for _, attrs in html.tags)
    assert html.all("td")[1]["class"] == "right"


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"type": "video"}, "video block"),
        ({"type": "section", "fields": 7}, "section block that cannot be read"),
        ({"type": "actions", "elements": [{"type": "workflow_button"}]}, "workflow_button element"),
        ({"type": "rich_text", "elements": [{"type": "rich_text_song"}]}, "rich_text_song"),
    ],
)
def test_what_cannot_be_drawn_is_said(item: dict[str, Any], said: str) -> None:
    """An unknown or broken block leaves a visible note in its place, never a gap or an error page."""
    html = Tags(str(block(item, 0, SURFACE)))
    assert said in html.text
    assert "⚠" in html.text


def assert_harmless(html: str) -> None:
    """No script, no handler, no foreign scheme, no style, nothing that swaps itself into the page."""
    allowed_events = {
        "hx-post",
        "hx-get",
        "hx-vals",
        "hx-swap",
        "hx-trigger",
        "hx-include",
        "hx-sync",
        "hx-target",
    }
    for name, attrs in Tags(html).tags:
        assert name not in ("script", "iframe", "object", "embed", "style", "link", "meta", "base", "svg")
        for attribute, value in attrs.items():
            assert not attribute.startswith("on")
            assert attribute != "style"
            assert not attribute.startswith("hx-") or attribute in allowed_events
            if attribute in ("href", "src"):
                assert (value or "").startswith(("http://", "https://", "mailto:", "tel:", "/client"))


@pytest.mark.parametrize("kind", sorted(ELEMENTS))
def test_hostile_text_in_every_element_stays_text(kind: str) -> None:
    """Whatever an app or an alert label puts in any text of any element, it cannot act."""
    hostile = {"text": label(HOSTILE), "value": HOSTILE, "description": label(HOSTILE)}
    item = {
        "type": kind,
        "action_id": HOSTILE,
        "text": label(HOSTILE),
        "value": HOSTILE,
        "style": HOSTILE,
        "placeholder": label(HOSTILE),
        "options": [hostile],
        "initial_value": HOSTILE,
        "initial_date": HOSTILE,
        "image_url": "javascript:alert(1)",
        "alt_text": HOSTILE,
        "filetypes": [HOSTILE],
        "url": f"https://x/{HOSTILE}" if kind == "button" else "",
        "accessibility_label": HOSTILE,
        "confirm": {
            "title": label(HOSTILE),
            "text": text(HOSTILE),
            "confirm": label(HOSTILE),
            "deny": label(HOSTILE),
        },
    }
    for outer in (
        {"type": "actions", "block_id": HOSTILE, "elements": [item]},
        {
            "type": "input",
            "block_id": HOSTILE,
            "label": label(HOSTILE),
            "hint": label(HOSTILE),
            "element": item,
        },
    ):
        html = str(block(outer, 0, SURFACE.with_errors({HOSTILE: HOSTILE})))
        assert "cannot be read" not in html
        assert_harmless(html)


PIECES = """< > &lt; * _ ~ ` ``` | > • https://x javascript: a " ' ! @U1 #C1 :eyes: <script> onerror="""
MARKS = [
    *PIECES.split(),
    "\n",
    " ",
    "> ",
    "• ",
    "!date^1^{time}^javascript:x|",
    "!subteam^S1|",
    "\ue000",
    "\ue0010",
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(MARKS), max_size=30).map("".join))
def test_no_mrkdwn_makes_a_tag_of_its_own(written: str) -> None:
    """Any mixture of marks gives well-nested, harmless HTML, whose text could be read before."""
    html = str(mrkdwn(written, READER))
    assert_harmless(html)
    opened: list[str] = []
    for slash, name in re.findall(r"<(/?)([a-z]+)[^>]*>", html):
        if name == "br":
            continue
        if slash:
            assert opened.pop() == name
        else:
            opened.append(name)
    assert opened == []


def test_long_hostile_text_is_rendered_in_reasonable_time() -> None:
    """Forty thousand characters of unfinished marks do not hang the page (this returns at all)."""
    for piece in ("*a ", "_a*b~", "<", "`", ">" * 9, "https://x.", "*_~", ":a", "<@U1|"):
        assert mrkdwn((piece * 40_000)[:40_000], READER)
