"""Bands of daily counts and shares: what is usual stays inside, broken days do not move them."""

import numpy as np
import pytest

from bot.stats.band import Band, of_counts, of_shares
from bot.stats.undecided import Undecided

LEVELS = np.array([1.0, 1.02, 1.01, 1.0, 1.1, 1.4, 1.3])


def weeks(rng, *, count=8, mean=1e6, sd=0.02):
    """Counts by weekday: each with a level of its own, about which its days scatter."""
    return [list(mean * level * np.exp(rng.normal(0, sd, count))) for level in LEVELS]


@pytest.mark.parametrize("sd", [0.01, 0.05, 0.2])
def test_the_next_day_is_inside_999_times_of_1000(sd):
    """Simulated with eight weeks of each weekday: 4 robust sd, with what the median itself is off by."""
    rng = np.random.default_rng(1)
    inside = 0
    for _ in range(1000):
        monday, *others = weeks(rng, sd=sd)
        band = of_counts(monday, others, tolerance=0.0)
        inside += band.holds(1e6 * np.exp(rng.normal(0, sd)))
    assert inside >= 992


def test_the_other_weekdays_tell_how_much_a_day_varies_not_where_it_is():
    """A Monday of 1.0M is low for a Saturday."""
    rng = np.random.default_rng(2)
    monday, *others = weeks(rng)
    saturday = others.pop(4)
    band = of_counts(saturday, [monday, *others])
    assert isinstance(band, Band)
    assert band.middle == pytest.approx(1.4e6, rel=0.03)
    assert not band.holds(1.0e6)


def test_a_holiday_among_the_past_days_does_not_widen_the_band():
    """Nor does a day on which nothing came."""
    rng = np.random.default_rng(3)
    monday, *others = weeks(rng)
    clean = of_counts(monday, others)
    spoilt = of_counts([*monday[:-2], 0.0, 3e6], others)
    assert spoilt.high - spoilt.low < 1.6 * (clean.high - clean.low)
    assert not spoilt.holds(0.6e6)


def test_counts_that_never_vary_have_the_width_of_the_tolerance():
    """A catalog of always the same size: 5 % off is nothing, 6 % is."""
    band = of_counts([1e6] * 8, [[1e6] * 8] * 6)
    assert band.holds(0.951e6)
    assert not band.holds(0.94e6)


def test_small_counts_scatter_by_chance():
    """Of 9 a day 2 are not unusual: the band knows Poisson."""
    band = of_counts([9.0] * 8, [[9.0] * 8] * 6)
    assert band.holds(2)
    assert band.low == 0


def test_a_day_on_which_nothing_comes_has_the_largest_seen_as_its_top():
    """A feed without Sundays."""
    assert of_counts([0.0] * 8, [[100.0] * 8]) == Band(0.0, 0.0, 0.0, 8)


@pytest.mark.parametrize("known", [0, 1, 2])
def test_too_few_days_are_undecided(known):
    """Two Mondays have no usual."""
    found = of_counts([100.0] * known, [[100.0] * 8])
    assert isinstance(found, Undecided)
    assert found.reason.endswith("known, 3 are needed")


def test_a_null_share_has_its_own_band():
    """One percent of nulls, give or take; five are not usual, and chance is allowed for."""
    past = [(10.0, 1000.0), (12.0, 1000.0), (8.0, 1000.0), (11.0, 1000.0)]
    band = of_shares(past, 1000)
    assert band.middle == pytest.approx(0.0105)
    assert band.holds(0.02)
    assert not band.holds(0.05)
    assert of_shares(past, 20).holds(0.05)


def test_a_column_that_never_was_null_may_have_one_row_that_is():
    """The chance of an event that was never seen is that of one row in all."""
    never = [(0.0, 1000.0)] * 10
    assert of_shares(never, 1000, tolerance=0.0).holds(0.001)
    assert not of_shares(never, 1000).holds(0.02)


def test_a_share_of_nothing_is_undecided():
    """No rows, or past days without any."""
    assert of_shares([(0.0, 0.0)] * 9, 10) == Undecided("0 past days known, 3 are needed")
    assert of_shares([(1.0, 10.0)] * 9, 0) == Undecided("there are no rows")
