"""Alerts: grouping, onset, episodes, and numbers in a summary."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.alert import Alert, fallen, group_key, onset, same_episode

NOW = datetime(2026, 11, 23, 2, 40, tzinfo=UTC)


def alert(**fields):
    """An alert with these fields."""
    return Alert(**{"source": "generic", "key": "k", "title": "T", "status": "firing", **fields})


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
    fields = ("metric", "service")
    assert group_key(jp, fields) == group_key(en, fields)
    assert group_key(jp, fields) != group_key(alert(metric="ctr", service="reranker"), fields)


def test_alerts_without_any_grouping_field_are_told_apart_by_title():
    """Otherwise all of them would land in one incident."""
    fields = ("metric", "service")
    assert group_key(alert(title="a"), fields) != group_key(alert(title="b"), fields)


def test_alert_names_stand_in_for_a_missing_metric():
    """Two rules of one service are two groups."""
    one = alert(service="s", labels={"alertname": "HighLatency"})
    two = alert(service="s", labels={"alertname": "LowRecall"})
    assert group_key(one, ("metric", "service")) != group_key(two, ("metric", "service"))


def test_an_onset_is_never_later_than_the_delivery():
    """A sender whose clock runs ahead cannot put the onset into the future."""
    assert onset(NOW + timedelta(hours=1), NOW) == NOW
    assert onset(NOW - timedelta(hours=1), NOW) == NOW - timedelta(hours=1)
    assert onset(None, NOW) == NOW


def test_a_different_start_is_another_episode():
    """The same alert firing since the same time is a repeat."""
    assert same_episode(NOW, NOW)
    assert not same_episode(NOW, NOW + timedelta(minutes=5))
    assert not same_episode(NOW, None)
