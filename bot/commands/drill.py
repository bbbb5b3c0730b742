"""`lookout drill`: a drill in a local workspace, by oneself in the browser or walked by its own key."""

import asyncio
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.core.drill import Drill
from bot.core.playbook import Playbook
from bot.demo import drill_story
from bot.demo.people import ENGINEER
from bot.demo.scene import Scene
from bot.demo.stage import Stage
from bot.errors import InputError
from bot.services.opening import open_desk
from bot.settings import FolderSettings, Settings

INVITATION = """
  {url}

  The drill has begun in #{home}: open it in a browser and be on call. Nobody is called in earnest.
  The clock runs: localize in 15 minutes. Resolve it to see how it went. Ctrl-C ends it.
"""


def run(name: str | None, *, headless: bool, port: int, playbooks: Path | None) -> int:
    """Return 0 when the drill went as its key says, or the person ended it; without a name list them.

    Raises:
        InputError: there is no such drill, or no such folder.
        LookoutError: headless, it went differently; or a part did not start.

    """
    drills, trees = _read(playbooks)
    if name is None:
        for each in drills.values():
            print(f"{each.id:<24} {each.page.title}")
        return 0
    drill = drills.get(name)
    if drill is None:
        raise InputError(f"There is no drill {name[:60]!r}.", f"Known: {', '.join(drills) or 'none'}.")
    tree = next(tree for tree in trees if tree.id == drill.tree)
    if headless:
        asyncio.run(_walk(drill, tree, playbooks))
    else:
        asyncio.run(_open(drill, port, playbooks))
    return 0


def _read(playbooks: Path | None) -> tuple[Mapping[str, Drill], Sequence[Playbook]]:
    """The drills of the folder, and its trees."""
    if playbooks is not None and not playbooks.is_dir():
        raise InputError(f"{playbooks} is not a folder.", "Name the folder that holds triage.yaml.")
    settings = Settings(playbooks=FolderSettings(path=playbooks)) if playbooks else Settings()
    desk = open_desk(settings)
    return desk.drills, desk.playbooks.trees


async def _walk(drill: Drill, tree: Playbook, playbooks: Path | None) -> None:
    async with Stage(playbooks=playbooks) as stage:
        scene = Scene(stage, _write)
        await drill_story.walk(scene, drill, tree)
        _write(f"\nThe drill went by its key: {scene.checked} checks.\n")


async def _open(drill: Drill, port: int, playbooks: Path | None) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    _write("Starting the local workspace and the bot …\n")
    async with Stage(port, playbooks=playbooks) as stage:
        await drill_story.begin(Scene(stage, lambda _: None), drill)
        found = stage.local.workspace.named(drill_story.HOME)
        if found is None:
            raise InputError(f"#{drill_story.HOME} is not there.", "See the bot's log.")
        url = f"{stage.local.url.rstrip('/')}/client/{ENGINEER}/{found.id}"
        _write(INVITATION.format(url=url, home=drill_story.HOME))
        await stop.wait()


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
