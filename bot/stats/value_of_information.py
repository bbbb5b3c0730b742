"""What knowing more is worth before a decision is taken: go on above a threshold, or leave it.

The decision pays (effect - threshold) where one goes on and nothing where one does not, so that today it is
worth max(0, E[effect] - threshold). With a result in hand one chooses again: the expected value of sample
information is E[max(0, E[effect | result] - threshold)] - max(0, E[effect] - threshold), never negative.
All in the unit of the effect; what an effect of one is worth multiplies it.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

Values = NDArray[np.float64]

_GRID = 801
"""Points of the estimate over which the preposterior is integrated; twice as many change the 4th digit."""
_WIDE = 8.0
"""Standard errors beyond the outermost effects up to which it is integrated."""


@dataclass(frozen=True)
class Information:
    """What a result is worth, and what certainty would be, in units of the effect, not negative.

    now: the decision's worth today; sample: what the experiment adds; perfect: what certainty would add;
    changes: the probability that the experiment's result turns today's decision around.
    """

    now: float
    sample: float
    perfect: float
    changes: float


def unit_normal_loss(distance: float) -> float:
    """Return E[max(0, Z - distance)] of a standard normal Z: phi(d) - d (1 - Phi(d)).

    (Raiffa & Schlaifer 1961, Applied Statistical Decision Theory, section 11.3: the "linear-loss integral".)

    >>> round(unit_normal_loss(0.0), 4), round(unit_normal_loss(1.0), 5)
    (0.3989, 0.08332)
    """
    density = math.exp(-distance * distance / 2) / math.sqrt(2 * math.pi)
    return max(0.0, density - distance * float(special.ndtr(-distance)))


def of_normal(mean: float, sd: float, error: float, threshold: float) -> Information:
    """For a normal prior and an estimate with a known standard error, in closed form.

    The posterior mean is normal about the prior's with s = sd^2 / sqrt(sd^2 + error^2) before the result is
    known, so that the result is worth s L(|mean - threshold| / s), L the unit normal loss (Raiffa & Schlaifer
    1961, section 5.4); certainty is the same with s = sd. error: 0 for a perfect experiment, inf for none.

    >>> round(of_normal(0.0, 1.0, 1.0, 0.0).sample, 4)
    0.2821
    """
    if not (sd >= 0 and error >= 0 and math.isfinite(sd)):
        raise ValueError(f"no negative spread is possible: sd {sd:g}, standard error {error:g}")
    gap = abs(mean - threshold)
    both = math.hypot(sd, error)
    shrunk = sd * sd / both if 0 < both < math.inf else 0.0
    return Information(
        max(0.0, mean - threshold),
        shrunk * unit_normal_loss(gap / shrunk) if shrunk > 0 else 0.0,
        sd * unit_normal_loss(gap / sd) if sd > 0 else 0.0,
        float(special.ndtr(-gap / shrunk)) if shrunk > 0 else 0.0,
    )


def of_points(effects: Values, weights: Values, error: float, threshold: float) -> Information:
    """For any prior given as points and weights, and a normal estimate with a known standard error.

    Writing f for the estimate's density, E[max(0, posterior mean - threshold)] is the integral over the
    estimate x of max(0, sum of w_j (effect_j - threshold) f(x | effect_j)): no division, so no tail trouble.
    Trapezia on an even grid that reaches 8 standard errors beyond all points.
    """
    if not (error > 0 and math.isfinite(error)):
        raise ValueError(f"the standard error must be positive, not {error:g}")
    gain = effects - threshold
    mean = float(weights @ gain)
    now = max(0.0, mean)
    perfect = max(0.0, float(weights @ np.maximum(gain, 0.0)) - now)
    low, high = float(effects.min()) - _WIDE * error, float(effects.max()) + _WIDE * error
    count = max(_GRID, min(8 * _GRID, math.ceil(4 * (high - low) / error)))
    if (high - low) / count > error:  # the estimate is as good as exact beside the spread of the effects
        chance = float(weights[gain > 0].sum())
        return Information(now, perfect, perfect, 1 - chance if mean > 0 else chance)
    grid = np.linspace(low, high, count)
    step = grid[1] - grid[0]
    density = np.exp(-0.5 * ((grid[:, None] - effects) / error) ** 2) * (
        step / (error * math.sqrt(2 * math.pi))
    )
    after = density @ (weights * gain)
    seen = density @ weights
    sample = min(perfect, max(0.0, float(np.maximum(after, 0.0).sum()) - now))
    return Information(now, sample, perfect, _turned(-after if mean > 0 else after, seen))


def _turned(after: Values, seen: Values) -> float:
    """The probability of a positive `after`, its zeros read off the line between two points of the grid."""
    whole = float(seen[after > 0].sum())
    left, right = after[:-1], after[1:]
    crossed = (left > 0) != (right > 0)
    high, low = np.maximum(left, right)[crossed], np.minimum(left, right)[crossed]
    # Of a step that is crossed the sum takes the half on the positive side, not the part before the zero.
    missed = (high / (high - low) - 0.5) * (seen[:-1] + seen[1:])[crossed] / 2
    return min(1.0, max(0.0, whole + float(missed.sum())))
