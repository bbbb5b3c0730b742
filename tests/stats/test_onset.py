"""When a metric began to depart: drops, slides, days that come and go, and histories that say nothing."""

import numpy as np
import pytest

from bot.stats.onset import History, estimate, thinned
from bot.stats.undecided import Undecided

NOW = 1_000_000 * 60.0
"""Seconds; any time will do."""
DAY = 86_400.0


def noisy(seed, count, rho=0.0):
    """An AR(1) process of variance 1."""
    rng = np.random.default_rng(seed)
    errors, values = rng.standard_normal(count) * np.sqrt(1 - rho**2), np.empty(count)
    values[0] = rng.standard_normal()
    for at in range(1, count):
        values[at] = rho * values[at - 1] + errors[at]
    return values


def histories(shape, *, seed=1, sd=0.01, level=0.78, rho=0.0, season=0.0):
    """Six hours by the minute and seven days by ten minutes of a metric with `shape(times)` added."""
    made = []
    for number, (points, step) in enumerate([(361, 60.0), (1009, 600.0)]):
        times = NOW - np.arange(points - 1, -1, -1) * step
        course = season * np.sin(2 * np.pi * times / DAY)
        wander = noisy(seed + 100 * number, points, rho if number == 0 else 0.0)
        made.append(History(times, level + sd * wander + course + shape(times)))
    return made


def step(ago, size=-0.17):
    """At once, `ago` minutes before now."""
    return lambda times: size * (times > NOW - ago * 60)


@pytest.mark.parametrize("ago", [5, 40, 200])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_drop_is_found_to_the_minute(ago, seed):
    """The interval holds it, and the levels before and after are told."""
    found = estimate(*histories(step(ago), seed=seed), direction=-1)
    assert found.shape == "step"
    assert found.low <= NOW - ago * 60 <= found.high
    assert abs(found.at - (NOW - ago * 60)) <= 60
    assert found.high - found.low <= 180
    assert found.before == pytest.approx(0.78, abs=0.005)
    assert found.after == pytest.approx(0.61, abs=0.01)


def test_a_slide_is_dated_where_it_began_and_not_where_it_was_steepest():
    """Over an hour, two hours ago."""
    began = NOW - 120 * 60

    def slide(times):
        return -0.17 * np.clip((times - began) / 3600, 0, 1)

    found = estimate(*histories(slide), direction=-1)
    assert found.shape == "ramp"
    assert found.low <= began <= found.high
    assert abs(found.at - began) < 6 * 60


def test_what_began_before_the_fine_history_is_found_in_the_coarse_one():
    """Two days ago, by ten minutes."""
    found = estimate(*histories(step(2880)), direction=-1)
    assert abs(found.at - (NOW - 2880 * 60)) <= 600
    assert found.high - found.low <= 1800


def test_a_slide_as_long_as_the_fine_history_is_dated_in_the_coarse_one():
    """It began six hours ago: the fine one has next to nothing of before."""
    began = NOW - 355 * 60

    def slide(times):
        return -0.17 * np.clip((times - began) / (355 * 60), 0, 1)

    found = estimate(*histories(slide, sd=0.004), direction=-1)
    assert found.shape == "ramp"
    assert found.low <= began <= found.high
    assert found.high - found.low <= 90 * 60


def test_without_a_coarse_history_the_fine_one_does_what_it_can():
    """A metric that is new: nothing further back is known."""
    recent, _ = histories(step(340))
    found = estimate(recent, History(np.array([]), np.array([])), direction=0)
    assert isinstance(found, Undecided)  # for most of what is known it was where it is now
    recent, _ = histories(step(100))
    found = estimate(recent, History(np.array([]), np.array([])), direction=-1)
    assert abs(found.at - (NOW - 100 * 60)) <= 60


def test_the_daily_course_is_not_taken_for_a_change():
    """A metric that swings by twenty times its noise each day, and drops once by less than that."""
    found = estimate(*histories(step(30, size=-0.08), season=0.2), direction=-1)
    assert abs(found.at - (NOW - 30 * 60)) <= 120
    calm = estimate(*histories(step(30, size=0.0), season=0.2), direction=-1)
    assert calm == Undecided("no change in its history stands out of its noise")


@pytest.mark.parametrize("seed", range(5))
def test_no_change_is_said_to_be_none(seed):
    """Also of a metric that wanders."""
    found = estimate(*histories(step(30, size=0.0), seed=seed, rho=0.6), direction=-1)
    assert isinstance(found, Undecided)


def test_a_metric_that_went_the_other_way_is_not_the_alerts():
    """It rose; the alert says it fell."""
    found = estimate(*histories(step(30, size=0.1)), direction=-1)
    assert found == Undecided("it did not fall before the alert: it rose")
    assert estimate(*histories(step(30, size=0.1)), direction=0).shape == "step"


def test_a_departure_that_came_back_is_not_the_one_that_goes_on():
    """An hour of trouble four hours ago, and the drop of now."""

    def twice(times):
        first = (times > NOW - 240 * 60) & (times < NOW - 180 * 60)
        return -0.17 * (first | (times > NOW - 20 * 60))

    assert abs(estimate(*histories(twice), direction=-1).at - (NOW - 20 * 60)) <= 60


def test_a_lone_spike_is_no_onset():
    """One scrape that went wrong, long before the drop."""

    def spike(times):
        return step(15)(times) - 0.5 * (np.abs(times - (NOW - 180 * 60)) < 30)

    assert abs(estimate(*histories(spike), direction=-1).at - (NOW - 15 * 60)) <= 60


def test_histories_that_say_nothing_say_why():
    """None, short, constant, departed from the first point."""
    empty = History(np.array([]), np.array([]))
    assert estimate(empty, empty) == Undecided("its history has 0 points, and 20 are needed")
    few = History(NOW + np.arange(12.0), np.arange(12.0))
    assert estimate(few, empty) == Undecided("its history has 12 points, and 20 are needed")
    times = NOW - np.arange(360, -1, -1) * 60.0
    flat = History(times, np.full(361, 0.5))
    assert estimate(flat, flat) == Undecided("it was the same all along")


def test_a_rate_that_was_nought_and_is_not_any_more_has_an_onset():
    """No noise at all before it."""
    times = NOW - np.arange(360, -1, -1) * 60.0
    values = np.where(times > NOW - 25 * 60, 0.05, 0.0)
    found = estimate(History(times, values), History(times[::10], values[::10]), direction=1)
    assert abs(found.at - (NOW - 25 * 60)) <= 60


def test_a_gauge_renewed_every_quarter_of_an_hour_is_not_taken_for_noiseless():
    """Scraped every minute it repeats itself; the interval is as wide as its period."""
    recent, past = histories(step(60))
    held = History(recent.times, recent.values[(np.arange(361) // 15) * 15])
    assert len(thinned(held).values) == 25
    found = estimate(held, past, direction=-1)
    assert found.low <= NOW - 60 * 60 <= found.high
    assert found.high - found.low >= 15 * 60


def test_the_interval_covers_as_often_as_it_says():
    """60 drops of 1.5 sd, half an hour to two hours ago, fixed seed: 95 % intervals, 0.95 - 3 se allowed."""
    rng = np.random.default_rng(11)
    covered = found = 0
    for seed in range(60):
        ago = int(rng.integers(30, 120))
        told = estimate(*histories(step(ago, size=-0.015), seed=seed * 7), direction=-1)
        if not isinstance(told, Undecided):
            found += 1
            covered += told.low <= NOW - ago * 60 <= told.high
    assert found > 30
    assert covered / found >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / found)
