"""Spearman's rank correlation against R and scipy, its permutation p, and what it refuses."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bot.stats import permutation
from bot.stats.correlation import Pearson, chance, pearson
from bot.stats.permutation import DRAWS, SEED
from bot.stats.rank import Spearman, ranks, spearman
from bot.stats.undecided import Undecided

HUNTER_L = [44.4, 45.9, 41.9, 53.3, 44.7, 44.1, 50.7, 45.2, 60.1]
PANEL = [2.6, 3.1, 2.5, 5.0, 3.6, 4.0, 5.2, 2.8, 3.8]
"""Hollander and Wolfe (1973), page 185: the example of R's help page of cor.test."""

PAIRS = st.lists(st.tuples(st.integers(-40, 40), st.integers(-40, 40)), min_size=4, max_size=7)


def known(x: list[float], y: list[float], seed: int = SEED) -> Spearman:
    """The correlation, which there must be."""
    found = spearman(x, y, seed=seed)
    assert isinstance(found, Spearman)
    return found


def test_it_agrees_with_the_example_of_r() -> None:
    """R 4: cor.test(x, y, method = "spearman") says S = 48, p-value = 0.0968, rho 0.6 (exact for 9 pairs)."""
    found = known(HUNTER_L, PANEL)
    assert found.rho == pytest.approx(0.6, abs=1e-12)
    assert found.p == pytest.approx(0.0968, abs=5e-5)
    assert found.permuted.how == "all 362,880 orders tried"


@pytest.mark.parametrize("n", [4, 6, 8, 15, 60])
def test_it_agrees_with_scipy(n: int) -> None:
    """scipy.stats.spearmanr, with ties."""
    chosen = random.Random(n)
    x = [float(chosen.randint(0, n)) for _ in range(n)]
    y = [one + chosen.gauss(0, n / 2) for one in x]
    assert known(x, y).rho == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)
    assert list(ranks(x)) == list(stats.rankdata(x))


def test_for_few_pairs_p_is_that_of_every_order() -> None:
    """scipy.stats.permutation_test over all 6! orders."""
    x, y = [3.0, 1.0, 4.0, 1.5, 5.0, 9.0], [2.0, 7.0, 1.0, 8.0, 2.5, 8.5]
    oracle = stats.permutation_test(
        (x,), lambda one: stats.spearmanr(one, y).statistic, permutation_type="pairings", n_resamples=720
    )
    assert known(x, y).p == pytest.approx(oracle.pvalue, abs=1e-12)


def test_for_many_pairs_p_is_drawn_with_the_seed_it_states() -> None:
    """Close to Student's p, the same for the same seed, and never 0."""
    chosen = random.Random(3)
    x = [chosen.gauss(0, 1) for _ in range(40)]
    y = [0.3 * one + chosen.gauss(0, 1) for one in x]
    found = known(x, y, seed=7)
    assert found == known(x, y, seed=7)
    assert found.p == pytest.approx(stats.spearmanr(x, y).pvalue, abs=0.02)
    assert found.permuted.how == f"{DRAWS:,} orders drawn with seed 7"
    assert known(x, x).p == 1 / (DRAWS + 1)


def test_orders_are_drawn_in_parts_that_fit_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many are held at once changes nothing: the draws are the same."""
    x = np.random.default_rng(1).standard_normal(12)
    y = np.random.default_rng(2).standard_normal(12)
    whole = chance(x.tolist(), y.tolist())
    monkeypatch.setattr(permutation, "HELD", 12 * 700)
    assert chance(x.tolist(), y.tolist()) == whole


def test_the_interval_is_bonett_and_wrights() -> None:
    """tanh(atanh(0.6) -+ 1.959964 sqrt((1 + 0.18) / 6)), worked out by hand: from -0.174 to 0.916."""
    found = known(HUNTER_L, PANEL)
    assert (found.low, found.high) == pytest.approx((-0.174244, 0.915798), abs=1e-6)


@settings(max_examples=40)
@given(PAIRS)
def test_it_knows_the_order_and_nothing_else(pairs: list[tuple[int, int]]) -> None:
    """Laws: the same after any increasing map, of either side first, with the sign of a reversal."""
    x, y = [float(a) for a, _ in pairs], [float(b) for _, b in pairs]
    found = spearman(x, y)
    if isinstance(found, Undecided):
        assert isinstance(spearman(y, x), Undecided)
        return
    assert known(y, x).rho == pytest.approx(found.rho, abs=1e-12)
    assert known([one**3 for one in x], y) == found
    assert known([-one for one in x], y).rho == pytest.approx(-found.rho, abs=1e-12)
    assert -1 <= found.low <= found.rho <= found.high <= 1
    assert 0 < found.p <= 1


@pytest.mark.parametrize(
    ("x", "y", "reason"),
    [
        ([1.0, 2.0], [1.0, 2.0], "2 pairs, and a rank correlation needs 4"),
        ([1.0], [1.0], "1 pair, and a rank correlation needs 4"),
        ([1.0, 1.0, 1.0, 1.0], [1.0, 2.0, 3.0, 4.0], "all values of one side are the same"),
        ([1.0, 2.0, 3.0, float("nan")], [1.0, 2.0, 3.0, 4.0], "a value is not finite"),
    ],
)
def test_what_has_no_order_is_undecided(x: list[float], y: list[float], reason: str) -> None:
    """Never 0 and never p = 1."""
    found = spearman(x, y)
    assert isinstance(found, Undecided)
    assert found.reason.startswith(reason)


def test_values_that_are_no_pairs_are_a_mistake_of_the_caller() -> None:
    """Three and four."""
    with pytest.raises(ValueError, match="3 and 4 values are no pairs"):
        spearman([1, 2, 3], [1, 2, 3, 4])


def test_the_permutation_keeps_its_level_where_students_t_does_not() -> None:
    """2,000 draws of six pairs without any relation, of a heavy-tailed distribution: 5 % at most by chance.

    The count of p <= 0.05 is binomial; 2,000 x 0.05 + 3 standard deviations are 129. Pearson's t, made for
    the normal distribution, is wrong about twice as often there.
    """
    chosen = np.random.default_rng(20210504)
    by_order, by_t = 0, 0
    for _ in range(2_000):
        x, y = (chosen.standard_t(1, 6) for _ in range(2))
        drawn, student = chance(x.tolist(), y.tolist()), pearson(x.tolist(), y.tolist())
        assert not isinstance(drawn, Undecided)
        assert isinstance(student, Pearson)
        by_order += drawn.p <= 0.05
        by_t += student.p <= 0.05
    assert by_order <= 129
    assert by_t > by_order


def test_the_interval_covers_as_it_says() -> None:
    """1,000 samples of 20 pairs at Pearson 0.5, so Spearman (6 / pi) asin(0.25) = 0.4826: 93 to 97 %."""
    chosen, truth, inside = np.random.default_rng(4), 6 / np.pi * np.arcsin(0.25), 0
    for _ in range(1_000):
        x = chosen.standard_normal(20)
        y = 0.5 * x + np.sqrt(0.75) * chosen.standard_normal(20)
        rho = float(np.corrcoef(ranks(x.tolist()), ranks(y.tolist()))[0, 1])
        half = 1.959964 * np.sqrt((1 + rho**2 / 2) / 17)
        inside += np.tanh(np.arctanh(rho) - half) <= truth <= np.tanh(np.arctanh(rho) + half)
    assert 930 <= inside <= 975
