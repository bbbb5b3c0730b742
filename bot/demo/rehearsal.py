"""The demo by hand: what the page suggests typing, and `/rehearse`, which lets the other systems act."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from bot.demo import incident_story
from bot.demo.launch_story import drop
from bot.demo.people import MANAGER, PM
from bot.demo.scene import Scene
from bot.demo.stage import Stage
from bot.workspace.records import Command

PLAYING = """
  {url}

  Open it in a browser and watch, or read on here: {what} played now, which takes {time}.
  Ctrl-C ends the demo.
"""

INVITATION = """
  {url}

  Now it is yours. In #launches a plan waits for its last signature: be Yuki, press [Sign as applied_ml],
  press [Start], let time go on to each look, and ask whether p = 0.04 at look 2 may ship.
  In #ml-incidents, type /rehearse alarm and be on call.

  The bot is process {bot}: kill -9 it at any moment, it is started again and nothing is lost.
  Webhooks: {webhooks}/webhooks/generic and /changes/generic. Ctrl-C ends the demo.
"""

YOURS, HERE = "your-reranker", "launches"
"""The experiment that is left to whoever tries the demo, and its channel."""

SUGGESTIONS: Mapping[str, tuple[str, ...]] = {
    HERE: ("/experiment status", "/experiment look 2", "/experiment why 2", "/launch check", "/digest now"),
    "ml-incidents": (
        "/rehearse alarm",
        "/rehearse change",
        "/triage list",
        "/triage start NDCG@10 fell",
    ),
    "lookout-ops": ("/triage help", "/experiment help"),
}

USAGE = "alarm | cohort | change | recovery | resolve"


async def prepare(stage: Stage) -> None:
    """Put the suggestions and `/rehearse` into the workspace, and a registration into #launches."""
    workspace, people = stage.local.workspace, stage.local.people
    command = Command("/rehearse", "Let the other systems act: an alarm, a change, a recovery", USAGE)
    people.host_command(command, _listener(stage))
    for channel, texts in SUGGESTIONS.items():
        found = workspace.named(channel)
        if found is not None:
            workspace.suggest(found.id, texts)
    await _leave_one_signature(stage)


async def _leave_one_signature(stage: Stage) -> None:
    """Register the plan of the first launch under a name of its own; the visitor's signature locks it."""
    scene = Scene(stage, lambda _: None)
    await drop(scene, "reranker", HERE, "The same plan again, to try it yourself", called=YOURS)
    for person, role in ((PM, "pm"), (MANAGER, "em")):
        await scene.presses(person, HERE, f"Sign as {role}")
        await scene.hears(HERE, f"<@{person}> signed as {role}")
    await scene.hears(HERE, "Waiting for 1 signature")


def _listener(stage: Stage) -> Callable[[str], Awaitable[str]]:
    acts: Mapping[str, Callable[[Stage], Awaitable[str]]] = {
        "alarm": _alarm,
        "cohort": _cohort,
        "change": _change,
        "recovery": _recovery,
        "resolve": _resolve,
    }

    async def listen(text: str) -> str:
        act = acts.get(text.strip().lower())
        return await act(stage) if act else f"Read `{text[:40]}`; expected one of: {USAGE}."

    return listen


async def _alarm(stage: Stage) -> str:
    await stage.collapse()
    await stage.post("/webhooks/generic", incident_story.ALERT | {"started_at": _at(stage, minutes=6)})
    return "The monitor sent its alert: Recall@10 0.91 → 0.62. `/rehearse cohort` sends a second one."


async def _cohort(stage: Stage) -> str:
    alert = incident_story.ALERT | incident_story.SECOND_COHORT | {"started_at": _at(stage, minutes=1)}
    await stage.post("/webhooks/generic", alert)
    return "The monitor of a second cohort sent its alert; it joins the open incident."


async def _change(stage: Stage) -> str:
    change = incident_story.OLD_DEPLOY | {"id": f"config-{stage.now():%H%M%S}", "kind": "config"}
    change |= {"title": "retrieval.top_k 30 to 20", "service": "rag-retrieval", "at": _at(stage, minutes=14)}
    await stage.post("/changes/generic", change)
    return "The change log has a new entry: a config change 14 minutes ago. Open cards look again."


async def _recovery(stage: Stage) -> str:
    await stage.recover()
    return "Recall@10 is back at 0.90. Press *Refresh evidence* on the card to see it in the evidence."


async def _resolve(stage: Stage) -> str:
    await stage.post("/webhooks/generic", incident_story.ALERT | {"status": "resolved"})
    return "The monitor sent its resolve. It closes nothing: it may only mean that the monitor died."


def _at(stage: Stage, **ago: float) -> str:
    return (stage.now() - timedelta(**ago)).isoformat()
