"""`lookout demo`: both stories in a local workspace; by hand in the browser, or played headless."""

import asyncio
import signal
import sys

from bot.demo import rehearsal, story
from bot.demo.scene import Scene
from bot.demo.stage import Stage


def run(*, headless: bool, port: int) -> int:
    """Return 0 when the story went as written, or the person ended the demo; 2 when a part did not start.

    Raises:
        LookoutError: the story went differently, or a part did not start.

    """
    if headless:
        asyncio.run(_play())
    else:
        asyncio.run(_open(port))
    return 0


async def _play() -> None:
    async with Stage() as stage:
        scene = Scene(stage, _write)
        await story.launch(scene)
        await story.incident(scene)
        print(f"\nBoth stories went as written: {scene.checked} checks.")


def _write(text: str) -> None:
    sys.stdout.write(text)


async def _open(port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    print("Starting the local workspace, the bot and its sample data …")
    async with Stage(port) as stage:
        await rehearsal.prepare(stage)
        print(rehearsal.INVITATION.format(url=stage.local.url, bot=stage.bot.pid, webhooks=stage.bot_url))
        await stop.wait()
        print("\nEnding; nothing is left behind.")
