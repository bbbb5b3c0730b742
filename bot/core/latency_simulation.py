"""How long a turn takes, by whole measured turns, by independent stages, and by adding quantiles up.

Whole turns need no drawing: resampling them again and again comes to their own distribution, whose quantiles
and intervals are read off directly. Stages drawn by themselves are drawn `DRAWS` times or as often as there
are turns, with a stated seed.
"""

from bot.core.cohort_turns import cohorts, pairs
from bot.core.latency_budget import Budget
from bot.core.latency_ground import DRAWS, Ground, ground
from bot.core.latency_result import Fit, Method, Scenario, Simulation
from bot.core.latency_totals import Totals, totals
from bot.core.measurements import Measurements
from bot.core.pipeline import pipeline
from bot.core.what_if import WhatIf
from bot.stats.undecided import Undecided

__all__ = ["DRAWS", "simulate"]

JUDGES = (Method.WHOLE, Method.HISTOGRAM, Method.INDEPENDENT)
"""What says whether the SLO is kept, the best first; the turn's own histogram knows only how it is now."""


def simulate(
    budget: Budget,
    measured: Measurements,
    what_ifs: tuple[WhatIf, ...] | None = None,
    *,
    seed: int = 1,
    draws: int = DRAWS,
) -> Simulation:
    """All that can be said of a budget; what cannot be computed is a named Undecided in its place.

    what_ifs: None for those of the budget. draws: how often stages are drawn by themselves, at least.
    """
    on = ground(budget, measured, seed=seed, draws=draws)
    first = _totals(on, None, 0, None)
    now = _scenario(on, None, first, None)
    asked = budget.what_if if what_ifs is None else what_ifs
    found = tuple(
        _scenario(on, one, _totals(on, one, number, first), first)
        for number, one in enumerate(asked, start=1)
    )
    whole = first.whole if isinstance(first, Totals) else None
    return Simulation(
        budget=budget,
        source=measured.source,
        turns=0 if measured.turns is None else len(measured.turns),
        told=0.0 if whole is None else whole.beyond[budget.slo.quantile].turns,
        draws=on.draws,
        seed=seed,
        now=now,
        what_ifs=found,
        cohorts=() if whole is None else cohorts(on, whole),
        pairs=pairs(on),
        notes=(*measured.notes, *on.notes),
    )


def _totals(
    on: Ground, what_if: WhatIf | None, number: int, first: Totals | Undecided | None
) -> Totals | Undecided:
    made = pipeline(on, what_if)
    if isinstance(made, Undecided):
        return made
    return totals(on, made, number, first if isinstance(first, Totals) else None)


def _scenario(
    on: Ground, what_if: WhatIf | None, found: Totals | Undecided, first: Totals | Undecided | None
) -> Scenario:
    if isinstance(found, Undecided):
        nothing = dict.fromkeys((Method.WHOLE, Method.INDEPENDENT, Method.ADDITIVE), found)
        return Scenario(what_if, nothing, (), (), Method.WHOLE, Fit.OPEN, why=found.reason)
    judged = next((method for method in JUDGES if found.estimate(method)), Method.ADDITIVE)
    return Scenario(
        what_if=what_if,
        estimates=found.estimates,
        stages=found.stages,
        path=found.path,
        judged=judged,
        fit=_fit(on, found, judged),
        change=found.longer_than(first, judged) if isinstance(first, Totals) else None,
        shapes=found.shapes,
    )


def _fit(on: Ground, found: Totals, judged: Method) -> Fit:
    """By the interval: it lies below the SLO, above it, or around it; sums of quantiles show nothing."""
    estimate, slo = found.estimate(judged), on.budget.slo
    if estimate is None or judged is Method.ADDITIVE:
        return Fit.OPEN
    level = estimate.at(slo.quantile)
    if level.high is not None and level.high <= slo.ms:
        return Fit.FITS
    if level.low is not None and level.low > slo.ms:
        return Fit.OVER
    return Fit.OPEN
