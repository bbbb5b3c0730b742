"""Where the mean of a series changes, against ruptures; its noise, against what made it."""

from itertools import pairwise

import numpy as np
import pytest
import ruptures
from hypothesis import given
from hypothesis import strategies as st

from bot.stats.changepoint import changepoints, default_penalty, noise, whitened


def stairs(seed, *levels, length=40, sd=1.0):
    """Normal noise about levels of equal length."""
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.normal(level, sd, length) for level in levels])


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("levels", [(0, 3), (0, 1, 0), (0, -2, -4, 5), (0,)])
def test_the_places_are_those_of_ruptures_pelt(seed, levels):
    """Oracle: ruptures 1.1.10, Pelt(model="l2", min_size=2, jump=1), the same penalty."""
    values = stairs(seed, *levels)
    penalty = default_penalty(len(values))
    found = ruptures.Pelt(model="l2", min_size=2, jump=1).fit(values).predict(pen=penalty)
    assert changepoints(values, penalty=penalty) == tuple(found[:-1])


def test_a_step_is_found_at_its_first_point():
    """Without noise there is nothing to guess."""
    assert changepoints(np.array([5.0] * 10 + [1.0] * 10), penalty=3.0) == (10,)


@given(
    st.lists(st.floats(-1e3, 1e3), min_size=0, max_size=40),
    st.floats(-1e6, 1e6),
    st.sampled_from([0.5, 4.0, 50.0]),
)
def test_the_places_do_not_depend_on_where_zero_is(values, shift, penalty):
    """And they are in order, with no segment shorter than two."""
    given = np.round(np.array(values, dtype=float), 3)
    found = changepoints(given, penalty=penalty)
    moved = changepoints(given + shift, penalty=penalty)
    cost = [_cost(given, cuts, penalty) for cuts in (found, moved)]
    assert cost[0] == pytest.approx(cost[1], rel=1e-6, abs=1e-3)
    bounds = [0, *found, len(given)]
    assert all(b - a >= 2 for a, b in pairwise(bounds) if found)


def _cost(values, cuts, penalty):
    parts = np.split(values, cuts)
    return sum(float(((part - part.mean()) ** 2).sum()) for part in parts if len(part)) + penalty * len(cuts)


def test_more_points_than_can_be_done_in_time_are_refused():
    """With how many there may be."""
    with pytest.raises(ValueError, match="3001 points, 3000 are the most"):
        changepoints(np.zeros(3001), penalty=1.0)


@pytest.mark.parametrize("rho", [0.0, 0.4, 0.8])
def test_noise_is_measured_through_changes_of_level(rho):
    """Innovations with sd 1 and the given correlation, about three levels."""
    rng = np.random.default_rng(7)
    errors, values = rng.standard_normal(6000), np.empty(6000)
    values[0] = errors[0]
    for at in range(1, 6000):
        values[at] = rho * values[at - 1] + errors[at]
    values[2000:4000] += 20.0
    measured = noise(values)
    assert measured.rho == pytest.approx(rho, abs=0.06)
    assert measured.sd == pytest.approx(1.0, rel=0.05)
    assert len(whitened(values, measured.rho)) == 5999


def test_noise_of_few_points_and_of_a_constant_is_none():
    """Which is said, not divided by."""
    assert noise(np.array([1.0, 2.0])).sd == 0.0
    assert noise(np.full(50, 3.0)).sd == 0.0
    assert 0 < noise(np.array([0.0] * 25 + [1.0] * 25)).sd < 0.05
