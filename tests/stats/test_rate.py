"""The interval of a rate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from bot.stats.rate import wilson


@pytest.mark.parametrize(("hits", "of"), [(0, 1), (1, 1), (3, 10), (7, 7), (0, 40), (19, 23), (500, 1000)])
def test_it_is_statsmodels_interval(hits, of):
    """The oracle: statsmodels 0.14 `proportion_confint(method="wilson")`."""
    assert wilson(hits, of) == pytest.approx(proportion_confint(hits, of, method="wilson"), abs=1e-9)


@given(st.integers(1, 500).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_swapping_hits_and_misses_mirrors_it(counts):
    """What is missed has the interval of what is hit, read from the other end."""
    hits, of = counts
    low, high = wilson(hits, of)
    other_low, other_high = wilson(of - hits, of)
    assert (low, high) == pytest.approx((1 - other_high, 1 - other_low), abs=1e-12)
    assert 0 <= low <= hits / of <= high <= 1


@pytest.mark.parametrize(("hits", "of"), [(0, 0), (2, 1), (-1, 4)])
def test_no_rate_is_refused(hits, of):
    """Nothing tried, or more hits than trials, is no rate."""
    with pytest.raises(ValueError, match="no rate"):
        wilson(hits, of)
