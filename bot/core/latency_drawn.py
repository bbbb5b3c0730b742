"""Stages of a scenario by themselves, and the turn when each is drawn by itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.core.latency_budget import QUANTILES
from bot.core.latency_ground import Ground
from bot.core.latency_result import REST, Estimate
from bot.core.what_if import After
from bot.stats.undecided import Undecided

if TYPE_CHECKING:  # on the way to an ack nobody needs numbers
    import numpy as np

    from bot.stats.stage import Treated, Treatment
    from bot.stats.tail import Beyond, Level, Share
    from bot.stats.turns import Course, Flags, Floats, Pool


@dataclass(frozen=True)
class Seen:
    """A stage of a scenario: its durations, their levels, which turns are beyond each, and as how many
    independent ones they count.

    twice, given_up, late: shares of its requests, None where that is not done.
    """

    pool: "Pool" = field(repr=False)
    levels: tuple["Level", ...]
    beyond: "tuple[Beyond, ...]" = field(repr=False)
    told: tuple[float, ...]
    twice: "Share | None" = None
    given_up: "Share | None" = None
    late: "Share | None" = None


@dataclass(frozen=True)
class Drawn:
    """The turn by stages drawn by themselves."""

    estimate: Estimate
    pools: "Mapping[str, Pool]" = field(repr=False)
    course: "Course" = field(repr=False)
    ordered: "Floats" = field(repr=False)


def seen(on: Ground, name: str, what: "Treatment | None", rng: "np.random.Generator") -> Seen:
    """A stage with its treatment; the rest of the turn has none."""
    import numpy as np

    from bot.stats.stage import Treated, treated
    from bot.stats.tail import at, beyond, share_of
    from bot.stats.turns import Pool

    if what is None:
        rest = np.zeros(1) if on.rest is None else on.rest
        done = Treated(Pool(rest, len(rest)))
    else:
        done = treated(on.pools[name], what, rng)
    pool = done.pool
    ordered = on.ordered[name] if what is not None and what.nothing else np.sort(pool.ms)
    turns = on.measured.turns
    cluster = turns.cluster if turns is not None and (name in turns.ms or name == REST) else None
    cluster = cluster if cluster is not None and len(cluster.codes) == len(pool.ms) else None
    above = tuple(beyond(pool.ms > at(ordered, q), cluster) for q in QUANTILES)
    told = tuple(pool.n if cluster is None else min(pool.n, one.turns) for one in above)
    levels = tuple(level_of(pool, ordered, q, n) for q, n in zip(QUANTILES, told, strict=True))
    most = min(pool.n, on.draws)
    twice, given_up = (
        None if which is None else share_of(which, most, cluster) for which in (done.twice, done.given_up)
    )
    late = _late(on, name, done)
    late_share = None if late is None else share_of(late, most, cluster)
    return Seen(pool, levels, above, told, twice, given_up, late_share)


def _late(on: Ground, name: str, done: "Treated") -> "Flags | None":
    """Which requests were answered after the budget's warning, and still used."""
    stage = on.budget.stage(name)
    if stage is None or stage.fallback is None or stage.fallback.warn_ms is None or done.given_up is None:
        return None
    found: Flags = (done.pool.ms > stage.fallback.warn_ms) & ~done.given_up
    return found


def level_of(pool: "Pool", ordered: "Floats", quantile: float, told: float) -> "Level":
    """A quantile of a pool; where only buckets are known its interval holds whatever is within them."""
    import numpy as np

    from bot.stats.tail import Level, at, level

    if len(ordered) == 1 or (np.isinf(told) and pool.low is None):
        ms = at(ordered, quantile)
        return Level(quantile, ms, ms, ms)  # assumed, so exactly that
    if pool.low is None or pool.high is None:
        return level(ordered, quantile, told)
    return between(np.sort(pool.low), ordered, np.sort(pool.high), quantile, told)


def between(low: "Floats", middle: "Floats", high: "Floats", quantile: float, told: float) -> "Level":
    """A quantile whose least and greatest values are known, each in order, with the interval around both."""
    import numpy as np

    from bot.stats.tail import Level, at, level

    top = level(high, quantile, told).high
    return Level(
        quantile,
        at(middle, quantile),
        level(low, quantile, told).low,
        None if top is None or np.isinf(top) else top,
    )


def drawn_apart(
    on: Ground,
    graph: After,
    stages: Mapping[str, Seen],
    known: "Mapping[str, Pool]",
    rng: "np.random.Generator",
) -> Drawn | Undecided:
    """The turn if stages knew nothing of each other; `known` are draws that are taken over.

    Its interval is that of as many turns as tell as much (`bot.stats.apart`), or, where stages were measured
    each by itself, of as many as the least measured has, which is wider than need be; the error of drawing is
    added.
    """
    import numpy as np

    from bot.stats.tail import at, level, share
    from bot.stats.turns import course, drawn

    if all(len(one.pool.ms) == 1 for one in stages.values()):
        return Undecided("no stage is measured, and none has an assumed median")
    draws = on.draws
    pools = {name: known.get(name) or drawn(one.pool, draws, rng) for name, one in stages.items()}
    found = course(graph, {name: pool.ms for name, pool in pools.items()})
    ordered = np.sort(found.total)
    # 1/n of the measured turns and 1/draws add up, as variances do
    told = [
        1 / (1 / _told(on, stages, pools, found.total > at(ordered, q), q) + 1 / draws) for q in QUANTILES
    ]
    if any(pool.low is not None for pool in pools.values()):
        ends = []
        for bounds in ("low", "high"):
            one = {name: _bound(pool, bounds) for name, pool in pools.items()}
            ends.append(np.sort(course(graph, one).total))
        levels = [between(ends[0], ordered, ends[1], q, n) for q, n in zip(QUANTILES, told, strict=True)]
    else:
        levels = [level(ordered, q, n) for q, n in zip(QUANTILES, told, strict=True)]
    n = told[QUANTILES.index(on.budget.slo.quantile)]
    over = share(float((found.total > on.budget.slo.ms).mean()) * n, n)
    return Drawn(Estimate(tuple(levels), over), pools, found, ordered)


def _told(
    on: Ground, stages: Mapping[str, Seen], pools: "Mapping[str, Pool]", above: "Flags", quantile: float
) -> float:
    """As many turns as tell as much of the drawn turns that are above."""
    from bot.stats.apart import told_of

    turns = on.measured.turns
    known = () if turns is None else (*turns.ms, REST)
    measured = {name: one.pool.ms for name, one in stages.items() if name in known}
    if turns is None or not measured:
        return min(one.told[QUANTILES.index(quantile)] for one in stages.values())
    return told_of(above, {name: pools[name].ms for name in measured}, measured, turns.cluster)


def _bound(pool: "Pool", side: str) -> "Floats":
    """The least, or the most, that each duration can be."""
    bound = pool.low if side == "low" else pool.high
    return pool.ms if bound is None else bound


def own_histogram(on: Ground) -> Estimate | None:
    """The turn as its own histogram has it; None where there is none."""
    import numpy as np

    from bot.stats.tail import share
    from bot.stats.turns import from_buckets

    buckets = on.measured.turn
    if buckets is None:
        return None
    pool = from_buckets(buckets, on.draws)
    levels = tuple(level_of(pool, np.sort(pool.ms), q, pool.n) for q in QUANTILES)
    over = float((pool.ms > on.budget.slo.ms).mean())
    return Estimate(levels, share(over * pool.n, pool.n))
