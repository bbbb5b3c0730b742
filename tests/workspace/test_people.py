"""What people do: typing, mentioning, clicking, uploading, reading; and what Slack says to them itself."""

import asyncio
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.workspace import accounts
from bot.workspace.hub import Hub
from bot.workspace.people import People, RefusedError
from bot.workspace.records import Command
from bot.workspace.rules import Rules
from bot.workspace.server import LocalWorkspace
from bot.workspace.typing_in import stored
from tests.workspace.conftest import RawApp


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def _option(value: str) -> dict[str, Any]:
    return {"text": _plain(value), "value": value}


ROW = {
    "type": "actions",
    "block_id": "row",
    "elements": [
        {"type": "button", "action_id": "yes", "text": _plain("Yes"), "value": "1", "style": "primary"},
        {"type": "static_select", "action_id": "pick", "options": [_option("a"), _option("b")]},
        {"type": "overflow", "action_id": "menu", "options": [_option("drop")]},
        {"type": "datepicker", "action_id": "day", "initial_date": "2026-11-23"},
        {"type": "users_select", "action_id": "who"},
    ],
}


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("hi @maria, see #launches", "hi <@U0PM>, see <#C0LAUNCH|launches>"),
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("@channel @here @applied-ml @nobody", "<!channel> <!here> <!subteam^S0ML> @nobody"),
        ("<@U0PM> and <@U0NOBODY>", "<@U0PM> and &lt;@U0NOBODY&gt;"),
        ("<!channel>", "&lt;!channel&gt;"),
        ("see https://x.test/a?b=1&c=2.", "see <https://x.test/a?b=1&amp;c=2>."),
        ("`@maria` ```#launches <x>```", "`@maria` ```#launches &lt;x&gt;```"),
        ("mail me@maria.test", "mail me@maria.test"),
    ],
)
def test_what_people_type_is_kept_as_slack_keeps_it(hub: Hub, typed: str, kept: str) -> None:
    """Mentions and links are resolved, everything else is escaped, code is left alone."""
    assert stored(hub.workspace, typed) == kept


async def test_a_message_mentioning_the_bot_becomes_an_event(local: LocalWorkspace, raw: RawApp) -> None:
    """With its thread, when it stands in one."""
    parent = await local.people.say("U0PM", "C0INC", "what now?")
    assert parent is not None
    await local.people.say("U0ENG", "C0INC", "@lookout status", thread_ts=parent.ts)
    envelope = await raw.receive()
    await raw.ack(envelope)
    event = envelope["payload"]["event"]
    assert (event["type"], event["thread_ts"], event["channel"]) == ("app_mention", parent.ts, "C0INC")
    assert envelope["payload"]["authorizations"][0]["user_id"] == "U0LOOKOUT"


async def test_a_bot_that_is_not_there_is_not_told(local: LocalWorkspace, raw: RawApp) -> None:
    """The person is told instead, and can invite it."""
    await local.people.say("U0ENG", "C0GENERAL", "@lookout hello")
    hint = local.workspace.timeline("C0GENERAL", "U0ENG")[-1]
    assert "they are not in this channel" in hint.text
    assert hint.ephemeral_to == "U0ENG"
    await local.people.invite_bot("U0ENG", "C0GENERAL")
    await local.people.say("U0ENG", "C0GENERAL", "@lookout hello")
    envelope = await raw.receive()
    await raw.ack(envelope)
    assert envelope["payload"]["event"]["channel"] == "C0GENERAL"


async def test_only_subscribed_events_are_told(local: LocalWorkspace, raw: RawApp) -> None:
    """Direct messages and mentions without a manifest; channel messages only if asked for."""
    await local.people.say("U0ENG", "C0INC", "nothing for a bot")
    direct = local.people.open_direct("U0ENG", "U0LOOKOUT")
    await local.people.say("U0ENG", direct.id, "hello")
    envelope = await raw.receive()
    await raw.ack(envelope)
    event = envelope["payload"]["event"]
    assert (event["type"], event["channel_type"], event["text"]) == ("message", "im", "hello")


async def test_the_other_events_reach_who_subscribed(local: LocalWorkspace, raw: RawApp) -> None:
    """Joins, reactions, the Home tab, archiving, and messages in channels."""
    manifest = {
        "display_information": {"name": "Lookout"},
        "settings": {
            "event_subscriptions": {
                "bot_events": [
                    "member_joined_channel",
                    "reaction_added",
                    "app_home_opened",
                    "channel_archive",
                    "message.channels",
                ]
            }
        },
    }
    async with aiohttp.ClientSession() as session:
        await session.post(local.url + "/control/commands", json={"manifest": manifest})

    async def next_event() -> dict[str, Any]:
        envelope = await raw.receive()
        await raw.ack(envelope)
        event: dict[str, Any] = envelope["payload"]["event"]
        return event

    message = await local.people.say("U0ENG", "C0INC", "x")
    assert message is not None
    assert (await next_event())["channel_type"] == "channel"
    await local.people.react("U0ENG", "C0INC", message.ts, "eyes")
    assert (await next_event())["reaction"] == "eyes"
    local.people.leave("U0DS", "C0INC")
    await local.people.join("U0DS", "C0INC")
    assert (await next_event())["user"] == "U0DS"
    await local.people.open_home("U0ENG")
    assert (await next_event())["tab"] == "home"
    await local.people.archive("U0ENG", "C0INC")
    assert (await next_event())["type"] == "channel_archive"


@pytest.mark.parametrize(
    ("typed", "in_thread", "answer"),
    [
        ("/nope start", False, "`/nope` is not a valid command."),
        ("/triage start", True, "`/triage` is not supported in threads. Sorry!"),
    ],
)
async def test_commands_that_slack_itself_refuses(hub: Hub, typed: str, in_thread: bool, answer: str) -> None:
    """The app hears nothing; the person reads Slack's sentence."""
    people = People(hub)
    hub.workspace.register([Command("/triage")])
    parent = await people.say("U0ENG", "C0INC", "parent")
    assert parent is not None
    await people.say("U0ENG", "C0INC", typed, thread_ts=parent.ts if in_thread else "")
    said = hub.workspace.messages("C0INC")[-1]
    assert (said.text, said.ephemeral_to, said.user) == (answer, "U0ENG", "USLACKBOT")
    assert said.is_reply == in_thread
    assert not hub.delivery.log


def test_commands_are_suggested_by_their_beginning(hub: Hub) -> None:
    """As the composer shows them."""
    hub.workspace.register([Command("/triage"), Command("/experiment", "Looks")])
    people = People(hub)
    assert [command.name for command in people.suggest("/")] == ["/experiment", "/triage"]
    assert [command.name for command in people.suggest("/exp")] == ["/experiment"]


async def test_a_command_with_should_escape_resolves_mentions(local: LocalWorkspace, raw: RawApp) -> None:
    """As the manifest asks."""
    local.workspace.register([Command("/triage", should_escape=True)])
    typed = asyncio.create_task(local.people.command("U0ENG", "C0INC", "/triage page @maria in #launches"))
    envelope = await raw.receive()
    await raw.ack(envelope)
    await typed
    assert envelope["payload"]["text"] == "page <@U0PM|maria> in <#C0LAUNCH|launches>"


@pytest.mark.parametrize(
    ("action_id", "value", "held"),
    [
        ("yes", "", {"type": "button", "text": _plain("Yes"), "value": "1", "style": "primary"}),
        ("pick", "b", {"type": "static_select", "selected_option": _option("b")}),
        ("menu", "drop", {"type": "overflow", "selected_option": _option("drop")}),
        ("day", "2026-12-01", {"type": "datepicker", "selected_date": "2026-12-01"}),
        ("who", "U0PM", {"type": "users_select", "selected_user": "U0PM"}),
    ],
)
async def test_a_click_arrives_as_slack_sends_it(
    local: LocalWorkspace,
    client: AsyncWebClient,
    raw: RawApp,
    action_id: str,
    value: str,
    held: dict[str, Any],
) -> None:
    """Every element says what was chosen in its own way."""
    ts = (await client.chat_postMessage(channel="C0INC", text="card", blocks=[ROW]))["ts"]
    clicked = asyncio.create_task(local.people.click("U0ENG", "C0INC", ts, action_id, value=value))
    envelope = await raw.receive()
    await raw.ack(envelope)
    await clicked
    payload = envelope["payload"]
    (action,) = payload["actions"]
    assert {name: part for name, part in action.items() if name != "action_ts"} == {
        "action_id": action_id,
        "block_id": "row",
        **held,
    }
    container = {"type": "message", "message_ts": ts, "channel_id": "C0INC", "is_ephemeral": False}
    assert payload["container"] == container
    assert payload["message"]["ts"] == ts
    assert payload["state"]["values"]["row"]["day"]["selected_date"] == "2026-11-23"


async def test_a_click_nobody_answers_says_so(local: LocalWorkspace, client: AsyncWebClient) -> None:
    """And a button that is gone cannot be clicked."""
    ts = (await client.chat_postMessage(channel="C0INC", text="card", blocks=[ROW]))["ts"]
    await local.people.click("U0ENG", "C0INC", ts, "yes")
    assert "did not respond" in local.workspace.timeline("C0INC", "U0ENG")[-1].text
    with pytest.raises(RefusedError, match="not there any more"):
        await local.people.click("U0ENG", "C0INC", ts, "no")


async def test_a_response_url_answers_five_times(local: LocalWorkspace, client: AsyncWebClient) -> None:
    """Ephemeral by default, for all if asked, replacing or deleting what was clicked; then it is used up."""
    ts = (await client.chat_postMessage(channel="C0INC", text="card", blocks=[ROW]))["ts"]
    url = AsyncWebhookClient(local.hub.responses.issue("U0ENG", "C0INC", source=ts))
    await url.send(text="only you")
    await url.send(text="everyone", response_type="in_channel")
    await url.send(text="new card", replace_original=True)
    await url.send_dict({"text": "in the thread", "thread_ts": ts, "response_type": "in_channel"})
    card, only_you, everyone, reply = local.workspace.messages("C0INC")
    assert (card.text, card.blocks) == ("new card", ())
    assert (only_you.ephemeral_to, everyone.ephemeral_to, reply.thread_ts) == ("U0ENG", "", ts)
    assert (await url.send(blocks=[{"type": "nope"}])).status_code == 400
    assert (await url.send_dict({})).status_code == 400
    await url.send(delete_original=True)
    assert local.workspace.message("C0INC", ts) is None
    used = await url.send(text="six")
    assert (used.status_code, used.body) == (404, '{"ok":false,"error":"used_url"}')


async def test_a_response_url_ends_after_its_time(local: LocalWorkspace, rules: Rules) -> None:
    """Half an hour, as Slack has it."""
    rules.response_url_life = -1.0
    url = AsyncWebhookClient(local.hub.responses.issue("U0ENG", "C0INC"))
    assert (await url.send(text="late")).status_code == 404
    assert local.workspace.messages("C0INC") == []


async def test_a_message_with_a_file_reaches_the_bot(local: LocalWorkspace, raw: RawApp) -> None:
    """The event carries the file, and the bot can fetch it."""
    await local.people.say(
        "U0DS", "C0LAUNCH", "@lookout experiment register", files=[("exp.yaml", b"id: us-mle-02")]
    )
    envelope = await raw.receive()
    await raw.ack(envelope)
    (file,) = envelope["payload"]["event"]["files"]
    assert (file["name"], file["size"], file["user"]) == ("exp.yaml", 13, "U0DS")
    bearer = {"Authorization": "Bearer xoxb-local"}
    async with aiohttp.ClientSession(headers=bearer) as session, session.get(file["url_private"]) as answer:
        assert await answer.read() == b"id: us-mle-02"


async def test_read_marks_and_mentions_are_counted_per_person(hub: Hub) -> None:
    """One's own messages, ephemeral ones of others and thread replies are not unread."""
    people, workspace = People(hub), hub.workspace
    parent = await people.say("U0ENG", "C0INC", "look @maria")
    assert parent is not None
    await people.say("U0ENG", "C0INC", "reply", thread_ts=parent.ts)
    workspace.post("C0INC", "U0LOOKOUT", "psst", ephemeral_to="U0DS")
    assert (workspace.unread("U0PM", "C0INC"), workspace.unread_mentions("U0PM", "C0INC")) == (1, 1)
    assert (workspace.unread("U0DS", "C0INC"), workspace.unread_mentions("U0DS", "C0INC")) == (2, 0)
    assert workspace.unread("U0ENG", "C0INC") == 0
    people.read("U0PM", "C0INC")
    assert workspace.unread("U0PM", "C0INC") == 0


async def test_what_people_may_not_do(hub: Hub) -> None:
    """Each refusal is a sentence for a person."""
    people = People(hub)
    people.leave("U0DS", "C0INC")
    hub.workspace.change_channel("C0OPS", archived=True)
    for attempt, sentence in (
        (people.say("U0DS", "C0INC", "x"), "You are not in #ml-incidents"),
        (people.say("U0ENG", "C0OPS", "x"), "This channel is archived"),
        (people.say("U0ENG", "C0NONE", "x"), "There is no channel C0NONE"),
        (people.say("U0ENG", "C0INC", "  "), "nothing to send"),
        (people.say("U0ENG", "C0INC", "x", thread_ts="1.1"), "thread is not there"),
        (people.join("U0ENG", "C0OPS"), "cannot be joined"),
    ):
        with pytest.raises(RefusedError, match=sentence):
            await attempt


async def _next(raw: RawApp) -> dict[str, Any]:
    envelope = await raw.receive()
    await raw.ack(envelope)
    event: dict[str, Any] = envelope["payload"]["event"]
    return event


@pytest.fixture
def hears(local: LocalWorkspace) -> None:
    """An app that hears of files and accounts."""
    local.hub.installation.manifest = replace(
        local.hub.installation.manifest, events=frozenset({"file_shared", "user_change"})
    )


@pytest.mark.usefixtures("hears")
async def test_a_file_dropped_into_a_channel_is_told_by_its_id(
    local: LocalWorkspace, raw: RawApp, client: AsyncWebClient
) -> None:
    """With who dropped it and where; files.info then gives the rest."""
    await local.people.say("U0PM", "C0LAUNCH", "", files=[("plan.yaml", b"id: x")])
    event = await _next(raw)
    assert (event["type"], event["user_id"], event["channel_id"]) == ("file_shared", "U0PM", "C0LAUNCH")
    info = await client.files_info(file=event["file_id"])
    assert info["file"]["name"] == "plan.yaml"


@pytest.mark.usefixtures("hears")
async def test_a_file_in_a_channel_without_the_app_is_not_told(local: LocalWorkspace, raw: RawApp) -> None:
    """The app hears only of what happens where it is."""
    await local.people.say("U0PM", "C0GENERAL", "", files=[("plan.yaml", b"id: x")])
    accounts.set_active(local.hub, "U0PM", active=False)
    assert (await _next(raw))["type"] == "user_change"


@pytest.mark.usefixtures("hears")
async def test_a_deactivated_account_is_told_and_can_do_nothing(
    local: LocalWorkspace, raw: RawApp, client: AsyncWebClient
) -> None:
    """The app hears of it; groups and addresses no longer mean the person; active again, they do."""
    accounts.set_active(local.hub, "U0EM", active=False)
    event = await _next(raw)
    assert (event["type"], event["user"]["id"], event["user"]["deleted"]) == ("user_change", "U0EM", True)
    with pytest.raises(RefusedError, match="Tom Becker is deactivated"):
        await local.people.say("U0EM", "C0LAUNCH", "hello")
    assert (await client.users_info(user="U0EM"))["user"]["deleted"] is True
    assert (await client.usergroups_users_list(usergroup="S0ML"))["users"] == ["U0ENG"]
    with pytest.raises(SlackApiError, match="users_not_found"):
        await client.users_lookupByEmail(email="tom@example.com")
    accounts.set_active(local.hub, "U0EM", active=True)
    assert (await _next(raw))["user"]["deleted"] is False
    assert (await client.users_lookupByEmail(email="Tom@Example.com"))["user"]["id"] == "U0EM"


@pytest.mark.usefixtures("hears")
async def test_nothing_is_told_of_an_account_that_stays_as_it_was(local: LocalWorkspace, raw: RawApp) -> None:
    """Deactivating twice is deactivating once."""
    accounts.set_active(local.hub, "U0PM", active=True)
    accounts.set_active(local.hub, "U0PM", active=False)
    accounts.set_active(local.hub, "U0PM", active=False)
    assert (await _next(raw))["user"]["deleted"] is True
    accounts.set_active(local.hub, "U0PM", active=True)
    assert (await _next(raw))["user"]["deleted"] is False


async def test_a_user_group_can_be_made_changed_and_removed(
    local: LocalWorkspace, client: AsyncWebClient
) -> None:
    """A group without members is gone, and Slack then says that there is no such group."""
    accounts.set_group(local.hub, "S0DATA", ["U0DS"], "data-science")
    assert (await client.usergroups_users_list(usergroup="S0DATA"))["users"] == ["U0DS"]
    accounts.set_group(local.hub, "S0DATA", ["U0DS", "U0ENG"])
    assert (await client.usergroups_users_list(usergroup="S0DATA"))["users"] == ["U0DS", "U0ENG"]
    accounts.set_group(local.hub, "S0DATA", [])
    with pytest.raises(SlackApiError, match="no_such_subteam"):
        await client.usergroups_users_list(usergroup="S0DATA")
    with pytest.raises(RefusedError, match="U0NOBODY"):
        accounts.set_group(local.hub, "S0DATA", ["U0NOBODY"])


@pytest.mark.parametrize(
    ("call", "scope"),
    [
        ("usergroups.users.list?usergroup=S0ML", "usergroups:read"),
        ("users.lookupByEmail?email=tom@example.com", "users:read.email"),
        ("users.info?user=U0EM", "users:read"),
    ],
)
async def test_who_people_are_takes_a_scope(
    local: LocalWorkspace, client: AsyncWebClient, call: str, scope: str
) -> None:
    """Without it the app is told which one is missing."""
    method, _, query = call.partition("?")
    name, _, value = query.partition("=")
    manifest = local.hub.installation.manifest
    local.hub.installation.manifest = replace(manifest, scopes=frozenset({"chat:write"}))
    with pytest.raises(SlackApiError) as refused:
        await client.api_call(method, params={name: value})
    assert (refused.value.response["error"], refused.value.response["needed"]) == ("missing_scope", scope)
    local.hub.installation.manifest = replace(manifest, scopes=frozenset({scope}))
    assert (await client.api_call(method, params={name: value}))["ok"]
