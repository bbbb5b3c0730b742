"""One message read from Slack with its images: in a thread or not, edited, gone, or out of reach."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.chat import reading
from bot.chat.file_info import permalink
from bot.chat.reading import Closed, Found, read_message
from bot.core.marked import moment_of
from bot.errors import SourceError
from bot.workspace.faults import Fault
from bot.workspace.records import Message
from bot.workspace.server import LocalWorkspace
from handlers.manifest import manifest

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 100


@pytest.fixture
async def local() -> AsyncIterator[LocalWorkspace]:
    """The local Slack, with Lookout's own manifest: a scope that lacks there is refused."""
    async with LocalWorkspace(manifest=manifest(request_url="")) as local:
        yield local


async def said(
    local: LocalWorkspace, text: str = "rolled back", channel: str = "C0INC", **more: Any
) -> Message:
    """Somebody says something."""
    message = await local.people.say("U0PM", channel, text, **more)
    assert message is not None
    return message


async def read(local: LocalWorkspace, channel: str, ts: str, *, room: int = 10**7) -> Found | None:
    """Read it as the job does, in a thread."""
    return await asyncio.to_thread(
        read_message, channel, ts, {"U0ENG": "yuki"}, token="xoxb-local", api_url=local.api_url, room=room
    )


async def test_what_was_said_by_whom_and_where(local: LocalWorkspace) -> None:
    """Mentions are names, the author is looked up, the link leads there, its emoji are known."""
    message = await said(local, "@yuki see https://x.test/a?b=1&c=2 & act")
    await local.people.react("U0ENG", "C0INC", message.ts, "pushpin")
    await local.people.edit("U0PM", "C0INC", message.ts, "@yuki see https://x.test/a?b=1&c=2")
    found = await read(local, "C0INC", message.ts)
    assert found is not None
    assert (found.said.author, found.said.text) == ("U0PM", "@yuki see https://x.test/a?b=1&c=2")
    assert found.said.permalink == f"{local.url}/archives/C0INC/p{message.ts.replace('.', '')}"
    kept = local.workspace.message("C0INC", message.ts)
    assert kept is not None
    assert found.said.edited_at == moment_of(kept.edited)
    assert found.names == {"U0PM": "maria"}


async def test_one_in_a_thread_is_found_among_its_neighbours(local: LocalWorkspace) -> None:
    """By its own ts alone; the thread is known from then on."""
    parent = await said(local, "first")
    replies = [await said(local, f"reply {n}", thread_ts=parent.ts) for n in range(3)]
    found = await read(local, "C0INC", replies[1].ts)
    assert found is not None
    assert (found.said.text, found.said.thread) == ("reply 1", parent.ts)


async def test_a_message_of_an_app_is_signed_with_its_name(local: LocalWorkspace) -> None:
    """An app has no account that could be asked for."""
    bot = local.workspace.users[local.workspace.bot]
    message = local.workspace.post("C0INC", bot.id, "deployed v42", bot_id=bot.bot_id)
    found = await read(local, "C0INC", message.ts)
    assert found is not None
    assert (found.said.author, found.names) == ("Lookout", {})


@pytest.mark.parametrize("answered", [False, True])
async def test_a_deleted_message_is_gone(local: LocalWorkspace, answered: bool) -> None:
    """Also where a tombstone stays above its thread."""
    message = await said(local)
    if answered:
        await said(local, "yes", thread_ts=message.ts)
    await local.people.delete("U0PM", "C0INC", message.ts)
    assert await read(local, "C0INC", message.ts) is None


async def test_a_public_channel_is_joined_and_a_strange_one_is_closed(local: LocalWorkspace) -> None:
    """As everywhere: nobody has to invite Lookout where everybody may be."""
    message = await said(local, channel="C0GENERAL")
    found = await read(local, "C0GENERAL", message.ts)
    assert found is not None
    with pytest.raises(Closed):
        await read(local, "C0NOWHERE", message.ts)


async def test_images_are_kept_and_other_files_are_named(local: LocalWorkspace) -> None:
    """With the reason why not; what only calls itself an image is none."""
    files = [
        ("graph.png", PNG),
        ("app.log", b"x"),
        ("page.png", b"<html>sign in</html>"),
        ("a.svg", b"<svg/>"),
    ]
    message = await said(local, files=files)
    found = await read(local, "C0INC", message.ts)
    assert found is not None
    assert found.images == {0: PNG}
    assert [(one.name, one.why) for one in found.said.attachments] == [
        ("graph.png", ""),
        ("app.log", "only images are kept"),
        ("page.png", "it is no such image"),
        ("a.svg", "only images are kept"),
    ]


async def test_images_are_bounded(local: LocalWorkspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """One by one, and all of an incident together; what Slack says of a size is not believed."""
    message = await said(local, files=[("a.png", PNG), ("b.png", PNG)])
    found = await read(local, "C0INC", message.ts, room=150)
    assert found is not None
    assert [one.why for one in found.said.attachments] == ["", "the incident's images fill their room"]
    monkeypatch.setattr(reading, "MAX_IMAGE", 60)
    found = await read(local, "C0INC", message.ts)
    assert found is not None
    assert found.images == {}
    assert "at most 0 are kept" in found.said.attachments[0].why


async def test_what_slack_does_not_answer_is_tried_again(local: LocalWorkspace) -> None:
    """A fault is no deletion."""
    message = await said(local)
    local.hub.faults.add(Fault("conversations.replies", status=500))
    with pytest.raises(SourceError, match=r"conversations\.replies: answered 500"):
        await read(local, "C0INC", message.ts)
    assert await read(local, "C0INC", message.ts) is not None


async def test_where_people_see_a_file(local: LocalWorkspace) -> None:
    """Its address in Slack; none for one that is gone."""
    file = local.people.upload("U0ENG", "page.html", b"<p>")

    async def asked(name: str) -> str:
        return await asyncio.to_thread(permalink, name, token="xoxb-local", api_url=local.api_url)

    assert await asked(file.id) == f"{local.url}/files/{file.id}/page.html"
    assert await asked("F0NOWHERE") == ""
