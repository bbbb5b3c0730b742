"""Effects within cohorts, and the one effect they add up to.

A cohort is judged like a guardrail, by its own effect; but only when it has the units its question needs.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.stats.effect import Arm, Effect, compare
from bot.stats.guardrail import Judgement, Status, Threshold, judge
from bot.stats.power import adequacy
from bot.stats.undecided import Undecided


@dataclass(frozen=True)
class CohortStatus:
    """One cohort against the floor.

    adequacy: units of the smaller arm over the units needed per arm. judgement: underpowered when that is
    below the minimum, whatever the estimate says.
    """

    adequacy: float
    judgement: Judgement


def judge_cohort(
    effect: Effect | Undecided,
    threshold: Threshold,
    *,
    n: int,
    needed: float,
    min_adequacy: float,
    alpha: float = 0.05,
) -> CohortStatus:
    """The status of one cohort; n is the smaller arm's units, needed the units per arm its question needs."""
    have = adequacy(n, needed)
    found = judge(effect, threshold, alpha=alpha)
    if have >= min_adequacy or found.status is Status.UNDECIDED:
        return CohortStatus(have, found)
    reason = f"{n} units an arm, {have:.0%} of the {needed:.0f} needed (minimum {min_adequacy:.0%})"
    return CohortStatus(have, replace(found, status=Status.UNDERPOWERED, reason=f"{reason}: no evidence"))


def post_stratified(
    effects: Sequence[Effect | Undecided], shares: Sequence[float], *, alpha: float = 0.05
) -> Effect | Undecided:
    """The effect in a population with these cohort shares (they are scaled to add up to 1).

    Each arm's mean is the share-weighted mean of its cohorts, so a different mix of the arms does not enter
    (Miratrix, Sekhon & Yu 2013, JRSS B 75:369). Undecided as soon as one cohort with a share is.
    """
    total = math.fsum(shares)
    if total <= 0 or min(shares) < 0:
        raise ValueError(f"shares must be 0 or more and not all 0, not {tuple(shares)}")
    parts: list[tuple[float, Effect]] = []
    for effect, share in zip(effects, shares, strict=True):
        if share > 0 and isinstance(effect, Undecided):
            return Undecided(f"a cohort with {share / total:.1%} of the population: {effect.reason}")
        if share > 0 and isinstance(effect, Effect):
            parts.append((share / total, effect))
    return compare(
        _stratified([(w, e.control) for w, e in parts]),
        _stratified([(w, e.treatment) for w, e in parts]),
        alpha=alpha,
    )


def _stratified(parts: Sequence[tuple[float, Arm]]) -> Arm:
    n = sum(arm.n for _, arm in parts)
    mean = math.fsum(weight * arm.mean for weight, arm in parts)
    variance = math.fsum(weight * weight * arm.variance for weight, arm in parts)
    return Arm(n, mean, math.sqrt(variance * n))
