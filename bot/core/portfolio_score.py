"""Scores a quarter's candidates: RICE within a unit, detectability, expected value, value of information."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.core.candidate import Candidate
from bot.core.candidate_value import Estimate, Lesson, Outlook, Value, Values, value_of
from bot.core.portfolio import Portfolio, Unit, unit_of
from bot.core.portfolio_rice import ranks_of, rice_of, unit_for
from bot.core.portfolio_rules import Bar, bars_of
from bot.stats.calibration import Haircut, haircut
from bot.stats.posterior import Overrun, overrun
from bot.stats.undecided import Undecided

DRAWS = 20_000
"""Of the joint posterior of each candidate; the error of a mean is shown beside it."""
SEED = 1


@dataclass(frozen=True)
class Score:
    """All that is computed of one candidate; what cannot be is Undecided, with the reason.

    unit: what RICE counts; rice by the estimate, corrected by the corrected effort; rank: by rice within the
    unit, from 1. confidence: after the haircut. bars: the rules against picking it.
    """

    candidate: Candidate
    unit: Unit | None
    rice: float | Undecided
    corrected: float | Undecided
    rank: int | None
    confidence: float | None
    value: Value
    bars: tuple[Bar, ...]

    @property
    def learning(self) -> float:
        """The learning value of all later decisions, in the portfolio's unit."""
        return sum(one.value for one in self.value.lessons if isinstance(one, Lesson))

    @property
    def expected(self) -> float:
        """The mean gain in the portfolio's unit, 0 where it cannot be said."""
        return self.value.gain.mean if isinstance(self.value.gain, Estimate) else 0.0


@dataclass(frozen=True)
class Scored:
    """A portfolio and its scores, in its order.

    unit: what values are added up in, None where no candidate has one; overruns by class of work, "" for the
    team's.
    """

    portfolio: Portfolio
    scores: tuple[Score, ...]
    unit: Unit | None
    haircut: Haircut
    overruns: Mapping[str, Overrun] = field(default_factory=dict)
    seed: int = SEED
    draws: int = DRAWS

    def score(self, name: str) -> Score:
        """The score of this candidate; raises KeyError for none."""
        for one in self.scores:
            if one.candidate.id == name:
                return one
        raise KeyError(name)

    def gains(self, name: str) -> Values | None:
        """The draws of what it brings, None where nothing can be said."""
        return self.score(name).value.gains


def score(portfolio: Portfolio, *, seed: int = SEED, draws: int = DRAWS) -> Scored:
    """Score every candidate; the same seed gives the same figures."""
    unit = unit_for(portfolio)
    cut, overruns = haircut(portfolio.confidences), overruns_of(portfolio)
    rices = {one.id: rice_of(one) for one in portfolio.candidates}
    ranks = ranks_of(portfolio.candidates, rices)

    def scored(one: Candidate) -> Score:
        worth = worth_of(portfolio, unit, one)
        value = value_of(one, Outlook(portfolio.weeks, cut, overruns, worth, seed, draws))
        return Score(
            candidate=one,
            unit=unit_of(one),
            rice=rices[one.id],
            corrected=rice_of(one, corrected=True),
            rank=ranks.get(one.id),
            confidence=None if one.confidence is None else cut.apply(one.confidence),
            value=value,
            bars=bars_of(portfolio, one, value.trial, worth=worth is not None, unit=unit),
        )

    return Scored(portfolio, tuple(map(scored, portfolio.candidates)), unit, cut, overruns, seed, draws)


def worth_of(portfolio: Portfolio, unit: Unit | None, candidate: Candidate) -> float | None:
    """What one of the candidate's unit is worth in the portfolio's; None where nobody has said."""
    mine = unit_of(candidate)
    if mine is None or mine == unit:
        return None if mine is None else 1.0
    return next((worth.value for worth in portfolio.worths if worth.unit == mine), None)


def overruns_of(portfolio: Portfolio) -> dict[str, Overrun]:
    """How costs ran over, by class of work ("" for the team's), each class shrunk towards the team."""
    team = overrun([one.ratio for one in portfolio.projects])
    found = {"": team}
    for scope in sorted({one.scope for one in portfolio.projects if one.scope}):
        ratios = [one.ratio for one in portfolio.projects if one.scope == scope]
        found[scope] = overrun(ratios, about=team.mu)
    return found
