"""An incident's memory, end to end: messages marked, edited and deleted in Slack, and what is left."""

from pathlib import Path

from bot.core.marked import Marked
from bot.store import marked
from bot.store.marked import MarkedImageRow
from tests.conftest import poll
from tests.e2e.house import ENGINEER, MANAGER, PATIENCE, House

PNG = b"\x89PNG\r\n\x1a\n" + b"a picture of the drop"


async def test_marked_messages_are_followed_and_what_was_taken_back_is_nowhere(tmp_path: Path) -> None:
    """By emoji and by the message's menu; no table holds a word of what its author deleted."""
    async with House(tmp_path) as house:
        people = house.people
        await people.command(ENGINEER, "C0INC", "/triage start here NDCG@10 fell")
        await house.hears("ml-incidents", "INC-1", "Step 1")
        hint = await people.say(
            ENGINEER, "C0INC", "it began with the 02:14 deploy", files=[("drop.png", PNG)]
        )
        gone = await people.say(MANAGER, "C0INC", "the password is hunter2")
        elsewhere = await people.say(MANAGER, "C0LAUNCH", "we paused the launch")
        assert hint is not None
        assert gone is not None
        assert elsewhere is not None
        await people.react(ENGINEER, "C0INC", hint.ts, "pushpin")
        await house.hears("ml-incidents", "In the timeline of INC-1", "With 1 image.", to=ENGINEER)
        await people.react(ENGINEER, "C0INC", gone.ts, "memo")
        await poll(lambda: len(kept(house)) == 2, seconds=PATIENCE)
        await people.edit(ENGINEER, "C0INC", hint.ts, "it began with the 02:14 deploy of the reranker")
        await people.delete(MANAGER, "C0INC", gone.ts)
        final = ["it began with the 02:14 deploy of the reranker"]
        await poll(lambda: [one.said.text for one in kept(house)] == final, seconds=PATIENCE)
        await people.shortcut(MANAGER, "C0LAUNCH", elsewhere.ts, "incident.mark_message")
        (view,) = await house.until(lambda: house.workspace.modals.get(MANAGER), "the form of the shortcut")
        await people.submit(MANAGER, view.id, {"remark": {"remark": "what it cost"}})
        await house.hears("launches", "In the timeline of INC-1", to=MANAGER)
        await people.command(ENGINEER, "C0INC", "/incidents export INC-1 html")
        page = await exported(house, "INC-1.html")
        assert b"it began with the 02:14 deploy of the reranker" in page
        assert b"why it matters: what it cost" in page
        assert b"data:image/png;base64," in page
        assert b"hunter2" not in page
        assert house.stored("hunter2") == []
        assert len(house.rows(MarkedImageRow)) == 1


def kept(house: House) -> list[Marked]:
    """The messages that are in the timeline."""
    with house.db.read() as session:
        return [one for one in marked.of_incident(session, 1) if one.state == "kept"]


async def exported(house: House, name: str) -> bytes:
    """The bytes of the file that Lookout uploaded under this name."""

    def found() -> bytes | None:
        files = [one for one in house.workspace.files.values() if one.name == name and one.uploaded]
        return files[-1].content if files else None

    content: bytes = await house.until(found, f"the file {name}")
    return content
