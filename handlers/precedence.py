"""Acknowledgements to Slack first: what is worked off behind them waits while one is being made.

All threads share one interpreter, so a person's three seconds are spent on whatever else runs just then.
What was stored can wait, but not for ever. Webhooks take no precedence: in a storm one is always under way,
and what they bring would hardly be worked off.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

AT_MOST = 0.25
"""Seconds a step waits, at most."""


class Precedence:
    """Knows whether an acknowledgement is under way; used in the event loop's thread alone."""

    def __init__(self) -> None:
        self._under_way = 0
        self._nobody = asyncio.Event()
        self._nobody.set()

    @contextmanager
    def first(self) -> Iterator[None]:
        """Acknowledge within this block."""
        self._under_way += 1
        self._nobody.clear()
        try:
            yield
        finally:
            self._under_way -= 1
            if self._under_way == 0:
                self._nobody.set()

    async def give_way(self) -> None:
        """Return when no acknowledgement is under way, or has been for too long."""
        if self._under_way:
            with suppress(TimeoutError):
                async with asyncio.timeout(AT_MOST):
                    await self._nobody.wait()
