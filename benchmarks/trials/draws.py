"""Batches of arms: rows where the shape of the data matters, sufficient statistics where it does not."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from bot.stats.arm import Arm
from bot.stats.effect import Effect, compare
from bot.stats.sample import Sample
from bot.stats.sequential import Plan

Array = npt.NDArray[np.float64]
Pairs = list[tuple[Sample, Sample]]

FEW = 500
"""Replications whose rows are held in memory at once."""


def batches(replications: int) -> Iterator[slice]:
    """Consecutive stretches of the replications."""
    for first in range(0, replications, FEW):
        yield slice(first, min(first + FEW, replications))


def samples(first: Array, *others: Array) -> list[Sample]:
    """One sample per replication from rows of shape (replications, units), one array per column."""
    columns = [first, *others]
    n, names = first.shape[1], ("y", "x", "w", "v")[: len(columns)]
    means = np.stack([c.mean(axis=1) for c in columns], axis=1)
    centred = [c - c.mean(axis=1, keepdims=True) for c in columns]
    cov = np.empty((len(first), len(columns), len(columns)))
    for i, a in enumerate(centred):
        for j, b in enumerate(centred[: i + 1]):
            cov[:, i, j] = cov[:, j, i] = np.einsum("ru,ru->r", a, b) / (n - 1)
    return [Sample(n, names, mean, matrix) for mean, matrix in zip(means, cov, strict=True)]


def normal_looks(
    rng: np.random.Generator, replications: int, sizes: Sequence[int], mean: float = 0.0, sd: float = 1.0
) -> list[list[Arm]]:
    """The arm of normal units at each look, per look and replication; sizes are cumulative.

    Drawn as mean and squared deviations of the units between two looks, which is exact for normal units,
    and merged (Chan, Golub & LeVeque 1983).
    """
    n, centre, squares = 0, np.zeros(replications), np.zeros(replications)
    looks = []
    for size in sizes:
        new = size - n
        fresh = rng.normal(mean, sd / np.sqrt(new), replications)
        gap = fresh - centre
        squares = squares + sd * sd * rng.chisquare(new - 1, replications) + gap * gap * n * new / size
        centre, n = centre + gap * new / size, size
        spread = np.sqrt(squares / (n - 1))
        looks.append([Arm(n, m, s) for m, s in zip(centre.tolist(), spread.tolist(), strict=True)])
    return looks


def effects(control: Sequence[Arm], treatment: Sequence[Arm]) -> list[Effect]:
    """The product's comparison, once per replication."""
    found = [compare(c, t) for c, t in zip(control, treatment, strict=True)]
    assert all(isinstance(effect, Effect) for effect in found)
    return found  # type: ignore[return-value]


def scores(looks: Sequence[Sequence[Effect]]) -> Array:
    """Z per replication and look."""
    return np.array([[effect.z for effect in look] for look in looks]).T


def stops(plan: Plan, z: Array) -> npt.NDArray[np.int64]:
    """The look (from 0) at which each replication stops: crossed or futile, futility obeyed, else the last.

    z: per replication and look, in the declared direction.
    """
    ended = z >= np.array(plan.z)
    if plan.sided == 2:
        ended |= -z >= np.array(plan.z)
    if plan.floor:
        ended |= z < np.array(plan.floor)
    return np.where(ended.any(axis=1), ended.argmax(axis=1), plan.last)
