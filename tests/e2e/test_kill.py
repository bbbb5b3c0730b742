"""The bot dies by SIGKILL at every kind of commit of the triage story: nothing is lost or said twice."""

import asyncio
import json
import re
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from bot.demo import incident_story
from bot.demo.stage import Stage
from bot.workspace.records import Message

MORTAL = str(Path(__file__).with_name("mortal.py"))
ENGINEER = "U0ENG"
BY_EVIDENCE = (
    (re.compile(r"(marked it mitigated)\b.*", re.DOTALL), r"\1"),
    (re.compile(r"^(INC-\d+ · retrospective).*", re.DOTALL), r"\1"),
)
"""What is said by what the evidence was just then, which a death may delay: that it is said once counts."""
LEFT_OUT = re.compile(r"<!date[^>]*>|\b\d+(\.\d+)?( min| s| h)?\b|\(late[^)]*\)|\u2212")


class Play:
    """The triage story, told by people and monitors who try again until they are heard."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.workspace = stage.local.workspace

    async def tell(self) -> None:
        """From the alert to the retrospective."""
        self.stage.recall.alarm = self.stage.now()
        await self.alert(incident_story.ALERT)
        await self.until(lambda: self.channel())
        await self.until(lambda: self.said("Onset about"), 120)  # nothing is dated of what is closed
        await self.press("Nothing changed", then="Is upstream data healthy?")
        await self.alert(incident_story.ALERT | incident_story.SECOND_COHORT)
        await self.until(lambda: self.card("2 alerts in this incident"))
        await self.press("Schema drift", then="quarantine")
        await self.press("Not it: go back", then="Is upstream data healthy?")
        await self.press("Healthy", then="Has the feature distribution drifted?")
        await self.press("Drifted", then="Feature drift")
        await self.alert(incident_story.ALERT | {"status": "resolved"})
        await self.until(lambda: self.said("may only mean"))
        await self.press("Mitigated", then="· mitigated")
        await self.press("Resolved", then="· resolved")
        await self.until(lambda: any(message.files for message in self.messages()))
        await self.quiet()

    async def alert(self, body: dict[str, object]) -> None:
        """Send it as a monitor does: again and again until it is answered with 2xx."""

        async def answered() -> bool:
            try:
                async with httpx.AsyncClient(timeout=10) as client:
                    answer = await client.post(self.stage.bot_url + "/webhooks/generic", json=body)
            except httpx.TransportError:
                return False
            return answer.is_success

        while not await answered():
            pass

    async def press(self, label: str, *, then: str) -> None:
        """Press a button until the card shows what follows."""
        while not self.card(then):
            ready = await self.until(lambda: self.button(label) or self.card(then), 60)
            if isinstance(ready, tuple):
                message, action = ready
                await self.stage.local.people.click(ENGINEER, message.channel, message.ts, action)
            try:
                await self.until(lambda: self.card(then), 3)
            except TimeoutError:
                continue

    async def until(self, found: Callable[[], object], timeout: float = 60) -> object:
        """Wait for something to be true of the workspace."""
        return await self.workspace.until(found, timeout)

    async def quiet(self) -> None:
        """Wait until the bot's own figures say that no room has anything left to do."""
        async with asyncio.timeout(240), httpx.AsyncClient(timeout=10) as client:
            while await self.waiting(client) != ["0.0"] * 3:
                await asyncio.sleep(0.1)

    async def waiting(self, client: httpx.AsyncClient) -> list[str]:
        """How much waits in the three rooms; nothing when the bot is dead just now."""
        try:
            text = (await client.get(self.stage.bot_url + "/metrics")).text
        except httpx.TransportError:
            return []
        return re.findall(r"^lookout_(?:inbox_new|outbox_pending|slots_due) (\S+)$", text, re.MULTILINE)

    def channel(self) -> str:
        """The incident's channel, once there is one."""
        return next((c.id for c in self.workspace.channels.values() if c.name.startswith("inc-")), "")

    def messages(self) -> list[Message]:
        """What was said in the incident's channel."""
        return self.workspace.messages(self.channel()) if self.channel() else []

    def card(self, text: str) -> Message | None:
        """The living card, when it shows the text."""
        cards = [
            m
            for m in self.messages()
            if (m.metadata or {}).get("event_payload", {}).get("key", "").endswith("/card")
        ]
        return next(
            (m for m in cards if text.lower() in json.dumps(list(m.blocks), ensure_ascii=False).lower()), None
        )

    def said(self, text: str) -> bool:
        """Whether any message of the channel has the text."""
        return any(text in m.text or text in json.dumps(list(m.blocks)) for m in self.messages())

    def button(self, label: str) -> tuple[Message, str] | None:
        """The card's button of that label."""
        for message in self.messages():
            for block in message.blocks:
                for element in block.get("elements", ()):
                    if element.get("type") == "button" and element["text"]["text"] == label:
                        return message, element["action_id"]
        return None

    def transcript(self) -> Counter[tuple[str, str, str]]:
        """Everything that everyone sees, without what depends on the time."""
        return Counter(
            (
                channel.name,
                LEFT_OUT.sub("", by_evidence(message)),
                " ".join(self.workspace.files[f].name for f in message.files),
            )
            for channel in self.workspace.channels.values()
            for message in self.workspace.messages(channel.id)
            if not message.ephemeral_to and message.user == self.workspace.bot
        )


def by_evidence(message: Message) -> str:
    """The text without what the evidence said at that moment."""
    key = str((message.metadata or {}).get("event_payload", {}).get("key", ""))
    text = "the dashboard" if key.endswith("/dashboard") else message.text
    for pattern, kept in BY_EVIDENCE:
        text = pattern.sub(kept, text)
    return text


@pytest.mark.timeout(900)
async def test_killed_at_every_kind_of_commit_nothing_is_lost_and_nothing_said_twice(tmp_path: Path) -> None:
    """The channel reads the same as when nothing ever died."""
    async with Stage() as stage:
        undisturbed = Play(stage)
        await undisturbed.tell()
        expected = undisturbed.transcript()
    deaths = tmp_path / "deaths"
    async with Stage(command=(sys.executable, MORTAL), environment={"DEATHS": str(deaths)}) as stage:
        disturbed = Play(stage)
        await disturbed.tell()
        found = disturbed.transcript()
    points = deaths.read_text().splitlines()
    assert len(points) > 40
    assert any(point.startswith("before") for point in points)
    assert (found - expected, expected - found) == (Counter(), Counter())
