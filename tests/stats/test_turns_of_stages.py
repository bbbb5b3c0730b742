"""Turns that go through stages, and what a stage does to its durations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bot.stats.stage import GivenUp, Second, Treatment, by_rank, treated
from bot.stats.turns import Buckets, Graph, Pool, constant, course, drawn, from_buckets, lognormal

P95 = {"parse": 30.0, "intent": 50.0, "retrieval": 220.0, "rerank": 240.0, "model": 200.0, "format": 40.0}
"""AML-07's stages, ms; they add up to 780."""
SERIAL: Graph = {name: tuple(list(P95)[:at][-1:]) for at, name in enumerate(P95)}
RNG = np.random.default_rng


def p95(values: np.ndarray) -> float:
    """The p95."""
    return float(np.quantile(values, 0.95))


def test_a_turn_is_done_when_its_last_stage_is() -> None:
    """Two beside each other, then one."""
    graph: Graph = {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}
    turns = {"a": [1.0, 1.0], "b": [2.0, 9.0], "c": [5.0, 3.0], "d": [1.0, 1.0]}
    ms = {name: np.array(one) for name, one in turns.items()}
    found = course(graph, ms)
    assert found.total.tolist() == [7.0, 11.0]
    assert found.begins["d"].tolist() == [6.0, 10.0]


@given(st.lists(st.tuples(*[st.floats(0, 1e4)] * 4), min_size=1, max_size=20))
def test_a_turn_takes_no_less_than_any_stage_and_no_more_than_all(turns: list[tuple[float, ...]]) -> None:
    """Whatever the graph; serial stages add up."""
    ms = {name: np.array(column) for name, column in zip("abcd", zip(*turns, strict=True), strict=True)}
    everything = sum(ms.values())
    for graph in (
        {"a": (), "b": ("a",), "c": ("b",), "d": ("c",)},
        {"a": (), "b": (), "c": ("a", "b"), "d": ("a",)},
        {"a": (), "b": (), "c": (), "d": ()},
    ):
        total = course(graph, ms).total
        assert (total <= everything + 1e-6).all()
        assert (total >= np.max(list(ms.values()), axis=0) - 1e-6).all()
    assert course({"a": (), "b": ("a",), "c": ("b",), "d": ("c",)}, ms).total == pytest.approx(everything)


@pytest.mark.parametrize(
    ("shape", "ratio"),
    [
        (stats.lognorm(0.3), 0.81), (stats.lognorm(0.5), 0.74), (stats.lognorm(1.0), 0.69),
        (stats.gamma(0.5), 0.62), (stats.gamma(1), 0.65), (stats.gamma(4), 0.75),
        (stats.pareto(2), 0.80), (stats.pareto(1.5), 0.86),
    ],
)  # fmt: skip
def test_independent_stages_of_aml_07_take_less_than_their_p95s_added_up(shape, ratio: float) -> None:
    """recomputed.md: 0.62 to 0.86 of the sum, and not "5 to 15 % higher" than it (AML-07)."""
    rng = RNG(1)
    scale = {name: one / float(shape.ppf(0.95)) for name, one in P95.items()}
    ms = {name: one * shape.rvs(60_000, random_state=rng) for name, one in scale.items()}
    found = p95(course(SERIAL, ms).total) / sum(P95.values())
    assert found == pytest.approx(ratio, abs=0.02)
    assert 0.6 < found < 0.88


def test_p95s_add_up_only_where_all_stages_move_together() -> None:
    """One rank for all stages of a turn: exactly the sum."""
    level = (np.arange(20_000) + 0.5) / 20_000
    shape = stats.lognorm(0.5)
    ms = {name: one / float(shape.ppf(0.95)) * shape.ppf(level) for name, one in P95.items()}
    assert p95(course(SERIAL, ms).total) == pytest.approx(780, rel=1e-3)


def test_two_exponential_stages_are_a_gamma_and_two_beside_each_other_their_maximum() -> None:
    """Closed forms: gamma(2), and -log(1 - sqrt(.95)), drawn 200,000 times."""
    rng = RNG(2)
    pools = {name: Pool(rng.exponential(size=200_000), 200_000) for name in "ab"}
    ms = {name: drawn(pool, 200_000, rng).ms for name, pool in pools.items()}
    assert p95(course({"a": (), "b": ("a",)}, ms).total) == pytest.approx(stats.gamma(2).ppf(0.95), rel=0.01)
    assert p95(course({"a": (), "b": ()}, ms).total) == pytest.approx(-np.log(1 - np.sqrt(0.95)), rel=0.01)


def test_buckets_bound_what_they_do_not_say() -> None:
    """Evenly within each bucket; the truth between the edges, and no upper end beyond the last."""
    values = RNG(3).lognormal(5, 0.5, 50_000)
    edges = np.array([50.0, 100, 200, 400, 800])
    counts = np.histogram(values, np.concatenate([[0], edges, [np.inf]]))[0].astype(float)
    pool = from_buckets(Buckets(edges, counts), 50_000)
    assert pool.low is not None
    assert pool.high is not None
    for q in (0.5, 0.95):
        truth = np.quantile(values, q)
        assert np.quantile(pool.low, q) <= truth <= np.quantile(pool.high, q)
        assert np.quantile(pool.ms, q) == pytest.approx(truth, rel=0.15)
    assert np.isinf(pool.high).mean() == pytest.approx(counts[-1] / 50_000, abs=1e-3)
    assert pool.ms[np.isinf(pool.high)].tolist() == [800.0] * int(np.isinf(pool.high).sum())


def test_prometheus_reads_the_same_p90_off_its_buckets() -> None:
    """The example of its documentation: evenly within a bucket, 0.9 of 10 in (0, 1], (1, 2]."""
    pool = from_buckets(Buckets(np.array([1.0, 2.0]), np.array([5.0, 5.0, 0.0])), 10_000)
    assert np.quantile(pool.ms, 0.9) == pytest.approx(1.8, abs=1e-3)


def test_an_assumed_stage_has_the_median_and_p95_that_were_said() -> None:
    """Lognormal through both; or always the same."""
    pool = lognormal(120, 240, 100_001)
    assert np.quantile(pool.ms, 0.5) == pytest.approx(120, rel=1e-4)
    assert p95(pool.ms) == pytest.approx(240, rel=1e-3)
    assert drawn(constant(240), 3, RNG(1)).ms.tolist() == [240, 240, 240]


def test_a_second_request_is_the_minimum_of_two() -> None:
    """Exponential: P(min(X, a + Y) > t) = e^-t e^-(t - a) beyond a; sent again in a share e^-a."""
    pool = Pool(RNG(4).exponential(size=200_000), 200_000)
    done = treated(pool, Treatment(second=Second(1.0)), RNG(5))
    assert done.twice is not None
    assert done.twice.mean() == pytest.approx(np.exp(-1), abs=0.004)
    for t in (1.5, 2.5):
        assert (done.pool.ms > t).mean() == pytest.approx(np.exp(-t - (t - 1)), abs=0.003)
    at_once = treated(pool, Treatment(second=Second(0.0)), RNG(5))
    assert at_once.pool.ms.mean() == pytest.approx(0.5, abs=0.01)  # the minimum of two has rate 2


def test_a_second_request_helps_less_the_more_it_shares_with_the_first() -> None:
    """Not at all where both are slow for one reason; between the two for a part of it."""
    pool = Pool(RNG(6).lognormal(5, 0.6, 20_000), 20_000)
    tails = [
        np.quantile(treated(pool, Treatment(second=Second(100.0, shared)), RNG(7)).pool.ms, 0.99)
        for shared in (0.0, 0.5, 0.9, 1.0)
    ]
    assert tails == sorted(tails)
    assert tails[-1] == pytest.approx(np.quantile(pool.ms, 0.99), rel=0.01)


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=50), st.floats(1, 900), st.floats(0, 100))
def test_a_fallback_engaged_twice_is_engaged_once(values: list[float], after: float, cost: float) -> None:
    """Turns measured with it do not change; none takes longer than it allows."""
    pool = Pool(np.array(values), len(values))
    what = Treatment(given_up=(GivenUp(after, cost),))
    once = treated(pool, what, RNG(1))
    again = treated(once.pool, what, RNG(1))
    assert once.given_up is not None
    assert once.given_up.sum() == sum(value > after for value in values)
    assert (once.pool.ms <= after + cost).all()
    assert (again.pool.ms == once.pool.ms).all()


def test_of_two_fallbacks_the_earlier_counts() -> None:
    """What is given up at 280 ms never comes to 500."""
    pool = Pool(np.array([100.0, 300.0, 600.0]), 3)
    done = treated(pool, Treatment(given_up=(GivenUp(500, 5), GivenUp(280, 10))), RNG(1))
    assert done.pool.ms.tolist() == [100, 290, 290]


def test_new_durations_keep_which_turns_are_slow() -> None:
    """Rank by rank, whether there are more of them or fewer."""
    assert by_rank(np.array([30.0, 10.0, 20.0]), np.array([7.0, 9.0, 8.0])).tolist() == [9, 7, 8]
    assert by_rank(np.array([4.0, 1.0, 3.0, 2.0]), np.array([5.0, 6.0])).tolist() == [6, 5, 6, 5]
    assert by_rank(np.array([5.0]), np.array([3.0, 1.0])).tolist() == [1, 3]


def test_scaling_comes_before_asking_twice_and_giving_up() -> None:
    """A slower model meets the same fallback."""
    pool = Pool(np.array([100.0, 300.0]), 2)
    done = treated(pool, Treatment(factor=2.0, given_up=(GivenUp(500, 0),)), RNG(1))
    assert done.pool.ms.tolist() == [200, 500]
    assert Treatment().nothing
    assert not Treatment(factor=2.0).nothing


def test_bounds_go_through_everything_that_is_done() -> None:
    """Whatever is done to a bucket's durations, they stay between its least and its most."""
    buckets = Buckets(np.array([50.0, 100, 200, 400]), np.array([10.0, 40, 30, 15, 5]))
    what = Treatment(factor=1.3, second=Second(150.0, 0.3), given_up=(GivenUp(350, 5),))
    pool = treated(from_buckets(buckets, 5000), what, RNG(8)).pool
    assert pool.low is not None
    assert pool.high is not None
    assert (pool.low <= pool.ms).all()
    assert (pool.ms <= pool.high).all()
