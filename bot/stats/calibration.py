"""How well stated confidences hold: reliability, Brier score, and the haircut that follows from them.

Everything takes counts: of `tried` experiments stated with one confidence, `succeeded` did succeed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import special

from bot.stats.rate import wilson
from bot.stats.undecided import Undecided

WITHIN = 0.10
"""Observed rate and stated confidence closer than this are well calibrated (AML-02: "within 10 %")."""
OFF = 0.20
"""Further apart than this the confidence is not calibrated (AML-02: "20 % off")."""
PRIOR_EXPERIMENTS = 4.0
"""Experiments that the prior, "confidences are right", is worth against the team's own."""
SUREST = 0.99
"""No confidence is raised beyond this."""


@dataclass(frozen=True)
class Judged:
    """Experiments that were stated with one confidence (0 to 1), and how many of them succeeded."""

    confidence: float
    tried: int
    succeeded: int

    def __post_init__(self) -> None:
        if not (0 <= self.confidence <= 1 and 0 <= self.succeeded <= self.tried):
            raise ValueError(f"{self.succeeded} of {self.tried} at {self.confidence:g} is no record")


@dataclass(frozen=True)
class Bin:
    """One point of the reliability curve: mean stated confidence, observed rate with its 95 % interval."""

    stated: float
    observed: float
    low: float
    high: float
    tried: int
    succeeded: int


@dataclass(frozen=True)
class Brier:
    """The mean squared distance of confidence and outcome (0 best, .25 a coin), and its parts.

    score = reliability - resolution + uncertainty (Murphy 1973): reliability is 0 when every confidence
    holds, resolution what telling experiments apart earns, uncertainty what always stating the mean rate
    would score.
    p: two-sided, of confidences that hold (Spiegelhalter 1986), or why there is none.
    """

    score: float
    reliability: float
    resolution: float
    uncertainty: float
    p: float | Undecided
    tried: int


@dataclass(frozen=True)
class Haircut:
    """What stated confidences are multiplied by, and the record it comes from.

    factor: 1 where confidences hold within WITHIN, or nothing is known; raw: observed over stated, unshrunk;
    stated, observed: means over the experiments, observed with its 95 % interval; shrunk: the observed rate
    drawn towards the stated one. All None but factor where no experiment is on record.
    """

    factor: float
    tried: int = 0
    stated: float | None = None
    observed: float | None = None
    low: float | None = None
    high: float | None = None
    shrunk: float | None = None
    raw: float | None = None

    def apply(self, confidence: float) -> float:
        """The confidence after the haircut, never above SUREST unless it was stated so."""
        return min(confidence * self.factor, max(SUREST, confidence))


def haircut(record: Sequence[Judged]) -> Haircut:
    """Learn the haircut from the team's own record.

    With k successes of n and mean stated confidence c the rate has a Beta(m c, m (1 - c)) prior, m =
    PRIOR_EXPERIMENTS, so its posterior mean is (k + m c) / (n + m) (Beta-binomial shrinkage), and the
    haircut that over c: (k / c + m) / (n + m). Left at 1 while that rate is within WITHIN of c.

    >>> round(haircut([Judged(0.8, 400, 200)]).factor, 2)  # AML-02's over-confident team: 0.6
    0.63
    >>> haircut([Judged(0.8, 25, 19)]).factor  # 76 %: well calibrated
    1.0
    """
    tried = sum(one.tried for one in record)
    if not tried:
        return Haircut(1.0)
    succeeded = sum(one.succeeded for one in record)
    stated = math.fsum(one.confidence * one.tried for one in record) / tried
    observed = succeeded / tried
    low, high = wilson(succeeded, tried)
    shrunk = (succeeded + PRIOR_EXPERIMENTS * stated) / (tried + PRIOR_EXPERIMENTS)
    if stated == 0:
        return Haircut(1.0, tried, stated, observed, low, high, shrunk)
    factor = 1.0 if abs(shrunk - stated) <= WITHIN else shrunk / stated
    return Haircut(factor, tried, stated, observed, low, high, shrunk, observed / stated)


def reliability(record: Sequence[Judged], *, bins: int = 5) -> tuple[Bin, ...]:
    """The reliability curve: equal bins of stated confidence, those with experiments, in order.

    A confidence on an edge belongs to the bin above it, 1 to the last.
    """
    of: dict[int, list[Judged]] = {}
    for one in record:
        if one.tried:
            of.setdefault(min(bins - 1, math.floor(one.confidence * bins + 1e-9)), []).append(one)
    return tuple(_bin(of[place]) for place in sorted(of))


def _bin(record: Sequence[Judged]) -> Bin:
    tried, succeeded = sum(one.tried for one in record), sum(one.succeeded for one in record)
    stated = math.fsum(one.confidence * one.tried for one in record) / tried
    return Bin(stated, succeeded / tried, *wilson(succeeded, tried), tried, succeeded)


def brier(record: Sequence[Judged]) -> Brier | Undecided:
    """The Brier score with Murphy's decomposition over the distinct confidences, which is exact.

    (Brier 1950, Monthly Weather Review 78:1; Murphy 1973, J. Applied Meteorology 12:595.)
    """
    together: dict[float, list[int]] = {}
    for one in record:
        counts = together.setdefault(one.confidence, [0, 0])
        counts[0] += one.tried
        counts[1] += one.succeeded
    tried = sum(n for n, _ in together.values())
    if not tried:
        return Undecided("no experiment with a stated confidence and an outcome is on record")
    rate = sum(k for _, k in together.values()) / tried
    seen = [(c, n, k / n) for c, (n, k) in together.items() if n]
    return Brier(
        # k outcomes of 1 and n - k of 0: k (1 - c)^2 + (n - k) c^2
        math.fsum(n * (o * (1 - c) ** 2 + (1 - o) * c * c) for c, n, o in seen) / tried,
        math.fsum(n * (c - o) ** 2 for c, n, o in seen) / tried,
        math.fsum(n * (o - rate) ** 2 for _, n, o in seen) / tried,
        rate * (1 - rate),
        _holds(seen),
        tried,
    )


def _holds(seen: Sequence[tuple[float, int, float]]) -> float | Undecided:
    """Spiegelhalter's test (1986, Statistics in Medicine 5:421): z = sum (y - c)(1 - 2c) / its sd under c."""
    off = math.fsum(n * (o - c) * (1 - 2 * c) for c, n, o in seen)
    variance = math.fsum(n * (1 - 2 * c) ** 2 * c * (1 - c) for c, n, _ in seen)
    if variance <= 0:
        return Undecided("every confidence was 0, 0.5 or 1, which the test cannot tell from right ones")
    return 2 * float(special.ndtr(-abs(off) / math.sqrt(variance)))
