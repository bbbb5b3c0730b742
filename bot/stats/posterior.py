"""What is believed of a candidate before it is tried: does the effect exist, how large, at what cost.

Three independent parts. The effect exists with probability p ~ Beta(c e, (1 - c) e): confidence c, known as
well as by e experiments. Where it exists its size is lognormal with the mean and standard deviation given,
so it is positive, and large sizes are rarer than small ones. The cost is lognormal about the estimate, moved
and spread as the team's own past costs say (conjugate normal-inverse-gamma on the logarithm of actual over
estimate). Everything random takes a generator.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

PRIOR_PROJECTS = 2.0
"""Projects that the prior of an overrun is worth (kappa_0)."""
PRIOR_SPREAD = 0.3
"""Standard deviation of log(actual / estimate) before any project is known: about a third more or less."""
PRIOR_SHAPE = 2.0
"""The alpha_0 of the inverse-gamma; with beta_0 = PRIOR_SPREAD^2 its mean is PRIOR_SPREAD^2."""


@dataclass(frozen=True)
class Overrun:
    """How actual costs lie about estimates: log(actual / estimate) ~ N(mu, sigma^2) for the next project.

    projects: how many it was learnt from; mu is 0 and sigma PRIOR_SPREAD for none.
    """

    mu: float = 0.0
    sigma: float = PRIOR_SPREAD
    projects: int = 0

    @property
    def median(self) -> float:
        """Actual over estimate that half of the projects stay below."""
        return math.exp(self.mu)

    @property
    def mean(self) -> float:
        """The mean of actual over estimate: exp(mu + sigma^2 / 2)."""
        return math.exp(self.mu + self.sigma**2 / 2)


def overrun(ratios: Sequence[float], *, about: float = 0.0) -> Overrun:
    """Learn from past projects' actual over estimated weeks, shrunk towards `about`, a mean logarithm.

    Normal-inverse-gamma (Gelman et al. 2013, BDA3, section 3.3), m the mean of n logarithms:
    kappa_n = kappa_0 + n, mu_n = (kappa_0 mu_0 + n m) / kappa_n, alpha_n = alpha_0 + n / 2,
    beta_n = beta_0 + (sum of squares) / 2 + kappa_0 n (m - mu_0)^2 / (2 kappa_n). The next project's
    logarithm is then Student's t, whose exponential has no mean; it is replaced by the normal of the same
    location with the posterior mean variance times 1 + 1 / kappa_n. Raises ValueError for a ratio that is
    not positive.

    >>> learnt = overrun([2.4])
    >>> round(learnt.median, 3), learnt.projects
    (1.339, 1)
    """
    if any(not (ratio > 0 and math.isfinite(ratio)) for ratio in ratios):
        raise ValueError("actual over estimated weeks must be positive")
    logs = [math.log(ratio) for ratio in ratios]
    n = len(logs)
    mean = math.fsum(logs) / n if n else about
    kappa = PRIOR_PROJECTS + n
    mu = (PRIOR_PROJECTS * about + n * mean) / kappa
    if not n:
        return Overrun(mu, PRIOR_SPREAD, 0)
    squares = math.fsum((one - mean) ** 2 for one in logs)
    beta = PRIOR_SPREAD**2 + squares / 2 + PRIOR_PROJECTS * n * (mean - about) ** 2 / (2 * kappa)
    variance = beta / (PRIOR_SHAPE + n / 2 - 1) * (1 + 1 / kappa)
    return Overrun(mu, math.sqrt(variance), n)


@dataclass(frozen=True)
class Belief:
    """The joint posterior of one candidate.

    confidence: probability that the effect exists, 0 to 1; evidence: experiments it is known by (> 0).
    size, spread: mean and standard deviation of the effect where it exists, in the impact's unit (> 0).
    weeks: median cost in engineer-weeks (> 0); sigma: standard deviation of its logarithm.
    """

    confidence: float
    evidence: float
    size: float
    spread: float
    weeks: float
    sigma: float

    @property
    def mean(self) -> float:
        """The mean effect, existing or not: c m."""
        return self.confidence * self.size

    @property
    def sd(self) -> float:
        """The standard deviation of the effect: c (s^2 + m^2) - c^2 m^2, its root."""
        c, m = self.confidence, self.size
        return math.sqrt(c * (self.spread**2 + m * m) - (c * m) ** 2)

    @property
    def mean_weeks(self) -> float:
        """The mean cost: exp(mu + sigma^2 / 2) of the lognormal."""
        return self.weeks * math.exp(self.sigma**2 / 2)


@dataclass(frozen=True)
class Draws:
    """Draws from a belief, one to an element: p of existing, whether it does, its size if so, the weeks."""

    chance: Values
    exists: NDArray[np.bool_]
    size: Values
    weeks: Values

    @property
    def effect(self) -> Values:
        """The size where it exists, 0 elsewhere."""
        return np.where(self.exists, self.size, 0.0)


def draw(belief: Belief, rng: np.random.Generator, count: int) -> Draws:
    """Draw from the joint posterior; always as many random numbers, so that seeds stay comparable."""
    c, e = belief.confidence, belief.evidence
    chance = rng.beta(c * e, (1 - c) * e, count) if 0 < c < 1 else np.full(count, c)
    exists = rng.random(count) < chance
    mu, sigma = lognormal(belief.size, belief.spread)
    size = np.exp(mu + sigma * rng.standard_normal(count))
    weeks = belief.weeks * np.exp(belief.sigma * rng.standard_normal(count))
    return Draws(chance, exists, size, weeks)


def points(belief: Belief, count: int = 400) -> tuple[Values, Values]:
    """The effect's distribution as points and weights: 0, and the means of equal slices of the lognormal.

    Slice means keep the mean exactly: for a lognormal the mean between quantiles a and b is m (Phi(z_b -
    sigma) - Phi(z_a - sigma)) over the slice's probability (Johnson, Kotz & Balakrishnan 1994, eq. 14.29).
    """
    from scipy import special

    mu, sigma = lognormal(belief.size, belief.spread)
    edges = special.ndtri(np.linspace(0.0, 1.0, count + 1))
    if sigma == 0:
        sizes = np.full(count, belief.size)
    else:
        sizes = math.exp(mu + sigma**2 / 2) * np.diff(special.ndtr(edges - sigma)) * count
    weights = np.full(count, belief.confidence / count)
    return np.append(0.0, sizes), np.append(1 - belief.confidence, weights)


def lognormal(mean: float, sd: float) -> tuple[float, float]:
    """The mu and sigma of the lognormal with this mean and standard deviation.

    >>> mu, sigma = lognormal(1.0, 0.5)
    >>> round(mu, 6), round(sigma, 6)
    (-0.111572, 0.472381)
    """
    if not (mean > 0 and sd >= 0 and math.isfinite(mean) and math.isfinite(sd)):
        raise ValueError(f"a positive mean and no negative spread are needed, not {mean:g} and {sd:g}")
    square = math.log1p((sd / mean) ** 2)
    return math.log(mean) - square / 2, math.sqrt(square)
