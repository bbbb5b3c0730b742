"""Alerts: grouping, onset, episodes, and numbers in a summary."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.alert import Alert, fallen, known_as, labels_of, misdated, onset, same_episode
from bot.core.grouping import MAX_KEY, GroupRule

NOW = datetime(2026, 11, 23, 2, 40, tzinfo=UTC)


def alert(**fields):
    """An alert with these fields."""
    return Alert(**{"source": "generic", "key": "k", "title": "T", "status": "firing", **fields})


def group(one, *fields):
    """The key of the group that an alert is in."""
    return GroupRule("", fields or ("metric", "service"), timedelta(hours=24)).key(labels_of(one))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("reranker NDCG@10 0.78 → 0.61", (0.78, 0.61)),
        ("NDCG@10 0.78 -> 0.61 in jp", (0.78, 0.61)),
        ("fell 12 % → 9 %", (12.0, 9.0)),
        ("drift \u22120.5 → 0.5", (-0.5, 0.5)),
        ("p95 700 → 900, p99 900 → 1500", None),
        ("0.78 → 0.61 → 0.5", None),
        ("12 % → 9", None),
        ("nothing fell", None),
        ("v1.2.3 → v1.2.4", None),
    ],
)
def test_a_move_is_read_only_where_it_is_unambiguous(text, expected):
    """One "before → after" is baseline and value; several, or mixed units, are nothing."""
    assert fallen(text) == expected


def test_alerts_of_one_metric_and_service_belong_together_whatever_their_cohort():
    """The cohort is not part of the default grouping."""
    jp = alert(metric="NDCG", service="reranker", cohort={"locale": "jp"})
    en = alert(metric="ndcg", service="Reranker", cohort={"locale": "en"})
    assert group(jp) == group(en)
    assert group(jp) != group(alert(metric="ctr", service="reranker"))


def test_alerts_without_any_grouping_field_are_told_apart_by_title():
    """Otherwise all of them would land in one incident."""
    assert group(alert(title="a")) != group(alert(title="b"))


def test_alert_names_stand_in_for_a_missing_metric():
    """Two rules of one service are two groups."""
    one = alert(service="s", labels={"alertname": "HighLatency"})
    two = alert(service="s", labels={"alertname": "LowRecall"})
    assert group(one) != group(two)


def test_any_label_can_group_and_a_long_one_still_fits_an_index():
    """Ten thousand characters in a label make a key of bounded length that tells groups apart."""
    one, two = (alert(labels={"shard": "x" * 10_000 + end}) for end in "ab")
    assert group(one, "shard") != group(two, "shard")
    assert len(group(one, "shard")) <= MAX_KEY + 20
    assert known_as("k" * 10_000) != known_as("k" * 10_001)
    assert labels_of(alert(metric="ndcg", labels={"metric": "x", "shard": "3"}, cohort={"locale": "jp"})) == {
        "source": "generic", "title": "T", "metric": "ndcg", "shard": "3", "locale": "jp",
    }  # fmt: skip


def test_an_onset_is_never_later_than_the_delivery():
    """A sender whose clock runs ahead cannot put the onset into the future."""
    assert onset(NOW + timedelta(hours=1), NOW) == NOW
    assert onset(NOW - timedelta(hours=1), NOW) == NOW - timedelta(hours=1)
    assert onset(None, NOW) == NOW


@pytest.mark.parametrize(
    ("started", "says"),
    [
        (timedelta(seconds=30), ""),
        (timedelta(hours=1), "the sender dates its start into the future"),
        (-timedelta(days=6), ""),
        (-timedelta(days=900), "the sender dates its start 900 days back"),
    ],
)
def test_a_start_that_cannot_be_is_not_believed_and_said(started, says):
    """A clock that is hours ahead or years behind; then the alert counts from its arrival."""
    assert misdated(NOW + started, NOW) == says
    assert onset(NOW + started, NOW) == (NOW + started if not says and started < timedelta(0) else NOW)
    assert misdated(None, NOW) == ""


def test_a_different_start_is_another_episode():
    """The same alert firing since the same time is a repeat."""
    assert same_episode(NOW, NOW)
    assert not same_episode(NOW, NOW + timedelta(minutes=5))
    assert not same_episode(NOW, None)
