"""The value of sample information: tables, closed forms, simulation and laws."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from bot.stats.posterior import Belief, points
from bot.stats.value_of_information import of_normal, of_points, unit_normal_loss


@pytest.mark.parametrize(
    ("distance", "loss"),
    [(0.0, 0.3989), (0.5, 0.1978), (1.0, 0.08332), (1.5, 0.02931), (2.0, 0.008491), (3.0, 0.0003822)],
)
def test_the_unit_normal_loss_is_the_printed_table(distance: float, loss: float) -> None:
    """Schlaifer, Probability and Statistics for Business Decisions (1959), table IV."""
    assert unit_normal_loss(distance) == pytest.approx(loss, rel=5e-4)


@given(st.floats(-6, 6))
def test_the_loss_on_both_sides_of_a_point_differs_by_the_distance(distance: float) -> None:
    """L(-d) = L(d) + d, since max(0, x) - max(0, -x) = x."""
    assert unit_normal_loss(-distance) == pytest.approx(unit_normal_loss(distance) + distance, abs=1e-12)


@pytest.mark.parametrize(("mean", "sd", "error", "threshold"), [(0.3, 0.6, 0.3, 0.5), (0.8, 0.4, 0.5, 0.5)])
def test_the_closed_form_is_what_simulated_experiments_are_worth(
    mean: float, sd: float, error: float, threshold: float
) -> None:
    """400,000 effects, estimates and decisions, seed 11, within four standard errors."""
    rng = np.random.default_rng(11)
    effect = rng.normal(mean, sd, 400_000)
    estimate = rng.normal(effect, error)
    posterior = (mean / sd**2 + estimate / error**2) / (1 / sd**2 + 1 / error**2)
    paid = np.where(posterior > threshold, effect - threshold, 0.0)
    found = of_normal(mean, sd, error, threshold)
    off = 4 * paid.std() / math.sqrt(400_000)
    assert paid.mean() - max(0.0, mean - threshold) == pytest.approx(found.sample, abs=off)
    perfect = np.maximum(effect - threshold, 0.0).mean() - max(0.0, mean - threshold)
    assert perfect == pytest.approx(found.perfect, abs=off)
    turned = (posterior > threshold) != (mean > threshold)
    assert turned.mean() == pytest.approx(found.changes, abs=0.004)


@settings(max_examples=15)
@given(st.floats(-1, 1), st.floats(0.2, 1), st.floats(0.2, 2), st.floats(-1, 1))
def test_points_of_a_normal_prior_come_to_the_closed_form(
    mean: float, sd: float, error: float, threshold: float
) -> None:
    """1,000 equally likely points of the prior."""
    prior = mean + sd * special.ndtri((np.arange(1000) + 0.5) / 1000)
    found = of_points(prior, np.full(1000, 1 / 1000), error, threshold)
    known = of_normal(mean, sd, error, threshold)
    assert found.sample == pytest.approx(known.sample, abs=2e-3 * sd)
    assert found.perfect == pytest.approx(known.perfect, abs=2e-3 * sd)
    if mean != threshold:
        assert found.changes == pytest.approx(known.changes, abs=1e-3)


def test_a_spike_at_nothing_is_weighed_as_simulated_experiments_show() -> None:
    """AML-02's #3: exists with .28, 1.2 +- .6 points, threshold .6, standard error .34; seed 5."""
    belief, error, threshold = Belief(0.28, 10, 1.2, 0.6, 18, 0.2), 0.341, 0.6
    effects, weights = points(belief)
    found = of_points(effects, weights, error, threshold)
    rng = np.random.default_rng(5)
    truth = rng.choice(effects, 20_000, p=weights)
    estimate = rng.normal(truth, error)
    # The spike and every fourth point beyond it are close enough for a simulation.
    some = effects[::4]
    kept = np.append(0.72, np.full(len(some) - 1, 0.28 / (len(some) - 1)))
    likelihood = np.exp(-0.5 * ((estimate[:, None] - some) / error) ** 2) * kept
    posterior = likelihood @ some / likelihood.sum(axis=1)
    paid = np.where(posterior > threshold, truth - threshold, 0.0)
    assert found.now == 0
    assert paid.mean() == pytest.approx(found.sample, abs=4 * paid.std() / math.sqrt(20_000))
    assert found.sample == pytest.approx(0.153, abs=0.002)


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(0.05, 3), st.floats(-1, 1))
def test_information_is_never_worth_less_than_nothing_nor_more_than_certainty(
    mean: float, sd: float, error: float, threshold: float
) -> None:
    """Laws: 0 <= EVSI <= EVPI; a worse experiment is worth less; it turns at most half of the time."""
    found = of_normal(mean, sd, error, threshold)
    assert -1e-12 <= found.sample <= found.perfect + 1e-12
    assert of_normal(mean, sd, 2 * error, threshold).sample <= found.sample + 1e-12
    assert 0 <= found.changes <= 0.5 + 1e-12


def test_the_ends_certainty_and_an_experiment_that_says_nothing() -> None:
    """No error is worth what certainty is; an endless one, or a certain prior, nothing."""
    assert of_normal(0.0, 1.0, 0.0, 0.2).sample == of_normal(0.0, 1.0, 0.0, 0.2).perfect
    assert of_normal(0.0, 1.0, math.inf, 0.2).sample == 0
    assert of_normal(0.3, 0.0, 0.5, 0.2).perfect == 0
    effects, weights = points(Belief(0.28, 10, 1.2, 0.6, 18, 0.2))
    exact = of_points(effects, weights, 1e-9, 0.6)
    assert exact.sample == pytest.approx(exact.perfect)
    near = of_points(effects, weights, 0.02, 0.6)
    assert near.sample == pytest.approx(near.perfect, rel=0.01)


@pytest.mark.parametrize("error", [0.0, -1.0, math.inf, math.nan])
def test_points_need_an_error_to_integrate_over(error: float) -> None:
    """A perfect or an endless experiment is no integral."""
    with pytest.raises(ValueError, match="standard error"):
        of_points(np.array([0.0, 1.0]), np.array([0.5, 0.5]), error, 0.5)
