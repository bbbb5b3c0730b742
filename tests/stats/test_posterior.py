"""The joint posterior of a candidate, against closed forms, integration and simulation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bot.stats.posterior import (
    PRIOR_PROJECTS,
    PRIOR_SHAPE,
    PRIOR_SPREAD,
    Belief,
    draw,
    lognormal,
    overrun,
    points,
)

BELIEF = Belief(confidence=0.28, evidence=10, size=1.2, spread=0.6, weeks=18, sigma=0.25)


@given(st.floats(0.01, 100), st.floats(0.01, 3))
def test_a_lognormal_has_the_moments_that_it_was_made_of(mean: float, ratio: float) -> None:
    """scipy.stats.lognorm(s=sigma, scale=exp(mu)) has them."""
    mu, sigma = lognormal(mean, ratio * mean)
    known = stats.lognorm(s=sigma, scale=math.exp(mu))
    assert known.mean() == pytest.approx(mean, rel=1e-9)
    assert known.std() == pytest.approx(ratio * mean, rel=1e-6)


@pytest.mark.parametrize(("mean", "sd"), [(0.0, 1.0), (-1.0, 1.0), (1.0, -0.1), (math.inf, 1.0)])
def test_a_size_without_a_positive_mean_is_refused(mean: float, sd: float) -> None:
    """What could be negative is no lognormal."""
    with pytest.raises(ValueError, match="positive mean"):
        lognormal(mean, sd)


def test_draws_have_the_moments_that_the_belief_states() -> None:
    """200,000 draws, seed 7: means and standard deviations within four standard errors."""
    drawn = draw(BELIEF, np.random.default_rng(7), 200_000)
    root = math.sqrt(200_000)
    assert drawn.effect.mean() == pytest.approx(BELIEF.mean, abs=4 * BELIEF.sd / root)
    assert drawn.effect.std() == pytest.approx(BELIEF.sd, rel=0.02)
    assert (drawn.effect > 0).mean() == pytest.approx(0.28, abs=4 * 0.45 / root)
    assert drawn.weeks.mean() == pytest.approx(BELIEF.mean_weeks, rel=0.005)
    assert np.median(drawn.weeks) == pytest.approx(18, rel=0.005)
    # Beta(2.8, 7.2): its standard deviation is sqrt(.28 x .72 / 11)
    assert drawn.chance.std() == pytest.approx(math.sqrt(0.28 * 0.72 / 11), rel=0.01)


def test_the_same_seed_draws_the_same_and_certainty_is_no_accident() -> None:
    """A confidence of 0 or 1 is not drawn, it is so."""
    one, other = (draw(BELIEF, np.random.default_rng(3), 100) for _ in range(2))
    assert (one.effect == other.effect).all()
    sure = Belief(1.0, 10, 1.2, 0.0, 18, 0.0)
    drawn = draw(sure, np.random.default_rng(3), 100)
    assert drawn.effect == pytest.approx(np.full(100, 1.2))
    assert drawn.weeks == pytest.approx(np.full(100, 18.0))
    assert not draw(Belief(0.0, 10, 1.2, 0.6, 18, 0.2), np.random.default_rng(3), 100).effect.any()


@given(st.floats(0, 1), st.floats(0.1, 10), st.floats(0.05, 1.5))
def test_points_carry_the_whole_mean_and_all_weight(confidence: float, size: float, ratio: float) -> None:
    """Laws: weights add up to 1, the mean is exact, the standard deviation nearly."""
    belief = Belief(confidence, 10, size, ratio * size, 10, 0.3)
    effects, weights = points(belief)
    assert weights.sum() == pytest.approx(1)
    assert float(weights @ effects) == pytest.approx(belief.mean, rel=1e-9, abs=1e-12)
    spread = math.sqrt(max(0.0, float(weights @ effects**2) - belief.mean**2))
    assert spread == pytest.approx(belief.sd, rel=0.05, abs=1e-6)


def test_an_overrun_is_the_posterior_that_integration_finds() -> None:
    """The normal-inverse-gamma posterior of BDA3, section 3.3, by a grid over mean and variance instead."""
    ratios = [2.4, 1.0, 1.2, 0.9]
    logs = np.log(ratios)
    mu, variance = np.meshgrid(np.linspace(-1.5, 2, 700), np.geomspace(1e-3, 20, 1500), indexing="ij")
    prior = stats.invgamma.logpdf(variance, PRIOR_SHAPE, scale=PRIOR_SPREAD**2)
    prior = prior + stats.norm.logpdf(mu, 0.0, np.sqrt(variance / PRIOR_PROJECTS))
    seen = sum(stats.norm.logpdf(one, mu, np.sqrt(variance)) for one in logs)
    weight = np.exp(prior + seen) * variance  # the grid is even in log variance
    weight /= weight.sum()
    learnt = overrun(ratios)
    assert learnt.mu == pytest.approx(float((weight * mu).sum()), abs=1e-3)
    mean_variance = float((weight * variance).sum())
    assert learnt.sigma**2 == pytest.approx(mean_variance * (1 + 1 / (PRIOR_PROJECTS + 4)), rel=5e-3)
    assert learnt.median == pytest.approx(math.exp(learnt.mu))
    assert learnt.mean > learnt.median


def test_a_class_of_work_is_drawn_towards_its_team_and_no_project_says_little() -> None:
    """Nothing known is the prior; one project moves a third of the way; a hundred settle it."""
    assert overrun([]).median == 1
    assert overrun([], about=0.5).mu == 0.5
    assert overrun([2.4]).mu == pytest.approx(math.log(2.4) / 3)
    assert overrun([2.4] * 100).median == pytest.approx(2.4, rel=0.02)
    assert overrun([2.4] * 100).sigma < 0.2


@pytest.mark.parametrize("ratio", [0.0, -1.0, math.inf, math.nan])
def test_a_ratio_that_is_none_is_refused(ratio: float) -> None:
    """No project took nothing, or for ever."""
    with pytest.raises(ValueError, match="must be positive"):
        overrun([ratio])
