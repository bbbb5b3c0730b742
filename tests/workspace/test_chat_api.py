"""chat.* as Slack has it: what is posted, changed, deleted, and every refusal by its name."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.hub import Hub
from bot.workspace.server import LocalWorkspace
from bot.workspace.web import answer

SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "*hello*"}}
META = {"event_type": "lookout", "event_payload": {"key": "incident/7/card"}}


async def _refused(client: AsyncWebClient, method: str, **args: Any) -> dict[str, Any]:
    with pytest.raises(SlackApiError) as caught:
        await client.api_call(method, json=args)
    data = caught.value.response.data
    assert isinstance(data, dict)
    return data


async def test_a_message_is_posted_with_blocks_and_metadata(client: AsyncWebClient) -> None:
    """The answer holds the message, with the ids that Slack fills in."""
    answer = await client.chat_postMessage(channel="C0INC", text="hello", blocks=[SECTION], metadata=META)
    assert answer["channel"] == "C0INC"
    assert answer["message"]["blocks"][0]["block_id"]
    assert answer["message"]["metadata"] == META
    assert answer["message"]["bot_id"] == "B0LOOKOUT"


async def test_metadata_is_read_back_only_when_asked_for(client: AsyncWebClient) -> None:
    """`include_all_metadata` is what lets an effect in doubt be found again."""
    await client.chat_postMessage(channel="C0INC", text="hello", metadata=META)
    plain = await client.conversations_history(channel="C0INC")
    full = await client.conversations_history(channel="C0INC", include_all_metadata=True)
    assert "metadata" not in plain["messages"][0]
    assert full["messages"][0]["metadata"] == META


async def test_a_channel_may_be_named_and_a_person_written_to(client: AsyncWebClient) -> None:
    """chat.postMessage takes #names, and user ids for direct messages."""
    assert (await client.chat_postMessage(channel="#launches", text="x"))["channel"] == "C0LAUNCH"
    assert (await client.chat_postMessage(channel="U0PM", text="x"))["channel"].startswith("D")


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ({"channel": "C0NONE", "text": "x"}, "channel_not_found"),
        ({"channel": "C0GENERAL", "text": "x"}, "not_in_channel"),
        ({"channel": "C0INC"}, "no_text"),
        ({"channel": "C0INC", "text": "x" * 40_001}, "msg_too_long"),
        ({"channel": "C0INC", "text": "x", "thread_ts": "1.000001"}, "thread_not_found"),
        ({"channel": "C0INC", "text": "x", "blocks": "["}, "invalid_blocks_format"),
        ({"channel": "C0INC", "text": "x", "metadata": {"event_type": "x"}}, "invalid_metadata_format"),
        ({"channel": "C0INC", "text": "x", "metadata": "{"}, "invalid_metadata_format"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_posted(hub: Hub, args: dict[str, Any], error: str) -> None:
    """Each refusal has Slack's code."""
    assert answer(hub, "chat.postMessage", args, "xoxb-local").body["error"] == error


async def test_bad_blocks_are_refused_with_their_place(client: AsyncWebClient) -> None:
    """invalid_blocks carries `errors` and the older messages."""
    header = {"type": "header", "text": {"type": "plain_text", "text": "h" * 151}}
    data = await _refused(client, "chat.postMessage", channel="C0INC", text="x", blocks=[SECTION, header])
    assert data["error"] == "invalid_blocks"
    assert data["errors"] == [
        {
            "pointer": "/blocks/1/text/text",
            "code": "failed_constraint",
            "message": "must be less than 151 characters",
            "constraint": {"type": "max_length", "expected": 150, "got": 151},
        }
    ]
    assert data["response_metadata"]["messages"] == [
        "[ERROR] must be less than 151 characters [json-pointer:/blocks/1/text/text]"
    ]


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ({"slack_file": {"id": "upload:chart"}}, "invalid slack file"),
        ({"image_url": "http://127.0.0.1:3000/chart.png"}, "downloading image failed"),
    ],
    ids=["file never uploaded", "address of this machine"],
)
async def test_an_image_that_slack_could_not_show(
    client: AsyncWebClient, image: dict[str, Any], message: str
) -> None:
    """Slack fetches images itself: what it cannot reach is refused."""
    block = {"type": "image", "alt_text": "chart", **image}
    data = await _refused(client, "chat.postMessage", channel="C0INC", text="x", blocks=[block])
    assert [error["message"] for error in data["errors"]] == [message]


async def test_an_archived_channel_takes_nothing(local: LocalWorkspace, client: AsyncWebClient) -> None:
    """is_archived for posts and updates."""
    posted = await client.chat_postMessage(channel="C0INC", text="x")
    local.workspace.change_channel("C0INC", archived=True)
    assert (await _refused(client, "chat.postMessage", channel="C0INC", text="y"))["error"] == "is_archived"
    data = await _refused(client, "chat.update", channel="C0INC", ts=posted["ts"], text="y")
    assert data["error"] == "is_archived"


async def test_an_update_with_text_alone_removes_the_blocks(client: AsyncWebClient) -> None:
    """As in Slack; the metadata stays until `{}` takes it away."""
    posted = await client.chat_postMessage(channel="C0INC", text="x", blocks=[SECTION], metadata=META)
    changed = await client.chat_update(channel="C0INC", ts=posted["ts"], text="y")
    assert "blocks" not in changed["message"]
    assert changed["message"]["edited"]["user"] == "U0LOOKOUT"
    assert changed["message"]["metadata"] == META
    bare = await client.chat_update(channel="C0INC", ts=posted["ts"], text="y", metadata={})
    assert "metadata" not in bare["message"]


async def test_only_ones_own_messages_can_be_changed(local: LocalWorkspace, client: AsyncWebClient) -> None:
    """Those of others, ephemeral ones and those that never were."""
    message = await local.people.say("U0ENG", "C0INC", "mine")
    assert message is not None
    here = {"channel": "C0INC", "text": "x"}
    data = await _refused(client, "chat.update", ts=message.ts, **here)
    assert data["error"] == "cant_update_message"
    data = await _refused(client, "chat.delete", ts=message.ts, **here)
    assert data["error"] == "cant_delete_message"
    hidden = await client.chat_postEphemeral(channel="C0INC", user="U0ENG", text="psst")
    data = await _refused(client, "chat.update", ts=hidden["message_ts"], **here)
    assert data["error"] == "message_not_found"
    assert (await _refused(client, "chat.update", ts="1.000001", **here))["error"] == "message_not_found"


async def test_a_deleted_parent_leaves_a_tombstone(client: AsyncWebClient) -> None:
    """Replies keep their place; a message without replies is gone."""
    parent = await client.chat_postMessage(channel="C0INC", text="parent")
    reply = await client.chat_postMessage(channel="C0INC", text="reply", thread_ts=parent["ts"])
    await client.chat_delete(channel="C0INC", ts=parent["ts"])
    thread = await client.conversations_replies(channel="C0INC", ts=parent["ts"])
    assert [m["text"] for m in thread["messages"]] == ["This message was deleted.", "reply"]
    await client.chat_delete(channel="C0INC", ts=reply["ts"])
    thread = await client.conversations_replies(channel="C0INC", ts=parent["ts"])
    assert len(thread["messages"]) == 1


async def test_an_ephemeral_message_is_in_nobodys_history(
    local: LocalWorkspace, client: AsyncWebClient
) -> None:
    """Only the one person sees it."""
    await client.chat_postEphemeral(channel="C0INC", user="U0ENG", text="psst")
    assert (await client.conversations_history(channel="C0INC"))["messages"] == []
    assert [m.text for m in local.workspace.timeline("C0INC", "U0ENG")] == ["psst"]
    assert local.workspace.timeline("C0INC", "U0PM") == []
    data = await _refused(client, "chat.postEphemeral", channel="C0INC", user="U0X", text="x")
    assert data["error"] == "user_not_in_channel"


async def test_a_reply_goes_to_the_parent_of_the_thread(client: AsyncWebClient) -> None:
    """A reply to a reply is one to the parent, which counts them."""
    parent = await client.chat_postMessage(channel="C0INC", text="parent")
    first = await client.chat_postMessage(channel="C0INC", text="one", thread_ts=parent["ts"])
    second = await client.chat_postMessage(
        channel="C0INC", text="two", thread_ts=first["ts"], reply_broadcast=True
    )
    assert second["message"]["thread_ts"] == parent["ts"]
    newest = (await client.conversations_history(channel="C0INC"))["messages"]
    assert [m["text"] for m in newest] == ["two", "parent"]
    assert newest[1]["reply_count"] == 2


async def test_a_permalink_names_the_thread(client: AsyncWebClient) -> None:
    """Permalinks look like Slack's."""
    parent = await client.chat_postMessage(channel="C0INC", text="parent")
    reply = await client.chat_postMessage(channel="C0INC", text="one", thread_ts=parent["ts"])
    link = (await client.chat_getPermalink(channel="C0INC", message_ts=reply["ts"]))["permalink"]
    dotless = reply["ts"].replace(".", "")
    assert link.endswith(f"/archives/C0INC/p{dotless}?thread_ts={parent['ts']}&cid=C0INC")
    assert (await _refused(client, "chat.getPermalink", channel="C0INC", message_ts="1.1"))["error"] == (
        "message_not_found"
    )


async def test_blocks_can_be_validated_without_posting(client: AsyncWebClient) -> None:
    """blocks.validate takes blocks, a message or a view, and only one of them."""
    assert (await client.api_call("blocks.validate", json={"blocks": [SECTION]}))["ok"]
    data = await _refused(client, "blocks.validate", blocks=[{"type": "sections"}])
    assert (data["error"], data["errors"][0]["pointer"]) == ("invalid_blocks", "/0/type")
    data = await _refused(client, "blocks.validate", view={"type": "modal", "blocks": []})
    assert data["error"] == "invalid_view"
    assert (await _refused(client, "blocks.validate"))["error"] == "invalid_arguments"


async def test_pins_and_reactions(client: AsyncWebClient) -> None:
    """Each can be put once and taken once."""
    ts = (await client.chat_postMessage(channel="C0INC", text="x"))["ts"]
    here = {"channel": "C0INC", "timestamp": ts}
    await client.pins_add(**here)
    assert (await _refused(client, "pins.add", **here))["error"] == "already_pinned"
    assert [item["message"]["ts"] for item in (await client.pins_list(channel="C0INC"))["items"]] == [ts]
    await client.reactions_add(name="eyes", **here)
    assert (await _refused(client, "reactions.add", name="eyes", **here))["error"] == "already_reacted"
    shown = (await client.reactions_get(**here))["message"]
    assert shown["reactions"] == [{"name": "eyes", "users": ["U0LOOKOUT"], "count": 1}]
    await client.reactions_remove(name="eyes", **here)
    await client.pins_remove(**here)
    assert (await client.pins_list(channel="C0INC"))["items"] == []
