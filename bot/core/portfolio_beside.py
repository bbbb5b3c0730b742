"""What stands beside a pick: the plain RICE ranking, the gut-feel pick, and what each would bring."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bot.core.candidate_trial import Trial
from bot.core.candidate_value import Estimate, Values, estimate
from bot.core.portfolio_pick import Pick, weeks_of
from bot.core.portfolio_rules import Rule
from bot.core.portfolio_score import Score, Scored
from bot.stats.rank import Spearman, spearman
from bot.stats.undecided import Undecided

REDUNDANT = 0.7
"""Above this rank correlation with gut feel the framework adds little (AML-02)."""
BETTER_BY = 0.3
"""What the pick should expect beyond the gut-feel one (AML-02's dashboard: "baseline by 30 %")."""


@dataclass(frozen=True)
class Rival:
    """A pick, and what the same posterior expects of it when it is run whole.

    gain: over a quarter, in the portfolio's unit; where all together take more than the engineer-weeks there
    are, each gets the same part of what it needs and takes so much longer. unknown: names whose gain cannot
    be said, counted as 0; barred: those that the rules do not let in; weeks: engineer-weeks at the expected
    cost, shared infrastructure once; holds: the probability that the engineer-weeks suffice, None without a
    limit.
    """

    names: tuple[str, ...]
    gain: Estimate
    unknown: tuple[str, ...]
    barred: tuple[str, ...]
    weeks: float
    holds: float | None


@dataclass(frozen=True)
class Beside:
    """The pick among its rivals.

    pick: its own gain; plain: the first by plain RICE in the portfolio's unit, rules and capacity aside; gut:
    the gut-feel pick, None where nobody gave one. rho: of gut feel with plain RICE. better: gain over the
    gut-feel pick's, less 1; likely: the probability that the pick gains more. random: the mean gain of as
    many candidates drawn blindly from those that may be picked. undersized: who is left because the quarter
    would not show the effect; saved: the engineer-weeks that are not spent on them.
    """

    pick: Rival
    ranking: tuple[str, ...]
    plain: Rival
    gut: Rival | None
    rho: Spearman | Undecided
    better: float | Undecided
    likely: float | None
    random: float
    undersized: tuple[str, ...]
    saved: float

    @property
    def redundant(self) -> bool:
        """Whether gut feel already follows RICE."""
        return isinstance(self.rho, Spearman) and self.rho.rho > REDUNDANT


def beside(scored: Scored, found: Pick) -> Beside:
    """Compare a pick with what would have been picked without the framework."""
    portfolio = scored.portfolio
    ranking = ranking_of(scored)
    slots = portfolio.capacity.slots
    mine = rival(scored, found.picked)
    gut = rival(scored, portfolio.gut_feel[:slots]) if portfolio.gut_feel else None
    free = [one for one in scored.scores if not one.bars]
    small = [one for one in scored.scores if _undersized(one)]
    return Beside(
        pick=mine,
        ranking=ranking,
        plain=rival(scored, ranking[:slots]),
        gut=gut,
        rho=agreement(portfolio.gut_feel, ranking),
        better=_better(mine, gut),
        likely=_likely(scored, mine, gut),
        # The mean over all subsets of k is k times the mean of one.
        random=len(found.picked) * math.fsum(one.expected for one in free) / len(free) if free else 0.0,
        undersized=tuple(one.candidate.id for one in small),
        saved=math.fsum(weeks_of(one) for one in small),
    )


def ranking_of(scored: Scored) -> tuple[str, ...]:
    """The ids in the portfolio's unit by plain RICE, best first."""
    ranked = [one for one in scored.scores if one.unit == scored.unit and one.rank is not None]
    return tuple(one.candidate.id for one in sorted(ranked, key=_rank))


def agreement(gut_feel: Sequence[str], ranking: Sequence[str]) -> Spearman | Undecided:
    """Spearman's rho of the gut feel's order with plain RICE, over what RICE can rank.

    Whom the gut feel does not name share the last place.
    """
    if not gut_feel:
        return Undecided("no gut-feel pick is on record")
    if not set(gut_feel) & set(ranking):
        return Undecided("RICE ranks none of the gut-feel pick")
    order = {name: place for place, name in enumerate(gut_feel)}
    felt = [-float(order.get(name, len(order))) for name in ranking]
    return spearman(felt, [-float(place) for place in range(len(ranking))])


def rival(scored: Scored, names: Sequence[str]) -> Rival:
    """What the posterior expects of a pick."""
    scores = [scored.score(name) for name in names]
    limit = scored.portfolio.capacity.engineer_weeks
    costs = _costs(scored, scores)
    together = np.sum([*costs.values(), np.full(scored.draws, _paid(scored, scores))], axis=0)
    return Rival(
        tuple(names),
        _expected(scored, scores),
        tuple(one.candidate.id for one in scores if one.value.gains is None),
        tuple(one.candidate.id for one in scores if one.bars),
        math.fsum(weeks_of(one) for one in scores) + _paid(scored, scores),
        None if limit is None else float((together <= limit).mean()),
    )


def _expected(scored: Scored, scores: Sequence[Score]) -> Estimate:
    """What all bring together: the mean by the draws' means, which has the smaller error."""
    drawn, mean = estimate(_gain(scored, scores)), estimate(_gain(scored, scores, means=True))
    return Estimate(mean.mean, drawn.low, drawn.high, mean.error)


def _gain(scored: Scored, scores: Sequence[Score], *, means: bool = False) -> Values:
    """The draws of what all bring together, each finished or not; or of the means of it."""
    limit = scored.portfolio.capacity.engineer_weeks
    costs = _costs(scored, scores)
    total = np.zeros(scored.draws)
    if not scores:
        return total
    together = np.sum([*costs.values(), np.full(scored.draws, _paid(scored, scores))], axis=0)
    longer = np.ones(scored.draws) if limit is None else np.maximum(1.0, together / max(limit, 1e-9))
    for one in scores:
        gains = one.value.means if means else one.value.gains
        if gains is not None:
            total += gains * (costs[one.candidate.id] * longer <= one.value.room)
    return total


def _costs(scored: Scored, scores: Sequence[Score]) -> dict[str, Values]:
    """The draws of the engineer-weeks of each, 0 where no effort is given."""
    none = np.zeros(scored.draws)
    return {one.candidate.id: none if one.value.costs is None else one.value.costs for one in scores}


def _paid(scored: Scored, scores: Sequence[Score]) -> float:
    """What the infrastructure that they use costs, once."""
    used = {tag for one in scores for tag in one.candidate.infrastructure}
    return math.fsum(one.cost for one in scored.portfolio.infrastructure if one.name in used)


def _undersized(score: Score) -> bool:
    """Whether a power that is too low is all that bars it."""
    rules = [bar.rule for bar in score.bars]
    return rules == [Rule.DETECTABLE] and isinstance(score.value.trial, Trial)


def _rank(score: Score) -> tuple[int, str]:
    return (score.rank or 0, score.candidate.id)


def _better(mine: Rival, gut: Rival | None) -> float | Undecided:
    if gut is None:
        return Undecided("no gut-feel pick is on record")
    if gut.unknown:
        return Undecided(f"what {', '.join(gut.unknown)} of the gut-feel pick would bring is not known")
    if gut.gain.mean <= 0:
        return Undecided("nothing is expected of the gut-feel pick")
    return mine.gain.mean / gut.gain.mean - 1


def _likely(scored: Scored, mine: Rival, gut: Rival | None) -> float | None:
    """The probability of a larger gain, a tie (both nothing, or the same pick) counting half."""
    if gut is None or gut.unknown:
        return None
    ours = _gain(scored, [scored.score(name) for name in mine.names])
    theirs = _gain(scored, [scored.score(name) for name in gut.names])
    return float((ours > theirs).mean() + (ours == theirs).mean() / 2)
