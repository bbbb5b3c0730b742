"""Work in a process apart: what computes for seconds must not share an interpreter with acknowledgements.

A child is this module run by Python; it takes pickled calls on its standard input and answers on its
standard output, one after the other, until the input ends: when the parent closes it, or dies however.
"""

import os
import pickle
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import IO, Any, ParamSpec, Protocol, TypeVar, cast

from bot.errors import LookoutError

P = ParamSpec("P")
R = TypeVar("R")

NICE = 5
"""How far a child stands back when there are fewer cores than work."""


class ApartError(LookoutError):
    """The child died, or what it was asked to do raised; the text says which, with the child's traceback."""


class Call(Protocol):
    """Calls a function, wherever; its arguments and its result can be pickled."""

    def __call__(self, function: Callable[P, R], /, *args: P.args, **named: P.kwargs) -> R:
        """Return what the function returns."""


def here(function: Callable[P, R], /, *args: P.args, **named: P.kwargs) -> R:
    """Call it in this process."""
    return function(*args, **named)


class Apart:
    """Children, one for each call under way; those that are done wait for the next call."""

    def __init__(self) -> None:
        self._idle: list[_Child] = []
        self._lock = threading.Lock()
        self._closed = False

    def warm(self, prepare: Callable[[], None]) -> None:
        """Start a child and let it `prepare` itself, so that the first call need not wait."""
        self(prepare)

    def __call__(self, function: Callable[P, R], /, *args: P.args, **named: P.kwargs) -> R:
        """Call it in a child and wait.

        Raises:
            ApartError: the child died, or the function raised.

        """
        message = pickle.dumps((function, args, named))
        with self._lock:
            child = self._idle.pop() if self._idle else None
        child = child or _Child()
        try:
            good, answer = child.ask(message)
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            raise ApartError(f"the process for {function.__name__} died ({child.kill()})") from error
        self._give_back(child)
        if not good:
            raise ApartError(f"{function.__name__} failed:\n{answer}")
        return cast(R, answer)

    def close(self) -> None:
        """End the children; one that is at work ends when its call has."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for child in idle:
            child.end()

    def _give_back(self, child: "_Child") -> None:
        with self._lock:
            if not self._closed:
                self._idle.append(child)
                return
        child.end()


class _Child:
    """A process that is told what to do, one thing at a time."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", __name__]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - ourselves
        self._calls = cast(IO[bytes], self._process.stdin)
        self._answers = cast(IO[bytes], self._process.stdout)

    def ask(self, message: bytes) -> tuple[bool, Any]:
        self._calls.write(message)
        self._calls.flush()
        good, answer = pickle.load(self._answers)  # noqa: S301 - from our own child, over a pipe of our own
        return good, answer

    def end(self) -> int:
        with suppress(OSError):
            self._calls.close()
        code = self._process.wait()
        self._answers.close()
        return code

    def kill(self) -> int:
        self._process.kill()
        return self.end()


def _serve() -> None:
    """Be the child."""
    for number in (signal.SIGINT, signal.SIGTERM):  # they reach all; the parent says when to end
        signal.signal(number, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(NICE)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not stand among the answers
    while True:
        try:
            function, args, named = pickle.load(sys.stdin.buffer)  # noqa: S301 - from our own parent
        except EOFError:
            return
        try:
            answer = (True, function(*args, **named))
        except Exception:  # noqa: BLE001 - it is raised again in the parent
            answer = (False, traceback.format_exc())
        pickle.dump(answer, answers)
        answers.flush()


if __name__ == "__main__":
    _serve()
