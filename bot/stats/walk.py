"""The test statistic over the looks as a Brownian motion that stops at boundaries.

Recursive numerical integration (Armitage, McPherson & Rowe 1969, JRSS A 132:235; Jennison & Turnbull 2000,
ch. 19). The score B(t) = Z(t) sqrt(t) has independent normal increments of mean drift * dt and variance dt,
whatever the metric; t is the information fraction and the drift the expected Z at t = 1. The density of
paths that have not stopped is kept on Gauss-Legendre nodes.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import special

from bot.stats.sample import FloatArray

REACH = 9.0
"""Standard deviations beyond which mass is left out where there is no boundary (2e-19 of it)."""

PANEL = 8.0
"""Widest panel of 32 nodes, in standard deviations of the narrower neighbouring increment."""


@dataclass(frozen=True, eq=False)
class Walk:
    """Paths still running at information `time`: `mass` at the score values `at`.

    drift: expected Z at t = 1. origin: the time and score that all paths started from.
    """

    drift: float
    time: float
    at: FloatArray
    mass: FloatArray
    origin: tuple[float, float] = (0.0, 0.0)

    @classmethod
    def start(cls, drift: float = 0.0, *, time: float = 0.0, z: float = 0.0) -> "Walk":
        """One path, from the beginning or from a Z already seen at `time`."""
        score = z * math.sqrt(time)
        return cls(drift, time, np.array([score]), np.ones(1), (time, score))

    def above(self, time: float, z: float) -> float:
        """Probability of still running now and Z(time) >= z."""
        return float(self.mass @ special.ndtr(self._standard(time, z)))

    def below(self, time: float, z: float) -> float:
        """Probability of still running now and Z(time) <= z."""
        return float(self.mass @ special.ndtr(-self._standard(time, z)))

    def through(self, time: float, lower: float, upper: float, following: float | None) -> "Walk":
        """The paths that pass `time` with lower < Z < upper.

        following: the time of the look after, which sets the resolution; None when there is none.
        """
        if not len(self.at):
            return Walk(self.drift, time, self.at, self.mass, self.origin)
        centre, sd = self._centre(time), math.sqrt(time - self.time)
        low, high = self._range(time, lower, upper)
        if low >= high:
            return Walk(self.drift, time, np.zeros(0), np.zeros(0), self.origin)
        finest = sd if following is None else min(sd, math.sqrt(following - time))
        at, weight = _nodes(low, high, max(1, math.ceil((high - low) / (PANEL * finest))))
        kernel = np.exp(-0.5 * np.square((at[:, None] - centre) / sd)) / (sd * math.sqrt(2 * math.pi))
        return Walk(self.drift, time, at, weight * (kernel @ self.mass), self.origin)

    def _range(self, time: float, lower: float, upper: float) -> tuple[float, float]:
        """Scores between which there is mass; without a boundary no more than paths that never stop have."""
        root, began = math.sqrt(time), self.origin[0]
        centre, sd = self._centre(time), math.sqrt(time - self.time)
        free, spread = self.origin[1] + self.drift * (time - began), REACH * math.sqrt(time - began)
        low, high = float(centre.min()) - REACH * sd, float(centre.max()) + REACH * sd
        low = max(low, free - spread) if math.isinf(lower) else max(low, lower * root)
        high = min(high, free + spread) if math.isinf(upper) else min(high, upper * root)
        return low, high

    def _centre(self, time: float) -> FloatArray:
        centre: FloatArray = self.at + self.drift * (time - self.time)
        return centre

    def _standard(self, time: float, z: float) -> FloatArray:
        """How far each path's expected score lies above z, in standard deviations of the increment."""
        if math.isinf(z):
            return np.full(len(self.at), -z)
        standard: FloatArray = (self._centre(time) - z * math.sqrt(time)) / math.sqrt(time - self.time)
        return standard


@lru_cache(maxsize=1)
def _panel() -> tuple[FloatArray, FloatArray]:
    nodes, weights = np.polynomial.legendre.leggauss(32)
    return np.asarray(nodes, dtype=np.float64), np.asarray(weights, dtype=np.float64)


def _nodes(low: float, high: float, panels: int) -> tuple[FloatArray, FloatArray]:
    nodes, weights = _panel()
    half = (high - low) / (2 * panels)
    middles = low + half * (2 * np.arange(panels) + 1)
    return (middles[:, None] + half * nodes).ravel(), np.tile(half * weights, panels)
