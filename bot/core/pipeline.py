"""A budget's pipeline with what could be done to it: its graph, and what each stage does to its durations."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bot.core.latency_budget import ordered
from bot.core.latency_ground import Ground, p95_of
from bot.core.measurements import Measurements
from bot.core.what_if import (
    After,
    Cap,
    Change,
    HedgeCall,
    NewDurations,
    NewP95,
    Parallel,
    TopK,
    WhatIf,
    side_by_side,
)
from bot.stats.undecided import Undecided

if TYPE_CHECKING:  # on the way to an ack nobody needs numbers
    from bot.stats.stage import Treatment
    from bot.stats.tail import Beyond, Level


@dataclass(frozen=True)
class Pipeline:
    """The graph, each stage after those it waits for, and what each stage does to its durations.

    leans: by stage the estimate that its durations were scaled by, or that they come from.
    """

    after: After
    stages: Mapping[str, "Treatment"]
    leans: Mapping[str, "Lean"] = field(default_factory=dict)


@dataclass(frozen=True)
class Lean:
    """An estimate of a stage's p95 whose error is one of the turn's.

    sign: -1 where durations were divided by it, 1 where they are proportional to it. beyond: which measured
    turns exceed it, None where it was measured in others.
    """

    level: "Level"
    sign: int
    beyond: "Beyond | None" = field(repr=False)


def pipeline(on: Ground, what_if: WhatIf | None) -> Pipeline | Undecided:
    """The budget with some changes; Undecided, with the reason, where one cannot be made to it."""
    found = Pipeline(on.budget.after, on.usual)
    known = dict(on.p95s)
    for change in () if what_if is None else what_if.changes:
        made = _made(on, found, change, known)
        if isinstance(made, Undecided):
            return made
        found = made
    return replace(found, after={name: found.after[name] for name in ordered(found.after)})


def _made(on: Ground, found: Pipeline, change: Change, p95s: dict[str, float]) -> Pipeline | Undecided:
    from bot.stats.stage import GivenUp, Second

    if isinstance(change, Parallel):
        try:
            return replace(found, after=side_by_side(found.after, change.first, change.second))
        except ValueError as error:
            return Undecided(str(error))
    usual = found.stages[change.stage]
    if isinstance(change, Cap):
        given_up = (*usual.given_up, GivenUp(change.after_ms, change.cost_ms))
        return _with(found, change.stage, replace(usual, given_up=given_up))
    if isinstance(change, HedgeCall):
        return _with(found, change.stage, replace(usual, second=Second(change.after_ms, change.shared)))
    if isinstance(change, NewDurations):
        return _replaced(found, change, on.measured, p95s)
    return _scaled(on, found, change, p95s)


def _with(found: Pipeline, stage: str, treatment: "Treatment") -> Pipeline:
    return replace(found, stages={**found.stages, stage: treatment})


def _replaced(
    found: Pipeline, change: NewDurations, measured: Measurements, p95s: dict[str, float]
) -> Pipeline | Undecided:
    import numpy as np

    from bot.stats.tail import level

    durations = measured.others.get(change)
    if durations is None:
        reason = measured.missing.get(change.path, "nobody has read it")
        return Undecided(f"the durations of {change.path} cannot be had: {reason}")
    lean = Lean(level(np.sort(durations), 0.95), 1, None)
    p95s[change.stage] = lean.level.ms
    usual = found.stages[change.stage]
    made = _with(found, change.stage, replace(usual, replaced=durations, factor=1.0))
    return replace(made, leans={**found.leans, change.stage: lean})


def _scaled(
    on: Ground, found: Pipeline, change: NewP95 | TopK, p95s: dict[str, float]
) -> Pipeline | Undecided:
    """All durations times the new p95 over that of now."""
    if isinstance(change, TopK):
        factor = between(change.p95_ms, change.to) / between(change.p95_ms, change.now)
    elif p95s[change.stage] <= 0:
        return Undecided(f"{change.stage} takes no time now, so that it cannot be scaled to a p95")
    else:
        factor = change.p95_ms / p95s[change.stage]
    p95s[change.stage] *= factor
    usual = found.stages[change.stage]
    made = _with(found, change.stage, replace(usual, factor=usual.factor * factor))
    if isinstance(change, TopK):
        return made
    known = found.leans.get(change.stage)
    if known is not None:  # of other durations, or scaled already
        lean = replace(known, sign=-1)
    else:
        own = p95_of(on, change.stage)
        lean = Lean(own[0], -1, own[1])
    return replace(made, leans={**found.leans, change.stage: lean})


def between(known: Mapping[int, float], k: int) -> float:
    """Read a measured p95 at `k` items, off the line between the two measured on either side of it.

    >>> between({20: 190.0, 30: 240.0}, 25)
    215.0

    Raises:
        ValueError: it lies outside those measured.

    """
    if not known or not min(known) <= k <= max(known):
        raise ValueError(f"{k} items lie outside those measured")
    low, high = max(one for one in known if one <= k), min(one for one in known if one >= k)
    if low == high:
        return known[low]
    return known[low] + (known[high] - known[low]) * (k - low) / (high - low)
