"""What a sequential plan can detect: power, inflation, expected information, conditional power.

Effects are drifts: the expected Z at information 1, that is the true effect over its standard error with the
whole planned sample. A positive drift is a higher treatment. Where a plan has futility bounds these figures
take them to be obeyed, binding or not.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from bot.stats.bounds import exits
from bot.stats.root import find_root
from bot.stats.sample import FloatArray
from bot.stats.sequential import Plan, plan_exits
from bot.stats.spending import Sided
from bot.stats.walk import Walk


@dataclass(frozen=True)
class Cost:
    """What a plan costs against one look of the same alpha and power, in samples of that one look.

    inflation: at the last look. expected_*: on average, stopping where the plan stops: without an effect
    (rpact's ASN H0), with half of the planned one (H01), with all of it (H1). drift: the expected Z at
    information 1 with the planned effect.
    """

    inflation: float
    expected_h0: float
    expected_between: float
    expected_h1: float
    drift: float


def plan_power(plan: Plan, drift: float) -> float:
    """Probability that some look crosses on the side where the truth lies, `drift` or, one-sided, above.

    One-sided plans and futility look one way: there drift is positive in the declared direction.
    """
    if plan.sided == 2 and plan.futility is None:
        drift = abs(drift)
    return math.fsum(one.up for one in plan_exits(plan, drift))


def fixed_drift(alpha: float, power: float, sided: Sided = 2) -> float:
    """The drift one look needs: z_{alpha/2} + z_beta, one-sided z_alpha + z_beta."""
    _check_power(alpha, power)
    return -float(special.ndtri(alpha / sided) + special.ndtri(1 - power))


def drift_for(plan: Plan, power: float) -> float:
    """The drift that the plan detects with this power, in the declared direction."""
    _check_power(plan.type1_error, power)
    return find_root(lambda d: plan_power(plan, d) - power, 0.0, 20.0)


def inflation(plan: Plan, power: float) -> float:
    """Sample the plan needs over that of one look at the same alpha and power; 1 for a single look.

    >>> from bot.stats.sequential import boundaries
    >>> round(inflation(boundaries([4 / 14, 7 / 14, 11 / 14, 1]), 0.8), 6)
    1.022012
    """
    fixed = fixed_drift(plan.spending.alpha, power, plan.sided)
    return (drift_for(plan, power) / fixed) ** 2 * plan.fractions[-1]


def expected_information(plan: Plan, drift: float) -> float:
    """Mean information fraction at which the experiment stops when it stops where the plan does.

    drift: in the declared direction; in a two-sided plan without futility the sign makes no difference.
    """
    stops = [one.down + one.futile + one.up for one in plan_exits(plan, drift)]
    last = plan.fractions[-1]
    return last - math.fsum(p * (last - t) for p, t in zip(stops, plan.fractions, strict=True))


def cost(plan: Plan, power: float) -> Cost:
    """What the plan needs for this power, at most and on average."""
    drift = drift_for(plan, power)
    # Information 1 over the sample of one look at the same alpha and power.
    unit = (drift / fixed_drift(plan.spending.alpha, power, plan.sided)) ** 2
    none, half, full = (unit * expected_information(plan, d) for d in (0.0, drift / 2, drift))
    return Cost(unit * plan.fractions[-1], none, half, full, drift)


def conditional_power(
    plan: Plan, look: int, z: float, drift: float, *, direction: int | None = None
) -> float:
    """Probability that a later look crosses on one side, given Z at this look (index from 0).

    z, drift: positive when the treatment is higher; drift: `current_drift` for the estimate so far, or the
    design's. direction: 1 for an increase, -1 for a decrease, the declared one by default. Once this look has
    crossed it is 1 or 0, at the last look too. Futility that does not bind is not obeyed at this look, since
    the question is what going on would bring, but at the later ones.
    """
    declared = plan.direction
    z, drift, side = z * declared, drift * declared, (direction or declared) * declared
    if z >= plan.z[look] or (plan.sided == 2 and z <= -plan.z[look]):
        return 1.0 if z * side > 0 else 0.0
    if look == plan.last or (plan.binding and z < plan.binding[look]):
        return 0.0
    following = slice(look + 1, None)
    later = exits(
        plan.z[following],
        plan.fractions[following],
        sided=plan.sided,
        floor=plan.floor[following],
        since=Walk.start(drift, time=plan.fractions[look], z=z),
    )
    return min(1.0, math.fsum(one.up if side > 0 else one.down for one in later))


def current_drift(plan: Plan, look: int, z: float) -> float:
    """The drift that the data so far point at."""
    return z / math.sqrt(plan.fractions[look])


def predictive_power(plan: Plan, look: int, z: float, *, direction: int | None = None) -> float:
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
