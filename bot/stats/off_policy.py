"""What a policy would have earned, from a log that another policy left behind.

Each logged row has a reward r, the propensity p with which what was shown was shown, and the probability q
with which the target policy would have shown the same; its weight is w = q / p. Everything is computed from
sums over independent units (a row, or a cluster of rows such as a session) of the quantities in `Column`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from bot.stats.moments import FEWEST, Array, Estimate, Sums, estimate
from bot.stats.undecided import Undecided

FEWEST_REWARDS = 5
"""Rewarded rows with a weight below which no value is given."""
FAR = 3.29
"""Standard errors from 1 at which a mean weight is called off: two-sided p = .001."""


class Column(IntEnum):
    """What is summed over each unit: in this order, the last two where there is a reward model.

    MODEL: the sum over all actions of q times the modelled reward. MISSED: w times what r is above the
    modelled reward of what was shown.
    """

    ROWS = 0
    WEIGHT = 1
    WEIGHTED = 2
    REWARD = 3
    MODEL = 4
    MISSED = 5


PLAIN, MODELLED = 4, 6
"""How many columns there are without and with a reward model."""


@dataclass(frozen=True)
class Weights:
    """The weights of the rows, by themselves.

    squares: the sum of w^2. clipped: rows whose weight was cut, or whose propensity was raised; cut: the sum
    of what was taken off their weights. rewarded: rows with a weight and a reward other than 0. least: the
    smallest reward. whole_squares: as squares, of the weights before clipping.
    bad: rows that contradict themselves, by what is wrong ("a propensity of 0 or less").
    """

    rows: float
    total: float
    squares: float
    largest: float
    clipped: float = 0.0
    cut: float = 0.0
    rewarded: float = math.inf
    least: float = -math.inf
    whole_squares: float = math.nan
    bad: Mapping[str, int] = field(default_factory=dict)

    @property
    def effective(self) -> float:
        """Kish's effective sample size, (sum w)^2 / sum w^2, in rows (Kish 1965, Survey Sampling, 11.7)."""
        return self.total**2 / self.squares if self.squares > 0 else 0.0

    @property
    def heaviest(self) -> float:
        """The share of all weight that the heaviest row carries."""
        return self.largest / self.total if self.total > 0 else 0.0

    @property
    def cut_share(self) -> float:
        """The share of all weight that clipping took off."""
        whole = self.total + self.cut
        return self.cut / whole if whole > 0 else 0.0


@dataclass(frozen=True)
class OffPolicy:
    """Estimates of the target policy's mean reward a row, and how they stand.

    logged: the logging policy's own mean reward. dm has no interval: its error is that of its model. lifts:
    of each estimator over `logged`, relative. mean_weight: 1 but for chance where the propensities are right
    and the log holds all that the target would show.
    """

    weights: Weights
    logged: Estimate | Undecided
    ips: Estimate | Undecided
    snips: Estimate | Undecided
    dr: Estimate | Undecided
    dm: float | Undecided
    mean_weight: Estimate | Undecided
    lifts: Mapping[str, Estimate | Undecided]

    @property
    def weights_off(self) -> bool:
        """Whether the mean weight is further from 1 than chance takes it; the mean before any clipping."""
        found, weights = self.mean_weight, self.weights
        if weights.cut > 0:
            mean = (weights.total + weights.cut) / weights.rows
            error = math.sqrt(max(0.0, weights.whole_squares / weights.rows - mean * mean) / weights.rows)
            return abs(mean - 1) > FAR * error
        if isinstance(found, Estimate):
            return abs(found.value - 1) > FAR * found.se
        # Without an interval only a mean that cannot be 1: all weights are the same, and another.
        same = weights.rows >= FEWEST and weights.effective >= weights.rows * (1 - 1e-9)
        return same and abs(weights.total / weights.rows - 1) > 1e-9


def off_policy(
    sums: Sums, weights: Weights, *, alpha: float = 0.05, policy: Array | None = None
) -> OffPolicy:
    """All estimates from the sums of `Column` over units.

    IPS = sum w r / n (Horvitz & Thompson 1952, JASA 47:663). SNIPS = sum w r / sum w (Swaminathan & Joachims
    2015, NeurIPS 28, eq. 9). DM = mean of the model under the target. DR = DM + mean of w (r - model) (Dudik,
    Langford & Li 2011, ICML, eq. 3). Intervals by `bot.stats.moments.estimate`. policy: the covariance of the
    means that comes from a target policy which is itself estimated, (k, k).
    """
    modelled = len(sums.about) == MODELLED
    reason = _unusable(weights)
    mean = sums.mean if sums.n else np.zeros(len(sums.about))
    logged = _ratio(sums, Column.REWARD, Column.ROWS, alpha, None) if sums.n else Undecided("no rows")
    no_model = Undecided("no reward model is declared")
    if reason is not None:
        dm: float | Undecided = no_model if not modelled or not sums.n else _dm(mean)
        return OffPolicy(weights, logged, reason, reason, reason if modelled else no_model, dm, reason, {})
    ips = _ratio(sums, Column.WEIGHTED, Column.ROWS, alpha, policy)
    snips = _ratio(sums, Column.WEIGHTED, Column.WEIGHT, alpha, policy)
    dr: Estimate | Undecided = _dr(sums, alpha, policy) if modelled else no_model
    floor = 0.0 if weights.least >= 0 else -math.inf
    found = {"ips": ips, "snips": snips, "dr": dr}
    return OffPolicy(
        weights,
        logged,
        _above(ips, floor),
        _above(snips, floor),
        _above(dr, floor),
        _dm(mean) if modelled else no_model,
        _ratio(sums, Column.WEIGHT, Column.ROWS, alpha, policy),
        {name: _lift(sums, name, one, alpha, policy) for name, one in found.items()},
    )


def _unusable(weights: Weights) -> Undecided | None:
    """Why no weighted estimate can be given, if so."""
    for what, rows in weights.bad.items():
        if rows:
            return Undecided(f"{rows:,} of {weights.rows:,.0f} rows have {what}")
    if not weights.total > 0:
        return Undecided("the target policy would have shown nothing of what was logged")
    if weights.rewarded < FEWEST_REWARDS:
        many = f"{weights.rewarded:.0f} rewarded row{'' if weights.rewarded == 1 else 's'}"
        return Undecided(f"{many} with a weight, and {FEWEST_REWARDS} are needed")
    return None


def _dm(mean: Array) -> float:
    return float(mean[Column.MODEL] / mean[Column.ROWS])


def _gradient(sums: Sums, name: str) -> tuple[float, Array]:
    """The value of an estimator and its gradient by the means."""
    mean, gradient = sums.mean, np.zeros(len(sums.about))
    below = Column.WEIGHT if name == "snips" else Column.ROWS
    above = (Column.MODEL, Column.MISSED) if name == "dr" else (Column.WEIGHTED,)
    value = float(sum(mean[one] for one in above) / mean[below])
    for one in above:
        gradient[one] = 1 / mean[below]
    gradient[below] = -value / mean[below]
    return value, gradient


def _dr(sums: Sums, alpha: float, policy: Array | None) -> Estimate | Undecided:
    value, gradient = _gradient(sums, "dr")
    return estimate(sums, value, gradient, alpha=alpha, also=policy)


def _ratio(
    sums: Sums, above: Column, below: Column, alpha: float, policy: Array | None
) -> Estimate | Undecided:
    mean, gradient = sums.mean, np.zeros(len(sums.about))
    value = float(mean[above] / mean[below])
    gradient[above], gradient[below] = 1 / mean[below], -value / mean[below]
    return estimate(sums, value, gradient, alpha=alpha, also=policy)


def _lift(
    sums: Sums, name: str, found: Estimate | Undecided, alpha: float, policy: Array | None
) -> Estimate | Undecided:
    """The relative lift over the log's own mean reward: both from the same rows, so their errors cancel."""
    if isinstance(found, Undecided):
        return found
    own = float(sums.mean[Column.REWARD] / sums.mean[Column.ROWS])
    if not own > 0:
        return Undecided("the log's own mean reward is not above 0, so nothing is relative to it")
    value, gradient = _gradient(sums, name)
    ratio = value / own
    gradient = gradient / own
    gradient[Column.REWARD] -= ratio / sums.mean[Column.REWARD]
    gradient[Column.ROWS] += ratio / sums.mean[Column.ROWS]
    return estimate(sums, ratio - 1, gradient, alpha=alpha, also=policy)


def _above(found: Estimate | Undecided, floor: float) -> Estimate | Undecided:
    """With no bound below what a mean of such rewards can be."""
    if isinstance(found, Undecided) or found.low >= floor:
        return found
    return Estimate(found.value, floor, max(found.high, floor), found.se, found.units)


def credibility(
    groups: float, rows: float, squares: float, within: float, between: float
) -> float | Undecided:
    """Rows that a cell needs for its own mean to count as much as the mean of all: Buehlmann & Straub's k.

    groups: cells; rows: all of them; squares: the sum over cells of rows squared. within, between: sums of
    squares of the analysis of variance. k = s^2 / a with s^2 = within / (rows - groups) and
    a = (between - (groups - 1) s^2) / (rows - squares / rows) (Buehlmann & Straub 1970; Klugman, Panjer &
    Willmot, Loss Models, 18.5). Where cells do not differ more than by chance it is infinite: `math.inf`.

    >>> credibility(2, 200, 20000, 198.0, 51.0)
    2.0
    """
    if rows <= groups or groups < 2:
        return Undecided("too few rows to tell cells apart")
    inner = within / (rows - groups)
    outer = (between - (groups - 1) * inner) / (rows - squares / rows)
    if not outer > 0:
        return math.inf
    return inner / outer
