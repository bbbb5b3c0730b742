"""What the benchmarks share: requests kept in flight, the time each took, and how that is printed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np


@dataclass(frozen=True)
class Taken:
    """How long each request took, and how long all of them together, in seconds."""

    seconds: Sequence[float]
    together: float

    def at(self, share: float) -> float:
        """The time, in ms, within which `share` of the requests were answered."""
        return float(np.quantile(self.seconds, share, method="higher")) * 1000

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.seconds) / self.together

    def __str__(self) -> str:
        spread = "  ".join(f"{name} {self.at(share):6.1f}" for name, share in SHARES.items())
        return f"{len(self.seconds):6,} answered  {spread} ms  {self.rate:7,.0f}/s"


SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}


async def closed(works: Sequence[Callable[[], Awaitable[None]]], at_once: int, pause: float = 0.0) -> Taken:
    """Do all works by `at_once` people, each asking again `pause` seconds after being answered."""
    left = iter(works)
    seconds: list[float] = []

    async def person() -> None:
        for work in left:
            began = perf_counter()
            await work()
            seconds.append(perf_counter() - began)
            await asyncio.sleep(pause)

    began = perf_counter()
    await asyncio.gather(*(person() for _ in range(at_once)))
    return Taken(seconds, perf_counter() - began)


async def paced(work: Callable[[int], Awaitable[None]], rate: float, seconds: float) -> Taken:
    """Begin `rate` works a second, evenly, whether or not those before have ended.

    Each is timed from the moment it was meant to begin, so that a stall is seen by all who came in it.
    """
    took: list[float] = []

    async def one(number: int, due: float) -> None:
        await work(number)
        took.append(perf_counter() - due)

    began = perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(round(rate * seconds)):
            due = began + number / rate
            if (early := due - perf_counter()) > 0:
                await asyncio.sleep(early)
            group.create_task(one(number, due))
    return Taken(took, perf_counter() - began)
