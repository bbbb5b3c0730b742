"""What a candidate is expected to bring, what it costs and what it teaches, from its joint posterior.

A draw of the posterior counts its size (beyond a heuristic's) times the probability that the test shows it,
where its cost leaves time for the test; over one quarter's reach. A lesson is worth what it adds to a later
decision, over that decision's own quarters, with the probability that the experiment is finished.
"""

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bot.core.candidate import Candidate, Choice, Effort, Kind
from bot.core.candidate_trial import Timing, Trial, timing_of, trial_of
from bot.core.portfolio import per_quarter
from bot.core.portfolio_rice import Four, four_of
from bot.stats import detectability, value_of_information
from bot.stats.calibration import Haircut
from bot.stats.posterior import Belief, Overrun, draw, points
from bot.stats.undecided import Undecided
from bot.stats.value_of_information import Information

LEVEL = 0.9
"""Of the intervals of gains and weeks."""
USUAL_SPREAD = 0.5
"""Of the size, where no spread is given: half of the value."""

Values: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A mean with the central 90 % of the draws, and the error of that mean from drawing."""

    mean: float
    low: float
    high: float
    error: float = 0.0


@dataclass(frozen=True)
class Lesson:
    """What a result is worth to one later decision.

    information: in the impact's unit, for one unit of reach; mean, sd: of the prior, in the same; reach: of a
    quarter; value, perfect: over all its quarters, in the portfolio's unit, if the experiment is finished.
    """

    choice: Choice
    mean: float
    sd: float
    reach: float
    information: Information
    value: float
    perfect: float


@dataclass(frozen=True)
class Value:
    """What is expected of a candidate.

    exists: the probability that the effect does; size: of the effect if so, in the impact's unit. gain: in
    the portfolio's unit, over a quarter; nothing: the probability of a gain of 0; weeks: engineer-weeks;
    finished: the probability that the cost leaves time for the test. gains, costs: the draws, gains as if
    finished; means: gains with the chances of existing and of being shown counted instead of drawn. room:
    the engineer-weeks up to which it is finished, infinite for what needs no test.
    """

    belief: Belief | Undecided
    trial: Trial | Undecided
    gain: Estimate | Undecided
    exists: Estimate | None = None
    size: Estimate | None = None
    nothing: float | None = None
    weeks: Estimate | None = None
    finished: float | None = None
    lessons: tuple[Lesson | Undecided, ...] = ()
    assumed: tuple[str, ...] = ()
    gains: Values | None = field(default=None, repr=False, compare=False)
    means: Values | None = field(default=None, repr=False, compare=False)
    costs: Values | None = field(default=None, repr=False, compare=False)
    room: float = math.inf


@dataclass(frozen=True)
class Outlook:
    """What values depend on besides the candidate.

    quarter: weeks that are worked; worth: of one of the candidate's unit in the portfolio's, None where
    nobody has said; seed, draws: of the Monte Carlo.
    """

    quarter: float
    haircut: Haircut
    overruns: Mapping[str, Overrun]
    worth: float | None
    seed: int
    draws: int


def value_of(candidate: Candidate, outlook: Outlook) -> Value:
    """Everything that is expected of it; the same seed gives the same, whatever stands beside it."""
    four = Undecided("maintenance is hygiene") if candidate.kind is Kind.MAINTENANCE else four_of(candidate)
    # A stream of its own for each candidate: another one beside it changes none of its figures.
    rng = np.random.default_rng([outlook.seed, zlib.crc32(candidate.id.encode())])
    if isinstance(four, Undecided):
        return _cost_alone(candidate, four, outlook, rng)
    belief = belief_of(candidate, four, outlook)
    timing = timing_of(candidate, outlook.quarter, belief.weeks)
    trial = timing if isinstance(timing, Undecided) else trial_of(candidate, timing)
    drawn = draw(belief, rng, outlook.draws)
    room = _room(candidate, timing)
    done = (drawn.weeks <= room).astype(np.float64)
    known = Value(
        belief=belief,
        trial=trial,
        gain=Undecided("nobody has said what its unit is worth in the portfolio's"),
        exists=estimate(drawn.chance),
        size=estimate(drawn.size),
        weeks=estimate(drawn.weeks),
        finished=float(done.mean()),
        lessons=_unknown(candidate, "nobody has said what its unit is worth in the portfolio's"),
        assumed=_assumed(candidate, timing, trial),
        costs=drawn.weeks,
        room=room,
    )
    if outlook.worth is None:
        return known
    beyond = np.maximum(drawn.size - (four.impact.heuristic or 0.0), 0.0)
    shown = np.ones(outlook.draws)
    if isinstance(trial, Trial):
        shown = detectability.chances(beyond, trial.error, candidate.test.alpha)
    worth = per_quarter(four.reach) * outlook.worth * beyond
    gains = np.where(drawn.exists & (rng.random(outlook.draws) < shown), worth, 0.0)
    spread = estimate(gains * done)
    # The mean over the chances of existing and of being shown, not over their draws, has a smaller error.
    means = belief.confidence * worth * shown
    mean = estimate(means * done)
    times = float(done.mean()) * outlook.worth
    return replace(
        known,
        gain=Estimate(mean.mean, spread.low, spread.high, mean.error),
        nothing=float((gains * done == 0).mean()),
        lessons=tuple(lesson_of(choice, four, belief, trial, times) for choice in candidate.choices),
        gains=gains,
        means=means,
    )


def belief_of(candidate: Candidate, four: Four, outlook: Outlook) -> Belief:
    """The joint posterior: a corrected effort is taken for typical, an estimate runs over as others did."""
    impact = four.impact
    median, sigma = cost_of(four.effort, outlook)
    return Belief(
        outlook.haircut.apply(four.confidence),
        candidate.evidence,
        impact.value,
        USUAL_SPREAD * impact.value if impact.spread is None else impact.spread,
        median,
        sigma,
    )


def cost_of(effort: Effort, outlook: Outlook) -> tuple[float, float]:
    """The median of its engineer-weeks, and the standard deviation of their logarithm."""
    ran = outlook.overruns.get(effort.scope) or outlook.overruns[""]
    return effort.weeks * ran.median if effort.corrected is None else effort.corrected, ran.sigma


def lesson_of(
    choice: Choice, four: Four, belief: Belief, trial: Trial | Undecided, times: float
) -> Lesson | Undecided:
    """What the result is worth to one later decision; times: what one of its unit counts."""
    if isinstance(trial, Undecided):
        return Undecided(f"{choice.what}: what the test would show is not known: {trial.reason}")
    if choice.mean is not None and choice.sd is not None:
        mean, sd = choice.mean, choice.sd
        found = value_of_information.of_normal(mean, sd, trial.error, choice.threshold)
    else:
        mean, sd = belief.mean, belief.sd
        found = value_of_information.of_points(*points(belief), trial.error, choice.threshold)
    reach = per_quarter(four.reach) if choice.reach is None else choice.reach
    whole = reach * choice.horizon * times
    return Lesson(choice, mean, sd, reach, found, found.sample * whole, found.perfect * whole)


def estimate(values: Values) -> Estimate:
    """Mean, central 90 % and the error of the mean.

    >>> found = estimate(np.array([1.0, 2.0, 3.0]))
    >>> found.mean, round(found.low, 2), round(found.high, 2)
    (2.0, 1.1, 2.9)
    """
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(values.mean()), float(low), float(high), float(values.std()) / len(values) ** 0.5)


def _room(candidate: Candidate, timing: Timing | Undecided) -> float:
    """Engineer-weeks up to which it is finished within the quarter: none where there is no time at all."""
    if isinstance(timing, Timing):
        return timing.room
    return 0.0 if candidate.kind is Kind.EXPERIMENT else math.inf


def _assumed(candidate: Candidate, timing: Timing | Undecided, trial: Trial | Undecided) -> tuple[str, ...]:
    found = list(timing.assumed) if isinstance(timing, Timing) else []
    if isinstance(trial, Trial):
        found += trial.assumed
    elif candidate.kind is Kind.EXPERIMENT:
        found.append("its effect is seen whenever it exists")
    if candidate.impact is not None and candidate.impact.spread is None:
        found.append("a spread of half its size")
    return tuple(found)


def _cost_alone(candidate: Candidate, why: Undecided, outlook: Outlook, rng: np.random.Generator) -> Value:
    """What can be said of a candidate without all of the four: its cost, where there is an effort."""
    lessons, room = _unknown(candidate, why.reason), _room(candidate, why)
    if candidate.effort is None:
        return Value(why, why, why, lessons=lessons, room=room)
    median, sigma = cost_of(candidate.effort, outlook)
    costs = median * np.exp(sigma * rng.standard_normal(outlook.draws))
    return Value(why, why, why, weeks=estimate(costs), lessons=lessons, costs=costs, room=room)


def _unknown(candidate: Candidate, reason: str) -> tuple[Undecided, ...]:
    return tuple(Undecided(f"{choice.what}: {reason}") for choice in candidate.choices)
