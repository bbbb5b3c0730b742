"""After the quarter: what was predicted and what came, the team's calibration, and the next haircut.

The targets and alerts are those of AML-02's dashboard; each is judged only where it can be computed.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.core.candidate_value import Estimate
from bot.core.portfolio import Outcome, Portfolio, Project, per_quarter
from bot.core.portfolio_score import Score, Scored, worth_of
from bot.stats.calibration import OFF, WITHIN, Bin, Brier, Haircut, Judged, brier, haircut, reliability
from bot.stats.rate import wilson
from bot.stats.undecided import Undecided


class Standing(StrEnum):
    """How a figure stands beside its target."""

    MET = "met"
    MISSED = "missed"
    ALERT = "alert"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Target:
    """One row of the dashboard: a figure, its target and alert in words, and how it stands.

    low, high: a 95 % interval where there is one.
    """

    name: str
    value: float | Undecided
    target: str
    alert: str
    standing: Standing
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Compared:
    """One candidate, predicted against realised, in the portfolio's unit over a quarter.

    predicted: None where nothing was expected that can be said; realised: 0 for what was not shipped or not
    significant, None where a shipped one has no lift on record. ratio: actual over estimated weeks.
    """

    candidate: str
    confidence: float | None
    predicted: Estimate | None
    realised: float | None
    outcome: Outcome | None
    estimated: float | None
    ratio: float | None

    @property
    def succeeded(self) -> bool | None:
        """Shipped and sustained; None while nobody knows."""
        return None if self.outcome is None else self.outcome.succeeded


@dataclass(frozen=True)
class Retrospective:
    """A quarter looked back on.

    rows: the picked candidates; counterfactual: the gut-feel pick's, with outcomes where known; gut_realised:
    its sum, or why it is not known. targets: the dashboard. curve, score: calibration of the whole record,
    the quarter's included; before, after: the haircut, without and with it. judged, projects: what the
    quarter adds to the record.
    """

    rows: tuple[Compared, ...]
    predicted: float
    realised: float | Undecided
    targets: tuple[Target, ...]
    counterfactual: tuple[Compared, ...]
    gut_realised: float | Undecided
    curve: tuple[Bin, ...]
    score: Brier | Undecided
    before: Haircut
    after: Haircut
    judged: tuple[Judged, ...]
    projects: tuple[Project, ...]


Predicted = Mapping[str, Estimate | None]
"""What each candidate was expected to bring, in the portfolio's unit over a quarter; None for unknown."""


def look_back(scored: Scored, picked: Sequence[str], predicted: Predicted | None = None) -> Retrospective:
    """Compare what was predicted when it was picked with the portfolio's outcomes.

    predicted: the figures as they were kept then; without them those of the scores.
    """
    portfolio, predicted = scored.portfolio, _scored(scored) if predicted is None else predicted
    outcomes = {one.candidate: one for one in portfolio.outcomes}
    rows = tuple(_compared(scored, name, predicted, outcomes.get(name)) for name in picked)
    gut = portfolio.gut_feel[: portfolio.capacity.slots]
    other = tuple(_compared(scored, name, predicted, outcomes.get(name)) for name in gut)
    judged = tuple(
        Judged(row.confidence, 1, int(row.succeeded))
        for row in rows
        if row.confidence is not None and row.succeeded is not None
    )
    record = (*portfolio.confidences, *judged)
    expected = math.fsum(row.predicted.mean for row in rows if row.predicted is not None)
    realised = _realised(rows)
    return Retrospective(
        rows=rows,
        predicted=expected,
        realised=realised,
        targets=(
            _lift(expected, realised),
            _hits(rows),
            _effort(rows),
            _calibration(record),
        ),
        counterfactual=other,
        gut_realised=_realised(other) if other else Undecided("no gut-feel pick is on record"),
        curve=reliability(record),
        score=brier(record),
        before=haircut(portfolio.confidences),
        after=haircut(record),
        judged=judged,
        projects=_projects(portfolio, rows),
    )


def _scored(scored: Scored) -> Predicted:
    known = ((one.candidate.id, one.value.gain) for one in scored.scores)
    return {name: gain if isinstance(gain, Estimate) else None for name, gain in known}


def _compared(scored: Scored, name: str, predicted: Predicted, outcome: Outcome | None) -> Compared:
    score = scored.score(name)
    one = score.candidate
    estimated = one.effort.weeks if one.effort is not None else None
    spent = outcome.weeks if outcome is not None else None
    return Compared(
        one.id,
        one.confidence,
        predicted.get(name),
        _gained(scored, score, outcome),
        outcome,
        estimated,
        spent / estimated if spent is not None and estimated else None,
    )


def _gained(scored: Scored, score: Score, outcome: Outcome | None) -> float | None:
    """Observed lift x significance x reach, for what was shipped (AML-02's "realized lift")."""
    one = score.candidate
    if outcome is None:
        return None
    if not outcome.shipped or not outcome.significant:
        return 0.0
    worth = worth_of(scored.portfolio, scored.unit, one)
    if outcome.lift is None or one.reach is None or worth is None:
        return None
    return outcome.lift * per_quarter(one.reach) * worth


def _realised(rows: Sequence[Compared]) -> float | Undecided:
    unknown = [row.candidate for row in rows if row.realised is None]
    if unknown:
        return Undecided(f"what {', '.join(unknown)} brought is not on record")
    return math.fsum(row.realised for row in rows if row.realised is not None)


def _lift(predicted: float, realised: float | Undecided) -> Target:
    said = ("realised / predicted lift", "at least 0.7", "below 0.5")
    if isinstance(realised, Undecided):
        return Target(said[0], realised, said[1], said[2], Standing.UNKNOWN)
    if predicted <= 0:
        return Target(said[0], Undecided("nothing was predicted"), said[1], said[2], Standing.UNKNOWN)
    ratio = realised / predicted
    standing = Standing.MET if ratio >= 0.7 else Standing.ALERT if ratio < 0.5 else Standing.MISSED
    return Target(said[0], ratio, said[1], said[2], standing)


def _hits(rows: Sequence[Compared]) -> Target:
    said = ("hit rate (shipped and sustained / picked)", "at least 60 %", "below 40 %")
    unknown = [row.candidate for row in rows if row.succeeded is None]
    if unknown or not rows:
        why = f"nobody knows yet of {', '.join(unknown)}" if rows else "nothing was picked"
        return Target(said[0], Undecided(why), said[1], said[2], Standing.UNKNOWN)
    hits = sum(bool(row.succeeded) for row in rows)
    rate = hits / len(rows)
    standing = Standing.MET if rate >= 0.6 else Standing.ALERT if rate < 0.4 else Standing.MISSED
    return Target(said[0], rate, said[1], said[2], standing, *wilson(hits, len(rows)))


def _effort(rows: Sequence[Compared]) -> Target:
    said = ("effort (actual / estimated engineer-weeks)", "at most 1.3", "above 2")
    known = [row for row in rows if row.ratio is not None and row.estimated is not None]
    if len(known) < len(rows) or not rows:
        missing = [row.candidate for row in rows if row.ratio is None]
        why = f"nobody has said what {', '.join(missing)} took" if rows else "nothing was picked"
        return Target(said[0], Undecided(why), said[1], said[2], Standing.UNKNOWN)
    estimated = math.fsum(row.estimated or 0.0 for row in known)
    actual = math.fsum((row.ratio or 0.0) * (row.estimated or 0.0) for row in known)
    ratio = actual / estimated
    standing = Standing.MET if ratio <= 1.3 else Standing.ALERT if ratio > 2 else Standing.MISSED
    return Target(said[0], ratio, said[1], said[2], standing)


def _calibration(record: Sequence[Judged]) -> Target:
    said = ("success rate less stated confidence", "within 10 points", "more than 20 points off")
    found = haircut(record)
    if found.observed is None or found.stated is None or found.low is None or found.high is None:
        why = Undecided("no experiment with a stated confidence is on record")
        return Target(said[0], why, said[1], said[2], Standing.UNKNOWN)
    gap = found.observed - found.stated
    standing = Standing.MET if abs(gap) <= WITHIN + 1e-12 else Standing.MISSED
    if abs(gap) > OFF + 1e-12:
        standing = Standing.ALERT
    low, high = found.low - found.stated, found.high - found.stated
    return Target(said[0], gap, said[1], said[2], standing, low, high)


def _projects(portfolio: Portfolio, rows: Sequence[Compared]) -> tuple[Project, ...]:
    """The quarter's own costs, for the next quarter's overruns."""
    by_name: Mapping[str, Compared] = {row.candidate: row for row in rows}
    return tuple(
        Project(one.title, row.estimated, row.outcome.weeks, one.effort.scope if one.effort else "")
        for one in portfolio.candidates
        if (row := by_name.get(one.id)) is not None
        and row.estimated
        and row.outcome is not None
        and row.outcome.weeks is not None
    )
