"""What a set of guardrails does over a whole experiment: false vetoes, and the power to clear and to veto.

Everything is in standard errors of the difference at the last look. The score of harm is a Brownian motion
over the information (`bot.stats.walk`); a veto at a look needs the score significant *and* the estimate
beyond the threshold, which lies `limit * sqrt(t)` standard errors away at information t.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, TypeAlias

from scipy import special

from bot.stats.guardrail import Correction
from bot.stats.sequential import boundaries, critical_z, realised
from bot.stats.walk import Walk

Watch: TypeAlias = Literal["none", "pocock", "obrien-fleming"]
"""How a guardrail's alpha is spent when it is watched at every look; none: all of it at each."""
LEAST = 1e-15
"""The lowest level a look is judged at: below it a spending function has spent nothing to speak of."""
CHOICES: tuple[Watch, ...] = ("none", "pocock", "obrien-fleming")


def level_at(held: Sequence[float], alpha: float, spending: Watch, *, final: bool = False) -> float:
    """The two-sided level of a guardrail at a look, of its corrected alpha for the whole experiment.

    held: information fractions of the looks so far, this one last. A final look spends what is left. Never
    0: where a function has spent less than 1e-15 by now, that is the level.

    >>> round(level_at([0.5], 0.05, "obrien-fleming"), 6), level_at([0.5, 1.0], 0.05, "none")
    (0.003051, 0.05)
    """
    return _level_at(tuple(held), alpha, spending, final)


@lru_cache(maxsize=1024)
def _level_at(held: tuple[float, ...], alpha: float, spending: Watch, final: bool) -> float:
    if spending == "none":
        return alpha
    plan = boundaries(held, alpha, spending)
    return max(LEAST, realised(plan, held, final=True).nominal_p[-1] if final else plan.nominal_p[-1])


def false_veto_probability(
    count: int,
    alpha: float = 0.05,
    correction: Correction = "iut",
    *,
    fractions: Sequence[float] = (1.0,),
    limits_in_se: Sequence[float] | None = None,
    spendings: Sequence[Watch] | None = None,
) -> float:
    """Probability that some guardrail of the set vetoes a treatment that changes nothing, at any look.

    Guardrails are taken as independent, the worst case of positive dependence. fractions: the looks at which
    they are watched, each by its own of `spendings` (none: at the full level every time). limits_in_se:
    threshold over standard error at the last look, per guardrail: a veto needs the threshold crossed as well,
    which makes it rarer; without them, or at 0, the figure is an upper bound.

    >>> round(false_veto_probability(5), 4), round(false_veto_probability(5, correction="bonferroni"), 4)
    (0.1189, 0.0248)
    """
    limits = [0.0] * count if limits_in_se is None else limits_in_se
    choices: Sequence[Watch] = ["none"] * count if spendings is None else spendings
    for what, given in (("limits", limits), ("spendings", choices)):
        if len(given) != count:
            raise ValueError(f"{len(given)} {what} for {count} guardrails")
    each = [
        veto_probability(shared(alpha, count, correction), choice, fractions, limit)
        for limit, choice in zip(limits, choices, strict=True)
    ]
    return any_of(each)


def shared(alpha: float, count: int, correction: Correction) -> float:
    """The alpha of one of a set of guardrails of which no other vetoes: Holm's first step is Bonferroni's."""
    return alpha if correction == "iut" else alpha / max(1, count)


def any_of(probabilities: Sequence[float]) -> float:
    """Probability that at least one of independent events happens."""
    if any(p >= 1 for p in probabilities):
        return 1.0
    return -math.expm1(math.fsum(math.log1p(-p) for p in probabilities))


def veto_probability(
    alpha: float,
    spending: Watch,
    fractions: Sequence[float],
    limit: float = 0.0,
    harm: float = 0.0,
) -> float:
    """Probability that one guardrail vetoes at some look.

    alpha: two-sided, corrected already; limit, harm: the threshold and the true harm over the standard error
    at the last look, positive when worse.

    >>> round(veto_probability(0.05, "none", [1.0]), 4), round(veto_probability(0.05, "none", [1.0], 2, 4), 4)
    (0.025, 0.9772)
    """
    return reached(veto_bounds(alpha, spending, fractions, limit), fractions, harm)


def veto_bounds(
    alpha: float, spending: Watch, fractions: Sequence[float], limit: float = 0.0
) -> tuple[float, ...]:
    """The Z of harm from which a guardrail vetoes at each look."""
    times = tuple(fractions)
    last = len(times)
    levels = [level_at(times[:held], alpha, spending, final=held == last) for held in range(1, last + 1)]
    # A threshold is fixed in metric units, so it is fewer standard errors away at the noisier early looks.
    away = [limit * math.sqrt(t / times[-1]) for t in times]
    return tuple(max(critical_z(p), far) for p, far in zip(levels, away, strict=True))


def reached(bounds: Sequence[float], fractions: Sequence[float], drift: float = 0.0) -> float:
    """Probability that Z is at or above its bound at some look; drift: the expected Z at the last look."""
    times = [t / fractions[-1] for t in fractions]
    walk, total = Walk.start(drift), 0.0
    for k, (time, bound) in enumerate(zip(times, bounds, strict=True)):
        total += walk.above(time, bound)
        if k + 1 < len(times):
            walk = walk.through(time, -math.inf, bound, times[k + 1])
    return min(1.0, total)


def clear_probability(alpha_last: float, limit: float) -> float:
    """Probability that the interval of level 1 - alpha_last excludes the threshold when nothing has changed.

    limit: the threshold over the standard error at the look, positive.

    >>> round(clear_probability(0.05, 1.959964 + 0.841621), 4)
    0.8
    """
    return float(special.ndtr(limit - critical_z(alpha_last)))


def both_above(first: float, second: float, correlation: float) -> float:
    """Probability that two standard normal scores of this correlation, above 0, lie above these values.

    They are those of a Brownian motion at the times correlation^2 and 1.

    >>> round(both_above(0.0, 0.0, 0.5), 9), round(1 / 3, 9)
    (0.333333333, 0.333333333)
    """
    if not 0 < correlation < 1:
        raise ValueError(f"the correlation must lie between 0 and 1, not {correlation:g}")
    time = correlation * correlation
    return min(1.0, Walk.start().through(time, first, math.inf, 1.0).above(1.0, second))
