"""What a daily count or share usually is: a robust band about the days that are like today."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bot.stats.undecided import Undecided

FEWEST = 3
"""Days like today below which nothing is usual."""
SPREADS = 4.0
"""How many robust sd from the middle the band ends."""
_NORMAL_MAD = 1.482602218505602
"""1 / Phi^-1(.75): makes the median absolute deviation of a normal sample its sd."""


@dataclass(frozen=True)
class Band:
    """From `low` to `high` is usual, in what is counted; `middle` is the median of the `days` behind it."""

    low: float
    middle: float
    high: float
    days: int

    def holds(self, value: float) -> bool:
        """Whether the value is usual."""
        return self.low <= value <= self.high


def of_counts(
    alike: Sequence[float], others: Sequence[Sequence[float]], *, tolerance: float = 0.05
) -> Band | Undecided:
    """The band of a count, from the same weekday of past weeks.

    alike: counts of the same weekday; others: those of each other weekday, which tell how much a day varies
    about its weekday's median: eight Mondays alone do not. tolerance: the band is at least this fraction of
    the median on either side.

    The spread is the median absolute deviation of relative differences from the weekday's median (Rousseeuw
    & Croux 1993, JASA 88:1273), with what chance does to a count (Poisson) and what the median of n days
    itself is off by: pi / 2n of the variance. A holiday or a broken day among them does not move it.

    >>> band = of_counts([100.0, 102.0, 98.0, 10.0], [])
    >>> round(band.middle), band.holds(97), band.holds(10)
    (99, True, False)
    """
    if len(alike) < FEWEST:
        return Undecided(
            f"{len(alike)} day{'' if len(alike) == 1 else 's'} like it known, {FEWEST} are needed"
        )
    middle = float(np.median(alike))
    if not middle > 0:
        return Band(0.0, 0.0, float(max(alike)), len(alike))
    relative = [
        count / centre - 1
        for days in (alike, *others)
        if len(days) >= FEWEST and (centre := float(np.median(days))) > 0
        for count in days
    ]
    variance = (_NORMAL_MAD * float(np.median(np.abs(relative)))) ** 2
    sd = math.sqrt(variance * (1 + math.pi / (2 * len(alike))) + 1 / middle)
    half = max(SPREADS * sd, tolerance)
    return Band(max(0.0, middle * (1 - half)), middle, middle * (1 + half), len(alike))


def of_shares(
    past: Sequence[tuple[float, float]], rows: float, *, tolerance: float = 0.01
) -> Band | Undecided:
    """The band of a share, from (part, whole) of past days; `rows` is the whole of the day in question.

    tolerance: the band is at least this far, in share, on either side. Chance is the binomial's, at least
    that of one row in all.
    """
    known = [part / whole for part, whole in past if whole > 0]
    if len(known) < FEWEST:
        return Undecided(f"{len(known)} past day{'' if len(known) == 1 else 's'} known, {FEWEST} are needed")
    if not rows > 0:
        return Undecided("there are no rows")
    middle = float(np.median(known))
    variance = (_NORMAL_MAD * float(np.median(np.abs(np.asarray(known) - middle)))) ** 2
    kept = min(max(middle, 1 / (rows + 1)), rows / (rows + 1))
    sd = math.sqrt(variance * (1 + math.pi / (2 * len(known))) + kept * (1 - kept) / rows)
    half = max(SPREADS * sd, tolerance)
    return Band(max(0.0, middle - half), middle, min(1.0, middle + half), len(known))
