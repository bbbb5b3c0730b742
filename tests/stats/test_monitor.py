"""The baseline of a monitor, its residuals, its charts and its threshold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.stats import monitor, monitor_chart
from bot.stats.monitor import WEEK, Baseline, Block, Measure
from bot.stats.monitor_calibration import Calibration, calibrate
from bot.stats.undecided import Undecided
from tests.stats.monitor_world import SHARES, block, rates

FALL = (-1,)


def fitted(block: Block, measure: Measure = Measure.RATE) -> Baseline:
    """The baseline, which there is."""
    found = monitor.fit(block, measure)
    assert isinstance(found, Baseline)
    return found


def history(seed: int = 3, weeks: int = 4, **world: float) -> Block:
    """Weeks in which nothing happened."""
    rng = np.random.default_rng(seed)
    return block(rng, *rates(rng, weeks, **world))


def watch(baseline: Baseline, hours: Block) -> tuple[np.ndarray, np.ndarray]:
    """Sums and day's effects by hour and chart."""
    state = monitor_chart.begin(baseline.cells + 1, 1)
    seen = monitor.residuals(hours, baseline, state.last)
    sums, effects = [], []
    for hour in range(len(hours)):
        state = monitor_chart.step(state, seen, hour, FALL)
        sums.append(state.sums[0])
        effects.append(state.effect())
    return np.array(sums), np.array(effects)


def test_the_baseline_is_the_median_of_the_weeks() -> None:
    """One bad week does not move it; by slot and cell."""
    rng = np.random.default_rng(1)
    trials, rate = rates(rng, 5, wander=0.0)
    usual = fitted(block(rng, trials, rate)).level
    rate[WEEK : 2 * WEEK] *= 0.3
    hit = fitted(block(rng, trials, rate)).level
    assert np.median(np.abs(usual[:, 0] / rate[:WEEK, 0] - 1)) < 0.03
    assert np.median(np.abs(hit[:, 0] / rate[:WEEK, 0] - 1)) < 0.04


def test_counting_noise_alone_has_scale_one_and_no_autocorrelation() -> None:
    """The scale is a little more than 1 for what the baseline itself does not know."""
    baseline = fitted(history(weeks=8, wander=0.0))
    assert np.median(baseline.scale) == pytest.approx(1.05, abs=0.05)
    assert np.median(baseline.rho) < 0.06


def test_wander_is_over_dispersion_with_autocorrelation() -> None:
    """In the whole, where counting noise is least, both are seen."""
    baseline = fitted(history(weeks=8, wander=0.03, rho=0.9))
    assert baseline.scale[-1] > 1.5
    assert baseline.rho[-1] > 0.4


def test_what_moves_all_cells_is_seen_in_the_whole_only() -> None:
    """The median over the cells takes it off each of them."""
    rng = np.random.default_rng(4)
    trials, rate = rates(rng, 5, wander=0.0)
    rate[4 * WEEK :] *= 0.9
    seen = block(rng, trials, rate)
    sums, effects = watch(fitted(seen[: 4 * WEEK]), seen[4 * WEEK :])
    assert sums[-1, -1] > 100
    assert effects[-1, -1] == pytest.approx(-0.10, abs=0.02)
    assert np.abs(effects[-1, :6]).max() < 0.05


def test_a_fall_of_one_cell_is_seen_there_and_dated() -> None:
    """Its chart rises, its effect is what was put in, and its change began when it was last at 0."""
    rng = np.random.default_rng(4)
    trials, rate = rates(rng, 5, wander=0.0)
    start = 4 * WEEK + 50
    rate[start:, 1] *= 0.85
    seen = block(rng, trials, rate)
    baseline = fitted(seen[: 4 * WEEK])
    later = seen[4 * WEEK :]
    state = monitor_chart.begin(19, 1)
    found = monitor.residuals(later, baseline, state.last)
    for hour in range(80):
        state = monitor_chart.step(state, found, hour, FALL)
    assert state.sums[0].argmax() == 1
    assert state.sums[0, 1] > 12
    assert state.effect()[1] == pytest.approx(-0.15, abs=0.04)
    assert 80 - state.since[0, 1] == pytest.approx(50, abs=4)


def test_hour_by_hour_is_the_same_as_all_at_once() -> None:
    """What is carried on is the state, and nothing else."""
    hours = history(weeks=5)
    baseline = fitted(hours[: 4 * WEEK])
    together, _ = watch(baseline, hours[4 * WEEK :][:30])
    state = monitor_chart.begin(19, 1)
    for hour in range(30):
        seen = monitor.residuals(hours[4 * WEEK + hour : 4 * WEEK + hour + 1], baseline, state.last)
        state = monitor_chart.step(state, seen, 0, FALL)
    assert np.allclose(state.sums[0], together[-1])


def test_hours_that_were_not_seen_change_nothing() -> None:
    """A gap leaves the sums as they are, and the hour after it is judged for itself."""
    hours = history(weeks=5)
    baseline = fitted(hours[: 4 * WEEK])
    later = hours[4 * WEEK :]
    gap = Block(later.x.copy(), later.n.copy(), later.slots)
    gap.x[10:20], gap.n[10:20] = 0.0, 0.0
    sums, _ = watch(baseline, gap)
    assert (sums[10:20] == sums[9]).all()
    assert np.isfinite(sums).all()
    blind = Block(np.full_like(later.x, np.nan), np.zeros_like(later.n), later.slots)
    sums, effects = watch(baseline, blind)
    assert (sums == 0).all()
    assert np.isnan(effects).all()


def test_cells_that_cannot_be_judged_are_named_with_their_reason() -> None:
    """Too few successes, hardly seen, never varying, not above 0: no number is made up for them."""
    hours = history(weeks=4)
    hours.n[:, 2], hours.x[:, 2] = 10.0, np.arange(len(hours)) % 2
    hours.n[: 3 * WEEK, 3] = 0
    baseline = fitted(hours)
    reasons = dict(baseline.reasons)
    assert reasons[2] == "0.5 successes in its median hour, 5 are needed"
    assert reasons[3] == "seen in 25 % of the hours, 50 % are needed"
    assert not baseline.charted[[2, 3]].any()
    assert baseline.charted.sum() == 17
    flat = fitted(Block(np.ones((4 * WEEK, 1)), np.ones((4 * WEEK, 1)), hours.slots), Measure.VALUE)
    assert dict(flat.reasons)[0] == "it does not vary, so nothing is unusual"
    rng = np.random.default_rng(1)
    around = Block(rng.normal(size=(4 * WEEK, 1)), np.ones((4 * WEEK, 1)), hours.slots)
    assert "is relative to one above 0" in dict(fitted(around, Measure.VALUE).reasons)[0]


def test_a_history_too_short_is_undecided() -> None:
    """A week cannot be judged by others where there are none."""
    assert monitor.fit(history(weeks=1), Measure.RATE) == Undecided("168 hours of history, 336 are needed")


def test_values_without_counts_are_charted_by_their_own_variation() -> None:
    """An NDCG an hour: its scale is its robust standard deviation."""
    rng = np.random.default_rng(8)
    value = (
        0.78
        + 0.02 * np.sin(np.arange(5 * WEEK) * 2 * np.pi / 24)[:, None]
        + rng.normal(0, 0.01, (5 * WEEK, 3))
    )
    value[4 * WEEK + 20 :, 2] -= 0.03
    hours = Block(value, np.ones_like(value), np.arange(5 * WEEK) % WEEK)
    baseline = fitted(hours[: 4 * WEEK], Measure.VALUE)
    assert baseline.scale[:3] == pytest.approx(0.01 / 0.78 * 1.15, rel=0.2)
    sums, effects = watch(baseline, hours[4 * WEEK :][:60])
    assert sums[-1, 2] > 12 > sums[-1, :2].max()
    assert effects[-1, 2] == pytest.approx(-0.038, abs=0.01)


def test_the_threshold_meets_the_budget_on_weeks_it_has_not_seen() -> None:
    """Four histories of eight weeks, and eight further weeks each: near one page in ten weeks."""
    pages = weeks = 0
    for seed in range(4):
        hours = history(seed=seed, weeks=16)
        past, later = hours[: 8 * WEEK], hours[8 * WEEK :]
        baseline = fitted(past)
        found = calibrate(past, baseline, budget=0.1, gate=0.08, directions=FALL, least=5.0)
        assert isinstance(found, Calibration)
        assert 5 <= found.h <= 40
        assert found.pages_per_week <= 0.1001
        sums, effects = watch(baseline, later)
        alarms = ((sums > found.h) & (effects < -0.08)).any(axis=1).reshape(-1, 24).any(axis=1)
        pages, weeks = pages + int(alarms.sum()), weeks + 8
    assert pages / weeks < 0.3


def test_a_quiet_history_gives_no_threshold_and_says_why() -> None:
    """Where nothing comes near the gate there is no tail to learn from."""
    hours = history(weeks=4, wander=0.0, per_hour=400_000)
    found = calibrate(hours, fitted(hours), budget=0.1, gate=0.08, directions=FALL, least=5.0)
    assert found == Undecided("0 excursions above 4 in 4 weeks, 5 are needed")


def test_a_lower_budget_asks_for_a_higher_threshold() -> None:
    """And nothing else changes."""
    hours = history(weeks=8)
    baseline = fitted(hours)
    found = [
        calibrate(hours, baseline, budget=budget, gate=0.08, directions=FALL, least=5.0)
        for budget in (1.0, 0.3, 0.1, 0.03)
    ]
    assert all(isinstance(one, Calibration) for one in found)
    thresholds = [one.h for one in found if isinstance(one, Calibration)]
    assert thresholds == sorted(thresholds)
    assert thresholds[0] < thresholds[-1]


@settings(max_examples=10, deadline=None)
@given(scale=st.floats(0.01, 100))
def test_the_unit_of_a_value_does_not_matter(scale: float) -> None:
    """In per cent or as a fraction: the same charts."""
    rng = np.random.default_rng(2)
    value = 1 + rng.normal(0, 0.02, (2 * WEEK, 2))
    slots, ones = np.arange(2 * WEEK) % WEEK, np.ones((2 * WEEK, 2))
    one = fitted(Block(value, ones, slots), Measure.VALUE)
    other = fitted(Block(value * scale, ones, slots), Measure.VALUE)
    assert np.allclose(one.scale, other.scale)
    assert np.allclose(one.rho, other.rho, atol=1e-6)


def test_the_order_of_the_cells_does_not_matter() -> None:
    """A cell is judged the same wherever it stands."""
    hours = history(weeks=2)
    order = np.random.default_rng(1).permutation(len(SHARES))
    one = fitted(hours)
    other = fitted(Block(hours.x[:, order], hours.n[:, order], hours.slots))
    assert np.allclose(one.scale[:-1][order], other.scale[:-1], equal_nan=True)
    assert one.scale[-1] == pytest.approx(other.scale[-1])
