"""Eighteen cells with an hour of the week, wander of their own and in common: what monitors are tried on."""

import numpy as np
from numpy.typing import NDArray

from bot.stats.monitor import WEEK, Block

SHARES = np.outer(np.outer([0.55, 0.30, 0.15], [0.60, 0.25, 0.15]).ravel(), [0.7, 0.3]).ravel()
"""locale x device x tenure."""


def rates(
    rng: np.random.Generator, weeks: int, *, wander: float = 0.02, rho: float = 0.97, per_hour: float = 10_000
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Trials and true rates by hour and cell; wander: standard deviation of an AR(1), own and common."""
    hours, cells = weeks * WEEK, len(SHARES)
    hour = np.arange(hours)
    day, weekend = np.sin(2 * np.pi * hour / 24), (hour // 24) % 7 >= 5
    trials = rng.poisson(per_hour * SHARES * (1 + 0.6 * day + 0.1 * weekend)[:, None])
    swing, phase = rng.uniform(0.02, 0.08, cells), rng.uniform(0, 6, cells)
    usual = 0.18 * rng.uniform(0.7, 1.3, cells)
    usual = usual * (1 + swing * np.sin(2 * np.pi * hour[:, None] / 24 + phase) + 0.04 * weekend[:, None])
    moved = _wander(rng, hours, 1, wander, rho) + _wander(rng, hours, cells, wander, rho)
    return trials, np.clip(usual * np.exp(moved), 0, 1)


def block(rng: np.random.Generator, trials: NDArray[np.int64], rate: NDArray[np.float64]) -> Block:
    """What was counted."""
    return Block(rng.binomial(trials, rate).astype(float), trials.astype(float), np.arange(len(rate)) % WEEK)


def _wander(rng: np.random.Generator, hours: int, cells: int, sd: float, rho: float) -> NDArray[np.float64]:
    moved = rng.normal(size=(hours, cells)) * sd
    for hour in range(1, hours):
        moved[hour] = rho * moved[hour - 1] + np.sqrt(1 - rho**2) * moved[hour]
    return moved
