"""Whether an effect fades or grows with the days since a unit first met it: novelty and learning."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from bot.stats.undecided import Undecided

LEAST = 5
"""Different days since exposure from which a line is asked for."""


@dataclass(frozen=True)
class Point:
    """The effect on units that met the change `days` days ago; variance: its squared standard error."""

    days: int
    effect: float
    variance: float


@dataclass(frozen=True)
class Line:
    """The line that fits the effects best over log(1 + days), by day in the order of the points.

    shares: what each effect adds to the slope, so that slope = sum of share * effect.
    """

    intercept: float
    slope: float
    shares: tuple[float, ...]

    def at(self, days: float) -> float:
        """Its effect so many days after exposure."""
        return self.intercept + self.slope * math.log1p(days)


@dataclass(frozen=True)
class Exposed:
    """Effects by day since exposure; variance: the squared standard error of their line's slope.

    units: of the smaller arm. The same units stand behind all days, so the variance is not that of
    independent effects: it is added up unit by unit (`bot.sources.after`).
    """

    points: tuple[Point, ...]
    variance: float
    units: int


@dataclass(frozen=True)
class Novelty:
    """How the effect goes with the days since exposure.

    slope: what the effect gains as log(1 + days) grows by 1, in the effects' unit; se: its standard error;
    low, high: its two-sided interval of level 1 - alpha; p: two-sided, of no slope. first, last: the line on
    the first and on the last day there is, `days` of them.
    """

    points: int
    slope: float
    se: float
    low: float
    high: float
    p: float
    first: float
    last: float
    days: tuple[int, int]


def line(points: Sequence[Point]) -> Line | Undecided:
    """Weighted least squares of the effect on log(1 + days), weights 1 / variance (Aitken 1935).

    Novelty wears off quickly at first and slowly later, hence the logarithm (Kohavi, Tang & Xu 2020,
    Trustworthy Online Controlled Experiments, ch. 23; Hohnhold, O'Brien & Tang 2015, KDD).

    >>> found = line([Point(day, 0.02 - 0.005 * math.log1p(day), 1e-6 * (1 + day)) for day in range(6)])
    >>> round(found.intercept, 12), round(found.slope, 12)
    (0.02, -0.005)
    """
    days = len({one.days for one in points})
    if days < LEAST:
        many = "" if days == 1 else "s"
        return Undecided(f"the effect is known on {days} day{many} since exposure, and a line needs {LEAST}")
    x = np.log1p(np.array([one.days for one in points], dtype=np.float64))
    y = np.array([one.effect for one in points], dtype=np.float64)
    v = np.array([one.variance for one in points], dtype=np.float64)
    if not (np.isfinite(y).all() and np.isfinite(v).all() and (v > 0).all() and np.isfinite(x).all()):
        return Undecided("an effect by days since exposure is not finite or has no variance")
    weight = v.min() / v  # relative, so that nothing overflows
    centred = x - float(np.average(x, weights=weight))
    shares = weight * centred / float(weight @ centred**2)
    slope = float(shares @ y)
    intercept = float(np.average(y - slope * x, weights=weight))
    return Line(intercept, slope, tuple(float(one) for one in shares))


def novelty(seen: Exposed, *, alpha: float = 0.05) -> Novelty | Undecided:
    """The line's slope with its interval; by Student's t with one degree less than the smaller arm has units.

    Its standard error is clustered by unit (Liang & Zeger 1986, Biometrika 73:13): right however the days of
    one unit go together. Units that stay away later are not there to be seen: a slope is of who came back.

    >>> falls = tuple(Point(day, 0.03 - 0.008 * math.log1p(day), 1e-6) for day in range(14))
    >>> found = novelty(Exposed(falls, 1e-6, 2000))
    >>> round(found.slope, 6), round(found.first, 6), found.p < 1e-6
    (-0.008, 0.03, True)
    """
    fitted = line(seen.points)
    if isinstance(fitted, Undecided):
        return fitted
    if not (math.isfinite(seen.variance) and seen.variance > 0) or seen.units < 2:
        return Undecided("the slope over days since exposure has no standard error: its units do not vary")
    se, df = math.sqrt(seen.variance), seen.units - 1
    half = -float(special.stdtrit(df, alpha / 2)) * se
    days = [one.days for one in seen.points]
    return Novelty(
        points=len(seen.points),
        slope=fitted.slope,
        se=se,
        low=fitted.slope - half,
        high=fitted.slope + half,
        p=min(1.0, 2 * float(special.stdtr(df, -abs(fitted.slope / se)))),
        first=fitted.at(min(days)),
        last=fitted.at(max(days)),
        days=(min(days), max(days)),
    )
