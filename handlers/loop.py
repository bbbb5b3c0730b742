"""A loop that works off what is waiting: woken when something comes in, looking for itself now and then."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger()

EVERY = 0.25
"""Seconds between looks when nobody woke the loop: another process may have stored something."""

AFTER_TROUBLE = 2.0
"""Seconds to wait when the database itself fails."""


class Loop:
    """Runs `step` in a thread until it returns False (nothing left), then waits to be woken.

    `before` is awaited before each step. `after` is called when a step did something: what it left to do
    elsewhere need not wait for a poll.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[], bool],
        *,
        before: Callable[[], Awaitable[None]],
        after: Callable[[], None],
    ) -> None:
        self._name = name
        self._step = step
        self._before = before
        self._after = after
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Look now; safe only in the event loop's thread."""
        self._woken.set()

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        """Finish the step under way, then end."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def trouble(self) -> str:
        """Why the loop no longer runs; empty while it does."""
        if self._task is None:
            return "not started"
        return "ended" if self._task.done() else ""

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            await self._before()
            try:
                more = await asyncio.shield(asyncio.to_thread(self._step))
            except Exception:
                log.exception("loop_step_failed", loop=self._name)
                await asyncio.sleep(AFTER_TROUBLE)
                continue
            if more:
                self._after()
                continue
            try:
                await asyncio.wait_for(self._woken.wait(), EVERY)
            except TimeoutError:
                continue
