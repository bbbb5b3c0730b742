"""How often guardrails veto a treatment that changes nothing, and clear one that does harm."""

import math
from collections.abc import Sequence
from functools import partial

import numpy as np

from bot.stats.effect import Effect
from bot.stats.guardrail import Correction, Level, Status, Threshold, judge_all
from bot.stats.guardrail_power import Watch, false_veto_probability, level_at

from .draws import effects, normal_looks
from .looks import LOOKS
from .tally import Tally, Trial, tally

COUNT, UNITS, MEAN = 5, 1000, 10.0
LIMIT = 0.005
"""The threshold: 1.12 standard errors at the last look (the relative effect's is sqrt(2 / UNITS) / MEAN)."""

FAR = 2.2
IN_SE = LIMIT * MEAN / math.sqrt(2 / UNITS)


def _sets(
    rng: np.random.Generator, replications: int, truths: Sequence[float], looks: Sequence[float] = (1.0,)
) -> list[list[tuple[Effect, ...]]]:
    """Per look and replication the set of effects; truths: the relative effect on each guardrail."""
    sizes = [round(UNITS * t) for t in looks]
    metrics = []
    for truth in truths:
        control = normal_looks(rng, replications, sizes, mean=MEAN)
        treatment = normal_looks(rng, replications, sizes, mean=MEAN * (1 + truth))
        metrics.append([effects(c, t) for c, t in zip(control, treatment, strict=True)])
    return [list(zip(*(metric[k] for metric in metrics), strict=True)) for k in range(len(sizes))]


def _statuses(
    sets: list[tuple[Effect, ...]], limit: float, correction: Correction, level: Level | None = None
) -> list[list[Status]]:
    line = Threshold("max_relative_regression", limit)
    levels = None if level is None else [level] * len(sets[0])
    judged = [
        judge_all([(e, line) for e in found], alpha=0.05, correction=correction, levels=levels)
        for found in sets
    ]
    return [[one.status for one in found] for found in judged]


def false_vetoes(rng: np.random.Generator, replications: int) -> list[Tally]:
    """Five guardrails and no effect: the probability that `false_veto_probability` gives for the set.

    A threshold 1.12 standard errors away changes nothing, since significance asks for more; 2.2 does.
    """
    sets = _sets(rng, replications, [0.0] * COUNT)[0]
    found = []
    for correction in ("iut", "bonferroni", "holm"):
        vetoed = np.array([Status.VETO in one for one in _statuses(sets, LIMIT, correction)])
        nominal = false_veto_probability(COUNT, 0.05, correction, limits_in_se=[IN_SE] * COUNT)
        found.append(tally(f"{correction}: false veto by one of 5", nominal, vetoed))
    vetoed = np.array([Status.VETO in one for one in _statuses(sets, FAR / IN_SE * LIMIT, "iut")])
    nominal = false_veto_probability(COUNT, limits_in_se=[FAR] * COUNT)
    found.append(tally(f"iut: false veto, thresholds {FAR} se away", nominal, vetoed))
    return [*found, *_beside_harm(rng, replications)]


def _beside_harm(rng: np.random.Generator, replications: int) -> list[Tally]:
    """Two guardrails are harmed and three are not: Holm still vetoes falsely no oftener than it says."""
    sets = _sets(rng, replications, [-0.03, -0.03, 0.0, 0.0, 0.0])[0]
    falsely = np.array([Status.VETO in one[2:] for one in _statuses(sets, LIMIT, "holm")])
    return [tally("holm: false veto beside two true ones", 0.025, falsely, "<=")]


def watched(rng: np.random.Generator, replications: int) -> list[Tally]:
    """The same set judged at every one of four looks, by each choice of spending."""
    looks = _sets(rng, replications, [0.0] * COUNT, LOOKS)
    return [
        _watched(looks, "none", "iut"),
        _watched(looks, "pocock", "iut"),
        _watched(looks, "obrien-fleming", "iut"),
        _watched(looks, "pocock", "bonferroni"),
        _watched(looks, "obrien-fleming", "holm"),
    ]


def _watched(looks: list[list[tuple[Effect, ...]]], spending: Watch, correction: Correction) -> Tally:
    vetoed = np.zeros(len(looks[0]), dtype=bool)
    for k, sets in enumerate(looks):
        level = partial(_level, k, spending)
        vetoed |= np.array([Status.VETO in one for one in _statuses(sets, LIMIT, correction, level)])
    nominal = false_veto_probability(
        COUNT,
        0.05,
        correction,
        fractions=LOOKS,
        limits_in_se=[IN_SE] * COUNT,
        spendings=[spending] * COUNT,
    )
    return tally(f"{correction}, spending {spending}: false veto at any of 4 looks", nominal, vetoed)


def _level(look: int, spending: Watch, alpha: float) -> float:
    return level_at(LOOKS[: look + 1], alpha, spending, final=look + 1 == len(LOOKS))


def noninferiority(rng: np.random.Generator, replications: int) -> list[Tally]:
    """A treatment exactly at the threshold is cleared as seldom as its interval promises."""
    limit = 0.01
    alone = _sets(rng, replications, [-limit])[0]
    cleared = np.array([one == [Status.CLEAR] for one in _statuses(alone, limit, "iut")])
    every = _sets(rng, replications, [-limit, 0.05, 0.05])[0]
    set_cleared = np.array([set(one) == {Status.CLEAR} for one in _statuses(every, limit, "iut")])
    at_all = _sets(rng, replications, [-limit] * 3)[0]
    all_cleared = np.array([set(one) == {Status.CLEAR} for one in _statuses(at_all, limit, "iut")])
    return [
        tally("noninferiority: cleared although at the threshold", 0.025, cleared),
        tally("iut: set cleared, one of three at its threshold", 0.025, set_cleared),
        tally("iut: set cleared, all three at their thresholds", 0.025, all_cleared, "<="),
    ]


TRIALS: dict[str, Trial] = {"false-veto": false_vetoes, "watched": watched, "noninferiority": noninferiority}
