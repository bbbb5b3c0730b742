"""Confidences against outcomes: haircut, reliability, Brier score."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bot.stats.calibration import PRIOR_EXPERIMENTS, Brier, Judged, brier, haircut, reliability
from bot.stats.undecided import Undecided

RECORDS = st.lists(
    st.tuples(st.integers(0, 20), st.integers(0, 30), st.floats(0, 1)).map(
        lambda one: Judged(one[0] / 20, one[1], round(one[2] * one[1]))
    ),
    min_size=1,
    max_size=8,
)


@pytest.mark.parametrize(
    ("tried", "succeeded", "factor"),
    [(25, 19, 1.0), (400, 200, 0.628), (12, 6, 0.719), (20, 10, 0.6875), (400, 380, 1.186), (1, 0, 0.8)],
)
def test_the_haircut_of_a_team_that_says_80_percent(tried: int, succeeded: int, factor: float) -> None:
    """AML-02: 76 % is well calibrated, 50 % asks for 0.6 (0.625 unshrunk), 95 % for more risk.

    (succeeded / .8 + 4) / (tried + 4) by hand: (200 / .8 + 4) / 404 = 0.62871; (6 / .8 + 4) / 16 = 0.71875.
    """
    found = haircut([Judged(0.8, tried, succeeded)])
    assert found.factor == pytest.approx(factor, abs=1e-3)
    assert found.raw == pytest.approx(succeeded / tried / 0.8)


def test_the_haircut_is_the_mean_of_the_beta_posterior_over_what_was_stated() -> None:
    """scipy.stats.beta with the counts added to the prior of four experiments at the mean confidence."""
    record = [Judged(0.9, 10, 4), Judged(0.6, 10, 4)]
    posterior = stats.beta(PRIOR_EXPERIMENTS * 0.75 + 8, PRIOR_EXPERIMENTS * 0.25 + 12)
    found = haircut(record)
    assert found.shrunk == pytest.approx(posterior.mean())
    assert found.factor == pytest.approx(posterior.mean() / 0.75)
    assert found.apply(0.5) == pytest.approx(0.5 * found.factor)


def test_no_record_cuts_nothing_and_no_confidence_passes_ninety_nine() -> None:
    """Nothing known leaves confidences as they are; raising them stops short of certainty."""
    assert haircut([]).factor == 1
    assert haircut([]).stated is None
    timid = haircut([Judged(0.5, 100, 95)])
    assert timid.factor > 1.5
    assert timid.apply(0.8) == 0.99
    assert timid.apply(1.0) == 1.0
    assert haircut([Judged(0.0, 10, 5)]).factor == 1


def test_the_brier_score_of_the_printed_example() -> None:
    """scikit-learn's documentation of brier_score_loss: [0, 1, 1, 0] at [.1, .9, .8, .3] scores 0.0375."""
    found = brier([Judged(0.1, 1, 0), Judged(0.9, 1, 1), Judged(0.8, 1, 1), Judged(0.3, 1, 0)])
    assert isinstance(found, Brier)
    assert found.score == pytest.approx(0.0375)
    assert found.uncertainty == 0.25


@given(RECORDS)
def test_the_parts_of_the_brier_score_add_up_to_it(record: list[Judged]) -> None:
    """Murphy (1973): score = reliability - resolution + uncertainty, exactly over distinct confidences."""
    found = brier(record)
    if isinstance(found, Undecided):
        assert not any(one.tried for one in record)
        return
    assert found.score == pytest.approx(found.reliability - found.resolution + found.uncertainty, abs=1e-12)
    assert 0 <= found.score <= 1


def test_confidences_that_hold_are_doubted_as_rarely_as_the_level_says() -> None:
    """Spiegelhalter's p, 2,000 teams of 60 experiments each that are calibrated, seed 3: 5 % within noise."""
    rng = np.random.default_rng(3)
    stated = np.tile([0.2, 0.35, 0.6, 0.8, 0.9], 12)
    doubted = 0
    for _ in range(600):
        came = rng.random(60) < stated
        found = brier([Judged(float(c), 1, int(y)) for c, y in zip(stated, came, strict=True)])
        assert isinstance(found, Brier)
        assert not isinstance(found.p, Undecided)
        doubted += found.p < 0.05
    assert doubted / 600 == pytest.approx(0.05, abs=4 * (0.05 * 0.95 / 600) ** 0.5)
    wrong = brier([Judged(0.8, 60, 30)])
    assert isinstance(wrong, Brier)
    assert not isinstance(wrong.p, Undecided)
    assert wrong.p < 1e-6


def test_the_reliability_curve_has_a_point_a_bin_with_its_interval() -> None:
    """Wilson's interval: 19 of 25 is .566 to .885 (statsmodels proportion_confint, method wilson)."""
    found = reliability([Judged(0.8, 25, 19), Judged(0.9, 5, 5), Judged(0.1, 4, 1), Judged(0.5, 0, 0)])
    assert [round(one.stated, 3) for one in found] == [0.1, 0.817]
    assert [(one.tried, one.succeeded) for one in found] == [(4, 1), (30, 24)]
    only = reliability([Judged(0.8, 25, 19)])[0]
    assert (only.low, only.high) == pytest.approx((0.5657, 0.8850), abs=1e-4)
    assert reliability([Judged(1.0, 3, 3)])[0].stated == 1


@given(RECORDS)
def test_the_curve_loses_no_experiment(record: list[Judged]) -> None:
    """Every experiment is in exactly one bin, and every observed rate in its interval."""
    found = reliability(record)
    assert sum(one.tried for one in found) == sum(one.tried for one in record)
    assert all(one.low <= one.observed <= one.high for one in found)


def test_what_has_no_outcome_and_what_cannot_be_tested_is_said() -> None:
    """Undecided with the reason, never 0."""
    assert isinstance(brier([]), Undecided)
    half = brier([Judged(0.5, 10, 5)])
    assert isinstance(half, Brier)
    assert isinstance(half.p, Undecided)
    with pytest.raises(ValueError, match="12 of 10"):
        Judged(0.8, 10, 12)
