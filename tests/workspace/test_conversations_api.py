"""conversations.*, users.* and files.*: names, members, pages, uploads."""

from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.hub import Hub
from bot.workspace.server import LocalWorkspace
from bot.workspace.web import answer

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 100


async def _error(client: AsyncWebClient, method: str, **args: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        await client.api_call(method, json=args)
    return str(caught.value.response["error"])


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("", "invalid_name_required"),
        ("x" * 81, "invalid_name_maxlength"),
        ("Inc-1", "invalid_name_specials"),
        ("inc 1", "invalid_name_specials"),
        ("inc.1", "invalid_name_specials"),
        ("--", "invalid_name_punctuation"),
        ("launches", "name_taken"),
    ],
)
def test_names_a_channel_cannot_have(hub: Hub, name: str, error: str) -> None:
    """Slack's codes for each."""
    outcome = answer(hub, "conversations.create", {"name": name}, "xoxb-local")
    assert outcome.body == {"ok": False, "error": error}


async def test_the_name_of_an_archived_channel_stays_taken(client: AsyncWebClient) -> None:
    """A crash between create and record finds the channel under its name."""
    made = (await client.conversations_create(name="inc-20261123-ndcg"))["channel"]
    assert made["is_member"]
    await client.conversations_archive(channel=made["id"])
    assert await _error(client, "conversations.archive", channel=made["id"]) == "already_archived"
    assert await _error(client, "conversations.create", name="inc-20261123-ndcg") == "name_taken"


async def test_a_list_of_channels_comes_in_pages_that_may_be_short(client: AsyncWebClient) -> None:
    """Archived channels are left out after the cut, so a page may be empty and yet not the last."""
    for number in range(6):
        made = await client.conversations_create(name=f"inc-{number}")
        if number < 4:
            await client.conversations_archive(channel=made["channel"]["id"])
    pages = [
        [channel["name"] for channel in page["channels"]]
        async for page in await client.conversations_list(limit=2, exclude_archived=True)
    ]
    assert pages == [["ml-incidents", "launches"], ["lookout-ops", "general"], [], [], ["inc-4", "inc-5"]]
    assert await _error(client, "conversations.list", cursor="nonsense") == "invalid_cursor"


async def test_history_is_read_in_pages_between_two_times(client: AsyncWebClient) -> None:
    """Newest first; oldest and latest are exclusive unless `inclusive`."""
    stamps = [(await client.chat_postMessage(channel="C0INC", text=str(n)))["ts"] for n in range(5)]
    pages = [
        [message["text"] for message in page["messages"]]
        async for page in await client.conversations_history(channel="C0INC", limit=2)
    ]
    assert pages == [["4", "3"], ["2", "1"], ["0"]]
    between = {"channel": "C0INC", "oldest": stamps[1], "latest": stamps[3]}
    inner = await client.conversations_history(**between)
    whole = await client.conversations_history(**between, inclusive=True)
    assert [m["text"] for m in inner["messages"]] == ["2"]
    assert [m["text"] for m in whole["messages"]] == ["3", "2", "1"]


async def test_replies_repeat_the_parent_on_every_page(client: AsyncWebClient) -> None:
    """As Slack's do."""
    parent = (await client.chat_postMessage(channel="C0INC", text="parent"))["ts"]
    for number in range(3):
        await client.chat_postMessage(channel="C0INC", text=str(number), thread_ts=parent)
    pages = [
        [message["text"] for message in page["messages"]]
        async for page in await client.conversations_replies(channel="C0INC", ts=parent, limit=2)
    ]
    assert pages == [["parent", "0", "1"], ["parent", "2"]]
    assert await _error(client, "conversations.replies", channel="C0INC", ts="1.1") == "thread_not_found"


async def test_who_is_not_in_a_channel_reads_nothing_there(client: AsyncWebClient) -> None:
    """Until the app joins."""
    assert await _error(client, "conversations.history", channel="C0GENERAL") == "not_in_channel"
    assert await _error(client, "conversations.invite", channel="C0GENERAL", users="U0PM") == "not_in_channel"
    await client.conversations_join(channel="C0GENERAL")
    again = await client.conversations_join(channel="C0GENERAL")
    assert again["warning"] == "already_in_channel"
    assert (await client.conversations_history(channel="C0GENERAL"))["messages"] == []


async def test_an_invitation_is_all_or_nothing_unless_forced(client: AsyncWebClient) -> None:
    """The errors name each person."""
    channel = (await client.conversations_create(name="inc-1"))["channel"]["id"]
    with pytest.raises(SlackApiError) as caught:
        await client.conversations_invite(channel=channel, users="U0ENG,U0NOBODY")
    assert caught.value.response["errors"] == [{"user": "U0NOBODY", "ok": False, "error": "user_not_found"}]
    members = (await client.conversations_members(channel=channel))["members"]
    assert members == ["U0LOOKOUT"]
    forced = await client.conversations_invite(channel=channel, users="U0ENG,U0NOBODY", force=True)
    assert forced["channel"]["num_members"] == 2
    error = await _error(client, "conversations.invite", channel=channel, users="U0ENG")
    assert error == "already_in_channel"
    assert (
        await _error(client, "conversations.invite", channel=channel, users="U0LOOKOUT") == "cant_invite_self"
    )


async def test_topic_purpose_rename_and_direct_messages(client: AsyncWebClient) -> None:
    """The rest of what a bot does with a channel."""
    channel = (await client.conversations_create(name="inc-1"))["channel"]["id"]
    await client.conversations_setTopic(channel=channel, topic="SEV2")
    await client.conversations_setPurpose(channel=channel, purpose="NDCG fell")
    await client.conversations_rename(channel=channel, name="inc-1-closed")
    info = (await client.conversations_info(channel=channel))["channel"]
    assert (info["name"], info["topic"]["value"], info["purpose"]["value"]) == (
        "inc-1-closed",
        "SEV2",
        "NDCG fell",
    )
    assert await _error(client, "conversations.setTopic", channel=channel, topic="x" * 251) == "too_long"
    direct = await client.conversations_open(users="U0PM", return_im=True)
    assert direct["channel"]["user"] == "U0PM"
    again = await client.conversations_open(users="U0PM")
    assert again["channel"] == {"id": direct["channel"]["id"]}


async def test_people_are_found_by_id_by_mail_and_in_groups(client: AsyncWebClient) -> None:
    """users.* and usergroups.*"""
    person = (await client.users_lookupByEmail(email="Maria@example.com"))["user"]
    assert (await client.users_info(user=person["id"]))["user"]["profile"]["title"].startswith("Product")
    assert await _error(client, "users.lookupByEmail", email="no@example.com") == "users_not_found"
    assert await _error(client, "users.info", user="U0X") == "user_not_found"
    names = []
    async for page in await client.users_list(limit=3):
        names += [member["name"] for member in page["members"]]
    assert names == ["yuki", "maria", "tom", "grace", "ravi", "lookout", "slackbot"]
    group = (await client.usergroups_list())["usergroups"][0]["id"]
    assert (await client.usergroups_users_list(usergroup=group))["users"] == ["U0ENG", "U0EM"]
    mine = await client.users_conversations()
    assert [c["name"] for c in mine["channels"]] == ["launches", "lookout-ops", "ml-incidents"]


async def test_a_file_is_uploaded_in_three_steps_and_shared(
    local: LocalWorkspace, client: AsyncWebClient
) -> None:
    """slack_sdk's own files_upload_v2 works, and the bytes come back to who has the token."""
    answer = await client.files_upload_v2(
        channel="C0INC",
        filename="look.png",
        content=PNG,
        title="Look 2",
        alt_txt="z against its boundary",
        initial_comment="The chart",
    )
    file = (await client.files_info(file=answer["files"][0]["id"]))["file"]
    assert (file["title"], file["size"], file["alt_txt"]) == ("Look 2", len(PNG), "z against its boundary")
    (message,) = local.workspace.messages("C0INC")
    assert (message.text, message.files) == ("The chart", (file["id"],))
    assert file["shares"]["public"]["C0INC"][0]["ts"] == message.ts
    assert [f["id"] for f in (await client.files_list(channel="C0INC"))["files"]] == [file["id"]]
    async with aiohttp.ClientSession() as session:
        async with session.get(file["url_private"]) as anyone:
            assert anyone.status == 403
        bearer = {"Authorization": "Bearer xoxb-local"}
        async with session.get(file["url_private"], headers=bearer) as bot:
            assert (bot.content_type, await bot.read()) == ("image/png", PNG)


async def test_an_uploaded_image_can_be_shown_in_a_block(client: AsyncWebClient) -> None:
    """A file that was not shared anywhere may stand in an image block."""
    target = await client.files_getUploadURLExternal(filename="a.png", length=len(PNG))
    async with aiohttp.ClientSession() as session:
        form = aiohttp.FormData()
        form.add_field("file", PNG, filename="a.png")
        async with session.post(target["upload_url"], data=form) as sent:
            assert sent.status == 200
    await client.files_completeUploadExternal(files=[{"id": target["file_id"], "title": "A"}])
    block = {"type": "image", "slack_file": {"id": target["file_id"]}, "alt_text": "a"}
    assert (await client.chat_postMessage(channel="C0INC", text="x", blocks=[block]))["ok"]


async def test_an_upload_of_another_length_is_refused(local: LocalWorkspace, client: AsyncWebClient) -> None:
    """And a file that never arrived cannot be completed."""
    target = await client.files_getUploadURLExternal(filename="a.png", length=5)
    async with (
        aiohttp.ClientSession() as session,
        session.post(target["upload_url"], data=b"four") as sent,
    ):
        assert sent.status == 400
    files = [{"id": target["file_id"]}]
    assert await _error(client, "files.completeUploadExternal", files=files) == "file_not_found"
    assert "5 bytes announced, 4 sent" in local.workspace.warnings[-1].text
    assert await _error(client, "files.getUploadURLExternal", filename="a", length=0) == "invalid_arguments"
