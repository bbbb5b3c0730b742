"""Recovery: every cohort, at its baseline, for as long as the tree asks; holes prove nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.evidence import Evidence, EvidenceStatus
from bot.core.recovery import NotRecovered, Recovered, Target, Unknown, harm, judge, of

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NDCG = Target("ndcg (jp)", 0.78, 0.61, 0.025)
SUSPECT, CLEAR, UNKNOWN = EvidenceStatus.SUSPECT, EvidenceStatus.CLEAR, EvidenceStatus.UNKNOWN


def judged(values, target=NDCG, held=10, last=0):
    """The line for one value a minute, the last of them `last` minutes ago; None is a hole."""
    points = [
        (NOW - (last + ago) * MINUTE, value)
        for ago, value in reversed(list(enumerate(reversed(values))))
        if value is not None
    ]
    found = judge(target, points, held=held * MINUTE, at=NOW, step=MINUTE)
    return found.status, found.line


@pytest.mark.parametrize(
    ("values", "status", "said"),
    [
        ([0.78] * 11, CLEAR, "ndcg (jp) is 0.78, at its baseline (≥ 0.7605) for 10 min"),
        ([0.9] * 11, CLEAR, "ndcg (jp) is 0.9, at its baseline (≥ 0.7605) for 10 min"),
        ([0.61] * 11, SUSPECT, "ndcg (jp) is 0.61, needs ≥ 0.7605"),
        ([0.61] * 6 + [0.78] * 5, SUSPECT, "is 0.78 (≥ 0.7605), at its baseline for 4 min of 10 min"),
        ([0.78] * 10 + [0.61], SUSPECT, "ndcg (jp) is 0.61, needs ≥ 0.7605"),
        ([0.78] * 5 + [0.61] + [0.78] * 5, SUSPECT, "at its baseline for 4 min of 10 min"),
        ([0.78] * 2 + [None] * 7 + [0.78] * 2, SUSPECT, "at its baseline for 1 min of 10 min"),
        ([0.78] * 5, SUSPECT, "at its baseline for 4 min of 10 min"),
        ([None] * 11, UNKNOWN, "ndcg (jp) has no value in the last 10 min"),
    ],
)  # fmt: skip
def test_a_cohort_has_recovered_when_it_held_all_the_time(values, status, said):
    """Not when it has just come back, wavered, or was not seen."""
    found = judged(values)
    assert found[0] is status
    assert said in found[1]


def test_a_value_that_has_grown_old_says_nothing_of_now():
    """The monitor may have died."""
    assert judged([0.78] * 4, last=7) == (
        UNKNOWN, "ndcg (jp) has no value for 7 min; it was 0.78",
    )  # fmt: skip


def test_a_latency_is_better_below_its_baseline_and_worse_above():
    """The alert says which side is harm; without its value, both are."""
    p95 = Target("p95", 800.0, 1200.0, 0.1)
    assert judged([500.0] * 11, p95)[0] is CLEAR
    assert judged([890.0] * 11, p95) == (SUSPECT, "p95 is 890, needs ≤ 880")
    assert judged([500.0] * 11, Target("p95", 800.0, None, 0.1)) == (SUSPECT, "p95 is 500, needs 720 to 880")


def test_a_day_is_watched_in_longer_steps():
    """One point in 24 minutes is enough for a day, and the time is said in hours."""
    step = timedelta(minutes=24)
    points = [(NOW - step * ago, 0.78) for ago in range(60, -1, -1)]
    found = judge(NDCG, points, held=timedelta(days=1), at=NOW, step=step)
    assert (found.status, found.line) == (CLEAR, "ndcg (jp) is 0.78, at its baseline (≥ 0.7605) for 24 h")


def lines(*statuses, check="metric"):
    """A line of each status."""
    return [Evidence(check, status, f"line {number}", NOW) for number, status in enumerate(statuses)]


def test_one_cohort_that_has_not_recovered_is_enough_and_one_unknown_leaves_it_open():
    """Nothing asked is unknown, too, and other checks have no say."""
    assert of(lines(CLEAR, CLEAR)) == Recovered(("line 0", "line 1"))
    assert of(lines(CLEAR, SUSPECT, UNKNOWN)) == NotRecovered(("line 1",))
    assert of(lines(CLEAR, UNKNOWN)) == Unknown(("line 1",))
    assert of([]) == Unknown()
    assert of([*lines(CLEAR), *lines(SUSPECT, check="changes")]) == Recovered(("line 0",))


def test_a_cohort_nobody_alerted_on_may_keep_it_from_having_recovered():
    """What all cohorts say is no proof that the metric held, and enough to say that something is off."""
    cohorts = Evidence("cohorts", SUSPECT, "2 of 18 cohorts off", NOW, symptom=True)
    assert of([*lines(CLEAR), cohorts]) == NotRecovered(("2 of 18 cohorts off",))
    assert of([cohorts, *lines(SUSPECT)]) == NotRecovered(("line 0", "2 of 18 cohorts off"))
    assert of([*lines(CLEAR), replace(cohorts, status=UNKNOWN)]) == Recovered(("line 0",))
    assert of([replace(cohorts, status=CLEAR)]) == Unknown()


@given(
    st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.one_of(st.none(), st.floats(-1e6, 1e6)), st.floats(0, 0.5)
)
def test_the_baseline_itself_is_always_good_enough(value, baseline, alerted, within):
    """And what is further on the harmful side is never better."""
    target = Target("m", baseline, alerted, within)
    assert target.met(baseline)
    further = value + (value - baseline)
    if target.met(further) and harm(value, baseline, alerted) > 0:
        assert target.met(value)
