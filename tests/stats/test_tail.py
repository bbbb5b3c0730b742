"""Quantiles of turns with their intervals, and sums and differences of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bot.stats.tail import (
    Level,
    at,
    beyond,
    combined,
    level,
    rank_correlation,
    share,
    share_of,
    together,
)
from bot.stats.turns import Clusters, clusters


def turns_of(exceeds: np.ndarray, cluster: Clusters | None) -> float:
    """As how many independent turns these count."""
    return beyond(exceeds, cluster).turns


def test_a_quantile_is_the_smallest_duration_that_enough_turns_do_not_exceed() -> None:
    """As numpy's inverted_cdf, whatever the number of turns."""
    rng = np.random.default_rng(1)
    for n in (1, 2, 7, 20, 99, 100, 1000):
        values = np.sort(rng.exponential(size=n))
        for q in (0.5, 0.95, 0.99):
            assert at(values, q) == np.quantile(values, q, method="inverted_cdf")


def test_the_interval_is_the_textbooks() -> None:
    """n = 100, median: the 40th and 61st (David & Nagaraja 2003, section 7.1; coverage .9648)."""
    found = level(np.arange(1.0, 101.0), 0.5)
    assert (found.low, found.ms, found.high) == (40.0, 50.0, 61.0)


def test_few_turns_have_no_upper_end_for_a_p99() -> None:
    """It takes 368 turns: 0.99^368 < 2.5 %; the lower end is there."""
    rng = np.random.default_rng(2)
    few = level(np.sort(rng.exponential(size=100)), 0.99)
    assert few.high is None
    assert few.low is not None
    assert level(np.array([5.0]), 0.95) == Level(0.95, 5.0, None, None)
    assert level(np.sort(rng.exponential(size=368)), 0.99).high is not None


def test_intervals_hold_the_quantile_as_often_as_they_say() -> None:
    """Of 600 samples of 400 lognormal turns at least 93.5 % hold the p95 (95 % less two standard errors)."""
    rng = np.random.default_rng(3)
    truth = float(stats.lognorm(0.6).ppf(0.95))
    held = 0
    for values in np.sort(rng.lognormal(0, 0.6, (600, 400)), axis=1):
        one = level(values, 0.95)
        held += one.low is not None and one.high is not None and one.low <= truth <= one.high
    assert held / 600 >= 0.932


def test_turns_of_a_session_count_for_less() -> None:
    """Sessions of 5 equal turns are as many as there are sessions, within the error of their variance."""
    rng = np.random.default_rng(4)
    values = np.repeat(rng.exponential(size=2000), 5)
    which = clusters(np.repeat(np.arange(2000), 5))
    told = turns_of(values > np.quantile(values, 0.9), which)
    assert told == pytest.approx(2000, rel=0.02)
    alone = clusters(np.arange(10_000))
    assert turns_of(values > 1.0, alone) == pytest.approx(10_000, rel=0.02)
    assert turns_of(values > 1.0, None) == 10_000


def test_intervals_of_sessions_hold_the_quantile_where_those_of_turns_do_not() -> None:
    """Sessions of 8 turns with a common part: 400 samples, 93 % at least by session, below 85 % by turn."""
    rng = np.random.default_rng(5)
    truth = float(np.exp(stats.norm.ppf(0.95)))
    which = clusters(np.repeat(np.arange(150), 8))
    by_turn = by_session = 0
    for _ in range(400):
        common = np.repeat(rng.standard_normal(150), 8)
        values = np.exp(np.sqrt(0.7) * common + np.sqrt(0.3) * rng.standard_normal(1200))
        ordered = np.sort(values)
        wide = level(ordered, 0.95, turns_of(values > at(ordered, 0.95), which))
        narrow = level(ordered, 0.95)
        by_session += (wide.low or 0) <= truth <= (wide.high or np.inf)
        by_turn += (narrow.low or 0) <= truth <= (narrow.high or np.inf)
    assert by_session / 400 >= 0.93
    assert by_turn / 400 < 0.85


def test_one_session_is_one_turn_and_a_share_of_none_counts_sessions() -> None:
    """Nothing varies between sessions then."""
    none = np.zeros(12, dtype=bool)
    assert turns_of(np.array([True, False] * 6), clusters(np.zeros(12))) == 1.0
    assert turns_of(none, clusters(np.repeat([0, 1, 2], 4))) == 3.0
    assert share_of(none, 12, None).value == 0.0


def test_a_share_has_wilsons_interval() -> None:
    """81 of 263: 0.2553 to 0.3662 (Newcombe 1998, Statistics in Medicine 17:857, table I, method 3)."""
    found = share(81, 263)
    assert found.low == pytest.approx(0.2553, abs=5e-5)
    assert found.high == pytest.approx(0.3662, abs=5e-5)
    assert share(0, 100).low == 0.0
    assert share(100, 100).high == 1.0


def test_a_sum_of_quantiles_is_as_sure_as_its_parts_and_their_correlation() -> None:
    """Two stages of rank correlation .8: the interval of the sum of p95s holds it 93 % of 400 times."""
    rng = np.random.default_rng(6)
    truth = 2 * float(np.exp(0.5 * stats.norm.ppf(0.95)))
    held = 0
    for _ in range(400):
        common = rng.standard_normal(800)
        parts = [np.exp(0.5 * (0.9 * common + 0.436 * rng.standard_normal(800))) for _ in range(2)]
        levels = [level(np.sort(part), 0.95) for part in parts]
        exceed = [part > one.ms for part, one in zip(parts, levels, strict=True)]
        found = combined(levels, (1, 1), together([beyond(one, None) for one in exceed]))
        assert found.low is not None
        assert found.high is not None
        held += found.low <= truth <= found.high
    assert 0.93 <= held / 400 <= 0.985


def test_what_two_scenarios_have_in_common_is_taken_out_of_their_difference() -> None:
    """The same turns, 10 ms longer each: surely 10 ms."""
    values = np.random.default_rng(7).lognormal(5, 0.4, 2000)
    levels = [level(np.sort(one), 0.95) for one in (values + 10, values)]
    exceed = [values + 10 > levels[0].ms, values > levels[1].ms]
    found = combined(levels, (1, -1), together([beyond(one, None) for one in exceed]))
    assert (found.ms, found.low, found.high) == pytest.approx((10, 10, 10))
    apart = combined(levels, (1, -1), None)
    assert apart.low is not None
    assert apart.low < 0


def test_correlations_by_session_are_those_of_their_sums() -> None:
    """With a session for each turn, the same as by turn."""
    rng = np.random.default_rng(8)
    x = rng.standard_normal(3000)
    exceed = [x > 1, x + rng.standard_normal(3000) > 1]
    one_each = together([beyond(one, clusters(np.arange(3000))) for one in exceed])
    assert one_each == pytest.approx(together([beyond(one, None) for one in exceed]), abs=1e-12)
    assert one_each[0, 1] == pytest.approx(np.corrcoef(exceed)[0, 1], abs=1e-12)


def test_a_bound_that_is_missing_is_missing_from_the_sum() -> None:
    """And a stage that never varies correlates with nothing."""
    levels = [Level(0.95, 10.0, 9.0, None), Level(0.95, 5.0, 4.0, 6.0)]
    assert combined(levels, (1, 1), None) == Level(0.95, 15.0, None, None)
    never = together([beyond(one, None) for one in (np.zeros(10, dtype=bool), np.arange(10) > 5)])
    assert (never == np.eye(2)).all()


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=3, max_size=40))
def test_rank_correlation_is_scipys(pairs: list[tuple[int, int]]) -> None:
    """Ties included; nothing where one side never varies."""
    x, y = (np.array(side, dtype=float) for side in zip(*pairs, strict=True))
    found = rank_correlation(x, y)
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert found is None
    else:
        assert found == pytest.approx(float(stats.spearmanr(x, y).statistic), abs=1e-9)
