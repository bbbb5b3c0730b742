"""Drift: distances against closed forms and scipy, and limits that the reference's own days do not exceed."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from bot.stats.drift import (
    FEWEST_DAYS,
    FEWEST_ROWS,
    Drift,
    drift,
    kl,
    limit,
    psi,
    spread,
    thinned,
    wasserstein,
)
from bot.stats.undecided import Undecided

LEVELS = [0.005, 0.01, 0.025, *np.arange(1, 20) / 20, 0.975, 0.99, 0.995]
EDGES = stats.norm.ppf(LEVELS)
"""The normal's own quantiles, as a reference gives them."""


def binned(values, edges=EDGES):
    """Rows by bin: up to the first edge, between edges with the upper one in, above."""
    return np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1).astype(float)


def normal(rng, rows, mean=0.0, sd=1.0):
    """So many rows of a normal variable, by bin."""
    return binned(rng.normal(mean, sd, rows))


def days(rng, *, count=28, rows=5000, wander=0.02):
    """Reference days whose mean wanders from day to day."""
    return [normal(rng, rows, rng.normal(0, wander)) for _ in range(count)]


def test_kl_and_psi_are_those_of_scipy_on_smoothed_shares():
    """Oracle: scipy.stats.entropy; PSI is KL both ways."""
    now, usual = np.array([10.0, 0.0, 90.0, 40.0]), np.array([200.0, 10.0, 300.0, 400.0])
    p, q = now + 0.5, usual + 0.5
    assert kl(now, usual) == pytest.approx(stats.entropy(p, q), rel=1e-12)
    assert psi(now, usual) == pytest.approx(stats.entropy(p, q) + stats.entropy(q, p), rel=1e-12)


@pytest.mark.parametrize("shift", [0.0, 0.1, 0.5, 1.0])
def test_a_shifted_normal_has_the_distances_of_theory(shift):
    """By d sd: Wasserstein/sd d, KL d^2/2, PSI d^2; binning into 26 loses a little of each."""
    exact = np.diff([0, *stats.norm.cdf(EDGES), 1]) * 1e9
    moved = np.diff([0, *stats.norm.cdf(EDGES - shift), 1]) * 1e9
    assert wasserstein(moved, exact, EDGES) == pytest.approx(shift, rel=0.03, abs=1e-9)
    assert kl(moved, exact) == pytest.approx(shift**2 / 2, rel=0.03, abs=1e-9)
    assert psi(moved, exact) == pytest.approx(shift**2, rel=0.03, abs=1e-9)


def test_wasserstein_is_that_of_the_rows_themselves():
    """Oracle: scipy.stats.wasserstein_distance on the rows, over their sd; 26 bins lose 2 % of it."""
    rng = np.random.default_rng(7)
    usual, now = rng.gamma(2, 1, 20_000), rng.gamma(2.5, 1.2, 20_000)
    edges = np.quantile(usual, LEVELS)
    clipped = [np.clip(one, edges[0], edges[-1]) for one in (now, usual)]
    oracle = stats.wasserstein_distance(*clipped) / clipped[1].std()
    assert wasserstein(binned(now, edges), binned(usual, edges), edges) == pytest.approx(oracle, rel=0.02)
    assert spread(binned(usual, edges), edges) == pytest.approx(clipped[1].std(), rel=0.02)


def test_distributions_that_cross_are_apart_on_both_sides():
    """The same mean and twice the sd: what is above on one side is below on the other."""
    rng = np.random.default_rng(8)
    edges = np.linspace(-4, 4, 41)
    narrow, wide = rng.normal(0, 1, 50_000), rng.normal(0, 2, 50_000)
    clipped = [np.clip(one, -4, 4) for one in (wide, narrow)]
    oracle = stats.wasserstein_distance(*clipped) / clipped[1].std()
    assert wasserstein(binned(wide, edges), binned(narrow, edges), edges) == pytest.approx(oracle, rel=0.01)


@given(arrays(float, 5, elements=st.integers(0, 10**6)), arrays(float, 5, elements=st.integers(0, 10**6)))
def test_distances_are_none_from_itself_and_never_negative(now, usual):
    """PSI is the same both ways; an empty bin is no infinity."""
    assert kl(now, now) == psi(now, now) == 0
    assert 0 <= kl(now, usual) < math.inf
    assert 0 <= psi(now, usual) == pytest.approx(psi(usual, now), abs=1e-12)


def test_a_day_like_the_others_has_not_drifted_and_a_shift_has():
    """A shift of .3 sd against days that wander by .02."""
    rng = np.random.default_rng(1)
    past = days(rng)
    steady = drift(normal(rng, 5000), past, rng=rng, edges=EDGES)
    moved = drift(normal(rng, 5000, 0.3), past, rng=rng, edges=EDGES)
    assert isinstance(steady, Drift)
    assert isinstance(moved, Drift)
    assert (steady.drifted, moved.drifted) == (False, True)
    distance = moved.distance("Wasserstein/sd")
    assert distance is not None
    assert distance.value == pytest.approx(0.3, abs=0.03)
    assert distance.limit == 0.1
    assert (moved.days, sum(moved.now), sum(moved.usual)) == (28, 5000, 28 * 5000)


def test_what_wanders_every_day_is_no_drift():
    """The same .3 sd, against days that wander by .3: a limit is what the reference itself does."""
    rng = np.random.default_rng(2)
    found = drift(normal(rng, 5000, 0.3), days(rng, wander=0.3), rng=rng, edges=EDGES)
    assert isinstance(found, Drift)
    assert not found.drifted


def test_few_rows_are_not_called_drift_because_they_are_few():
    """PSI of 200 rows is .08 by chance alone (.1 is nearly reached): days are thinned to as many."""
    rng = np.random.default_rng(3)
    past = days(rng, rows=100_000, wander=0.0)
    found = [drift(normal(rng, 200), past, rng=rng, edges=EDGES) for _ in range(60)]
    values = [one.distance("PSI").value for one in found]
    assert np.mean(values) > 0.08
    assert sum(one.drifted for one in found) <= 1


@pytest.mark.parametrize(
    ("kind", "most"), [("half-normal", 0.004), ("t4", 0.014), ("root chi-square", 0.0005)]
)
def test_a_limit_from_28_days_is_rarely_exceeded_by_the_29th(kind, most):
    """Simulated: .2 % of half-normal distances, 1.1 % where days have the tails of a t with 4 df."""
    rng = np.random.default_rng(4)
    size = (20_000, 29)
    draws = {
        "half-normal": lambda: np.abs(rng.standard_normal(size)),
        "t4": lambda: np.abs(rng.standard_t(4, size)),
        "root chi-square": lambda: np.sqrt(rng.chisquare(19, size)),
    }[kind]()
    past = draws[:, :28]
    middle = np.median(past, axis=1)
    width = 1.482602218505602 * np.median(np.abs(past - middle[:, None]), axis=1)
    limits = np.maximum(middle + 5 * width, 1.25 * past.max(axis=1))
    assert limits[0] == pytest.approx(limit(list(past[0]), 0.0), rel=1e-12)
    assert (draws[:, 28] > limits).mean() < most


def test_a_feature_that_becomes_null_drifts_without_a_number():
    """The nulls have a bin of their own; no number is left to have a distance."""
    rng = np.random.default_rng(5)
    past = [np.append(day, 3.0) for day in days(rng)]
    gone = np.append(np.zeros(len(EDGES) + 1), 5000.0)
    found = drift(gone, past, rng=rng, edges=EDGES, apart=1)
    assert isinstance(found, Drift)
    assert found.drifted
    assert {one.name for one in found.distances} == {"KL", "PSI"}


def test_words_have_kl_and_psi():
    """A word that was rare is common."""
    rng = np.random.default_rng(6)
    past = [rng.multinomial(3000, [0.6, 0.38, 0.02]).astype(float) for _ in range(28)]
    found = drift(np.array([1500.0, 900.0, 600.0]), past, rng=rng)
    assert isinstance(found, Drift)
    assert found.drifted
    assert found.distances[0].times > 3


@pytest.mark.parametrize(
    ("rows", "past", "reason"),
    [
        (0, 28, f"0 rows now, {FEWEST_ROWS} are needed"),
        (1, 28, f"1 row now, {FEWEST_ROWS} are needed"),
        (5000, 1, f"1 reference day with {FEWEST_ROWS} rows, {FEWEST_DAYS} are needed"),
        (5000, 0, f"0 reference days with {FEWEST_ROWS} rows, {FEWEST_DAYS} are needed"),
    ],
)
def test_too_few_rows_or_days_are_undecided(rows, past, reason):
    """One day of history says nothing about how days differ."""
    rng = np.random.default_rng(9)
    found = drift(normal(rng, rows), days(rng, count=past), rng=rng, edges=EDGES)
    assert found == Undecided(reason)


def test_days_with_hardly_a_row_are_no_reference():
    """An outage of the log does not widen the limits."""
    rng = np.random.default_rng(10)
    past = [*days(rng), normal(rng, 5, 3.0), np.zeros(len(EDGES) + 1)]
    found = drift(normal(rng, 5000), past, rng=rng, edges=EDGES)
    assert isinstance(found, Drift)
    assert found.days == 28


def test_a_reference_that_never_varied_has_no_sd_and_still_drifts():
    """A constant: KL and PSI alone say that it is another now."""
    edges = np.array([1.0 - 1e-9, 1.0])
    past = [np.array([0.0, 1000.0, 0.0])] * 28
    assert spread(past[0], edges) == pytest.approx(1e-9 / math.sqrt(12))
    found = drift(np.array([0.0, 0.0, 1000.0]), past, rng=np.random.default_rng(0), edges=None)
    assert isinstance(found, Drift)
    assert found.drifted
    assert isinstance(wasserstein(np.ones(2), np.ones(2), np.array([1.0])), Undecided)


def test_thinning_keeps_shares_and_smaller_days_as_they_are():
    """The draws are the generator's, so that the same data give the same answer."""
    counts = np.array([30_000.0, 60_000.0, 10_000.0])
    found = thinned(counts, 1000, np.random.default_rng(0))
    assert found.sum() == 1000
    assert found[1] == pytest.approx(600, abs=60)
    assert thinned(counts, 1e6, np.random.default_rng(0)) is counts
    assert (thinned(counts, 1000, np.random.default_rng(0)) == found).all()


def test_bins_that_do_not_go_with_their_edges_are_refused():
    """A mistake of ours, not of the data."""
    with pytest.raises(ValueError, match="do not go with"):
        wasserstein(np.ones(4), np.ones(4), np.array([0.0, 1.0]))
    past = [np.full(30, 500.0)] * 8
    with pytest.raises(ValueError, match="are not those of"):
        drift(past[0], past, rng=np.random.default_rng(0), edges=EDGES)
