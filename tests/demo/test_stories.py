"""The demo's stories go as written, against the local workspace, and the record they leave holds."""

import asyncio
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from bot.commands import demo, verify
from bot.demo import rehearsal
from bot.demo.scene import Scene
from bot.demo.stage import Stage
from bot.demo.stories import STORIES
from bot.errors import InputError
from bot.workspace.records import Message

pytestmark = pytest.mark.timeout(300)  # a minute of a machine that has nothing else to do


class Told:
    """A story that was played: what was printed, and what the workspace holds."""

    def __init__(self, stage: Stage) -> None:
        self.workspace = stage.local.workspace
        self.printed: list[str] = []
        self.scene = Scene(stage, self.printed.append)

    @property
    def text(self) -> str:
        """What was printed, without line breaks, as one types it."""
        text = " ".join("".join(self.printed).split())
        return text.translate({0x2212: "-"})

    def must_say(self, *parts: str) -> None:
        """Every part was printed, one after the other."""
        at = 0
        for part in parts:
            found = self.text.find(part, at)
            assert found >= 0, f"not said after {self.text[max(at - 200, 0) : at]!r}: {part!r}"
            at = found + len(part)

    def said(self, channel: str, head: str) -> list[Message]:
        """The messages of a channel whose notification line begins so."""
        where = self.workspace.named(channel)
        assert where is not None
        return [one for one in self.workspace.messages(where.id) if one.text.startswith(head)]


@asynccontextmanager
async def told(name: str) -> AsyncIterator[Told]:
    """Play a story; afterwards nothing was given up, nothing complained about, and the record holds."""
    async with Stage() as stage:
        story = Told(stage)
        await STORIES[name](story.scene)
        await stage.settled()
        yield story
        assert [one.text for one in story.workspace.warnings] == []
        assert story.said("lookout-ops", "Given up") == []
        assert verify.run(stage.environment()) == 0


async def test_a_tempting_look_must_continue_and_the_last_one_ships() -> None:
    """p = 0.040 at look 2 is answered by the plan; every look is posted once; who may not is told who may."""
    async with told("ship") as story:
        story.must_say(
            "is not locked yet",
            "To sign as pm takes a place under [signoffs] pm. Who may sign as pm: @maria",
            "Locked: Reranker MiniLM-L6 to L12",
            "advanced: stage 2 of 4, 10%",
            "paused at 10%",
            "1,500 ms",
            "resumed at 10%",
            "Look 2 of 4: CONTINUE",
            "p = 0.040, and look 2 stops only below 0.0030",
            "can we ship?",
            "there is nothing to decide yet",
            "finds an effect in 12.3 % of the experiments that have none",
            "Peek on day 9: CONTINUE",
            "It spends 0.0073 of alpha",
            "p = 0.030, and look 3 stops only below 0.020",
            "Look 4 of 4: SHIP",
            "SHIP · Reranker MiniLM-L6 to L12, decided by @maria",
            "What was declared",
            "advanced: stage 4 of 4, 100%",
            "28 days after the launch: the gain lasted",
        )
        assert [len(story.said("launch-reranker-l12", f"Look {number} of 4")) for number in range(1, 5)] == [
            1, 1, 1, 1,
        ]  # fmt: skip
        assert len(story.said("launch-reranker-l12", "Rollout over")) == 1
        await rehearsal.prepare(story.scene.stage)  # the visitor's plan is not one for data that were seen
        assert len(story.said("launches", "Waiting for 1 signature")) == 1


async def test_a_veto_stands_against_an_override_and_the_redesign_ships() -> None:
    """CSAT vetoes; neither a thin review nor who asks nor the director lets it pass; a clean re-run does."""
    async with told("veto") as story:
        story.must_say(
            "Look 1 of 1: VETO · csat fell 1.43 %, the line was -1 %",
            "retention_28d -0.59 %, line -0.5 %: near-veto",
            "Pre-declared on",
            "csat, threshold -1 %, measured -1.43 % (p = 0.020",
            "the form says: This needs at least 80 characters",
            "Override requested",
            "To approve an override takes the role director. Who holds it: director: @grace",
            "Override refused by @grace",
            "stands",
            "Investigation: csat",
            "is due today",
            "Every task is done",
            "STOP · Reranker v2, trained on clicks, decided by @maria (look 1: veto)",
            "Look 1 of 1: SHIP",
            "+5.2 %",
            "Decided: SHIP by @maria",
            "us-mle-02-reranker-v2-tone advanced: stage 3 of 3, 100%",
            "28 days after the launch: the gain lasted",
        )


async def test_a_significant_aggregate_does_not_hide_a_harmed_cohort() -> None:
    """+1.3 % in all and -8.2 % for Japanese users: a veto, and the stratified retrain over the carve-out."""
    async with told("cohort") as story:
        story.must_say(
            "R123 cohort locale=mixed is under-powered",
            "@tom acknowledged R123",
            "Look 1 of 2: CONTINUE",
            "under-powered, not evidence: jp -8.6 %",
            "Look 2 of 2: VETO · locale=jp fell 8.2 %, the line was -3 %",
            "useful_answer_rate +1.3 % (+0.4 … +2.2)",
            "locale ✗ veto: jp -8.2 % · ✓ hold: en +4.1 %",
            "presses [Choose A]",
            "Stratified retrain (4 engineer-weeks, the recommended one), chosen by @yuki",
        )


async def test_a_quarter_is_framed_picked_locked_and_told() -> None:
    """An association is no do() clause; gut feel is on record before the lock; gaps stay visible."""
    async with told("quarter") as story:
        story.must_say(
            "It compares people by what they chose to do",
            "HEURISTIC FIRST · FRM-1",
            "ledger 1",
            "12 new, 0 changed",
            "claimed to come first: #1, #5, #2",
            "Proposed for",
            "Gut feel was CAN-12, CAN-2, CAN-5, said @maria, after the computed pick was shown",
            "ledger 2",
            "portfolio-update.md",
            "The new reranker fits",
            "2 criteria locked",
            "It came from FRM-1",
            "What is not on record",
        )


def test_a_claim_with_too_few_users_stays_inconclusive(capsys: pytest.CaptureFixture[str]) -> None:
    """Said before the data, taken on by name, and neither shown nor ruled out; played by the command."""
    assert demo.run(headless=True, port=0, story="inconclusive") == 0
    text = " ".join(capsys.readouterr().out.split())
    at = 0
    for part in (
        "R142 the primary is under-powered",
        "@tom acknowledged R142, R123",
        "Look 2 of 2: INCONCLUSIVE · the question was not answered",
        "63 % of the units the plan needs: an effect was neither shown nor ruled out",
        "STOP · Two-tower retrieval for mixed-locale users, decided by @maria",
        "2 of 2 looks on record can be reproduced",
        "The story went as written",
    ):
        assert part in text[at:], part
        at = text.index(part, at)


async def test_the_incident_is_localized_and_looked_back_on() -> None:
    """The page, the questions, the category, the recovery, the retrospective."""
    async with told("incident") as story:
        story.must_say(
            "INC-1", "0.91", "Is upstream data healthy?", "Feature drift", "blameless retrospective"
        )


async def test_the_demo_is_left_to_its_visitor_with_one_signature_to_give() -> None:
    """The page is there, the plan of #launches waits for Yuki, and Ctrl-C ends it well."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "demo", "--port", "0", "--story", "none", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        said = (await process.stdout.readuntil(b"Ctrl-C ends the demo.")).decode()
        found = re.search(r"http://127\.0\.0\.1:\d+", said)
        assert found is not None
        async with httpx.AsyncClient(trust_env=False, follow_redirects=True, timeout=30) as client:
            page = (await client.get(f"{found[0]}/client/U0ENG/C0LAUNCH")).text
        assert "Waiting for 1 signature: applied_ml" in page
        assert "Now it is yours" in said
    finally:
        process.send_signal(signal.SIGINT)
        rest = (await process.stdout.read()).decode()
        code = await process.wait()
    assert (code, rest.strip()) == (0, "Ending; nothing is left behind.")


def test_a_story_that_is_not_told_is_refused_by_name() -> None:
    """Before anything is started."""
    with pytest.raises(InputError, match=r"There is no story 'weather'.*incident, ship, veto, cohort"):
        demo.run(headless=True, port=0, story="weather")
