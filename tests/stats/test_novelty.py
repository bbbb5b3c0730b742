"""Whether an effect fades with the days since exposure: the line, its alarms, its laws."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bot.stats.exposure import Day, point, shares
from bot.stats.novelty import Exposed, Line, Novelty, Point, line, novelty
from bot.stats.sample import Sample
from bot.stats.undecided import Undecided

EFFECTS = st.lists(
    st.tuples(st.integers(-50, 50).map(lambda n: n / 1000), st.integers(1, 100).map(lambda n: n / 1e6)),
    min_size=5,
    max_size=40,
)


def fitted(points: Sequence[Point]) -> Line:
    """The line, which there must be."""
    found = line(points)
    assert isinstance(found, Line)
    return found


def judged(seen: Exposed, alpha: float = 0.05) -> Novelty:
    """The finding, which there must be."""
    found = novelty(seen, alpha=alpha)
    assert isinstance(found, Novelty)
    return found


@pytest.mark.parametrize("days", [5, 9, 28, 90])
def test_the_line_is_that_of_weighted_least_squares(days: int) -> None:
    """statsmodels.WLS of the effect on log(1 + day), weights 1 / variance: both parameters."""
    chosen = np.random.default_rng(days)
    points = [
        Point(day, float(chosen.normal(0.02, 0.01)), float(chosen.uniform(1e-6, 1e-4))) for day in range(days)
    ]
    x = sm.add_constant(np.log1p(np.arange(days)))
    oracle = sm.WLS([one.effect for one in points], x, weights=[1 / one.variance for one in points]).fit()
    found = fitted(points)
    assert (found.intercept, found.slope) == pytest.approx(tuple(oracle.params), rel=1e-9)
    assert found.at(days - 1) == pytest.approx(float(oracle.predict(x)[-1]), rel=1e-9)


def test_the_interval_and_the_p_are_those_of_students_t() -> None:
    """scipy.stats.t, with one degree of freedom less than the smaller arm has units."""
    points = tuple(Point(day, 0.03 - 0.004 * math.log1p(day), 1e-5) for day in range(10))
    found = judged(Exposed(points, 4e-6, 30), alpha=0.1)
    oracle = stats.t(29, loc=found.slope, scale=0.002)
    assert (found.low, found.high) == pytest.approx(oracle.interval(0.9), rel=1e-9)
    assert found.p == pytest.approx(2 * stats.t(29).sf(0.004 / 0.002), rel=1e-9)
    assert (found.first, found.last) == pytest.approx((0.03, 0.03 - 0.004 * math.log(10)))
    assert found.days == (0, 9)


@given(EFFECTS)
@settings(max_examples=50)
def test_the_line_knows_neither_order_nor_unit(effects: list[tuple[float, float]]) -> None:
    """Laws: the same from behind; a common effect moves it and does not turn it; a scale scales it."""
    points = [Point(day, effect, variance) for day, (effect, variance) in enumerate(effects)]
    found = fitted(points)
    back = fitted(points[::-1])
    assert back.slope == pytest.approx(found.slope, abs=1e-12)
    moved = fitted([Point(one.days, one.effect + 0.5, one.variance) for one in points])
    assert moved.slope == pytest.approx(found.slope, abs=1e-11)
    assert moved.intercept == pytest.approx(found.intercept + 0.5, abs=1e-11)
    scaled = fitted([Point(one.days, -4 * one.effect, 16 * one.variance) for one in points])
    assert scaled.slope == pytest.approx(-4 * found.slope, abs=1e-11)
    assert sum(found.shares) == pytest.approx(0, abs=1e-9)
    added = sum(share * one.effect for share, one in zip(found.shares, points, strict=True))
    assert added == pytest.approx(found.slope, abs=1e-12)


def panel(chosen: np.random.Generator, novel: float = 0.0) -> tuple[list[Day], list[np.ndarray]]:
    """Two arms of 150 units on ten days that go together: a unit's own level, and yesterday's."""
    arms = []
    for arm in range(2):
        noise = chosen.normal(size=(150, 10))
        for day in range(1, 10):
            noise[:, day] = 0.7 * noise[:, day - 1] + math.sqrt(1 - 0.49) * noise[:, day]
        level = 10 + 0.5 * chosen.normal(size=(150, 1))
        arms.append(level + noise + arm * (0.5 - novel * np.log1p(np.arange(10))))
    return [Day(day, *(Sample.of(values[:, day], ("value",)) for values in arms)) for day in range(10)], arms


def found_in(days: list[Day], arms: list[np.ndarray]) -> Novelty:
    """The finding, the variance of its slope added up unit by unit."""
    points = tuple(one for one in map(point, days) if one is not None)
    each = shares(days, fitted(points))
    variance = 0.0
    for side, values in zip(("control", "treatment"), arms, strict=True):
        constants = np.array([each[side, day][0] for day in range(10)])
        factors = np.array([each[side, day][1] for day in range(10)])
        variance += float(((constants + factors * values).sum(axis=1) ** 2).sum())
    return judged(Exposed(points, variance, 150))


def test_an_effect_that_stays_is_called_fading_as_rarely_as_it_says() -> None:
    """Of 500 experiments without novelty about 5 in 100 alarm, though the days of a unit go together.

    Taken for independent days, twice as many would. Seed 29; 3 standard errors are 2.9 points.
    """
    chosen = np.random.default_rng(29)
    alarms = naive = 0
    for _ in range(500):
        days, arms = panel(chosen)
        found = found_in(days, arms)
        alarms += found.p < 0.05
        se = math.sqrt(
            sum(s**2 * one.variance for s, one in zip(_shares(days), map(_point, days), strict=True))
        )
        naive += abs(found.slope) > 1.96 * se
    assert alarms / 500 == pytest.approx(0.05, abs=0.029)
    assert naive > 2 * alarms


def test_an_effect_that_fades_is_found() -> None:
    """From 5 % to half of it in ten days: nine times in ten."""
    chosen = np.random.default_rng(31)
    found = [found_in(*panel(chosen, novel=0.22)) for _ in range(100)]
    assert sum(one.high < 0 for one in found) >= 80


def _point(day: Day) -> Point:
    found = point(day)
    assert found is not None
    return found


def _shares(days: list[Day]) -> tuple[float, ...]:
    return fitted([_point(day) for day in days]).shares


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        ([], "the effect is known on 0 days since exposure, and a line needs 5"),
        ([Point(0, 0.1, 1e-6)], "is known on 1 day since exposure"),
        ([Point(day % 4, 0.1, 1e-6) for day in range(9)], "on 4 days"),
        ([Point(day, math.nan, 1e-6) for day in range(9)], "is not finite or has no variance"),
        ([Point(day, 0.1, 0.0) for day in range(9)], "is not finite or has no variance"),
        ([Point(day, 0.1, math.inf) for day in range(9)], "is not finite or has no variance"),
    ],
)
def test_what_has_no_line_says_why(points: list[Point], reason: str) -> None:
    """Never a slope of 0."""
    found = line(points)
    assert isinstance(found, Undecided)
    assert reason in found.reason
    assert novelty(Exposed(tuple(points), 1e-6, 100)) == found


@pytest.mark.parametrize(("variance", "units"), [(0.0, 100), (math.nan, 100), (1e-6, 1)])
def test_a_slope_without_an_error_is_no_finding(variance: float, units: int) -> None:
    """Units that do not vary, or one unit."""
    found = novelty(Exposed(tuple(Point(day, 0.1, 1e-6) for day in range(9)), variance, units))
    assert found == Undecided(
        "the slope over days since exposure has no standard error: its units do not vary"
    )


def test_an_effect_that_cannot_be_had_is_no_point() -> None:
    """Neither variance nor a control mean."""
    one = Sample.of(np.ones(9), ("value",))
    nothing = Sample.of(np.array([1.0, -1.0]), ("value",))
    assert point(Day(0, one, one)) is None
    assert point(Day(0, nothing, one)) is None
