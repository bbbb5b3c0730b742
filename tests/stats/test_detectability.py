"""Whether a quarter can show an effect."""

import numpy as np
import pytest
from scipy import stats

from bot.stats.detectability import Reading, chances, reading
from bot.stats.undecided import Undecided


def test_the_fortnight_of_the_reranker_shows_its_effect_with_the_planned_power() -> None:
    """AML-03 recomputed: n = 10,502.88 an arm shows 3 % of .183 with power .8 (statsmodels TTestIndPower)."""
    found = reading(10502.88, 10502.88, 0.142, 0.03 * 0.183)
    assert isinstance(found, Reading)
    assert found.power == pytest.approx(0.8, abs=1e-6)
    assert found.smallest == pytest.approx(0.03 * 0.183, rel=1e-6)
    assert found.error == pytest.approx(0.142 * (2 / 10502.88) ** 0.5)
    halved = reading(5251.93, 5251.93, 0.142, 0.03 * 0.183, variance_reduction=0.5)
    assert isinstance(halved, Reading)
    assert halved.power == pytest.approx(0.8, abs=1e-4)
    looked = reading(10735, 10735, 0.142, 0.03 * 0.183, inflation=1.022012)
    assert isinstance(looked, Reading)
    assert looked.power == pytest.approx(0.8, abs=1e-4)


def test_the_fast_power_is_that_of_a_normal_test() -> None:
    """Phi(effect / error - 1.96), by scipy.stats; half at the critical value, alpha / 2 at nothing."""
    effects = np.array([0.0, 0.5, 1.0, 1.959964, 3.0])
    assert chances(effects, 1.0) == pytest.approx(stats.norm.cdf(effects - stats.norm.ppf(0.975)))
    assert chances(effects, 1.0)[3] == pytest.approx(0.5, abs=1e-6)
    slow = reading(5000, 5000, 1.0, 0.05)
    assert isinstance(slow, Reading)
    assert chances(np.array([0.05]), slow.error)[0] == pytest.approx(slow.power, abs=1e-3)


@pytest.mark.parametrize(
    ("control", "treatment", "sd", "reason"),
    [
        (0.0, 0.0, 1.0, "0.0 units an arm"),
        (1.5, 1.5, 1.0, "1.5 units an arm"),
        (100.0, 100.0, 0.0, "nothing varies"),
        (100.0, 100.0, float("nan"), "nothing varies"),
    ],
)
def test_without_units_or_variance_there_is_no_power(
    control: float, treatment: float, sd: float, reason: str
) -> None:
    """A named reason, never a power of 0 or 1."""
    found = reading(control, treatment, sd, 0.1)
    assert isinstance(found, Undecided)
    assert reason in found.reason
