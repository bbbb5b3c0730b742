"""What a sequential plan can detect: power, inflation, expected information, conditional power.

Effects are drifts: the expected Z at information 1, that is the true effect over its standard error with the
whole planned sample. A positive drift is a higher treatment.
"""

import math

import numpy as np
from scipy import special

from bot.stats.root import find_root
from bot.stats.sample import FloatArray
from bot.stats.sequential import Plan, crossing_probabilities
from bot.stats.walk import Walk


def plan_power(plan: Plan, drift: float) -> float:
    """Probability that some look crosses on the side where the truth, `drift`, lies."""
    return math.fsum(above for _, above in crossing_probabilities(plan.z, plan.fractions, abs(drift)))


def fixed_drift(alpha: float, power: float) -> float:
    """The drift one look needs at two-sided alpha: z_{alpha/2} + z_beta."""
    _check_power(alpha, power)
    return -float(special.ndtri(alpha / 2) + special.ndtri(1 - power))


def drift_for(plan: Plan, power: float) -> float:
    """The drift that the plan detects with this power."""
    _check_power(plan.type1_error, power)
    return find_root(lambda d: plan_power(plan, d) - power, 0.0, 20.0)


def inflation(plan: Plan, power: float) -> float:
    """Sample the plan needs over that of one look at the same alpha and power; 1 for a single look.

    >>> from bot.stats.sequential import boundaries
    >>> round(inflation(boundaries([4 / 14, 7 / 14, 11 / 14, 1]), 0.8), 6)
    1.022012
    """
    return (drift_for(plan, power) / fixed_drift(plan.spending.alpha, power)) ** 2 * plan.fractions[-1]


def expected_information(plan: Plan, drift: float) -> float:
    """Mean information fraction at which the experiment stops when it stops at the first crossing."""
    exits = [low + high for low, high in crossing_probabilities(plan.z, plan.fractions, drift)]
    last = plan.fractions[-1]
    return last - math.fsum(p * (last - t) for p, t in zip(exits, plan.fractions, strict=True))


def conditional_power(plan: Plan, look: int, z: float, drift: float, *, direction: int = 1) -> float:
    """Probability that a later look crosses on one side, given Z at this look (index from 0).

    drift: `current_drift` for the estimate so far, or the design's. direction: 1 for an increase, -1 for a
    decrease. At the last look it is 1 or 0: whether this one crosses.
    """
    if abs(z) >= plan.z[look]:
        return 1.0 if z * direction > 0 else 0.0
    if look == plan.last:
        return 0.0
    walk = Walk.start(drift * direction, time=plan.fractions[look], z=z * direction)
    total = 0.0
    for k in range(look + 1, len(plan.fractions)):
        total += walk.above(plan.fractions[k], plan.z[k])
        if k < plan.last:
            walk = walk.through(plan.fractions[k], -plan.z[k], plan.z[k], plan.fractions[k + 1])
    return min(1.0, total)


def current_drift(plan: Plan, look: int, z: float) -> float:
    """The drift that the data so far point at."""
    return z / math.sqrt(plan.fractions[look])


def predictive_power(plan: Plan, look: int, z: float, *, direction: int = 1) -> float:
    """Conditional power averaged over what the drift may be, given the data and a flat prior.

    (Spiegelhalter, Freedman & Blackburn 1986, Control. Clin. Trials 7:8.)
    """
    nodes, weights = _hermite()
    drifts = (z + nodes) / math.sqrt(plan.fractions[look])
    powers = [conditional_power(plan, look, z, float(d), direction=direction) for d in drifts]
    return min(1.0, float(np.dot(weights, powers)))


def _hermite() -> tuple[FloatArray, FloatArray]:
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    return np.asarray(nodes, dtype=np.float64), np.asarray(weights / weights.sum(), dtype=np.float64)


def _check_power(alpha: float, power: float) -> None:
    if not alpha < power < 1:
        raise ValueError(f"power must lie between alpha ({alpha:g}) and 1, not {power}")
