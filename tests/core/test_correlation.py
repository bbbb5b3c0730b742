"""Correlation health: windows, corrections, few experiments, and what random pairing would give."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.correlation import Adopted, Pair, correlation, rolling, standing
from bot.stats.correlation import Pearson
from bot.stats.permutation import Permuted
from bot.stats.rank import Spearman
from bot.stats.undecided import Undecided

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def pair(name: str, offline: float, online: float, *, ago: float = 10.0, entry: int = 0) -> Pair:
    """An experiment finished some days ago."""
    return Pair(name, NOW - timedelta(days=ago), offline, online, entry=entry)


SIX = [
    pair("a", 0.010, 0.002, ago=80),
    pair("b", 0.050, 0.001, ago=70),
    pair("c", 0.020, 0.008, ago=50),
    pair("d", 0.040, -0.003, ago=40),
    pair("e", 0.030, 0.006, ago=30),
    pair("f", 0.060, 0.004, ago=20),
]


def test_two_windows_stand_beside_each_other() -> None:
    """The longer one is judged; the shorter has two experiments less, here just enough."""
    found = correlation(SIX, NOW)
    assert [(one.days, one.pairs) for one in found.windows] == [(60, 4), (90, 6)]
    assert isinstance(found.longest.found, Pearson)
    assert found.alarm
    assert found.agreeing == 5


def test_rank_and_chance_are_beside_it() -> None:
    """Both as scipy has them."""
    longest = correlation(SIX, NOW).longest
    assert isinstance(longest.ranked, Spearman)
    assert isinstance(longest.chance, Permuted)
    assert longest.chance.how == "all 720 orders tried"
    assert longest.ranked.rho == pytest.approx(RHO, abs=1e-12)
    assert longest.chance.p == pytest.approx(P, abs=1e-12)


RHO, P = -0.3142857142857143, 0.6138888888888889
"""scipy 1.16: spearmanr(offline, online), permutation_test(pearsonr, permutation_type="pairings")."""


def test_a_correction_counts_in_place_of_what_it_corrects() -> None:
    """The newest entry, whenever the experiment was finished."""
    wrong, right = pair("a", 0.01, 0.09, ago=10, entry=3), pair("a", 0.01, 0.01, ago=12, entry=4)
    assert standing([right, wrong], NOW) == (right,)


def test_two_experiments_are_no_correlation_and_it_says_so() -> None:
    """Neither 0 nor an alarm."""
    found = correlation(SIX[-2:], NOW)
    assert isinstance(found.longest.found, Undecided)
    assert found.longest.found.reason == (
        "the last 90 days: 2 pairs, and a correlation with an interval needs 4"
    )
    assert isinstance(found.longest.ranked, Undecided)
    assert isinstance(found.longest.chance, Undecided)
    assert not found.alarm
    assert found.r is None


def test_equal_deltas_go_together_with_nothing() -> None:
    """Undecided, with the reason; it raises no alarm."""
    found = correlation([pair(name, 0.05, 0.001 * at) for at, name in enumerate("abcdef")], NOW)
    assert isinstance(found.longest.found, Undecided)
    assert "all values of one side are the same" in found.longest.found.reason
    assert not found.alarm


def test_nothing_on_record_is_no_correlation() -> None:
    """No experiment at all."""
    assert correlation([], NOW).r is None
    assert rolling([], NOW) == ()


def test_what_finishes_later_is_not_known_yet() -> None:
    """An experiment of tomorrow."""
    assert correlation([pair("a", 0.1, 0.1, ago=-1)], NOW).last == ()


def test_the_correlation_of_the_past_rolls() -> None:
    """A value from the fourth experiment on, then that of today."""
    found = rolling(SIX, NOW)
    assert [at for at, _ in found] == [*(one.at for one in SIX[3:]), NOW]
    assert found[-1][1] == correlation(SIX, NOW).r


def test_after_a_harness_was_adopted_its_deltas_count_and_no_others() -> None:
    """Past ones as its replay scored them or not at all, later ones and corrections as they were recorded."""
    pairs = [
        pair("scored", 0.09, 0.01, ago=40, entry=1),
        pair("not scored", 0.08, -0.02, ago=35, entry=2),
        pair("corrected", 0.07, 0.03, ago=30, entry=3),
        pair("corrected", 0.04, 0.03, ago=30, entry=6),
        pair("later", 0.02, 0.02, ago=5, entry=7),
    ]
    adopted = Adopted(NOW - timedelta(days=10), 5, {"scored": 0.015, "corrected": 0.05})
    found = correlation(pairs, NOW, adopted)
    assert [(one.experiment, one.offline) for one in found.longest.inside] == [
        ("later", 0.02),
        ("corrected", 0.04),
        ("scored", 0.015),
    ]
    assert found.harness == 5
    assert correlation(pairs, NOW).harness == 0
