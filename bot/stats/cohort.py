"""Effects within cohorts, and the one effect they add up to.

A cohort is judged like a guardrail, by its own effect; but only when it has the units its question needs.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from bot.stats.arm import Arm
from bot.stats.effect import Effect, compare
from bot.stats.guardrail import Correction, Judgement, Status, Threshold, adjusted_alphas, harm_p, judge
from bot.stats.power import adequacy
from bot.stats.undecided import Undecided

CohortCorrection: TypeAlias = Literal["none", "bonferroni", "holm"]


@dataclass(frozen=True)
class CohortStatus:
    """One cohort against the floor.

    adequacy: units per arm (of unequal arms their harmonic mean) over the units needed. judgement:
    underpowered when that is below the minimum, whatever the estimate says.
    """

    adequacy: float
    judgement: Judgement


@dataclass(frozen=True)
class Claim:
    """One cohort as it is judged: its effect, the units per arm it has, and those it needs."""

    effect: Effect | Undecided
    n: int
    needed: float


def judge_cohort(
    effect: Effect | Undecided,
    threshold: Threshold,
    *,
    n: int,
    needed: float,
    min_adequacy: float,
    alpha: float = 0.05,
) -> CohortStatus:
    """The status of one cohort; n is the units per arm it has, needed those its question needs."""
    have = adequacy(n, needed)
    found = judge(effect, threshold, alpha=alpha)
    if have >= min_adequacy or found.status is Status.UNDECIDED:
        return CohortStatus(have, found)
    reason = f"{n} units an arm, {have:.0%} of the {needed:.0f} needed (minimum {min_adequacy:.0%})"
    return CohortStatus(have, replace(found, status=Status.UNDERPOWERED, reason=f"{reason}: no evidence"))


def judge_cohorts(
    claims: Sequence[Claim],
    threshold: Threshold,
    *,
    min_adequacy: float,
    alpha: float = 0.05,
    correction: CohortCorrection = "none",
) -> list[CohortStatus]:
    """The statuses of all cohorts, each at the level its correction gives it.

    The family is every adequate cohort with an effect, marginals and crossings alike; the others are judged
    at alpha and are no evidence. none: alpha each. bonferroni: alpha over their number. holm: step-down on
    their p of harm, where a p counts as 1 when the effect points the harmless way.
    """
    family = [
        number
        for number, one in enumerate(claims)
        if isinstance(one.effect, Effect) and adequacy(one.n, one.needed) >= min_adequacy
    ]
    ps = [harm_p(claims[number].effect, threshold) for number in family]
    rule: Correction = "iut" if correction == "none" else correction
    levels = dict(zip(family, adjusted_alphas(ps, alpha, rule) if family else (), strict=True))
    return [
        judge_cohort(
            one.effect,
            threshold,
            n=one.n,
            needed=one.needed,
            min_adequacy=min_adequacy,
            alpha=levels.get(number, alpha),
        )
        for number, one in enumerate(claims)
    ]


def rake(
    cells: Mapping[tuple[str | None, ...], float], margins: Mapping[int, Mapping[str, float]]
) -> dict[tuple[str | None, ...], float] | Undecided:
    """Cell weights with the given margins (dimension number: value: share), as near the observed as can be.

    Iterative proportional fitting (Deming & Stephan 1940, Ann. Math. Stat. 11:427). cells: units per cell;
    those of a value outside a given margin get weight 0. The weights add up to 1. Undecided when a share has
    no units to carry it or the margins contradict the empty cells.
    """
    margins = {at: _scaled(margin) for at, margin in margins.items()}
    weights = {
        cell: units
        for cell, units in cells.items()
        if units > 0 and all(margin.get(cell[at] or "", 0.0) > 0 for at, margin in margins.items())
    }
    total = math.fsum(weights.values())
    weights = {cell: weight / total for cell, weight in weights.items()}
    for _ in range(500):
        worst = 0.0
        for at, margin in margins.items():
            for value, share in margin.items():
                there = [cell for cell in weights if cell[at] == value]
                have = math.fsum(weights[cell] for cell in there)
                if share > 0 and have == 0:
                    return Undecided(f"{value} has a declared share of {share:.1%} and no units")
                worst = max(worst, abs(have - share))
                for cell in there:
                    weights[cell] *= share / have
        if worst < 1e-12:
            return weights
    return Undecided("no weights of the cohorts have all the declared shares")


def _scaled(margin: Mapping[str, float]) -> dict[str, float]:
    total = math.fsum(margin.values())
    return {value: share / total for value, share in margin.items()} if total > 0 else dict(margin)


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
    parcels = [weight * weight * arm.variance for weight, arm in parts]
    variance = math.fsum(parcels)
    # Satterthwaite (1946, Biometrics Bull. 2:110): a few units that weigh much have few degrees of freedom.
    spread = math.fsum(v * v / arm.freedom for v, (_, arm) in zip(parcels, parts, strict=True))
    df = variance * variance / spread if spread > 0 else None
    return Arm(n, mean, math.sqrt(variance * n), df)
