"""Sums of several quantities and intervals made of them: against numpy and scipy, and by simulation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import special, stats

from bot.stats.moments import FEWEST, Estimate, Sums, apart, estimate, pairs, triples
from bot.stats.undecided import Undecided

ROWS = np.random.default_rng(1).gamma(2, 1, (50, 3))
numbers = st.floats(-1e3, 1e3, allow_nan=False)


def test_means_variance_and_skewness_are_those_of_the_rows():
    """Oracle: numpy and scipy.stats.skew of the same combination, about whatever constant."""
    gradient = np.array([0.5, -2.0, 1.0])
    one = ROWS @ gradient
    for about in (None, np.zeros(3), np.array([10.0, -5.0, 3.0])):
        sums = Sums.of_rows(ROWS, about)
        assert sums.mean == pytest.approx(ROWS.mean(axis=0))
        assert sums.variance(gradient) == pytest.approx(one.var(ddof=1))
        assert sums.skewness(gradient) == pytest.approx(stats.skew(one))


def test_sums_of_parts_add_up_to_those_of_the_whole():
    """So that devices can be summed by themselves and together in one query."""
    about = ROWS.mean(axis=0)
    whole = Sums.of_rows(ROWS[:20], about) + Sums.of_rows(ROWS[20:], about)
    gradient = np.array([1.0, 1.0, -1.0])
    assert whole.skewness(gradient) == pytest.approx(Sums.of_rows(ROWS).skewness(gradient))
    with pytest.raises(ValueError, match="different constants"):
        Sums.of_rows(ROWS, about) + Sums.of_rows(ROWS, np.zeros(3))


def test_sums_that_a_query_brought_are_those_of_the_rows():
    """In the order of `pairs` and `triples`."""
    about = [1.0, 2.0, 3.0]
    y = ROWS - about
    second = [float(y[:, i] @ y[:, j]) for i, j in pairs(3)]
    third = [float((y[:, i] * y[:, j] * y[:, k]).sum()) for i, j, k in triples(3)]
    gathered = Sums.gathered(50, about, y.sum(axis=0).tolist(), second, third)
    direct = Sums.of_rows(ROWS, np.array(about))
    assert gathered.second == pytest.approx(direct.second)
    assert gathered.third == pytest.approx(direct.third)


def test_a_symmetric_mean_has_the_interval_of_the_normal():
    """Without skewness Hall's transformation does nothing."""
    rows = np.array([[-1.0], [1.0]] * 30)
    found = estimate(Sums.of_rows(rows), 0.5, [1.0])
    assert isinstance(found, Estimate)
    half = special.ndtri(0.975) * rows.std(ddof=1) / math.sqrt(60)
    assert (found.low, found.high) == pytest.approx((0.5 - half, 0.5 + half))


def test_the_interval_of_a_skewed_mean_inverts_halls_transformation():
    """At its ends T + a T^2 + a^2 T^3 / 3 + c / (6 sqrt n), with T = (estimate - end) / se, is -z and z."""
    rows = np.random.default_rng(3).exponential(1, (80, 1))
    sums = Sums.of_rows(rows)
    found = estimate(sums, float(rows.mean()), [1.0])
    assert isinstance(found, Estimate)
    c, root = float(stats.skew(rows[:, 0])), math.sqrt(80)
    a = c / (3 * root)
    for end, z in ((found.low, special.ndtri(0.975)), (found.high, special.ndtri(0.025))):
        t = (found.value - end) / found.se
        assert t + a * t**2 + a**2 * t**3 / 3 + c / (6 * root) == pytest.approx(z)


@given(arrays(np.float64, (25, 2), elements=numbers), st.floats(0.1, 10), numbers)
def test_an_interval_moves_and_stretches_with_its_quantity(rows, scale, shift):
    """And always holds its value, or says why there is none."""
    rows[0] += 1.0  # not all the same
    first = estimate(Sums.of_rows(rows), float(rows[:, 0].mean()), [1.0, 0.0])
    moved = rows * scale + shift
    second = estimate(Sums.of_rows(moved), float(moved[:, 0].mean()), [1.0, 0.0])
    if isinstance(first, Undecided) or isinstance(second, Undecided):
        return
    assert first.low < first.high
    size = scale * (np.abs(rows).max() + 1) + abs(shift)
    assert second.low == pytest.approx(first.low * scale + shift, abs=1e-6 * size)
    assert second.high == pytest.approx(first.high * scale + shift, abs=1e-6 * size)


@pytest.mark.parametrize(
    ("rows", "value", "reason"),
    [
        (np.ones((FEWEST - 1, 1)), 1.0, "19 independent units"),
        (np.ones((40, 1)), 1.0, "does not vary"),
        (ROWS[:, :1], math.nan, "not finite"),
    ],
)
def test_what_has_no_interval_is_undecided(rows, value, reason):
    """Never a width of 0."""
    found = estimate(Sums.of_rows(rows), value, [1.0])
    assert isinstance(found, Undecided)
    assert reason in found.reason


def test_what_only_rounds_does_not_vary():
    """A ratio of two columns that are multiples of each other is always the same: no interval around it."""
    one = np.random.default_rng(4).random(40)
    sums = Sums.of_rows(np.stack([1.2 * one, one], axis=1))
    ratio = sums.mean[0] / sums.mean[1]
    found = estimate(sums, ratio, [1 / sums.mean[1], -ratio / sums.mean[1]])
    assert found == Undecided("it does not vary between units, so it has no interval")


def test_two_estimates_are_as_far_apart_as_their_sides_allow():
    """Newcombe 1998: 56/70 against 48/80 by Wilson's intervals is +0.2000 (0.0524 to 0.3339)."""
    first = Estimate(0.8, 0.6920, 0.8769, 0.0478, 70)
    second = Estimate(0.6, 0.4904, 0.7004, 0.0548, 80)
    gap = apart(first, second)
    assert gap.value == pytest.approx(0.2)
    assert (gap.low, gap.high) == pytest.approx((0.0524, 0.3339), abs=2e-4)


def test_intervals_of_rare_rewards_hold_the_truth_as_often_as_they_say():
    """Simulated: 3,000 rows at .5 %, heavy weights: .95 to .97, where the plain interval holds it in .84."""
    rng = np.random.default_rng(88)
    actions, runs, rows = 34, 600, 3000
    rates = np.clip(rng.beta(2, 400, actions), 0, 1)
    policy = rng.dirichlet(np.full(actions, 0.5))
    truth, held, plain = float(policy @ rates), 0, 0
    for _ in range(runs):
        shown = rng.integers(0, actions, rows)
        reward = (rng.random(rows) < rates[shown]).astype(float)
        sums = Sums.of_rows(((policy[shown] * actions) * reward)[:, None])
        found = estimate(sums, float(sums.mean[0]), [1.0])
        assert isinstance(found, Estimate)
        held += found.low <= truth <= found.high
        plain += abs(found.value - truth) < 1.96 * found.se
    assert 0.92 <= held / runs <= 0.995
    assert plain < held
