"""What the figures say of the five causes, with those of AML-04; a verdict says its bounds."""

from datetime import UTC, datetime

import pytest

from bot.core import cause_evidence
from bot.core.evidence import EvidenceStatus
from bot.core.found import Found
from bot.core.harness_declared import Goodhart, Leakage, Proxy, Segmented, Selection, Shift
from bot.core.logged import Clicks, Ranking, Rows
from bot.core.offline_metrics import Score
from bot.stats.moments import Estimate
from bot.stats.ranking import Metric
from bot.stats.undecided import Undecided

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
SOMEWHERE = Rows(source="w", table="eval.queries")
SELECTION = Selection(Segmented(SOMEWHERE, "kind"), Segmented(Rows(source="w", table="logs.queries"), "kind"))
SHIFT = Shift(SOMEWHERE, "built_at", Rows(source="w", table="catalog.titles"), "added_at")
RANKING = Ranking(SOMEWHERE, "q", "g", "l6", "l12", (Metric("ndcg", k=10),))
PROXY = Proxy(Clicks(Rows(source="w", table="clicks"), "rank", "device"), RANKING)


def verdict(found: Found) -> str:
    """What the line speaks for."""
    return found.finding or found.status.value


def around(value: float, half: float) -> Estimate:
    """An estimate with an interval."""
    return Estimate(value, value - half, value + half, half / 1.96, 500)


def test_label_leakage_of_aml_04_is_a_partial_hit() -> None:
    """+3.3 points shrink to +1.8: 45 % of the gain is gone."""
    found = cause_evidence.leakage(0.033, 0.018, Leakage(0.033, 0.018), "NDCG@10")
    assert verdict(found) == "partial"
    assert found.line == (
        "NDCG@10 gain +0.033 on the ordinary split, +0.018 on the time-strict one: 45.5 % of it is gone, "
        "partial from 20 %, hit from 67 %; as declared, without intervals"
    )


@pytest.mark.parametrize(
    ("ordinary", "strict", "said"),
    [
        (0.033, 0.005, "hit"),
        (0.033, -0.01, "hit"),
        (0.033, 0.03, "clear"),
        (0.033, 0.04, "clear"),
        (-0.01, 0.0, "unknown"),
        (0.0, 0.0, "unknown"),
        (around(0.033, 0.005), around(0.018, 0.005), "partial"),
        (around(0.033, 0.02), around(0.018, 0.02), "unknown"),
        (around(0.033, 0.05), around(0.0, 0.05), "unknown"),
    ],
)
def test_leakage_is_how_much_of_the_gain_is_gone(ordinary, strict, said) -> None:
    """Nothing is claimed where both splits may differ by chance, or where there was no gain."""
    assert verdict(cause_evidence.leakage(ordinary, strict, Leakage(0.0, 0.0), "offline")) == said


def test_distribution_shift_of_aml_04_is_a_partial_hit() -> None:
    """14 % of the catalog is newer than the eval set."""
    found = cause_evidence.shift(datetime(2026, 11, 2, tzinfo=UTC), 50_000, 7_000, SHIFT, NOW)
    assert verdict(found) == "partial"
    assert found.line == (
        "catalog turnover 14 % since the eval set was built, 21 days ago: 7,000 of 50,000 items of "
        "catalog.titles are newer, partial from 10 %, hit from 25 %"
    )


@pytest.mark.parametrize(
    ("built", "items", "newer", "said"),
    [
        (datetime(2026, 11, 20, tzinfo=UTC), 100, 3, "clear"),
        (datetime(2026, 1, 1, tzinfo=UTC), 100, 40, "hit"),
        (datetime(2026, 12, 1, tzinfo=UTC), 100, 0, "unknown"),
        (datetime(2026, 11, 1, tzinfo=UTC), 0, 0, "unknown"),
        (None, 100, 3, "unknown"),
    ],
)
def test_a_shift_is_what_the_eval_set_cannot_know(built, items, newer, said) -> None:
    """An eval set of the future, or a catalog without rows, says nothing."""
    assert verdict(cause_evidence.shift(built, items, newer, SHIFT, NOW)) == said


def test_a_metric_that_counts_what_nobody_sees_is_a_hit() -> None:
    """AML-04: 90 % of clicks are at positions 1 to 3, the gain at 5 to 7."""
    clicks = {"": {1: 500.0, 2: 250.0, 3: 160.0, 4: 50.0, 5: 40.0}}
    gains = {1: 0.002, 2: 0.001, 3: 0.001, 5: 0.01, 6: 0.012, 7: 0.007}
    inside = {"": around(0.12, 0.08)}
    found = cause_evidence.proxy(clicks, {"": 3}, inside, around(0.033, 0.01), gains, PROXY)
    assert verdict(found) == "hit"
    assert found.line == (
        "91 % of clicks are at positions 1 to 3, and there is 12 % (4 % to 20 %) of the NDCG@10 gain of "
        "+0.033 (+0.023 to +0.043); most of it at positions 5 to 6: 88 % is where few look, partial from "
        "20 %, hit from 50 %"
    )
    assert found.chart is not None


@pytest.mark.parametrize(
    ("inside", "whole", "said"),
    [
        (around(0.9, 0.05), around(0.03, 0.01), "clear"),
        (around(0.7, 0.05), around(0.03, 0.01), "partial"),
        (around(0.1, 0.05), around(0.03, 0.05), "unknown"),
        (around(0.1, 0.05), around(-0.03, 0.01), "unknown"),
        (around(0.1, 0.05), Undecided("7 independent units"), "unknown"),
        (Undecided("there is no gain"), around(0.03, 0.01), "unknown"),
    ],
)
def test_where_a_gain_sits_is_asked_only_of_a_gain(inside, whole, said) -> None:
    """A gain that may be none has no place."""
    clicks, gains = {"": {1: 9.0, 2: 1.0}}, {1: 0.02, 2: 0.01}
    assert verdict(cause_evidence.proxy(clicks, {"": 1}, {"": inside}, whole, gains, PROXY)) == said


def test_a_mix_that_is_far_from_production_is_said_with_its_estimator() -> None:
    """With the segment that is most apart, and apart from that what the eval set has nothing of."""
    evaluated, produced = (
        {"classic": 400.0, "new": 100.0},
        {"classic": 5000.0, "new": 3000.0, "seasonal": 2000.0},
    )
    mixed, unseen = cause_evidence.selection(evaluated, produced, SELECTION)
    assert verdict(mixed) == "hit"
    assert mixed.line.startswith("KL(eval‖production) 0.29 nats (0.2")
    assert (
        "most apart “classic”, 80 % of the eval set and 50 % of production; 3 segments, 500 and 10,000 rows"
        in mixed.line
    )
    assert mixed.line.endswith("half a row added to each (Jeffreys), less its bias (k-1)/2 (1/n + 1/m)")
    assert verdict(unseen) == "partial"
    assert unseen.line.startswith("20 % of production is in segments of which the eval set has no row")
    same = cause_evidence.selection({"a": 300.0, "b": 200.0}, {"a": 6100.0, "b": 3900.0}, SELECTION)
    assert [verdict(one) for one in same] == ["clear", "clear"]


@pytest.mark.parametrize(
    ("evaluated", "produced", "reason"),
    [
        ({}, {"a": 500.0}, "no row of the eval set"),
        ({"a": 30.0, "b": 20.0}, {"a": 500.0, "b": 500.0}, "50 and 1000 rows have a segment"),
        ({"a": 300.0}, {"a": 500.0}, "one segment only"),
    ],
)
def test_a_mix_of_too_little_is_unknown(evaluated, produced, reason) -> None:
    """Few rows are far from anything by chance."""
    (found,) = cause_evidence.selection(evaluated, produced, SELECTION)
    assert found.status is EvidenceStatus.UNKNOWN
    assert reason in found.line


def scores(**gaps: Estimate) -> dict[str, Score]:
    """Differences by metric, as "ndcg_10"."""
    return {
        key.replace("_", "@"): Score(Metric("ndcg"), "", 100, gap, gap, gap, gap) for key, gap in gaps.items()
    }


@pytest.mark.parametrize(
    ("loss", "found", "said"),
    [
        ("NDCG@10", {}, "partial"),
        ("LambdaRank on NDCG", {}, "partial"),
        ("pairwise cross-entropy", {}, "clear"),
        ("", {}, "unknown"),
        ("ndcg@10", scores(ndcg_10=around(0.03, 0.01), recall_10=around(-0.02, 0.01)), "hit"),
        ("ndcg@10", scores(ndcg_10=around(0.03, 0.01), recall_10=around(-0.01, 0.02)), "partial"),
        ("ndcg@10", scores(ndcg_10=around(0.01, 0.02), recall_10=around(-0.02, 0.01)), "partial"),
    ],
)
def test_a_metric_that_is_the_training_loss_is_a_chronic_risk(loss, found, said) -> None:
    """AML-04: possible; a hit where it rose while another fell."""
    line = cause_evidence.goodhart(Goodhart("ndcg@10", loss, ("recall@10",)), found)
    assert verdict(line) == said


def test_a_training_loss_that_is_the_only_metric_is_a_hit() -> None:
    """Nothing else would show that it is gamed."""
    found = cause_evidence.goodhart(Goodhart("ndcg@10", "ndcg@10"), {})
    assert verdict(found) == "hit"
    assert found.line.endswith("no other kept beside it: gameable, and nothing else would show it")
