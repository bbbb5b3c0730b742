"""The demo by hand: what the page suggests typing, and `/rehearse`, which lets the other systems act."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from bot.demo import story
from bot.demo.stage import Stage
from bot.workspace.records import Command

INVITATION = """
  {url}

  Open it in a browser. In #launches, ask whether p = 0.04 at look 2 may ship.
  In #ml-incidents, type /rehearse alarm and be on call.

  The bot is process {bot}: kill -9 it at any moment, it is started again and nothing is lost.
  Webhooks: {webhooks}/webhooks/generic and /changes/generic. Ctrl-C ends the demo.
"""

SUGGESTIONS: Mapping[str, tuple[str, ...]] = {
    "launches": ("/experiment status", "/experiment look 2", "/experiment look 4", "/experiment help"),
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
    """Put the suggestions and `/rehearse` into the workspace, and the registration into #launches."""
    workspace, people = stage.local.workspace, stage.local.people
    command = Command("/rehearse", "Let the other systems act: an alarm, a change, a recovery", USAGE)
    people.host_command(command, _listener(stage))
    for channel, texts in SUGGESTIONS.items():
        found = workspace.named(channel)
        if found is not None:
            workspace.suggest(found.id, texts)
    launches = workspace.named("launches")
    if launches is not None:
        file = (await stage.write_data()).registration
        attached = [(file.name, file.read_bytes())]
        await people.say("U0DS", launches.id, "@lookout experiment register", files=attached)


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
    stage.recall.alarm, stage.recall.recovered_at = stage.now(), None
    await stage.post("/webhooks/generic", story.ALERT | {"started_at": _at(stage, minutes=6)})
    return "The monitor sent its alert: Recall@10 0.91 → 0.62. `/rehearse cohort` sends a second one."


async def _cohort(stage: Stage) -> str:
    alert = story.ALERT | story.SECOND_COHORT | {"started_at": _at(stage, minutes=1)}
    await stage.post("/webhooks/generic", alert)
    return "The monitor of a second cohort sent its alert; it joins the open incident."


async def _change(stage: Stage) -> str:
    change = story.OLD_DEPLOY | {"id": f"config-{stage.now():%H%M%S}", "kind": "config"}
    change |= {"title": "retrieval.top_k 30 to 20", "service": "rag-retrieval", "at": _at(stage, minutes=14)}
    await stage.post("/changes/generic", change)
    return "The change log has a new entry: a config change 14 minutes ago. Open cards look again."


async def _recovery(stage: Stage) -> str:
    stage.recall.recovered_at = stage.now()
    return "Recall@10 is back at 0.90. Press *Refresh evidence* on the card to see it in the evidence."


async def _resolve(stage: Stage) -> str:
    await stage.post("/webhooks/generic", story.ALERT | {"status": "resolved"})
    return "The monitor sent its resolve. It closes nothing: it may only mean that the monitor died."


def _at(stage: Stage, **ago: float) -> str:
    return (stage.now() - timedelta(**ago)).isoformat()
