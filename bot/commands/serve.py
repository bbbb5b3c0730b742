"""`lookout serve`: the bot, until told to stop."""

import asyncio
import signal
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from bot import logs, settings
from bot.app import Lookout
from bot.services.opening import open_desk

THREADS = 16
"""Database work and evidence wait more than they compute; the default would be two more than the cores."""


def run(environment: Mapping[str, str]) -> int:
    """Read the configuration, check it whole, then serve until SIGINT or SIGTERM."""
    configured = settings.load(environment)
    logs.configure(level=environment.get("LOOKOUT_LOG_LEVEL", "INFO"))
    lookout = Lookout(configured, open_desk(configured))
    asyncio.run(_serve(lookout))
    return 0


async def _serve(lookout: Lookout) -> None:
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, "lookout"))
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await lookout.run(stop)
