"""Modals from click to close: trigger_ids, the stack, what the client checks, what the app answers."""

import asyncio
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.forms import TROUBLE
from bot.workspace.people import RefusedError
from bot.workspace.records import View
from bot.workspace.rules import Rules
from bot.workspace.server import LocalWorkspace
from tests.workspace.conftest import Connect, RawApp


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def _input(block_id: str, element: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "input",
        "block_id": block_id,
        "label": _plain(block_id),
        "element": {"action_id": "it", **element},
        **more,
    }


def _option(value: str) -> dict[str, Any]:
    return {"text": _plain(value), "value": value}


TITLE = _input("title", {"type": "plain_text_input", "min_length": 3})
EVERYTHING = [
    TITLE,
    _input("sev", {"type": "static_select", "options": [_option("sev1"), _option("sev2")]}),
    _input("lead", {"type": "users_select", "initial_user": "U0EM"}),
    _input("where", {"type": "conversations_select", "response_url_enabled": True}),
    _input("since", {"type": "datepicker", "initial_date": "2026-11-23"}),
    _input("sides", {"type": "checkboxes", "options": [_option("a"), _option("b")]}, optional=True),
    _input("users", {"type": "multi_users_select"}, optional=True),
    _input("share", {"type": "number_input", "is_decimal_allowed": False, "max_value": "100"}, optional=True),
    _input("at", {"type": "datetimepicker"}, optional=True),
    _input("note", {"type": "rich_text_input"}, optional=True),
    _input("proof", {"type": "file_input"}, optional=True),
]


def _modal(*blocks: dict[str, Any], title: str = "Declare", **more: Any) -> dict[str, Any]:
    blocks = blocks or (TITLE,)
    return {
        "type": "modal",
        "title": _plain(title),
        "submit": _plain("Declare"),
        "callback_id": "declare",
        "blocks": list(blocks),
        **more,
    }


async def _opened(local: LocalWorkspace, client: AsyncWebClient, **view: Any) -> View:
    trigger_id = local.hub.triggers.issue("U0ENG")
    answer = await client.views_open(trigger_id=trigger_id, view=_modal(**view))
    view_ = local.workspace.view(answer["view"]["id"])
    assert view_ is not None
    return view_


async def _answered(
    local: LocalWorkspace, raw: RawApp, view: View, payload: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Submit a good title; the app answers so; what the app was sent."""
    values = {"title": {"it": "NDCG fell"}}
    submitted = asyncio.create_task(local.people.submit("U0ENG", view.id, values))
    envelope = await raw.receive()
    await raw.ack(envelope, payload)
    await submitted
    sent: dict[str, Any] = envelope["payload"]
    return sent


def _titles(local: LocalWorkspace) -> list[str]:
    return [view.title for view in local.workspace.modals["U0ENG"]]


async def test_a_trigger_opens_one_modal_and_only_soon(
    local: LocalWorkspace, client: AsyncWebClient, rules: Rules
) -> None:
    """Used, expired and invented trigger_ids have Slack's codes."""
    trigger_id = local.hub.triggers.issue("U0ENG")
    await client.views_open(trigger_id=trigger_id, view=_modal())
    rules.trigger = -1.0
    late = local.hub.triggers.issue("U0ENG")
    for given, code in (
        (trigger_id, "exchanged_trigger_id"),
        (late, "expired_trigger_id"),
        ("1.2.x", "invalid_trigger_id"),
    ):
        with pytest.raises(SlackApiError) as caught:
            await client.views_open(trigger_id=given, view=_modal())
        assert caught.value.response["error"] == code


async def test_a_bad_view_is_refused_before_its_trigger_is_used(
    local: LocalWorkspace, client: AsyncWebClient
) -> None:
    """invalid_arguments names the place; the same trigger_id may be tried again."""
    trigger_id = local.hub.triggers.issue("U0ENG")
    with pytest.raises(SlackApiError) as caught:
        await client.views_open(trigger_id=trigger_id, view=_modal(title="t" * 25))
    assert caught.value.response["error"] == "invalid_arguments"
    assert caught.value.response["response_metadata"]["messages"] == [
        "[ERROR] must be less than 25 characters [json-pointer:/view/title/text]"
    ]
    await client.views_open(trigger_id=trigger_id, view=_modal())


async def test_the_client_checks_what_slacks_client_checks(
    local: LocalWorkspace, client: AsyncWebClient
) -> None:
    """Required and too short inputs never reach the app."""
    view = await _opened(local, client)
    await local.people.submit("U0ENG", view.id)
    assert local.workspace.modals["U0ENG"][0].errors == {"title": "Please complete this required field."}
    await local.people.submit("U0ENG", view.id, {"title": {"it": "x"}})
    shown = local.workspace.modals["U0ENG"][0].errors
    assert shown == {"title": "This needs at least 3 characters; it has 1."}
    assert not local.hub.delivery.log


async def test_values_are_typed_per_element(
    local: LocalWorkspace, client: AsyncWebClient, raw: RawApp
) -> None:
    """Every input arrives as Slack writes it, defaults where nothing was touched."""
    trigger_id = local.hub.triggers.issue("U0ENG")
    opened = await client.views_open(trigger_id=trigger_id, view=_modal(*EVERYTHING, private_metadata="{}"))
    entered = {
        "title": {"it": "NDCG fell"},
        "sev": {"it": "sev2"},
        "where": {"it": "C0INC"},
        "sides": {"it": ["b"]},
        "users": {"it": ["U0PM", "U0DS"]},
        "share": {"it": "50"},
        "at": {"it": "1795409509"},
        "note": {"it": "see log"},
        "proof": {"it": ["F1"]},
    }
    submitted = asyncio.create_task(local.people.submit("U0ENG", opened["view"]["id"], entered))
    envelope = await raw.receive()
    await raw.ack(envelope)
    await submitted
    payload = envelope["payload"]
    assert payload["type"] == "view_submission"
    held = {block: values["it"] for block, values in payload["view"]["state"]["values"].items()}
    assert held["title"] == {"type": "plain_text_input", "value": "NDCG fell"}
    assert held["sev"] == {"type": "static_select", "selected_option": _option("sev2")}
    assert held["lead"] == {"type": "users_select", "selected_user": "U0EM"}
    assert held["where"] == {"type": "conversations_select", "selected_conversation": "C0INC"}
    assert held["since"] == {"type": "datepicker", "selected_date": "2026-11-23"}
    assert held["sides"] == {"type": "checkboxes", "selected_options": [_option("b")]}
    assert held["users"] == {"type": "multi_users_select", "selected_users": ["U0PM", "U0DS"]}
    assert held["share"] == {"type": "number_input", "value": "50"}
    assert held["at"] == {"type": "datetimepicker", "selected_date_time": 1795409509}
    assert held["note"]["rich_text_value"]["elements"][0]["elements"][0]["text"] == "see log"
    assert held["proof"] == {"type": "file_input", "files": [{"id": "F1"}]}
    assert payload["view"]["private_metadata"] == "{}"
    (url,) = payload["response_urls"]
    assert (url["block_id"], url["channel_id"]) == ("where", "C0INC")
    assert local.workspace.modals["U0ENG"] == ()


async def test_a_choice_that_is_not_offered_is_refused(local: LocalWorkspace, client: AsyncWebClient) -> None:
    """Nobody can choose what is not in the menu."""
    trigger_id = local.hub.triggers.issue("U0ENG")
    opened = await client.views_open(trigger_id=trigger_id, view=_modal(*EVERYTHING))
    with pytest.raises(RefusedError, match="'sev9' is not one of the options"):
        await local.people.submit("U0ENG", opened["view"]["id"], {"sev": {"it": "sev9"}})


async def test_the_app_may_point_at_errors(
    local: LocalWorkspace, client: AsyncWebClient, raw: RawApp
) -> None:
    """They stand under their fields; the modal stays; another block_id is Slack's trouble sentence."""
    view = await _opened(local, client)
    errors = {"response_action": "errors", "errors": {"title": "INC-7 is open already"}}
    await _answered(local, raw, view, errors)
    assert local.workspace.modals["U0ENG"][0].errors == {"title": "INC-7 is open already"}
    await _answered(local, raw, view, {"response_action": "errors", "errors": {"other": "x"}})
    assert local.workspace.modals["U0ENG"][0].problem == TROUBLE
    assert "errors must name input blocks" in local.workspace.warnings[-1].text


async def test_the_app_may_update_push_and_clear(
    local: LocalWorkspace, client: AsyncWebClient, raw: RawApp
) -> None:
    """The stack grows to three, and not to four."""
    view = await _opened(local, client)
    update = {"response_action": "update", "view": _modal(title="Two")}
    await _answered(local, raw, view, update)
    assert _titles(local) == ["Two"]
    for depth in (2, 3, 4):
        top = local.workspace.modals["U0ENG"][-1]
        await _answered(local, raw, top, {"response_action": "push", "view": _modal(title=f"Step {depth}")})
    assert _titles(local) == ["Two", "Step 2", "Step 3"]
    top = local.workspace.modals["U0ENG"][-1]
    assert (top.problem, top.root_id) == (TROUBLE, view.id)
    await _answered(local, raw, top, {"response_action": "clear"})
    assert _titles(local) == []


async def test_an_app_that_does_not_answer_leaves_the_form_as_it_was(
    local: LocalWorkspace, client: AsyncWebClient
) -> None:
    """With Slack's sentence, and free to be tried again."""
    view = await _opened(local, client)
    await local.people.submit("U0ENG", view.id, {"title": {"it": "NDCG fell"}})
    (shown,) = local.workspace.modals["U0ENG"]
    assert (shown.problem, shown.busy) == (TROUBLE, False)


async def test_a_closed_view_is_told_to_who_asked(
    local: LocalWorkspace, client: AsyncWebClient, raw: RawApp
) -> None:
    """view_closed only with notify_on_close; closing all of the stack is `is_cleared`."""
    view = await _opened(local, client)
    await local.people.close("U0ENG", view.id)
    trigger_id = local.hub.triggers.issue("U0ENG")
    await client.views_open(trigger_id=trigger_id, view=_modal(notify_on_close=True))
    (view,) = local.workspace.modals["U0ENG"]
    closed = asyncio.create_task(local.people.close("U0ENG", view.id, whole_stack=True))
    envelope = await raw.receive()
    await raw.ack(envelope)
    await closed
    assert (envelope["payload"]["type"], envelope["payload"]["is_cleared"]) == ("view_closed", True)
    with pytest.raises(RefusedError, match="not open any more"):
        await local.people.close("U0ENG", view.id)


async def test_views_are_updated_by_id_hash_and_external_id(
    local: LocalWorkspace, client: AsyncWebClient
) -> None:
    """hash_conflict, duplicate_external_id, not_found."""
    trigger_id = local.hub.triggers.issue("U0ENG")
    opened = (await client.views_open(trigger_id=trigger_id, view=_modal(external_id="e")))["view"]
    changed = await client.views_update(external_id="e", hash=opened["hash"], view=_modal(title="Two"))
    assert changed["view"]["id"] == opened["id"]
    for args, code in (
        ({"view_id": opened["id"], "hash": opened["hash"], "view": _modal()}, "hash_conflict"),
        ({"external_id": "f", "view": _modal()}, "not_found"),
    ):
        with pytest.raises(SlackApiError) as caught:
            await client.api_call("views.update", json=args)
        assert caught.value.response["error"] == code


async def test_a_home_tab_is_published_and_opened(
    local: LocalWorkspace, client: AsyncWebClient, raw: RawApp
) -> None:
    """The Home tab has a hash too; a click in it is an action in a view."""
    button = {"type": "button", "action_id": "go", "text": _plain("Go"), "value": "1"}
    home = {"type": "home", "blocks": [{"type": "actions", "elements": [button]}]}
    await client.views_publish(user_id="U0ENG", view=home)
    view = local.workspace.homes["U0ENG"]
    clicked = asyncio.create_task(local.people.click_in_view("U0ENG", view.id, "go"))
    envelope = await raw.receive()
    await raw.ack(envelope)
    await clicked
    payload = envelope["payload"]
    assert (payload["container"], payload["actions"][0]["value"]) == (
        {"type": "view", "view_id": view.id},
        "1",
    )
    with pytest.raises(SlackApiError) as caught:
        await client.views_publish(user_id="U0ENG", view=home, hash="old")
    assert caught.value.response["error"] == "hash_conflict"


async def test_bolt_opens_pushes_and_submits(local: LocalWorkspace, bolt: AsyncApp, connect: Connect) -> None:
    """From the command to the posted incident, with an unmodified AsyncApp."""

    @bolt.command("/triage")
    async def triage(ack: Any, body: Any, client: Any) -> None:
        await ack()
        button = {"type": "button", "action_id": "more", "text": _plain("More")}
        view = _modal(TITLE, {"type": "actions", "elements": [button]})
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    @bolt.action("more")
    async def more(ack: Any, body: Any, client: Any) -> None:
        await ack()
        await client.views_push(trigger_id=body["trigger_id"], view=_modal(title="More"))

    @bolt.view("declare")
    async def declare(ack: Any, body: Any, view: Any, client: Any) -> None:
        await ack(response_action="clear")
        title = view["state"]["values"]["title"]["it"]["value"]
        await client.chat_postMessage(channel="C0INC", text=f"{title} by <@{body['user']['id']}>")

    await connect(bolt)
    await local.people.command("U0ENG", "C0INC", "/triage start")
    (view,) = await local.workspace.until(lambda: local.workspace.modals.get("U0ENG"))
    await local.people.click_in_view("U0ENG", view.id, "more")
    await local.workspace.until(lambda: len(local.workspace.modals["U0ENG"]) == 2)
    top = local.workspace.modals["U0ENG"][-1]
    await local.people.submit("U0ENG", top.id, {"title": {"it": "NDCG fell"}})
    assert (await local.said("NDCG fell")).text == "NDCG fell by <@U0ENG>"
    assert _titles(local) == []
