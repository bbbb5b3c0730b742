"""A drill walked by its own key: each question waits for its evidence, then gets the right answer."""

from datetime import timedelta

from bot.core.drill import Cue, Drill
from bot.core.playbook import Playbook, Question
from bot.demo.people import ENGINEER
from bot.demo.scene import Scene

ASKED_IN = "ml-incidents"
HOME = "ml-drills"
REFRESH = "Refresh evidence"


async def walk(scene: Scene, drill: Drill, tree: Playbook) -> None:
    """Begin the drill, walk it, and see that it passed."""
    scene.title(f"Drill: {drill.title}")
    await begin(scene, drill)
    elapsed, position = timedelta(0), tree.first
    while isinstance(place := tree.at(position), Question):
        await scene.hears(HOME, place.ask)
        wait = _news(drill, place) - elapsed
        if wait > timedelta(0):
            await scene.passes(wait + timedelta(seconds=30))
            elapsed += wait + timedelta(seconds=30)
            await scene.presses(ENGINEER, HOME, REFRESH)
        for cue in _last(drill, place.id):
            await scene.hears(HOME, cue.line[:60])
        choice = place.choice(drill.path[position])
        scene.must(choice is not None, f"{position} has the answer {drill.path[position]}")
        assert choice is not None  # noqa: S101 - said just now
        await scene.presses(ENGINEER, HOME, choice.label)
        position = choice.to
    leaf = tree.leaves[drill.leaf]
    await scene.hears(HOME, leaf.action)
    await scene.passes(drill.recovery.after + timedelta(minutes=1))
    await scene.presses(ENGINEER, HOME, REFRESH)
    await scene.hears(HOME, "back within")
    await scene.presses(ENGINEER, HOME, "Mitigated")
    await scene.hears(HOME, "Resolve it once the recovery check holds")
    await scene.presses(ENGINEER, HOME, "Resolved")
    await scene.hears(HOME, "drill passed", "Unnecessary roll-backs:* none")


async def begin(scene: Scene, drill: Drill) -> None:
    """Type the command, and wait for the page."""
    await scene.types(ENGINEER, ASKED_IN, f"/triage drill {drill.id}")
    await scene.channel(HOME)
    await scene.hears(HOME, "Drill: ", drill.page.title[:40])


def _news(drill: Drill, place: Question) -> timedelta:
    """When the last of what the step's checks say is there, from the page on."""
    return max((cue.after for cue in drill.cues if cue.step == place.id), default=timedelta(0))


def _last(drill: Drill, step: str) -> list[Cue]:
    """What each check of the step says in the end."""
    found = {cue.check: cue for cue in sorted(drill.cues, key=lambda cue: cue.after) if cue.step == step}
    return list(found.values())
