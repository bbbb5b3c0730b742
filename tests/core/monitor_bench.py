"""A monitor and weeks of its numbers, to be tried on."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np

from bot.core.monitor import HOUR, Feed, History, Monitor, Seasonal
from bot.stats.monitor import Block
from tests.stats.monitor_world import block, rates

START = datetime(2026, 9, 7, tzinfo=UTC)
"""A Monday."""
CELLS = tuple(product(("en", "jp", "mixed"), ("mobile", "desktop", "app"), ("returning", "new")))


def monitor(**fields: Any) -> Monitor:
    """The useful-answer rate by locale, device and tenure."""
    return Monitor(
        **{
            "id": "useful_answer_rate", "title": "Useful-answer rate", "metric": "useful_answer_rate",
            "service": "reranker", "feed": Feed("prom", "useful", "answers"), "method": Seasonal(),
            "sha256": "0" * 64, "cohorts": ("locale", "device", "tenure"), **fields,
        }
    )  # fmt: skip


@lru_cache(maxsize=32)
def _counted(weeks: int, seed: int, fall: tuple[int, int, float] | None, world: tuple[Any, ...]) -> Block:
    rng = np.random.default_rng(seed)
    trials, rate = rates(rng, weeks, **{"wander": 0.005, **dict(world)})
    if fall is not None:
        hour, cell, by = fall
        rate[hour:, slice(None) if cell < 0 else cell] *= 1 - by
    return block(rng, trials, rate)


def history(
    weeks: int, *, seed: int = 4, fall: tuple[int, int, float] | None = None, **world: Any
) -> History:
    """Counts by hour and cell; fall: from this hour on, this cell (or -1 for all) is lower by so much."""
    counted = _counted(weeks, seed, fall, tuple(world.items()))
    return History(START, HOUR, CELLS, counted.x, counted.n)


__all__ = ["CELLS", "START", "history", "monitor", "replace"]
