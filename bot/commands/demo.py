"""`lookout demo`: stories played in a local workspace, which then is yours, in the browser."""

import asyncio
import signal
import sys
from collections.abc import Sequence

from bot.demo import rehearsal
from bot.demo.scene import Scene, SceneError
from bot.demo.stage import Stage
from bot.demo.stories import STORIES
from bot.errors import InputError

EVERY, NONE = "all", "none"
"""What `--story` takes besides the name of one."""


def run(*, headless: bool, port: int, story: str = EVERY) -> int:
    """Return 0 when the stories went as written, or the person ended the demo.

    Raises:
        InputError: there is no such story.
        LookoutError: headless, a story went differently; or a part did not start.

    """
    names = {EVERY: tuple(STORIES), NONE: ()}.get(story, (story,))
    unknown = [name for name in names if name not in STORIES]
    if unknown:
        known = ", ".join((*STORIES, EVERY, NONE))
        raise InputError(f"There is no story {unknown[0]!r}.", f"Choose one of: {known}.")
    if headless:
        asyncio.run(_play(names))
    else:
        asyncio.run(_open(port, names))
    return 0


async def _play(names: Sequence[str]) -> None:
    async with Stage() as stage:
        await _tell(Scene(stage, _write), names)


async def _tell(scene: Scene, names: Sequence[str]) -> None:
    for name in names:
        await STORIES[name](scene)
    if names:
        await scene.verified()
        what = "The story" if len(names) == 1 else f"All {len(names)} stories"
        _write(f"\n{what} went as written: {scene.checked} checks.\n")


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


async def _open(port: int, names: Sequence[str]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    _write("Starting the local workspace, the bot and its sample data …\n")
    async with Stage(port) as stage:
        if names:
            what, time = (
                ("six stories are", "two minutes") if len(names) > 1 else ("a story is", "half a minute")
            )
            _write(rehearsal.PLAYING.format(url=stage.local.url, what=what, time=time))
        telling = asyncio.create_task(_shown(stage, names))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait((telling, stopping), return_when=asyncio.FIRST_COMPLETED)
        if not stop.is_set():
            await telling
            _write(
                rehearsal.INVITATION.format(url=stage.local.url, bot=stage.bot.pid, webhooks=stage.bot_url)
            )
            await stopping
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
        _write("\nEnding; nothing is left behind.\n")


async def _shown(stage: Stage, names: Sequence[str]) -> None:
    """Tell the stories while somebody may take part in them, and leave the workspace ready for more."""
    try:
        await _tell(Scene(stage, _write), names)
    except SceneError as error:
        _write(f"\nThe story went differently from here on, perhaps because of something you did: {error}\n")
    await rehearsal.prepare(stage)
