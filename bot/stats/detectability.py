"""Whether a quarter can show an effect: power, standard error and the smallest effect it would show."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from bot.stats.power import detectable, harmonic, power_at
from bot.stats.undecided import Undecided

Values = NDArray[np.float64]

LEAST = 2.0
"""Units an arm below which there is no variance to estimate."""


@dataclass(frozen=True)
class Reading:
    """What a test of this size shows of an effect, in the metric's units.

    per_arm: units an arm, their harmonic mean; power: of seeing the effect, two-sided; error: the standard
    error of the difference; smallest: the effect that is seen with a power of .8.
    """

    per_arm: float
    power: float
    error: float
    smallest: float


def reading(
    control: float,
    treatment: float,
    sd: float,
    effect: float,
    *,
    alpha: float = 0.05,
    variance_reduction: float = 0.0,
    inflation: float = 1.0,
) -> Reading | Undecided:
    """Read off what arms of this size show, by the noncentral t test of `stats.power`.

    sd: of one unit, metric units. inflation: of a sequential plan, divides the units. The standard error is
    that of the difference with those units: sd sqrt((1 - r) 2 / n).

    >>> found = reading(10502.88, 10502.88, 0.142, 0.00549)
    >>> round(found.power, 4), round(found.smallest, 5)
    (0.8, 0.00549)
    """
    n = harmonic(control, treatment)
    if not n / inflation >= LEAST:
        return Undecided(f"{n:,.1f} units an arm within the quarter, and a test needs {LEAST:g}")
    if not (sd > 0 and math.isfinite(sd)):
        return Undecided(f"a standard deviation of {sd:g}: nothing varies, so no error can be known")
    share = treatment / (control + treatment)
    power = power_at(
        n, sd, effect, alpha, variance_reduction=variance_reduction, inflation=inflation, share=share
    )
    smallest = detectable(
        n, sd, alpha, variance_reduction=variance_reduction, inflation=inflation, share=share
    )
    error = sd * math.sqrt((1 - variance_reduction) * 2 * inflation / n)
    return Reading(n, power, error, smallest)


def chances(effects: Values, error: float, alpha: float = 0.05) -> Values:
    """The probability of a significant result in the right direction, for each of many effects.

    Phi(effect / error - z_{alpha/2}): the normal approximation, good to the third digit above 50 units an
    arm, and fast enough for every draw.
    """
    critical = -float(special.ndtri(alpha / 2))
    found: Values = special.ndtr(effects / error - critical)
    return found
