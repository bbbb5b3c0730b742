"""Pearson's correlation with Fisher's interval, against scipy, and what it refuses."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bot.stats.correlation import Pearson, pearson
from bot.stats.undecided import Undecided

VALUES = st.lists(
    st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)).map(lambda p: (round(p[0], 3), round(p[1], 3))),
    min_size=4,
    max_size=30,
)


def known(x: list[float], y: list[float], **more: float) -> Pearson:
    """The correlation, which there must be."""
    found = pearson(x, y, **more)
    assert isinstance(found, Pearson)
    return found


@pytest.mark.parametrize("n", [4, 5, 6, 12, 40, 400])
def test_it_agrees_with_scipy(n: int) -> None:
    """scipy.stats.pearsonr and its confidence_interval, which is Fisher's."""
    chosen = random.Random(n)
    x = [chosen.gauss(0, 1) for _ in range(n)]
    y = [0.6 * one + chosen.gauss(0, 1) for one in x]
    oracle = stats.pearsonr(x, y)
    interval = oracle.confidence_interval(0.95)
    found = known(x, y)
    assert found.r == pytest.approx(oracle.statistic, abs=1e-12)
    assert found.p == pytest.approx(oracle.pvalue, rel=1e-9)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), abs=1e-10)
    wide = oracle.confidence_interval(0.99)
    assert known(x, y, alpha=0.01).low == pytest.approx(wide.low, abs=1e-10)


@given(VALUES)
def test_it_knows_neither_order_nor_unit_nor_which_is_first(pairs: list[tuple[float, float]]) -> None:
    """Laws: symmetric, the same after scaling and moving, in [-1, 1] and inside its interval."""
    x, y = [a for a, _ in pairs], [b for _, b in pairs]
    found = pearson(x, y)
    if isinstance(found, Undecided):
        assert isinstance(pearson(y, x), Undecided)
        return
    assert known(y, x).r == pytest.approx(found.r, abs=1e-12)
    assert known(x[::-1], y[::-1]).r == pytest.approx(found.r, abs=1e-9)
    assert known([4 * one for one in x], [-2 * one for one in y]).r == pytest.approx(-found.r, abs=1e-9)
    assert -1 <= found.low <= found.r <= found.high <= 1
    assert 0 <= found.p <= 1


def test_values_too_large_to_square_are_no_trouble() -> None:
    """1e200 squared is no double."""
    found = known([1e200, 2e200, 3e200, 4e200, 5e200], [1.0, 3.0, 2.0, 5.0, 4.0])
    assert found.r == pytest.approx(0.8)


def test_pairs_on_a_line_correlate_exactly() -> None:
    """As scipy has it: r is 1 and so is either end."""
    assert known([1, 2, 3, 4], [2, 4, 6, 8]) == Pearson(4, 1.0, 1.0, 1.0, 0.0)
    assert known([1, 2, 3, 4], [8, 6, 4, 2]).r == -1.0


@pytest.mark.parametrize(
    ("x", "y", "reason"),
    [
        ([], [], "0 pairs, and a correlation with an interval needs 4"),
        ([1.0, 2.0, 3.0], [1.0, 2.0, 4.0], "3 pairs"),
        ([1.0] * 5, [1.0, 2.0, 3.0, 4.0, 5.0], "all values of one side are the same"),
        ([0.1] * 5, [1.0, 2.0, 3.0, 4.0, 5.0], "all values of one side are the same"),
        ([0.0] * 4, [1.0, 2.0, 3.0, 4.0], "all values of one side are the same"),
        ([1.0, 2.0, 3.0, math.nan], [1.0, 2.0, 3.0, 4.0], "a value is not finite"),
    ],
)
def test_what_cannot_be_correlated_says_why(x: list[float], y: list[float], reason: str) -> None:
    """Never r = 0 and p = 1."""
    found = pearson(x, y)
    assert isinstance(found, Undecided)
    assert reason in found.reason


def test_values_without_a_partner_are_a_mistake_of_the_caller() -> None:
    """Not undecided: wrong."""
    with pytest.raises(ValueError, match="3 and 2 values are no pairs"):
        pearson([1, 2, 3], [1, 2])


def test_the_interval_covers_as_often_as_it_says() -> None:
    """Twelve launches with a true correlation of 0.6: about 95 of 100 intervals hold it."""
    chosen, held, rounds = random.Random(17), 0, 2000
    for _ in range(rounds):
        x = [chosen.gauss(0, 1) for _ in range(12)]
        y = [0.6 * one + 0.8 * chosen.gauss(0, 1) for one in x]
        found = known(x, y)
        held += found.low <= 0.6 <= found.high
    assert held / rounds == pytest.approx(0.95, abs=0.015)
