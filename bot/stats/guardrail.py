"""Guardrails: whether a metric that must not get worse did.

Threshold and significance answer different questions and both are shown: *crossed* is where the estimate
lies, *harm* whether the difference in the harmful direction is more than chance.

| status | when |
|---|---|
| clear | the interval excludes the threshold: non-inferior |
| unproven | not crossed, not yet excluded |
| near-veto | crossed, the harm not significant |
| veto | crossed, the harm significant (two-sided p below the adjusted alpha, in the harmful direction) |
| underpowered | a cohort with too few units: shown, never evidence |
| undecided | cannot be computed, with the reason |
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias, get_args

from scipy import special

from bot.stats.effect import Effect, Harm, Interval
from bot.stats.undecided import Undecided

Kind: TypeAlias = Literal["max_relative_regression", "max_relative_increase", "max", "min"]
Rule: TypeAlias = Literal["harm", "noninferiority"]
Correction: TypeAlias = Literal["iut", "bonferroni", "holm"]
Level: TypeAlias = Callable[[float], float]
"""The two-sided level a test is judged at, from the alpha it has for the whole experiment; above 0."""


class Status(StrEnum):
    """What a guardrail or a cohort says."""

    CLEAR = "clear"
    UNPROVEN = "unproven"
    NEAR_VETO = "near-veto"
    VETO = "veto"
    UNDERPOWERED = "underpowered"
    UNDECIDED = "undecided"


WORST_FIRST = (
    Status.VETO,
    Status.NEAR_VETO,
    Status.UNDECIDED,
    Status.UNPROVEN,
    Status.UNDERPOWERED,
    Status.CLEAR,
)
"""In the order in which a reader should know of them."""


@dataclass(frozen=True)
class Threshold:
    """How far a metric may move.

    kind: max_relative_regression: the metric may fall (rise, with harm="increase") by this fraction of the
    control; max_relative_increase: it may rise by this fraction; max, min: the treatment's own level may not
    be above, below this value, metric units.
    value: as written; fractions are positive (0.01 = 1 %).
    harm: the direction that is worse; of use with max_relative_regression alone, the other kinds imply it.
    """

    kind: Kind
    value: float
    harm: Harm = "decrease"

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"unknown threshold {self.kind!r}, expected one of {', '.join(get_args(Kind))}")
        if self.relative and self.value < 0:
            raise ValueError(f"{self.kind} is a fraction, 0 or more, not {self.value:g}")
        if self.kind in ("max_relative_increase", "max"):
            object.__setattr__(self, "harm", "increase")
        elif self.kind == "min":
            object.__setattr__(self, "harm", "decrease")

    @property
    def relative(self) -> bool:
        """Whether the threshold is a fraction of the control."""
        return self.kind.startswith("max_relative")

    @property
    def limit(self) -> float:
        """The threshold with its sign: relative effect or treatment level at which it is crossed."""
        return -self.value if self.relative and self.harm == "decrease" else self.value


@dataclass(frozen=True)
class Judgement:
    """What one guardrail says.

    status; reason: the same in words, with the figures. alpha: the two-sided level it was judged at.
    measured: relative effect, or the treatment's level; interval: of level 1 - alpha; None when undecided.
    p: two-sided, of no difference between the arms; None when undecided.
    """

    status: Status
    reason: str
    alpha: float
    measured: float | None = None
    interval: Interval | None = None
    p: float | None = None

    def blocks(self, rule: Rule) -> bool:
        """Whether this stops a launch: under harm a veto does, under noninferiority all but clear."""
        if rule == "harm":
            return self.status is Status.VETO
        return self.status not in (Status.CLEAR, Status.UNDERPOWERED)


def judge(effect: Effect | Undecided, threshold: Threshold, *, alpha: float = 0.05) -> Judgement:
    """The status of one guardrail at its two-sided alpha (already adjusted for its companions)."""
    if isinstance(effect, Undecided):
        return Judgement(Status.UNDECIDED, effect.reason, alpha)
    found = _measure(effect.at(alpha), threshold)
    if isinstance(found, Undecided):
        return Judgement(Status.UNDECIDED, found.reason, alpha, p=effect.p)
    measured, interval = found
    sign = 1.0 if threshold.harm == "increase" else -1.0  # so that larger is worse
    worst = max(sign * interval[0], sign * interval[1])
    crossed = sign * measured > sign * threshold.limit
    harmed = sign * effect.absolute > 0 and effect.p < alpha
    if crossed:
        status = Status.VETO if harmed else Status.NEAR_VETO
    else:
        status = Status.CLEAR if worst < sign * threshold.limit else Status.UNPROVEN
    reason = _reason(status, measured, interval, threshold, effect.p, alpha)
    return Judgement(status, reason, alpha, measured, interval, effect.p)


def judge_all(
    guardrails: Sequence[tuple[Effect | Undecided, Threshold]],
    *,
    alpha: float = 0.05,
    correction: Correction = "iut",
    levels: Sequence[Level] | None = None,
) -> list[Judgement]:
    """The statuses of a set of guardrails, each at the level its correction and its spending give it."""
    harms = [harm_p(effect, threshold) for effect, threshold in guardrails]
    at = adjusted_alphas(harms, alpha, correction, levels)
    return [judge(e, t, alpha=level) for (e, t), level in zip(guardrails, at, strict=True)]


def adjusted_alphas(
    ps: Sequence[float],
    alpha: float,
    correction: Correction,
    levels: Sequence[Level] | None = None,
) -> list[float]:
    """The level each of a set of tests is judged at; a p of 1 stands for a test that cannot show harm.

    iut: intersection-union (Berger 1982, Technometrics 24:295): every guardrail must pass, so each is tested
    at alpha. bonferroni: alpha over their number. holm (1979, Scand. J. Stat. 6:65): the smallest p at
    alpha/k, the next at alpha/(k-1), until one is not significant; the rest keep that one's level.

    levels: per test, what its own spending over looks leaves of a corrected alpha at this look; all of it by
    default. The correction divides alpha first and each spending is then applied to its part; under Holm the
    next test is the one whose p lies lowest against its own level, so that a test rejected at this look hands
    its part on, as in Maurer & Bretz (2013, Stat. Biopharm. Res. 5:311), algorithm 1 with equal weights.

    >>> adjusted_alphas([0.02, 0.004, 0.3], 0.06, "holm")
    [0.03, 0.02, 0.06]
    """
    own: Sequence[Level] = [_whole] * len(ps) if levels is None else levels
    if len(own) != len(ps):
        raise ValueError(f"{len(own)} levels for {len(ps)} tests")
    if correction != "holm":
        part = alpha if correction == "iut" else alpha / max(1, len(ps))
        return [level(part) for level in own]
    waiting, found = list(range(len(ps))), [alpha] * len(ps)
    while waiting:
        at = {index: own[index](alpha / len(waiting)) for index in waiting}
        first = min(waiting, key=lambda index: ps[index] / at[index])
        if not ps[first] < at[first]:
            for index in waiting:
                found[index] = at[index]
            break
        found[first] = at[first]
        waiting.remove(first)
    return found


def _whole(alpha: float) -> float:
    return alpha


def harm_p(effect: Effect | Undecided, threshold: Threshold) -> float:
    """The two-sided p of a movement to the harm; 1 where it went the other way or there is no effect."""
    if isinstance(effect, Undecided):
        return 1.0
    harmful = effect.absolute > 0 if threshold.harm == "increase" else effect.absolute < 0
    return effect.p if harmful else 1.0


def _measure(effect: Effect, threshold: Threshold) -> tuple[float, Interval] | Undecided:
    """What the threshold is about, and its interval."""
    if not threshold.relative:
        arm = effect.treatment
        half = -float(special.stdtrit(arm.freedom, effect.alpha / 2)) * math.sqrt(arm.variance)
        return arm.mean, (arm.mean - half, arm.mean + half)
    if isinstance(effect.relative, Undecided):
        return effect.relative
    if isinstance(effect.ci_relative, Undecided):
        return effect.ci_relative
    if effect.control.mean < 0:
        return Undecided(
            f"the control mean {effect.control.mean:g} is negative, so a relative threshold has no direction"
        )
    return effect.relative, effect.ci_relative


def _reason(
    status: Status, measured: float, interval: Interval, threshold: Threshold, p: float, alpha: float
) -> str:
    def show(value: float) -> str:
        return f"{value:+.2%}" if threshold.relative else f"{value:.4g}"

    span = f"{show(measured)} [{show(interval[0])}, {show(interval[1])}], threshold {show(threshold.limit)}"
    words = {
        Status.CLEAR: "the interval excludes the threshold",
        Status.UNPROVEN: "not crossed, but the interval does not exclude the threshold",
        Status.NEAR_VETO: f"crossed, but the harm is not significant (p = {p:.3g}, level {alpha:.3g})",
        Status.VETO: f"crossed, and the harm is significant (p = {p:.3g} below {alpha:.3g})",
    }
    return f"{span}: {words[status]}"
