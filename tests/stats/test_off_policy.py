"""What another policy would have earned: against obp, by simulation, and where nothing can be said."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.stats.moments import Estimate, Sums
from bot.stats.off_policy import OffPolicy, Weights, credibility, off_policy
from bot.stats.undecided import Undecided

OBP = json.loads((Path(__file__).parents[1] / "oracles" / "off_policy.json").read_text(encoding="utf-8"))


def evaluated(reward, weight, shown=None, expected=None, *, bad=None) -> OffPolicy:
    """Rows as the sources add them up; `shown`, `expected`: the model of what was shown, and its mean."""
    columns = [np.ones(len(reward)), weight, weight * reward, reward]
    if shown is not None:
        columns += [expected, weight * (reward - shown)]
    weights = Weights(
        rows=float(len(reward)),
        total=float(weight.sum()),
        squares=float(weight @ weight),
        largest=float(weight.max()),
        rewarded=float(((weight > 0) & (reward != 0)).sum()),
        least=float(reward.min()),
        bad=bad or {},
    )
    return off_policy(Sums.of_rows(np.stack(columns, axis=1)), weights)


def small(clip=math.inf) -> OffPolicy:
    """The log of 400 rows that obp was given."""
    one = {
        name: np.array(OBP["small"][name])
        for name in ("cell", "action", "reward", "logging", "target", "model")
    }
    cell, action = one["cell"], one["action"]
    weight = np.minimum(one["target"][cell, action] / one["logging"][cell, action], clip)
    expected = (one["target"] * one["model"]).sum(axis=1)[cell]
    return evaluated(one["reward"], weight, one["model"][cell, action], expected)


def test_the_estimators_are_those_of_obp():
    """Oracle: obp 0.5.5, `tests/oracles/off_policy.py`."""
    found, oracle = small(), OBP["small"]
    for name in ("ips", "snips", "dr"):
        value = getattr(found, name)
        assert isinstance(value, Estimate)
        assert value.value == pytest.approx(oracle[name], rel=1e-12)
    assert found.dm == pytest.approx(oracle["dm"], rel=1e-12)
    clipped = small(oracle["clip"])
    assert isinstance(clipped.ips, Estimate)
    assert isinstance(clipped.dr, Estimate)
    assert clipped.ips.value == pytest.approx(oracle["ips_clipped"], rel=1e-12)
    assert clipped.dr.value == pytest.approx(oracle["dr_clipped"], rel=1e-12)


def test_the_interval_of_ips_is_close_to_obps_bootstrap():
    """Oracle: the percentiles of 10,000 bootstrap samples, .219 to .443; here moved to the skewed side."""
    found, oracle = small().ips, OBP["small"]["ips_bootstrap"]
    assert isinstance(found, Estimate)
    assert found.low == pytest.approx(oracle["95.0% CI (lower)"], abs=0.02)
    assert found.high == pytest.approx(oracle["95.0% CI (upper)"], abs=0.025)


def test_the_logging_policy_itself_earns_what_was_logged():
    """With q = p every weight is 1: all estimators agree, and there is nothing to lift."""
    reward = np.random.default_rng(2).normal(5, 1, 200)
    found = evaluated(reward, np.ones(200), np.full(200, 5.0), np.full(200, 5.0))
    for one in (found.ips, found.snips, found.logged):
        assert isinstance(one, Estimate)
        assert one.value == pytest.approx(reward.mean())
    assert found.weights.effective == pytest.approx(200)
    assert isinstance(found.lifts["ips"], Undecided)  # it is 0 whatever the log: no chance in it
    assert isinstance(found.mean_weight, Undecided)


@given(st.integers(0, 2**32 - 1), st.floats(0.5, 5), st.floats(-3, 3))
def test_snips_moves_and_stretches_with_the_reward(seed, scale, shift):
    """Which IPS does not where the mean weight is not 1 (Swaminathan & Joachims 2015)."""
    rng = np.random.default_rng(seed)
    reward, weight = rng.normal(0, 1, 60), rng.exponential(1, 60)
    first, second = evaluated(reward, weight).snips, evaluated(scale * reward + shift, weight).snips
    assert isinstance(first, Estimate)
    assert isinstance(second, Estimate)
    assert second.value == pytest.approx(scale * first.value + shift, abs=1e-9)
    assert second.se == pytest.approx(scale * first.se, rel=1e-6)


def test_the_effective_sample_size_is_kishs():
    """(sum w)^2 / sum w^2: one row with all the weight is one row."""
    assert Weights(4, 4, 4, 1).effective == 4
    assert Weights(4, 4, 16, 4).effective == 1
    assert Weights(4, 0, 0, 0).effective == 0


@pytest.mark.parametrize(
    ("weights", "reason"),
    [
        (Weights(50, 50, 50, 1, bad={"a propensity of 0 or less": 3}), "3 of 50 rows have a propensity of 0"),
        (Weights(50, 0, 0, 0), "would have shown nothing"),
        (Weights(50, 50, 50, 1, rewarded=4), "4 rewarded rows with a weight, and 5 are needed"),
    ],
)
def test_what_cannot_be_estimated_says_why(weights, reason):
    """And the model's own mean stays, since it needs no propensity."""
    rows = np.random.default_rng(4).random((50, 6))
    found = off_policy(Sums.of_rows(rows), weights)
    for one in (found.ips, found.snips, found.dr):
        assert isinstance(one, Undecided)
        assert reason in one.reason
    assert isinstance(found.dm, float)
    assert found.lifts == {}


def test_a_mean_weight_far_from_one_is_seen():
    """As it is where the propensities are those of another log."""
    rng = np.random.default_rng(5)
    reward, weight = rng.random(500), rng.exponential(1, 500)
    assert not evaluated(reward, weight / weight.mean()).weights_off
    assert evaluated(reward, 0.7 * weight).weights_off


def test_weights_that_are_all_the_same_are_off_unless_they_are_one():
    """Such a log earns no more under the target: nothing is said to be better or worse by rounding."""
    reward = np.tile([1.0, 0.0, 0.0], 20)
    found = evaluated(reward, np.full(60, 1.2))
    assert found.weights_off
    assert isinstance(found.lifts["snips"], Undecided)
    assert not evaluated(reward, np.full(60, 1.0)).weights_off


def test_clipping_does_not_make_propensities_look_wrong():
    """Its mean weight is held against 1 before the clipping."""
    rng = np.random.default_rng(8)
    weight = rng.exponential(1, 500)
    weight *= 500 / weight.sum()
    clipped, rows = np.minimum(weight, 1.5), np.ones(500)
    sums = Sums.of_rows(np.stack([rows, clipped, clipped, rows], axis=1))
    cut = float((weight - clipped).sum())
    squares = float(weight @ weight)
    weights = Weights(
        500, float(clipped.sum()), float(clipped @ clipped), 1.5, 100, cut, whole_squares=squares
    )
    assert not off_policy(sums, weights).weights_off
    wrong = Weights(500, 0.7 * weights.total, 1, 1.5, 100, 0.7 * cut, whole_squares=0.49 * squares)
    assert off_policy(sums, wrong).weights_off


def test_no_bound_is_below_what_such_rewards_can_earn():
    """Clicks are not negative, so neither is their rate."""
    reward = np.zeros(100)
    reward[:6] = 1
    weight = np.where(np.arange(100) == 0, 40.0, 0.6)
    found = evaluated(reward, weight).ips
    assert isinstance(found, Estimate)
    assert found.low >= 0


def test_a_lift_over_nothing_is_undecided():
    """Rewards that add up to a loss have no relative lift."""
    reward = -np.random.default_rng(6).random(50)
    lift = evaluated(reward, np.random.default_rng(7).exponential(1, 50)).lifts["ips"]
    assert isinstance(lift, Undecided)
    assert "not above 0" in lift.reason


def test_credibility_is_the_noise_within_cells_over_the_spread_between_them():
    """By hand: s^2 = 198 / 198, a = (51 - 1) / (200 - 100); cells that differ by chance are one."""
    assert credibility(2, 200, 20_000, 198.0, 51.0) == pytest.approx(2.0)
    assert credibility(2, 200, 20_000, 198.0, 0.5) == math.inf
    assert isinstance(credibility(1, 200, 40_000, 198.0, 0.0), Undecided)


def test_intervals_of_all_estimators_hold_the_truth_as_often_as_they_say():
    """Simulated: two cells, four actions and a wrong model: doubly robust is unbiased none the less."""
    one = {name: np.array(OBP["small"][name]) for name in ("logging", "target", "model")}
    truth = np.array([[0.1, 0.2, 0.3, 0.4], [0.5, 0.1, 0.3, 0.2]])
    value = float((one["target"] * truth).sum(axis=1).mean())
    rng, runs, held, sums = np.random.default_rng(9), 300, dict.fromkeys(("ips", "snips", "dr"), 0), 0.0
    for _ in range(runs):
        cell = rng.integers(0, 2, 400)
        action = (rng.random(400)[:, None] > np.cumsum(one["logging"], axis=1)[cell]).sum(axis=1)
        reward = (rng.random(400) < truth[cell, action]).astype(float)
        weight = one["target"][cell, action] / one["logging"][cell, action]
        expected = (one["target"] * one["model"]).sum(axis=1)[cell]
        found = evaluated(reward, weight, one["model"][cell, action], expected)
        for name in held:
            estimate = getattr(found, name)
            assert isinstance(estimate, Estimate)
            held[name] += estimate.low <= value <= estimate.high
        assert isinstance(found.dr, Estimate)
        sums += found.dr.value
    assert min(held.values()) >= 0.92 * runs
    assert sums / runs == pytest.approx(value, abs=0.008)
