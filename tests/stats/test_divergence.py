"""How far two mixes are apart: against scipy, and whether the interval holds the truth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bot.stats.divergence import Divergence, divergence
from bot.stats.undecided import Undecided


def test_it_is_scipys_entropy_less_what_chance_gives():
    """Oracle: scipy.stats.entropy of the smoothed counts; bias (k - 1)/2 (1/n + 1/m)."""
    p, q = np.array([300.0, 150.0, 50.0, 0.0]), np.array([4000.0, 3000.0, 2000.0, 1000.0])
    found = divergence(p, q)
    assert isinstance(found, Divergence)
    assert found.plain == pytest.approx(stats.entropy(p + 0.5, q + 0.5))
    assert found.bias == pytest.approx(1.5 * (1 / 500 + 1 / 10_000))
    assert found.value == pytest.approx(found.plain - found.bias)
    assert found.unseen == pytest.approx(0.1)


def test_two_samples_of_one_source_are_not_apart():
    """The plain estimate would say that they are: its mean is the bias."""
    rng = np.random.default_rng(1)
    source = rng.dirichlet(np.full(30, 3.0))
    found = [
        divergence(rng.multinomial(400, source) * 1.0, rng.multinomial(9000, source) * 1.0)
        for _ in range(200)
    ]
    known = [one for one in found if isinstance(one, Divergence)]
    assert np.mean([one.plain for one in known]) == pytest.approx(known[0].bias, rel=0.1)
    assert np.mean([one.low > 0 for one in known]) < 0.03


def test_its_interval_holds_the_truth_as_often_as_it_says():
    """Simulated: 20 segments, 1,000 and 50,000 rows, KL .16: .953 of 2,000; here fewer."""
    rng = np.random.default_rng(2)
    q = rng.dirichlet(np.full(20, 2.0))
    p = q * np.exp(0.5 * rng.normal(size=20))
    p /= p.sum()
    truth, held = float(p @ np.log(p / q)), 0
    for _ in range(400):
        found = divergence(rng.multinomial(1000, p) * 1.0, rng.multinomial(50_000, q) * 1.0)
        assert isinstance(found, Divergence)
        held += found.low <= truth <= found.high
    assert held >= 0.92 * 400


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=2, max_size=12))
def test_it_is_never_below_zero(counts):
    """Whatever the counts, or there is a reason."""
    p, q = (np.array(side, dtype=float) for side in zip(*counts, strict=True))
    found = divergence(p, q)
    if isinstance(found, Divergence):
        assert 0 <= found.low <= found.value <= found.high
        assert 0 <= found.unseen <= 1


@pytest.mark.parametrize(
    ("p", "q", "reason"),
    [
        ([50.0, 40.0], [900.0, 100.0], "90 and 1000 rows have a segment"),
        ([200.0], [300.0], "one segment only"),
    ],
)
def test_what_cannot_be_said_is_undecided(p, q, reason):
    """Few rows, or nothing to compare by."""
    found = divergence(np.array(p), np.array(q))
    assert isinstance(found, Undecided)
    assert reason in found.reason
