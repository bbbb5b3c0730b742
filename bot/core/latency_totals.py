"""The turn of one scenario by each method, with what it rests on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.core.latency_budget import QUANTILES, critical_path
from bot.core.latency_drawn import Drawn, Seen, drawn_apart, own_histogram, seen
from bot.core.latency_ground import Ground
from bot.core.latency_result import REST, Estimate, Method, Shape, StageResult
from bot.core.pipeline import Lean, Pipeline
from bot.core.what_if import After
from bot.stats.undecided import Undecided

if TYPE_CHECKING:  # on the way to an ack nobody needs numbers
    from bot.stats.tail import Beyond, Level
    from bot.stats.turns import Course, Floats, Pool

BINS = 60
"""Of the picture of a distribution."""
AROUND = 0.005
"""How far around the SLO's quantile turns count as about that long, as a share of all."""


@dataclass(frozen=True)
class Whole:
    """The turns of a scenario. beyond: which are above each quantile, and how many independent ones they are
    as good as; over: the same of the SLO."""

    course: "Course" = field(repr=False)
    total: "Floats" = field(repr=False)
    ordered: "Floats" = field(repr=False)
    beyond: "Mapping[float, Beyond]" = field(repr=False)
    over: "Beyond" = field(repr=False)


@dataclass(frozen=True)
class Totals:
    """What was found; `whole` is None where turns cannot be had whole.

    leans: other estimates that it rests on, each with how far the turn moves as it does.
    """

    estimates: Mapping[Method, Estimate | Undecided]
    stages: tuple[StageResult, ...]
    path: tuple[str, ...]
    whole: Whole | None
    slo_quantile: float
    shapes: Mapping[Method, Shape] = field(repr=False)
    seen: Mapping[str, Seen] = field(repr=False)
    drawn: "Mapping[str, Pool]" = field(repr=False)
    leans: "tuple[tuple[Lean, float], ...]" = field(default=(), repr=False)

    def estimate(self, method: Method) -> Estimate | None:
        """What a method found; None where it could not."""
        found = self.estimates.get(method)
        return found if isinstance(found, Estimate) else None

    def longer_than(self, other: "Totals", method: Method) -> "Level | None":
        """How much longer the SLO's quantile is; of whole turns with what both have in common taken out."""
        from bot.stats.tail import combined, together

        ours, theirs = self.estimate(method), other.estimate(method)
        if ours is None or theirs is None:
            return None
        levels = [one.at(self.slo_quantile) for one in (ours, theirs)]
        errors = [_error(lean.level) for lean, _ in self.leans]
        weights = [1.0, -1.0, *(weight for _, weight in self.leans)]
        correlations = None
        if method is Method.WHOLE and self.whole is not None and other.whole is not None:
            ends = [one.beyond[self.slo_quantile] for one in (self.whole, other.whole)]
            correlations = together([*ends, *(lean.beyond for lean, _ in self.leans)])
        return combined([*levels, *errors], weights, correlations)


def _error(level: "Level") -> "Level":
    """How far a level may be off, around 0."""
    from bot.stats.tail import Level

    low, high = (None if end is None else end - level.ms for end in (level.low, level.high))
    return Level(level.quantile, 0.0, low, high)


def totals(on: Ground, made: Pipeline, number: int, first: Totals | None) -> Totals:
    """Compute one scenario; `number` makes its random numbers its own.

    first: the pipeline as it is, whose stages and draws are taken over where nothing else is done to them.
    """
    import numpy as np

    rng = np.random.default_rng([on.seed, number])
    same = {name for name, what in made.stages.items() if first and what is on.usual[name]}
    known = {name: one for name, one in first.seen.items() if name in same or name == REST} if first else {}
    stages = {name: known.get(name) or seen(on, name, made.stages[name], rng) for name in made.after}
    graph = dict(made.after)
    if on.rest is not None:
        stages[REST] = known.get(REST) or seen(on, REST, None, rng)
        graph[REST] = tuple(_last(made.after))
    estimates: dict[Method, Estimate | Undecided] = {}
    shapes: dict[Method, Shape] = {}
    whole = _whole(on, graph, stages) if on.whole else None
    if whole is None:
        estimates[Method.WHOLE] = Undecided(on.why_not_whole)
    else:
        estimates[Method.WHOLE] = _estimate(whole)
        shapes[Method.WHOLE] = shape(whole.ordered)
    drawn = {name: first.drawn[name] for name in known if name in first.drawn} if first else {}
    apart = drawn_apart(on, graph, stages, drawn, rng)
    if isinstance(apart, Drawn):
        estimates[Method.INDEPENDENT] = apart.estimate
        shapes[Method.INDEPENDENT] = shape(apart.ordered)
    else:
        estimates[Method.INDEPENDENT] = apart
    path, estimates[Method.ADDITIVE] = _added_up(on, graph, stages)
    turn = own_histogram(on) if number == 0 else None
    if turn is not None:
        estimates[Method.HISTOGRAM] = turn
    near: Mapping[str, tuple[float, float]] = {}
    pools = apart.pools if isinstance(apart, Drawn) else {}
    if whole is not None:
        near = _near(on, {name: one.pool.ms for name, one in stages.items()}, whole.course, whole.ordered)
    elif isinstance(apart, Drawn):
        near = _near(on, {name: one.ms for name, one in pools.items()}, apart.course, apart.ordered)
    results = tuple(_result(on, name, stages[name], near.get(name)) for name in graph)
    leans = tuple(
        (lean, lean.sign * near[name][1] / lean.level.ms)
        for name, lean in made.leans.items()
        if name in near and lean.level.ms > 0
    )
    slo = on.budget.slo.quantile
    return Totals(estimates, results, path, whole, slo, shapes, stages, pools, leans)


def _last(after: After) -> list[str]:
    """The stages that no other waits for."""
    waited = {one for waits in after.values() for one in waits}
    return [name for name in after if name not in waited]


def _whole(on: Ground, graph: After, stages: Mapping[str, Seen]) -> Whole:
    """Every measured turn, put together again."""
    import numpy as np

    from bot.stats.tail import at, beyond
    from bot.stats.turns import course

    cluster = None if on.measured.turns is None else on.measured.turns.cluster
    found = course(graph, {name: one.pool.ms for name, one in stages.items()})
    ordered = np.sort(found.total)
    above = {q: beyond(found.total > at(ordered, q), cluster) for q in QUANTILES}
    return Whole(found, found.total, ordered, above, beyond(found.total > on.budget.slo.ms, cluster))


def _estimate(whole: Whole) -> Estimate:
    from bot.stats.tail import level, share

    n = whole.over.turns
    levels = tuple(level(whole.ordered, q, whole.beyond[q].turns) for q in QUANTILES)
    return Estimate(levels, share(whole.over.share * n, n))


def _added_up(
    on: Ground, graph: After, stages: Mapping[str, Seen]
) -> tuple[tuple[str, ...], Estimate | Undecided]:
    """Quantiles along the longest path, and the path at the SLO's quantile."""
    from bot.stats.tail import combined, together

    found = []
    paths: dict[float, tuple[str, ...]] = {}
    for at, quantile in enumerate(QUANTILES):
        ms = {name: one.levels[at].ms for name, one in stages.items()}
        path = paths[quantile] = critical_path(graph, ms)
        levels = [stages[name].levels[at] for name in path]
        correlations = None
        if on.whole:
            correlations = together([stages[name].beyond[at] for name in path])
        found.append(combined(levels, [1.0] * len(levels), correlations))
    return paths[on.budget.slo.quantile], Estimate(tuple(found))


def _near(
    on: Ground, ms: "Mapping[str, Floats]", found: "Course", ordered: "Floats"
) -> dict[str, tuple[float, float]]:
    """Each stage's mean beginning and duration in turns about as long as the SLO's quantile.

    Along a serial graph the durations add up to the mean of those turns: conditional means are how a sum's
    quantile is shared out (Tasche 1999, "Risk contributions and performance measurement", theorem 4.4).
    """
    import numpy as np

    from bot.stats.tail import at

    quantile = on.budget.slo.quantile
    around = max(AROUND, min(25 / len(ordered), 1 - quantile))
    low, high = at(ordered, quantile - around), at(ordered, min(quantile + around, 1.0))
    turns = np.flatnonzero((found.total >= low) & (found.total <= high))
    return {
        name: (
            float(np.broadcast_to(found.begins[name], found.total.shape)[turns].mean()),
            float(np.broadcast_to(ms[name], found.total.shape)[turns].mean()),
        )
        for name in ms
    }


def _result(on: Ground, name: str, one: Seen, near: tuple[float, float] | None) -> StageResult:
    return StageResult(
        name=name,
        levels=one.levels,
        assumed=on.assumed.get(name, ""),
        given_up=one.given_up,
        warned=one.late,
        twice=one.twice,
        near=None if near is None else near[1],
        begins=None if near is None else near[0],
    )


def shape(ordered: "Floats") -> Shape:
    """Shares of turns by length, from the shortest to the longest but one in a thousand."""
    import numpy as np

    from bot.stats.tail import at

    start, end = float(ordered[0]), at(ordered, 0.999)
    width = (end - start) / BINS or 1.0
    places = np.searchsorted(ordered, start + width * np.arange(BINS + 1), side="right")
    places[0] = 0
    return Shape(start, width, tuple(float(one) / len(ordered) for one in np.diff(places)))
