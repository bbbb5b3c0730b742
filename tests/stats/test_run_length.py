"""How long a CUSUM runs, against R's package spc and Siegmund's approximation."""

import numpy as np
import pytest

from bot.stats.run_length import one_sided, two_sided


@pytest.mark.parametrize(
    ("h", "shift", "length"),
    [
        # R spc: xcusum.arl(k=0.5, h, mu, sided="two")
        (4.0, 0.0, 167.68),
        (4.0, 1.0, 8.38),
        (4.774, 0.0, 370.06),
        (4.774, 1.0, 9.93),
    ],
)
def test_the_run_length_of_two_sides_is_that_of_spc(h: float, shift: float, length: float) -> None:
    """To the digits that are printed there."""
    assert two_sided(0.5, h, shift) == pytest.approx(length, abs=0.006)


@pytest.mark.parametrize(("h", "length"), [(6.0, 1286), (8.0, 9556), (10.0, 70674)])
def test_long_runs_are_those_of_siegmund_within_a_hundredth(h: float, length: float) -> None:
    """(exp(2kb) - 2kb - 1) / 2k^2 / 2 with b = h + 1.166, an approximation (Siegmund 1985)."""
    assert two_sided(0.5, h) == pytest.approx(length, rel=0.01)


def test_a_simulated_chart_runs_as_long_as_computed() -> None:
    """Upward, a shift of half a standard deviation, 4,000 charts."""
    rng = np.random.default_rng(5)
    sums, ended = np.zeros(4000), np.zeros(4000)
    for hour in range(1, 600):
        sums = np.where(ended, 0.0, np.maximum(0.0, sums + rng.normal(0.5, 1.0, 4000) - 0.5))
        ended = np.where((ended == 0) & (sums > 4.0), hour, ended)
    assert (ended > 0).all()
    assert ended.mean() == pytest.approx(one_sided(0.5, 4.0, 0.5), abs=4 * ended.std() / 4000**0.5)


def test_a_higher_threshold_runs_longer_and_a_larger_shift_shorter() -> None:
    """For every k."""
    for k in (0.25, 0.5, 1.0):
        lengths = [one_sided(k, h) for h in (1.0, 2.0, 4.0, 6.0)]
        assert lengths == sorted(lengths)
        shifted = [two_sided(k, 4.0, shift) for shift in (0.0, 0.5, 1.0, 2.0)]
        assert shifted == sorted(shifted, reverse=True)
