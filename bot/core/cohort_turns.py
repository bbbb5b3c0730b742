"""The turn by cohort, against the whole; and which stages are slow in the same turns."""

from itertools import combinations
from typing import TYPE_CHECKING

from bot.core.latency_ground import Ground
from bot.core.latency_result import CohortResult, Pair

if TYPE_CHECKING:  # on the way to an ack nobody needs numbers
    from bot.core.latency_totals import Whole

MOST_COHORTS = 40
"""Cohorts that are looked at, those with the most turns."""
PAIR_TURNS = 20_000
"""Turns, evenly spread over all, by which stages are compared."""


def cohorts(on: Ground, whole: "Whole") -> tuple[CohortResult, ...]:
    """Each cohort with enough turns for an interval, those furthest from the whole first."""
    import numpy as np

    from bot.stats.tail import at, beyond, level

    turns = on.measured.turns
    if turns is None or turns.cohorts is None:
        return ()
    quantile, alert = on.budget.slo.quantile, on.budget.thresholds.cohort.alert
    usual = at(whole.ordered, quantile)
    sizes = np.bincount(turns.cohorts, minlength=len(turns.cohort_names))
    found = []
    for place in np.argsort(-sizes, kind="stable")[:MOST_COHORTS]:
        mine = turns.cohorts == place
        if not mine.any() or usual <= 0:
            continue
        total = whole.total[mine]
        ordered = np.sort(total)
        cluster = None if turns.cluster is None else turns.cluster.part(mine)
        one = level(ordered, quantile, beyond(total > at(ordered, quantile), cluster).turns)
        surely = (one.low is not None and one.low > usual * (1 + alert)) or (
            one.high is not None and one.high < usual * (1 - alert)
        )
        name = turns.cohort_names[int(place)]
        found.append(CohortResult(name, int(sizes[place]), one, one.ms / usual - 1, surely))
    return tuple(sorted(found, key=lambda one: -abs(one.off)))


def pairs(on: Ground) -> tuple[Pair, ...]:
    """Spearman's rho of every two stages that vary, the closest first."""
    from bot.stats.tail import rank_correlation

    turns = on.measured.turns
    if turns is None or not len(turns):
        return ()
    every = max(len(turns) // PAIR_TURNS, 1)
    some = {name: ms[::every] for name, ms in turns.ms.items()}
    found = []
    for first, second in combinations(some, 2):
        rho = rank_correlation(some[first], some[second])
        if rho is not None:
            found.append(Pair(first, second, rho))
    return tuple(sorted(found, key=lambda pair: -abs(pair.rho)))
