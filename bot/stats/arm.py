"""One arm of a comparison, by the kind of its metric."""

import math
from dataclasses import dataclass

from bot.stats.sample import Sample
from bot.stats.undecided import Undecided

FEW_EVENTS, UNEQUAL = 20, 1.25
"""Events (or non-events) that the smaller arm must expect when the larger one has more than 1.25 times its
units. Below, the arms' variances are too rough and too different: two-sided 5 % was 14 % at 2 events and
4 : 1, 7 % at 5, 5.4 % at 20 (200,000 simulated tests). Equal arms hold 5 % from 2 events on."""


@dataclass(frozen=True)
class Arm:
    """One arm of a comparison.

    n: units; mean: the estimate, in metric units (a ratio metric's ratio);
    sd: standard deviation of one unit's contribution, so that the standard error is sd / sqrt(n).
    df: degrees of freedom of the sd when they are not n - 1, as when strata are weighed together.
    """

    n: int
    mean: float
    sd: float
    df: float | None = None

    @property
    def freedom(self) -> float:
        """Degrees of freedom of the sd."""
        return self.n - 1 if self.df is None else self.df

    @property
    def variance(self) -> float:
        """Variance of the arm's mean."""
        return self.sd * self.sd / self.n


def mean_arm(sample: Sample, column: str) -> Arm | Undecided:
    """One arm of a mean metric."""
    return _arm(sample.n, sample.mean_of(column), sample.variance(column), column)


def ratio_arm(sample: Sample, numerator: str, denominator: str) -> Arm | Undecided:
    """One arm of a ratio metric: the ratio, and the sd of a unit's linearised contribution to it."""
    top, bottom = sample.mean_of(numerator), sample.mean_of(denominator)
    if sample.n < 2 or not math.isfinite(bottom):
        return _arm(sample.n, bottom, math.nan, denominator)
    if bottom == 0:
        return Undecided(f"{denominator} has mean 0, so {numerator}/{denominator} has no value")
    ratio = top / bottom
    line = sample.linear({"line": {numerator: 1 / bottom, denominator: -ratio / bottom}})
    return _arm(sample.n, ratio, line.variance("line"), f"{numerator}/{denominator}")


def proportion_arm(sample: Sample, column: str) -> Arm | Undecided:
    """One arm of a proportion; a column that cannot be 0/1 is undecided."""
    share, n = sample.mean_of(column), sample.n
    if n < 2:
        return _arm(n, share, math.nan, column)
    if not 0 <= share <= 1:
        return Undecided(f"{column} has mean {share:g}, which is no proportion: declare it `kind: mean`")
    variance = share * (1 - share) * n / (n - 1)
    measured = sample.variance(column)
    if not math.isnan(measured) and abs(measured - variance) > (1e-6 + 2 / n) * max(variance, 1e-12):
        return Undecided(f"{column} is not 0 or 1 for every unit: declare it `kind: mean`")
    return _arm(n, share, variance, column)


def few_events(control: Arm | Undecided, treatment: Arm | Undecided, name: str) -> Undecided | None:
    """Why two shares cannot be compared, when events are few and the arms unequal."""
    if isinstance(control, Undecided) or isinstance(treatment, Undecided):
        return None
    smaller, larger = sorted((control.n, treatment.n))
    share = (control.n * control.mean + treatment.n * treatment.mean) / (smaller + larger)
    expected = smaller * min(share, 1 - share)
    if larger <= UNEQUAL * smaller or expected >= FEW_EVENTS or expected == 0:
        return None
    return Undecided(
        f"{name}: {expected:.1f} events expected in the smaller arm; where the arms are unequal, "
        f"{FEW_EVENTS} are needed"
    )


def _arm(n: int, mean: float, variance: float, name: str) -> Arm | Undecided:
    if n < 2:
        return Undecided(f"{name}: {n} unit{'' if n == 1 else 's'}, at least 2 are needed")
    if not math.isfinite(mean):
        return Undecided(f"{name}: the mean is not finite ({mean})")
    if math.isnan(variance):
        return Undecided(f"{name}: the variance is not known")
    if variance < 0 or math.isinf(variance):
        return Undecided(f"{name}: the variance {variance:g} is not possible")
    return Arm(n, mean, math.sqrt(variance))
