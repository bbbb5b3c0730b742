"""Where the mean of a series changes: the partition of least penalised squared error.

Online every simple detector loses to never alarming; in retrospect, on the series before an alert, this
finds *when* it began. Assumes equal steps, and noise that is normal and an AR(1) process about a mean that
is constant between changes; both of its parameters are estimated from differences, which a change in level
hardly touches.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Values: TypeAlias = npt.NDArray[np.float64]

MAD_TO_SD = 1.482602218505602
"""What the median absolute deviation of a normal variable is multiplied by to give its sd: 1 / z(0.75)."""
MOST_RHO = 0.95
"""Beyond it wander and change cannot be told apart."""
SHORTEST = 2
"""Points of the shortest segment."""
MOST = 3000
"""Points; the time taken grows with their square (1,000 take 15 ms)."""


@dataclass(frozen=True)
class Noise:
    """sd: of the innovations, in the series' unit; rho: the correlation of neighbours about their mean."""

    sd: float
    rho: float


def noise(values: Values) -> Noise:
    """Estimate the noise about unknown, piecewise constant means.

    For an AR(1) process E(y[t+1] - y[t])² = 2 v (1 - rho) and E(y[t+2] - y[t])² = 2 v (1 - rho²), v being its
    variance, so their quotient is 1 + rho; medians in their place withstand the changes (Chakar, Lebarbier,
    Lévy-Leduc, Robin 2017, Bernoulli 23(2)). Negative correlation counts as none.
    """
    if len(values) < 4:
        return Noise(0.0, 0.0)
    first, second = np.abs(values[1:] - values[:-1]), np.abs(values[2:] - values[:-2])
    near, far = float(np.median(first)), float(np.median(second))
    if near == 0.0:
        # Most neighbours are equal. E|d| = 2 sd / sqrt(pi) for normal noise; a lone step adds little to it.
        return Noise(float(np.mean(first)) * np.sqrt(np.pi) / 2, 0.0)
    rho = min(max((far / near) ** 2 - 1.0, 0.0), MOST_RHO)
    # Var(y[t+1] - y[t]) = 2 v (1 - rho) and the innovations have v (1 - rho²).
    return Noise(MAD_TO_SD * near * float(np.sqrt((1.0 + rho) / 2.0)), rho)


def whitened(values: Values, rho: float) -> Values:
    """The innovations of an AR(1) process with its mean left in: y[t] - rho y[t-1], one shorter."""
    return values[1:] - rho * values[:-1]


def default_penalty(points: int) -> float:
    """What a further change must save of squared error, in units of the noise's variance: 3 ln n.

    2 ln n is the Bayesian criterion (Yao 1988: each change adds a place and a mean); half as much again keeps
    noise that is not quite normal from being cut.
    """
    return 3.0 * float(np.log(max(points, 2)))


def changepoints(values: Values, *, penalty: float, shortest: int = SHORTEST) -> tuple[int, ...]:
    """Where segments begin, the first one's 0 left out: 0 < c1 < c2 < … < n.

    Minimises sum over segments of sum (y - mean)² + penalty · changes, exactly, by dynamic programming
    (Jackson et al. 2005; PELT, Killick et al. 2012, prunes the same recursion and finds the same minimum).

    >>> changepoints(np.array([0.0, 0, 0, 0, 9, 9, 9, 9]), penalty=5.0)
    (4,)

    Raises:
        ValueError: there are more than MOST points.

    """
    n = len(values)
    if n > MOST:
        raise ValueError(f"{n} points, {MOST} are the most")
    if n < 2 * shortest:
        return ()
    centred = values - float(np.median(values))  # sums of squares keep their digits
    sums = np.concatenate(([0.0], np.cumsum(centred)))
    squares = np.concatenate(([0.0], np.cumsum(centred**2)))
    best = np.full(n + 1, np.inf)  # best[t]: of the first t points, with one penalty for each segment
    best[0] = -penalty
    origin = np.zeros(n + 1, dtype=np.intp)
    for end in range(shortest, n + 1):
        starts = np.arange(0, end - shortest + 1)
        error = squares[end] - squares[starts] - (sums[end] - sums[starts]) ** 2 / (end - starts)
        total = best[starts] + np.maximum(error, 0.0) + penalty
        chosen = int(np.argmin(total))
        best[end], origin[end] = total[chosen], chosen
    return _walked(origin, n)


def _walked(origin: npt.NDArray[np.intp], end: int) -> tuple[int, ...]:
    found: list[int] = []
    while (end := int(origin[end])) > 0:
        found.append(end)
    return tuple(reversed(found))
