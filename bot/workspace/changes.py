"""How a page, a test or a demo hears that something in the workspace moved."""

import asyncio
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Final, TypeVar

from bot.workspace.records import Change

Found = TypeVar("Found")

KINDS: Final = (
    "message",  # a message was posted, edited, pinned or reacted to
    "deleted",  # a message went away
    "channel",  # a channel was created, renamed, joined, archived, or got a topic
    "read",  # someone's read mark moved
    "view",  # a modal or Home tab was opened, changed or closed
    "file",  # a file was uploaded
    "commands",  # slash commands were registered
    "warning",  # the app did something that Slack would not put up with
    "clock",  # the time was advanced
    "app",  # the app connected or went away
    "everything",  # draw anew
    "closing",  # the workspace goes away; pages end their streams
)
_BACKLOG: Final = 1000  # changes a slow listener may fall behind before it is told to draw anew


class Subscription:
    """A listener's queue of changes: a context manager and an asynchronous iterator."""

    def __init__(self, listeners: "set[Subscription]") -> None:
        self._listeners = listeners
        self._queue: asyncio.Queue[Change] = asyncio.Queue()

    def put(self, change: Change) -> None:
        """Queue a change; when the listener has fallen too far behind, only "everything" remains."""
        if self._queue.qsize() >= _BACKLOG:
            while not self._queue.empty():
                self._queue.get_nowait()
            change = Change("everything")
        self._queue.put_nowait(change)

    async def get(self) -> Change:
        """The next change, when there is one."""
        return await self._queue.get()

    async def __aiter__(self) -> AsyncIterator[Change]:
        while True:
            yield await self._queue.get()

    def __enter__(self) -> "Subscription":
        self._listeners.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listeners.discard(self)


class Listeners:
    """Those who want to hear of changes, and the telling of them."""

    def __init__(self) -> None:
        self._all: set[Subscription] = set()

    def subscribe(self) -> Subscription:
        """A queue of the changes from now on; use it as a context manager."""
        return Subscription(self._all)

    async def until(self, found: Callable[[], Found | None], timeout: float = 5.0) -> Found:
        """Wait until `found` gives something true, asking again at every change.

        TimeoutError after `timeout` seconds.
        """
        with self.subscribe() as changes:
            async with asyncio.timeout(timeout):
                while not (something := found()):
                    await changes.get()
        return something

    @property
    def listened_to(self) -> bool:
        """Whether anybody listens."""
        return bool(self._all)

    def tell(self, kind: str, **touched: str) -> None:
        """Let every listener know that something moved."""
        change = Change(kind, **touched)
        for listener in tuple(self._all):
            listener.put(change)
