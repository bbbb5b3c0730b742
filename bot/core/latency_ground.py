"""What every scenario of a simulation stands on: the stages' durations as they are, measured or assumed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.core.latency_budget import Budget, Stage, ordered
from bot.core.latency_result import REST
from bot.core.measurements import Measurements

if TYPE_CHECKING:  # on the way to an ack nobody needs numbers
    from bot.stats.stage import Treatment
    from bot.stats.tail import Beyond, Level
    from bot.stats.turns import Floats, Pool

DRAWS = 200_000
"""How often stages are drawn by themselves, at least: the p99 then varies by 0.4 % of its turns."""
OVERLAP = 0.05
"""A share of turns that are shorter than their stages, from which on the graph is doubted."""
SLACK_MS = 1.0
"""By which a turn may be shorter than its stages: clocks are rounded."""


@dataclass(frozen=True)
class Ground:
    """The stages' durations.

    pools: by stage, and `ordered` the same durations by size. usual: what each does by the budget. assumed:
    in words, stages that nobody measured. rest: what of each turn stands in no stage, None where the turn was
    not measured as a whole. p95s: of the stages as they are, ms.
    """

    budget: Budget
    measured: Measurements
    pools: Mapping[str, "Pool"] = field(repr=False)
    ordered: "Mapping[str, Floats]" = field(repr=False)
    usual: "Mapping[str, Treatment]"
    assumed: Mapping[str, str]
    p95s: Mapping[str, float]
    rest: "Floats | None" = field(repr=False)
    seed: int
    draws: int
    notes: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether every stage was measured in whole turns."""
        return self.measured.turns is not None and not self.assumed

    @property
    def why_not_whole(self) -> str:
        """The reason where they were not."""
        if self.measured.turns is not None:
            return f"{' and '.join(self.assumed)} stood in no measured turn"
        if self.measured.histograms:
            return "histograms do not say which stages were slow in the same turn"
        return "there are no measured turns"


def ground(budget: Budget, measured: Measurements, *, seed: int, draws: int) -> Ground:
    """Gather what is known of each stage; what nobody measured is assumed, and said to be."""
    import numpy as np

    from bot.stats.tail import at
    from bot.stats.turns import Pool, from_buckets

    turns, pools, assumed = measured.turns, dict[str, Pool](), dict[str, str]()
    many = max(draws, 0 if turns is None else len(turns))
    for stage in budget.stages:
        if turns is not None and stage.name in turns.ms:
            pools[stage.name] = Pool(turns.ms[stage.name], len(turns))
        elif stage.name in measured.histograms:
            pools[stage.name] = from_buckets(measured.histograms[stage.name], many)
        else:
            pools[stage.name], assumed[stage.name] = _assumed(stage, measured, many)
    in_order = {name: np.sort(pool.ms) for name, pool in pools.items()}
    p95s = {name: at(one, 0.95) for name, one in in_order.items()}
    rest, notes = _rest(budget, measured) if not assumed else (None, ())
    notes = (*notes, *(f"{name} {why}." for name, why in assumed.items()))
    usual = {stage.name: _usual(stage) for stage in budget.stages}
    return Ground(budget, measured, pools, in_order, usual, assumed, p95s, rest, seed, many, notes)


def p95_of(on: Ground, name: str) -> "tuple[Level, Beyond | None]":
    """A stage's p95 as it is, with which turns exceed it; None where no whole turns say so."""
    from bot.stats.tail import Level, beyond, level

    pool, ms = on.pools[name], on.p95s[name]
    turns = on.measured.turns
    if pool.n == float("inf"):
        return Level(0.95, ms, ms, ms), None
    if turns is None or name not in turns.ms:
        return level(on.ordered[name], 0.95, pool.n), None
    above = beyond(pool.ms > ms, turns.cluster)
    return level(on.ordered[name], 0.95, above.turns), above


def _usual(stage: Stage) -> "Treatment":
    """What a stage does by the budget: its fallback, and its hedging where the measured turns have none."""
    from bot.stats.stage import GivenUp, Second, Treatment

    fallback, hedge = stage.fallback, stage.hedge
    return Treatment(
        second=Second(hedge.after_ms, hedge.shared) if hedge and not hedge.measured else None,
        given_up=(GivenUp(fallback.after_ms, fallback.cost_ms),) if fallback else (),
    )


def _assumed(stage: Stage, measured: Measurements, draws: int) -> tuple["Pool", str]:
    """What a stage without measurements is taken to be, and that in words."""
    from bot.stats.turns import constant, lognormal

    why = measured.missing.get(stage.name, "has no measurements")
    p95 = stage.allocated_p95_ms
    if stage.assumed is None:
        return constant(p95), f"{why}: taken to be {p95:g} ms always, its allocation"
    p50 = stage.assumed.p50_ms
    said = f"{why}: taken to be lognormal, half of it above {p50:g} ms and 5 % above {p95:g} ms"
    return lognormal(p50, p95, draws), said


def _rest(budget: Budget, measured: Measurements) -> tuple["Floats | None", tuple[str, ...]]:
    """What of each turn stands in no stage; and a doubt where turns are shorter than their stages."""
    from bot.stats.turns import course

    turns = measured.turns
    if turns is None or turns.total is None:
        return None, ()
    after = {name: budget.after[name] for name in ordered(budget.after)}
    rest = turns.total - course(after, turns.ms).total
    short = float((rest < -SLACK_MS).mean())
    if short <= OVERLAP:
        return rest, ()
    said = (
        f"In {short:.0%} of turns the stages take longer than the turn did: some run side by side, and the "
        f"graph says that they wait. What stands in no stage ({REST}) is then below 0."
    )
    return rest, (said,)
