"""A time-out for engines that have none of their own: a thread that interrupts them when it is over."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

AGAIN = 0.2
"""Seconds between two interruptions: one that falls between two queries reaches neither."""


@contextmanager
def deadline(seconds: float, cancel: Callable[[], None]) -> Iterator[threading.Event]:
    """Call `cancel` from another thread when `seconds` have passed, until the body has ended.

    Gives the event that is set when they have: what the body then raises is the interruption.
    """
    over, done = threading.Event(), threading.Event()

    def watch() -> None:
        if done.wait(seconds):
            return
        over.set()
        while not done.is_set():
            cancel()
            done.wait(AGAIN)

    watcher = threading.Thread(target=watch, name="deadline", daemon=True)
    watcher.start()
    try:
        yield over
    finally:
        done.set()
        watcher.join()
