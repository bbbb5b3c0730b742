"""Metrics of rankings: against scikit-learn and the papers' own examples."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.stats.ranking import Metric, discount, metric, score, weights
from bot.stats.undecided import Undecided

GRADES = [3, 2, 3, 0, 1, 2]
RANKED = dict(enumerate(GRADES, start=1))


@pytest.mark.parametrize(
    ("written", "how", "value"),
    [
        ("ndcg@10", "linear", 0.9608081943360616),
        ("ndcg@3", "linear", 0.9777813616305048),
        ("ndcg@10", "exponential", 0.9488107485678983),
        ("ndcg@3", "exponential", 0.9594535145926795),
    ],
)
def test_ndcg_is_that_of_scikit_learn(written, how, value):
    """Oracle: scikit-learn 1.9.1 `ndcg_score(y_true, scores, k=…)`, with 2^grade - 1 where exponential."""
    one = metric(written)
    assert one is not None
    assert score(one, RANKED, GRADES, how=how, top=3) == pytest.approx(value, rel=1e-12)


def test_rbp_is_that_of_its_paper():
    """Moffat & Zobel 2008, equation 2, by hand: relevant at 1, 4, 6, 11 and 17."""
    ranked = dict.fromkeys((1, 4, 6, 11, 17), 1.0)
    half, patient = metric("rbp@0.5"), metric("rbp@0.8")
    assert half is not None
    assert patient is not None
    assert score(half, ranked, [1.0] * 5) == pytest.approx(0.5786, abs=5e-5)
    assert score(patient, ranked, [1.0] * 5) == pytest.approx(0.3950, abs=5e-5)
    assert sum(discount(half, at) for at in range(1, 60)) == pytest.approx(1)


def test_recall_and_the_reciprocal_rank_count_what_is_relevant():
    """Grades above 0; results that were not returned are in what could have been found."""
    ranked, judged = {1: 0, 3: 2, 8: 1}, [0, 2, 1, 1]
    found = {
        written: score(one, ranked, judged, top=3)
        for written in ("recall@5", "recall@10", "mrr@10", "mrr@2")
        if (one := metric(written)) is not None
    }
    assert found == pytest.approx({"recall@5": 1 / 3, "recall@10": 2 / 3, "mrr@10": 1 / 3, "mrr@2": 0.0})


def test_clicks_weigh_positions_by_where_people_click():
    """A gain at position 5, which nobody clicks, is none."""
    one, shares = Metric("clicks", k=10), {1: 0.6, 2: 0.3, 3: 0.1}
    assert score(one, {1: 1, 5: 1}, [1, 1], shares=shares) == pytest.approx(0.6 / 0.9)
    assert score(one, {2: 1, 1: 1}, [1, 1], shares=shares) == pytest.approx(1.0)
    assert weights(one, shares)[:4] == [0.6, 0.3, 0.1, 0.0]
    unclicked = score(one, {1: 1}, [1], shares={12: 1.0})
    assert isinstance(unclicked, Undecided)


def test_a_query_without_relevant_results_is_undecided():
    """It is neither 0 nor 1: no order of it is better than another."""
    for written in ("ndcg@10", "recall@10", "mrr@10"):
        one = metric(written)
        assert one is not None
        assert isinstance(score(one, {1: 0, 2: 0}, [0, 0]), Undecided)
    rbp = metric("rbp@0.8")
    assert rbp is not None
    assert score(rbp, {1: 0}, [0]) == 0.0


@given(st.permutations(GRADES), st.sampled_from(["ndcg@3", "ndcg@10", "recall@3", "clicks@10"]))
def test_no_order_beats_the_best_one(order, written):
    """Metrics that are shares of the ideal lie between 0 and 1, and the ideal is 1 but for recall."""
    one = metric(written)
    assert one is not None
    shares = {1: 0.5, 2: 0.2, 3: 0.2, 4: 0.1}
    value = score(one, dict(enumerate(order, start=1)), GRADES, top=3, shares=shares)
    assert isinstance(value, float)
    assert -1e-12 <= value <= 1 + 1e-12
    best = score(one, dict(enumerate(sorted(GRADES, reverse=True), start=1)), GRADES, top=3, shares=shares)
    assert isinstance(best, float)
    assert best >= value - 1e-12


@pytest.mark.parametrize(
    "written", ["ndcg", "ndcg@0", "ndcg@101", "ndcg@2.5", "rbp@1", "rbp@..", "map@10", ""]
)
def test_what_is_no_metric_is_none(written):
    """The reader says so with its line."""
    assert metric(written) is None


def test_positions_begin_at_one():
    """A list that counts from 0 is a fault of its writer."""
    with pytest.raises(ValueError, match="begin at 1, not at 0"):
        discount(Metric("ndcg", k=10), 0)
