"""Stopping for want of effect: bounds that spend the type-II error, designed together with the power.

The drift is solved so that the futility bound meets the efficacy bound at the last look, with beta spent by
then (Pampallona, Tsiatis & Kim 2001, Drug Inf. J. 35:1113): what futility costs in power is paid in sample.
Non-binding: the efficacy bounds ignore futility, so alpha holds whether anybody stops or not. Binding: they
count on stopping, ask for less, and alpha holds only when everybody stops.

Futility is one-sided, in the declared direction, also in a two-sided plan, whose upper and lower efficacy
bounds stay symmetric: an effect on the wrong side is futile, and beyond the lower bound shown to be harm too.
There binding futility buys back the upper half of alpha only: a false success has probability alpha / 2, a
false harm less than that, since most of the experiments that would show one have stopped before.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

from bot.stats.bounds import Bounds, Loss
from bot.stats.root import find_root
from bot.stats.spending import Spending

FutilitySpending: TypeAlias = Literal["obrien-fleming", "pocock", "hwang-shih-decani"]


@dataclass(frozen=True)
class Futility:
    """How the type-II error is spent. beta: 1 - power; gamma: of hwang-shih-decani; binding: as above."""

    spending: FutilitySpending
    beta: float
    gamma: float | None = None
    binding: bool = False

    def __post_init__(self) -> None:
        if not Spending(self.spending, self.beta, self.gamma, sided=1).by_function:
            raise ValueError(f"futility spends by a function, and {self.spending} is none")

    def lost(self, times: Sequence[float]) -> tuple[float, ...]:
        """Power lost by each look, cumulative: all of beta at the last."""
        rule = Spending(self.spending, self.beta, self.gamma, sided=1)
        return (*(rule.spent(t) for t in times[:-1]), self.beta)


@dataclass(frozen=True)
class FutilityBounds:
    """The futility of a plan.

    z: per look, in the declared direction; below it the look is futile, -inf where none is, the efficacy
        bound at the last look.
    cumulative_beta: probability of having stopped without success by each look, with the effect of the plan.
    drift: expected Z at information 1 with that effect.
    """

    rule: Futility
    z: tuple[float, ...]
    cumulative_beta: tuple[float, ...]
    drift: float


Efficacy: TypeAlias = Callable[[Loss], Bounds]
"""The bounds of a plan that loses so much power, futility and efficacy together."""


def design(times: Sequence[float], futility: Futility, efficacy: Efficacy, start: float) -> FutilityBounds:
    """The futility that loses beta in all, with the drift that the plan detects in spite of it.

    start: the drift it would detect without, where the search begins. Raises ValueError when there is none.
    """

    @lru_cache(maxsize=64)
    def missed(drift: float) -> float:
        return efficacy(Loss(futility.lost(times), drift, futility.binding)).lost[-1] - futility.beta

    low, high = start, 1.1 * start
    for _ in range(30):
        if missed(low) >= 0:
            break
        low, high = 0.8 * low, low
    while missed(high) > 0 and high < 100:
        low, high = high, 1.25 * high
    try:
        drift = find_root(missed, low, high, tolerance=1e-11)
        return at_drift(times, futility, efficacy, drift)[1]
    except ValueError as error:
        raise ValueError(
            f"no plan of these looks keeps power {1 - futility.beta:g} with this futility ({error})"
        ) from error


def at_drift(
    times: Sequence[float], futility: Futility, efficacy: Efficacy, drift: float
) -> tuple[Bounds, FutilityBounds]:
    """The bounds when the drift is given, as at a look held at another time than planned."""
    bounds = efficacy(Loss(futility.lost(times), drift, futility.binding))
    return bounds, FutilityBounds(futility, bounds.floor, bounds.lost, drift)
