"""The mixed model on raw units beside the two stages, and what it refuses to say."""

import math

import numpy as np
import pytest

from bot.stats import mixed
from bot.stats.effect import mean_effect
from bot.stats.heterogeneity import heterogeneity
from bot.stats.mixed import MixedModel, mixed_model
from bot.stats.sample import Sample
from bot.stats.undecided import Undecided


def rows(cohorts, each, tau, seed, unit=1.0):
    """Values, arms and cohort labels; cohort effects are normal about 0.3 with standard deviation tau."""
    rng = np.random.default_rng(seed)
    slopes, levels = rng.normal(0.3, tau, cohorts), rng.normal(0, 0.5, cohorts)
    cohort = np.repeat(np.arange(cohorts), each)
    treated = np.tile([False, True], cohorts * each // 2)
    values = 5 + levels[cohort] + slopes[cohort] * treated + rng.normal(size=cohorts * each)
    return values * unit, treated, [f"locale={number}" for number in cohort]


@pytest.mark.parametrize(
    ("cohorts", "each", "tau", "seed"), [(12, 300, 0.2, 4), (9, 200, 0.3, 2), (6, 200, 0.3, 1)]
)
def test_it_agrees_with_the_two_stages(cohorts, each, tau, seed):
    """The same mean effect and the same spread between cohorts, and the words say so."""
    values, treated, cohort = rows(cohorts, each, tau, seed)
    found = mixed_model(values, treated, cohort)
    assert isinstance(found, MixedModel), found
    assert (found.rows, found.cohorts, found.agrees) == (cohorts * each, cohorts, True)
    label = np.array(cohort)
    effects = [
        mean_effect(
            *[Sample.of(values[(label == one) & (treated == side)], ("y",)) for side in (False, True)], "y"
        )
        for one in dict.fromkeys(cohort)
    ]
    two = heterogeneity([e.absolute for e in effects], [e.se**2 for e in effects])
    assert found.two_stage.mean == pytest.approx(two.mean)
    assert found.mean == pytest.approx(two.mean, abs=0.1 * two.mean_se)
    assert math.sqrt(found.tau2) == pytest.approx(math.sqrt(two.tau2), rel=0.05)
    assert found.reason.endswith("they agree")


def test_the_metrics_unit_does_not_matter():
    """In thousandths: figures a thousand times smaller, where the raw fit would see a variance of 0."""
    whole = mixed_model(*rows(9, 200, 0.3, 2))
    small = mixed_model(*rows(9, 200, 0.3, 2, unit=1e-3))
    assert small.mean == pytest.approx(whole.mean * 1e-3, rel=1e-6)
    assert small.tau2 == pytest.approx(whole.tau2 * 1e-6, rel=1e-3)


def test_a_warning_is_no_result():
    """Cohorts that hardly differ put the variance at its bound; the optimiser's words are the reason."""
    found = mixed_model(*rows(18, 100, 0.02, 3))
    assert isinstance(found, Undecided)
    assert "is not to be trusted" in found.reason
    assert "boundary" in found.reason


def test_an_optimiser_that_gives_up_is_no_result(monkeypatch):
    """Nelder and Mead's simplex runs out of steps here, and says so in a warning alone."""
    monkeypatch.setattr(mixed, "OPTIMISERS", ("powell", "nm"))
    found = mixed_model(*rows(9, 200, 0.3, 2))
    assert isinstance(found, Undecided)
    assert "(nm) is not to be trusted: Maximum Likelihood optimization failed to converge" in found.reason


def test_optimisers_that_disagree_are_no_result(monkeypatch):
    """Two tops: neither is believed, and both log-likelihoods are named."""
    ends = iter([mixed._Fit(0.3, 0.1, 0.2, -100.0), mixed._Fit(0.3, 0.1, 0.2, -103.0)])
    monkeypatch.setattr(mixed, "_fit", lambda *_: next(ends))
    found = mixed_model(*rows(9, 200, 0.3, 2))
    assert isinstance(found, Undecided)
    assert "disagree: log-likelihoods -100.000 and -103.000" in found.reason


def test_what_lies_far_from_the_two_stages_is_said_to(monkeypatch):
    """Figures stay, with `agrees` false."""
    monkeypatch.setattr(mixed, "_fit", lambda *_: mixed._Fit(3.0, 0.1, 0.2, -100.0))
    found = mixed_model(*rows(9, 200, 0.3, 2))
    assert (found.agrees, found.reason.endswith("they do not agree")) == (False, True)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            lambda y, t, c: (np.tile(y, 12), np.tile(t, 12), c * 12),
            "at most 20,000 units, and there are 21,600",
        ),
        (lambda y, t, c: (y, t, ["a", "b"] * (len(c) // 2)), "needs 3 to 200 cohorts with units, not 2"),
        (lambda y, t, c: (y, t, range(len(c))), "needs 3 to 200 cohorts with units, not 1800"),
        (lambda y, t, c: (np.where(t, np.inf, y), t, c), "needs finite values"),
        (
            lambda y, t, c: (y, t & (np.array(c) != "locale=3"), c),
            "cohort locale=3: treatment: value: 0 units",
        ),
    ],
)
def test_what_it_is_not_made_for_is_undecided(change, reason):
    """Too many units, too few or too many cohorts, infinite values, a cohort in one arm only."""
    found = mixed_model(*change(*rows(9, 200, 0.3, 2)))
    assert isinstance(found, Undecided)
    assert reason in found.reason
