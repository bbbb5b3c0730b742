"""The reference's plain CUSUM: the same alarms as its own code, and what they cost."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.stats.monitor_plain import Plain, cost, learn, step
from bot.stats.undecided import Undecided


def of_the_reference(stream, k=0.5, h=4.0):
    """AML-08's `cusum`, as it is printed there."""
    target, sigma = np.mean(stream[:14]), np.std(stream[:14])
    s_pos, s_neg = 0, 0
    for t, x in enumerate(stream[14:], start=14):
        s_pos = max(0, s_pos + (x - target - k * sigma) / sigma)
        s_neg = max(0, s_neg + (target - x - k * sigma) / sigma)
        if s_pos > h or s_neg > h:
            return t
    return None


def first_alarm(stream) -> int | None:
    """Ours."""
    chart = Plain()
    for number, value in enumerate(stream):
        if len(chart.first) < 14:
            chart = learn(chart, value, 14)
            continue
        after = step(chart, value, k=0.5)
        assert isinstance(after, Plain)
        chart = after
        if max(chart.up, chart.down) > 4:
            return number
    return None


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), shift=st.floats(-2, 2))
def test_it_alarms_when_the_reference_does(seed: int, shift: float) -> None:
    """At the same point, or never."""
    stream = np.random.default_rng(seed).normal(size=60)
    stream[30:] += shift
    assert first_alarm(stream) == of_the_reference(stream)


def test_it_costs_what_was_recomputed() -> None:
    """AML-08 recomputed: .387 within 30 points (.146 known), runs of 19, 70, 510; R spc: 167.68 and 8.38."""
    found = cost(0.5, 4.0, 14)
    assert found.known == pytest.approx(167.68, abs=0.01)
    assert found.detect == pytest.approx(8.38, abs=0.01)
    assert found.early_sample == pytest.approx(0.387, abs=0.008)
    assert found.early_known == pytest.approx(0.146, abs=0.006)
    assert found.runs == pytest.approx((19, 70, 510), rel=0.15)
    assert found.early > found.early_sample


def test_a_longer_baseline_costs_less() -> None:
    """With many points the parameters are as good as known."""
    found = cost(0.5, 4.0, 400)
    assert found.early == pytest.approx(found.early_known, abs=0.02)
    assert found.runs[1] == pytest.approx(found.known, rel=0.1)


def test_what_is_no_number_changes_nothing_and_what_never_varies_is_undecided() -> None:
    """No division by zero, no alarm."""
    chart = Plain()
    for value in (1.0, float("nan"), 1.0, float("inf"), 1.0):
        chart = learn(chart, value, 3)
    assert chart.first == (1.0, 1.0, 1.0)
    assert step(chart, float("nan"), k=0.5) is chart
    assert step(chart, 2.0, k=0.5) == Undecided("its baseline does not vary")
