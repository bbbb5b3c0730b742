"""What a harness found: metrics of rankings by device, and what another policy would have earned."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.core.figures import share
from bot.core.harness import Harness
from bot.stats.moments import Estimate, Sums, apart, estimate
from bot.stats.off_policy import OffPolicy
from bot.stats.ranking import Metric
from bot.stats.undecided import Undecided

ESTIMATORS = ("ips", "snips", "dr")
"""Those with an interval, by the name they have in JSON."""


@dataclass(frozen=True)
class Score:
    """A metric of one device, or of all under "".

    difference: treatment less control of the same queries, in the metric's unit; relative: as a fraction of
    control. queries: those that the metric says something of, since a result of them is relevant. treatment
    and both comparisons are None where one ranking was looked at.
    """

    metric: Metric
    device: str
    queries: int
    control: Estimate | Undecided
    treatment: Estimate | Undecided | None = None
    difference: Estimate | Undecided | None = None
    relative: Estimate | Undecided | None = None


@dataclass(frozen=True)
class Ranked:
    """The rankings' metrics, or why there are none. queries: all that were judged."""

    queries: int
    scores: tuple[Score, ...] | Undecided


@dataclass(frozen=True)
class Counterfactual:
    """What the target policy would have earned, by device; of all rows under "".

    own: what it earned in a log of its own, None where none is named; apart: each estimate less that.
    uncovered: the share of what it would show that the log never showed, None where that is not known.
    remarks: what a reader has to know, in sentences.
    """

    found: Mapping[str, OffPolicy]
    own: Estimate | Undecided | None = None
    apart: Mapping[str, Estimate | Undecided] = field(default_factory=dict)
    uncovered: float | None = None
    remarks: tuple[str, ...] = ()

    @property
    def whole(self) -> OffPolicy:
        """Of all rows."""
        return self.found[""]


@dataclass(frozen=True)
class Measured:
    """A harness and what it came to; a part that could not be had is Undecided, one not asked for None."""

    harness: Harness
    ranked: Ranked | Undecided | None = None
    counterfactual: Counterfactual | Undecided | None = None

    @property
    def computed(self) -> bool:
        """Whether anything that was asked for could be computed."""
        ranked, other = self.ranked, self.counterfactual
        scores = isinstance(ranked, Ranked) and not isinstance(ranked.scores, Undecided)
        values = isinstance(other, Counterfactual) and any(
            isinstance(getattr(other.whole, name), Estimate) for name in ESTIMATORS
        )
        return scores or values or (ranked is None and other is None)


def scored(metric: Metric, device: str, sums: Sums, queries: int, *, compared: bool) -> Score:
    """A metric from the sums over queries of weight, weight times control, weight times treatment."""
    weight, first, second = (float(one) for one in sums.mean)
    if not weight > 0:
        nothing = Undecided("no query of it has a relevant result")
        more = nothing if compared else None
        return Score(metric, device, queries, nothing, more, more, more)
    control, treatment = first / weight, second / weight
    of_control = estimate(sums, control, [-control / weight, 1 / weight, 0.0])
    if not compared:
        return Score(metric, device, queries, of_control)
    gap = treatment - control
    return Score(
        metric,
        device,
        queries,
        of_control,
        estimate(sums, treatment, [-treatment / weight, 0.0, 1 / weight]),
        estimate(sums, gap, [-gap / weight, -1 / weight, 1 / weight]),
        _relative(sums, first, second),
    )


def _relative(sums: Sums, first: float, second: float) -> Estimate | Undecided:
    if not first > 0:
        return Undecided("the control's metric is 0, so nothing is relative to it")
    ratio = second / first
    return estimate(sums, ratio - 1, [0.0, -ratio / first, 1 / first])


def against(found: OffPolicy, own: Estimate | Undecided) -> dict[str, Estimate | Undecided]:
    """Each estimate less what the policy earned itself: both logs are independent."""
    if isinstance(own, Undecided):
        return dict.fromkeys(ESTIMATORS, own)
    values: dict[str, Estimate | Undecided] = {name: getattr(found, name) for name in ESTIMATORS}
    return {name: one if isinstance(one, Undecided) else apart(one, own) for name, one in values.items()}


HEAVY, THIN, UNSEEN = 0.05, 0.1, 0.01
"""Shares from which it is said: of all weight on one row, effective among all rows (below), never logged."""


def remarks(found: OffPolicy, uncovered: float | None, more: Sequence[str] = ()) -> tuple[str, ...]:
    """What has to be known before the estimates are believed."""
    weights, lines = found.weights, []
    if found.weights_off:
        mean = (weights.total + weights.cut) / weights.rows
        lines.append(
            f"the mean weight is {mean:.3f}, further from 1 than chance takes it: the propensities are not "
            "those of this log, or the target policy shows what the log never did"
        )
    if uncovered is not None and uncovered > UNSEEN:
        lines.append(
            f"{share(uncovered)} of what the target policy would show was never logged: IPS counts it as 0, "
            "SNIPS as the rest, and DR as its model says"
        )
    if weights.total > 0 and weights.effective < THIN * weights.rows:
        lines.append(
            f"the effective sample size is {weights.effective:,.0f} of {weights.rows:,.0f} rows: "
            "the policies differ much"
        )
    if weights.heaviest > HEAVY:
        lines.append(f"one row carries {share(weights.heaviest)} of all weight")
    if weights.cut > 0:
        lines.append(
            f"clipping took {share(weights.cut_share)} of the weight, off {weights.clipped:,.0f} rows: "
            "estimates are biased, to too little where rewards are positive"
        )
    return (*lines, *more)
