"""Whether a quarter can show a candidate's effect: what is built, the time left to test, its power."""

import math
from dataclasses import dataclass

from bot.core.candidate import POINTS, Candidate, Kind
from bot.core.portfolio import in_metric, per_quarter
from bot.stats.detectability import reading
from bot.stats.undecided import Undecided

USUAL_WEEKS = 2.0
"""Of running, where none are given: the fortnight of AML-03."""
WEEKS_OF_REACH = 13.0
"""In the quarter over which units are counted."""


@dataclass(frozen=True)
class Timing:
    """When a test would run.

    build: calendar weeks of building at the typical cost, by so many engineers at once; running, lag: weeks
    of testing, and until the metric is ripe; room: engineer-weeks up to which building leaves time for both.
    assumed: what nobody has said, in words.
    """

    build: float
    engineers: float
    running: float
    lag: float
    room: float
    assumed: tuple[str, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether it is built in time at the typical cost."""
        return self.build * self.engineers <= self.room + 1e-9


@dataclass(frozen=True)
class Trial:
    """What the test would show.

    power: of seeing the impact (beyond a heuristic's); error, smallest: the standard error and the effect
    seen with a power of .8, both in the impact's unit; per_arm: randomised units, their harmonic mean.
    """

    power: float
    error: float
    smallest: float
    per_arm: float
    timing: Timing
    assumed: tuple[str, ...] = ()


def timing_of(candidate: Candidate, quarter: float, cost: float) -> Timing | Undecided:
    """When it would be tested in a quarter of this many weeks, at this median cost in engineer-weeks."""
    if candidate.kind is not Kind.EXPERIMENT:
        return Undecided(f"{candidate.kind.value} is not tested in an experiment")
    assumed = []
    test, effort = candidate.test, candidate.effort
    running = test.weeks
    if running is None:
        running = USUAL_WEEKS
        assumed.append(f"a test of {USUAL_WEEKS:g} weeks")
    free = quarter - test.lag_weeks - running
    if free <= 0:
        lag = f" and {test.lag_weeks:g} until the metric is ripe" if test.lag_weeks else ""
        return Undecided(f"{running:g} weeks of testing{lag} leave none of {quarter:g} to build in")
    engineers = None if effort is None else effort.engineers
    if engineers is None:
        # As many as it takes to be ready in time at the typical cost: whole people, at least one.
        engineers = float(max(1, math.ceil(cost / free - 1e-9)))
        assumed.append(f"{engineers:g} engineer{'' if engineers == 1 else 's'} on it at once")
    return Timing(cost / engineers, engineers, running, test.lag_weeks, free * engineers, tuple(assumed))


def trial_of(candidate: Candidate, timing: Timing) -> Trial | Undecided:
    """What its test would show, from the units of the quarter, the baseline and the standard deviation."""
    impact, reach, test = candidate.impact, candidate.reach, candidate.test
    if impact is None or reach is None:
        return Undecided("no reach or no impact is given")
    assumed = []
    units = test.units
    if units is None:
        units = per_quarter(reach)
        assumed.append(f"{reach.unit} are randomised one by one")
    sd = impact.sd
    if sd is None and impact.unit == POINTS and impact.baseline is not None:
        sd = math.sqrt(impact.baseline * (1 - impact.baseline))
        assumed.append(f"each unit either does or does not: an sd of {sd:.3g}")
    one = in_metric(impact, 1.0)
    if sd is None or one is None:
        missing = "standard deviation" if one is not None else "baseline"
        return Undecided(f"no {missing} of {impact.metric or 'its metric'} is given")
    effect = impact.value - (impact.heuristic or 0.0)
    if effect <= 0:
        return Undecided("a heuristic alone brings as much: nothing is left to see")
    if one == 0:
        return Undecided(f"a baseline of 0 makes {impact.value:g} percent of it nothing")
    together = units * timing.running / WEEKS_OF_REACH * test.allocation
    try:
        found = reading(
            together * (1 - test.share),
            together * test.share,
            sd,
            effect * abs(one),
            alpha=test.alpha,
            variance_reduction=test.variance_reduction,
            inflation=test.inflation,
        )
    except ValueError as refused:
        return Undecided(str(refused))
    if isinstance(found, Undecided):
        return found
    error, smallest = found.error / abs(one), found.smallest / abs(one)
    return Trial(found.power, error, smallest, found.per_arm, timing, tuple(assumed))
