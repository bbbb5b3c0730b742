"""What could be done to a pipeline: each way to make a turn faster, or slower, as a value.

A `WhatIf` is some changes together, applied in their order to the budget and to its measured turns.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True)
class Parallel:
    """Two stages, one directly after the other, begin together; what waited for the later one waits for
    both."""

    first: str
    second: str


@dataclass(frozen=True)
class Cap:
    """A stage is given up after `after_ms`; `to` is used instead, which takes `cost_ms` more."""

    stage: str
    after_ms: float
    to: str = ""
    cost_ms: float = 0.0


@dataclass(frozen=True)
class HedgeCall:
    """A second request to a stage that has not answered after `after_ms`; the first answer counts.

    shared: correlation of the ranks of the two, from 0 to 1.
    """

    stage: str
    after_ms: float
    shared: float = 0.0


@dataclass(frozen=True)
class NewP95:
    """A stage whose p95 becomes `p95_ms`: all its durations are scaled, slow turns stay slow."""

    stage: str
    p95_ms: float


@dataclass(frozen=True)
class NewDurations:
    """A stage takes what another column of a file says, rank by rank: slow turns stay slow.

    path: Parquet or CSV below the budget's folder; column: durations; unit_ms: ms of one unit.
    """

    stage: str
    path: str
    column: str
    unit_ms: float = 1.0


@dataclass(frozen=True)
class TopK:
    """A stage works on `to` items and no longer on `now`: its durations change as its measured p95 does.

    p95_ms: the measured p95 by number of items; between two of them it is read off the line, never beyond.
    cost: what that costs elsewhere, in words ("0.4 % NDCG").
    """

    stage: str
    now: int
    to: int
    p95_ms: Mapping[int, float] = field(default_factory=dict)
    cost: str = ""


After: TypeAlias = Mapping[str, tuple[str, ...]]
"""The stages that must be done before each may begin."""

Change: TypeAlias = Parallel | Cap | HedgeCall | NewP95 | NewDurations | TopK


@dataclass(frozen=True)
class WhatIf:
    """Some changes together. `title` is the question ("the new reranker"), `id` names it in commands."""

    id: str
    title: str
    changes: tuple[Change, ...]


def side_by_side(after: After, first: str, second: str) -> After:
    """The graph in which two stages, one directly after the other, begin together.

    Raises:
        ValueError: with the reason, where they already do or another stage stands between them.

    """
    if second in _before(after, first):
        first, second = second, first
    behind = _before(after, second)
    if first not in behind:
        raise ValueError(f"{first} and {second} do not wait for each other as it is")
    between = next((name for name in behind if first in _before(after, name)), None)
    if between is not None:
        raise ValueError(f"{between} stands between {first} and {second}")
    moved = {name: (*waits, first) if second in waits else waits for name, waits in after.items()}
    moved[second] = (*(name for name in after[second] if name != first), *after[first])
    return {name: tuple(dict.fromkeys(waits)) for name, waits in moved.items()}


def _before(after: After, name: str) -> list[str]:
    """The stages that must be done before this one begins, directly or by way of others, in their order."""
    seen, left = set[str](), list(after[name])
    while left:
        one = left.pop()
        if one not in seen:
            seen.add(one)
            left += after[one]
    return [one for one in after if one in seen]
