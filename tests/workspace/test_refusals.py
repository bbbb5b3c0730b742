"""What Slack refuses, method by method, and what Slack's own client finds wrong in a form."""

from typing import Any

import pytest

from bot.workspace.hub import Hub
from bot.workspace.incoming import BlocksError, incoming_blocks
from bot.workspace.inputs import client_errors, default_value, state_values
from bot.workspace.web import answer

SEEN = "1795409509.000100"


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def _ask(hub: Hub, method: str, **args: Any) -> dict[str, Any]:
    return dict(answer(hub, method, args, "xoxb-local").body)


@pytest.mark.parametrize(
    ("method", "args", "error"),
    [
        ("api.test", {"error": "my_error"}, "my_error"),
        ("bots.info", {"bot": "B0NONE"}, "bot_not_found"),
        ("chat.postEphemeral", {"channel": "C0INC", "user": "U0ENG"}, "no_text"),
        ("chat.postEphemeral", {"channel": "C0INC", "text": "x"}, "invalid_arguments"),
        ("chat.update", {"channel": "C0INC", "ts": "yesterday", "text": "x"}, "invalid_arguments"),
        ("chat.update", {"channel": "C0INC", "text": "x"}, "invalid_arguments"),
        ("conversations.archive", {"channel": "C0GENERAL"}, "not_in_channel"),
        ("conversations.create", {"name": "secret", "is_private": "true"}, "restricted_action"),
        ("conversations.history", {"channel": "C0INC", "oldest": "noon"}, "invalid_ts_oldest"),
        ("conversations.history", {"channel": "C0INC", "latest": "noon"}, "invalid_ts_latest"),
        ("conversations.history", {"channel": "C0INC", "limit": "many"}, "invalid_arguments"),
        ("conversations.history", {"channel": "C0INC", "limit": "-1"}, "invalid_limit"),
        ("conversations.history", {"channel": "C0INC", "cursor": "bmV4dDotMQ=="}, "invalid_cursor"),
        ("conversations.info", {}, "invalid_arguments"),
        ("conversations.info", {"channel": "C0NONE"}, "channel_not_found"),
        ("conversations.invite", {"channel": "C0INC"}, "no_user"),
        ("conversations.open", {"users": "U0ENG,U0PM"}, "invalid_arguments"),
        ("conversations.open", {"users": "U0NONE"}, "user_not_found"),
        ("conversations.open", {"channel": "C0INC"}, "method_not_supported_for_channel_type"),
        ("conversations.rename", {"channel": "C0INC", "name": "other"}, "not_authorized"),
        ("conversations.unarchive", {"channel": "C0INC"}, "not_archived"),
        ("files.completeUploadExternal", {}, "invalid_arguments"),
        ("files.completeUploadExternal", {"files": [{"id": "F0"}]}, "file_not_found"),
        (
            "files.getUploadURLExternal",
            {"filename": "a", "length": 1, "alt_txt": "a" * 1001},
            "alt_txt_too_large",
        ),
        ("files.info", {"file": "F0"}, "file_not_found"),
        ("pins.add", {"channel": "C0INC", "timestamp": SEEN}, "message_not_found"),
        ("reactions.add", {"channel": "C0INC", "timestamp": SEEN, "name": "eyes"}, "message_not_found"),
        ("usergroups.users.list", {"usergroup": "S0NONE"}, "no_such_subteam"),
        ("views.open", {"trigger_id": "1.2.3"}, "invalid_arguments"),
        ("views.open", {"trigger_id": "1.2.3", "view": "[]"}, "invalid_arguments"),
        ("views.open", {"view": {"type": "home", "blocks": [{"type": "divider"}]}}, "invalid_arguments"),
        ("views.publish", {"user_id": "U0NONE"}, "user_not_found"),
    ],
)
def test_each_method_refuses_by_slacks_name(hub: Hub, method: str, args: dict[str, Any], error: str) -> None:
    """Nothing is changed by what is refused."""
    before = hub.workspace.messages("C0INC"), dict(hub.workspace.channels)
    assert _ask(hub, method, **args)["error"] == error
    assert (hub.workspace.messages("C0INC"), dict(hub.workspace.channels)) == before


def test_general_cannot_be_archived_and_marks_can_be_missing(hub: Hub) -> None:
    """The refusals that need something to be there first."""
    ts = _ask(hub, "chat.postMessage", channel="C0INC", text="x")["ts"]
    here = {"channel": "C0INC", "timestamp": ts}
    assert _ask(hub, "pins.remove", **here)["error"] == "no_pin"
    assert _ask(hub, "reactions.remove", name="eyes", **here)["error"] == "no_reaction"
    assert _ask(hub, "reactions.add", name="no way", **here)["error"] == "invalid_name"
    _ask(hub, "conversations.join", channel="C0GENERAL")
    assert _ask(hub, "conversations.archive", channel="C0GENERAL")["error"] == "cant_archive_general"
    assert _ask(hub, "conversations.leave", channel="C0GENERAL") == {"ok": True}
    assert _ask(hub, "conversations.leave", channel="C0GENERAL") == {"ok": True, "not_in_channel": True}


def test_a_direct_message_is_no_channel(hub: Hub) -> None:
    """It cannot be joined, archived or given a topic; that of two others does not exist for the app."""
    mine = hub.workspace.direct("U0ENG", "U0LOOKOUT").id
    for method in ("conversations.join", "conversations.archive", "conversations.setTopic"):
        assert _ask(hub, method, channel=mine)["error"] == "method_not_supported_for_channel_type"
    others = hub.workspace.direct("U0ENG", "U0PM").id
    assert _ask(hub, "conversations.info", channel=others)["error"] == "channel_not_found"
    assert _ask(hub, "chat.postMessage", channel=others, text="x")["error"] == "channel_not_found"


def test_a_channel_goes_into_the_archive_and_comes_back(hub: Hub) -> None:
    """Its messages stay."""
    channel = _ask(hub, "conversations.create", name="inc-1")["channel"]["id"]
    _ask(hub, "conversations.archive", channel=channel)
    assert _ask(hub, "conversations.join", channel=channel)["error"] == "is_archived"
    assert _ask(hub, "conversations.unarchive", channel=channel)["ok"]
    assert [m.subtype for m in hub.workspace.messages(channel)] == ["channel_archive"]


def test_who_is_asked_about_the_team(hub: Hub) -> None:
    """team.info, bots.info, users.conversations without the archived."""
    assert _ask(hub, "team.info")["team"]["id"] == "T0LOCAL"
    assert _ask(hub, "bots.info", bot="B0LOOKOUT")["bot"]["user_id"] == "U0LOOKOUT"
    hub.workspace.change_channel("C0OPS", archived=True)
    mine = _ask(hub, "users.conversations", exclude_archived=True)["channels"]
    assert [channel["name"] for channel in mine] == ["launches", "ml-incidents"]


def test_a_view_is_pushed_only_from_a_view_and_not_a_fourth_time(hub: Hub) -> None:
    """The stack has room for three."""
    view = {"type": "modal", "title": _plain("x"), "blocks": [{"type": "divider"}]}
    trigger_id = hub.triggers.issue("U0ENG")
    assert _ask(hub, "views.push", trigger_id=trigger_id, view=view)["error"] == "not_found"
    opened = _ask(hub, "views.open", trigger_id=hub.triggers.issue("U0ENG"), view=view)["view"]["id"]
    outcomes = [
        _ask(hub, "views.push", trigger_id=hub.triggers.issue("U0ENG", opened), view=view).get("error")
        for _ in range(3)
    ]
    assert outcomes == [None, None, "push_limit_reached"]
    named = {**view, "external_id": "e"}
    first = _ask(hub, "views.open", trigger_id=hub.triggers.issue("U0ENG"), view=named)
    again = _ask(hub, "views.open", trigger_id=hub.triggers.issue("U0PM"), view=named)
    assert (first["ok"], again["error"]) == (True, "duplicate_external_id")
    large = {**view, "blocks": [{"type": "section", "text": _plain("x" * 3000)}] * 90}
    refused = _ask(hub, "views.open", trigger_id=hub.triggers.issue("U0ENG"), view=large)
    assert refused["error"] == "view_too_large"


IMAGE = {"type": "image", "alt_text": "a"}


@pytest.mark.parametrize(
    ("block", "pointer"),
    [
        ({**IMAGE, "image_url": "http://localhost/a.png"}, "/blocks/0/image_url"),
        (
            {"type": "context", "elements": [{**IMAGE, "image_url": "https://grafana.internal/a"}]},
            "/blocks/0/elements/0/image_url",
        ),
        (
            {
                "type": "section",
                "text": _plain("x"),
                "accessory": {**IMAGE, "slack_file": {"url": "https://x/y"}},
            },
            "/blocks/0/accessory/slack_file",
        ),
    ],
)
def test_images_are_looked_for_wherever_they_stand(hub: Hub, block: dict[str, Any], pointer: str) -> None:
    """As blocks, accessories and in the small print."""
    with pytest.raises(BlocksError) as caught:
        incoming_blocks(hub.workspace, [block])
    assert [problem.pointer for problem in caught.value.problems] == [pointer]


def _form(element: dict[str, Any]) -> list[dict[str, Any]]:
    input_ = {"type": "input", "block_id": "b", "label": _plain("x")}
    return [{**input_, "element": {"action_id": "a", **element}}]


@pytest.mark.parametrize(
    ("element", "entered", "message"),
    [
        ({"type": "plain_text_input", "max_length": 3}, "four", "at most 3 characters; it has 4"),
        ({"type": "number_input", "is_decimal_allowed": True}, "few", "Please enter a number"),
        ({"type": "number_input", "is_decimal_allowed": False}, "1.5", "whole number"),
        ({"type": "number_input", "is_decimal_allowed": True, "min_value": "2"}, "1", "at least 2"),
        ({"type": "number_input", "is_decimal_allowed": True, "max_value": "2"}, "3", "at most 2"),
        ({"type": "email_text_input"}, "maria", "valid email address"),
        ({"type": "url_text_input"}, "maria", "valid URL"),
    ],
)
def test_slacks_client_checks_a_form(element: dict[str, Any], entered: str, message: str) -> None:
    """Before the app is asked."""
    blocks = _form(element)
    errors = client_errors(blocks, state_values(blocks, {"b": {"a": entered}}))
    assert message in errors["b"]


OPTION = {"text": _plain("a"), "value": "a"}


@pytest.mark.parametrize(
    ("element", "held"),
    [
        ({"type": "plain_text_input", "initial_value": "x"}, {"value": "x"}),
        ({"type": "static_select", "initial_option": OPTION}, {"selected_option": OPTION}),
        ({"type": "checkboxes", "initial_options": [OPTION]}, {"selected_options": [OPTION]}),
        ({"type": "multi_users_select", "initial_users": ["U1"]}, {"selected_users": ["U1"]}),
        ({"type": "timepicker", "initial_time": "09:00"}, {"selected_time": "09:00"}),
        ({"type": "channels_select", "initial_channel": "C1"}, {"selected_channel": "C1"}),
        ({"type": "datetimepicker", "initial_date_time": 5}, {"selected_date_time": 5}),
        ({"type": "file_input"}, {"files": []}),
        ({"type": "rich_text_input"}, {"rich_text_value": None}),
    ],
)
def test_what_nobody_touched_holds_its_default(element: dict[str, Any], held: dict[str, Any]) -> None:
    """The view's initial values, under the names they are submitted with."""
    assert default_value(element) == {"type": element["type"], **held}
