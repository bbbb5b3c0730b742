"""The interval of a quantile from the order of the values, against scipy and by simulation."""

import math
import random

import pytest
from scipy import stats

from bot.stats.order_interval import of_counts, of_percentiles, ranks
from bot.stats.undecided import Undecided


@pytest.mark.parametrize(("n", "level"), [(100, 0.5), (1000, 0.95), (400_000, 0.99)])
def test_ranks_are_the_points_of_the_binomial(n: int, level: float) -> None:
    """scipy.stats.binom.ppf gives both ends."""
    low, high = stats.binom.ppf([0.025, 0.975], n, level)
    assert ranks(n, level) == (low, high + 1)


def test_too_few_values_are_undecided_with_the_number_it_takes() -> None:
    """The largest of n lies above the p95 in 97.5 % of cases from 72 on: 0.95^72 = 0.0249."""
    assert "it takes 72" in str(ranks(20, 0.95))
    assert not isinstance(ranks(80, 0.95), Undecided)


def test_intervals_cover_the_quantile() -> None:
    """Exact ones of exponential values, approximate ones of a lognormal tail: 95 % of 400 samples."""
    rng, exact, near = random.Random(3), 0, 0
    p95 = math.exp(0.5 * 1.6448536)
    for _ in range(400):
        drawn = sorted(rng.expovariate(1) for _ in range(300))
        _, low, high = of_counts(drawn, [1] * 300, 0.95)
        exact += low <= math.log(20) <= high
        drawn = sorted(rng.lognormvariate(0, 0.5) for _ in range(800))
        known = {level: drawn[int(level * 800)] for level in (0.5, 0.9, 0.95)}
        low, high = of_percentiles(known, 800, 0.95)
        near += low <= p95 <= high
    assert exact / 400 > 0.93
    assert near / 400 > 0.92
