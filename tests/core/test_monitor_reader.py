"""Monitors from YAML: what is taken, and one fault at a time with its line and mend."""

from datetime import timedelta

import pytest

from bot.core.finding import errors
from bot.core.monitor import Direction, Monitor, PlainSums, Seasonal
from bot.core.monitor_reader import read_monitor

GOOD = """kind: monitor
id: useful_answer_rate
title: Useful-answer rate
service: reranker
data:
  source: prom
  numerator: sum by (locale, device) (increase(useful_answers_total[1h]))
  denominator: sum by (locale, device) (increase(answers_total[1h]))
cohorts: [locale, device]
"""


def read(text: str) -> Monitor:
    """Read what has no fault."""
    monitor, findings = read_monitor(text, name="m.yaml")
    assert monitor is not None, findings
    return monitor


def faults(text: str) -> list[str]:
    """What is said of it."""
    return [str(finding) for finding in read_monitor(text, name="m.yaml")[1]]


def test_what_is_not_said_is_the_usual() -> None:
    """A budget of one page in ten weeks, an effect of 8 % over a day, tickets at 7.5."""
    monitor = read(GOOD)
    assert monitor.metric == "useful_answer_rate"
    assert monitor.method == Seasonal(8, 0.1, None, 0.08, 7.5, 0.04)
    assert (monitor.direction, monitor.timezone, monitor.shadow) == (Direction.FALL, "UTC", False)
    assert monitor.delay == timedelta(minutes=10)
    assert faults(GOOD) == []


def test_everything_can_be_said() -> None:
    """Of a warehouse, with thresholds of its own."""
    monitor = read(
        """kind: monitor
id: ndcg
title: NDCG@10
metric: ndcg_at_10
data: {source: warehouse, table: shop.ndcg_hour, time: hour, value: ndcg, weight: queries}
cohorts: [locale]
direction: both
timezone: Asia/Tokyo
baseline_weeks: 6
page: {per_week: 0.05, effect: 0.1, h: 14}
ticket: {h: 9, effect: 0.05}
shadow: true
delay_minutes: 45
url: https://grafana.example.com/d/1
labels: {team: search}
"""
    )
    assert monitor.feed.in_warehouse
    assert not monitor.feed.is_rate
    assert monitor.method == Seasonal(6, 0.05, 14.0, 0.1, 9.0, 0.05)
    assert (monitor.direction, monitor.timezone, monitor.shadow) == (Direction.BOTH, "Asia/Tokyo", True)
    assert monitor.labels == {"team": "search"}


def test_a_plain_cusum_says_what_it_costs() -> None:
    """AML-08 recomputed: 39 % within 30 points, 14.6 % known; runs of 19 to 510, half of them below 70."""
    text = GOOD.replace("kind: monitor", "kind: cusum")
    monitor, findings = read_monitor(text, name="m.yaml")
    assert monitor is not None
    assert monitor.method == PlainSums(0.5, 4.0, 14)
    assert monitor.direction is Direction.BOTH
    assert errors(findings) == []
    said = str(findings[0])
    assert said.startswith(
        "m.yaml:1: warning monitor-cost a plain CUSUM (k=0.5, h=4) whose truth is 14 points"
    )
    for figure in ("39 %", "14.5 %", "known: 168", "8.4 hours", "every 69 hours or sooner (10-90 %: 19 to"):
        assert figure in said


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("kind: monitor", "kind: triage", "1: error playbook-kind kind is 'triage', 'monitor' was"),
        ("id: useful_answer_rate", "id: Useful", "2: error bad-id 'Useful' cannot be an id."),
        ("title: Useful-answer rate\n", "", "1: error missing the file needs a text for 'title'."),
        ("  denominator", "  weight", "5: error monitor-data either numerator and denominator, or value"),
        ("  source: prom", "  source: prom\n  table: t", "5: error monitor-data a table has a time"),
        ("[locale, device]", "[locale, locale]", "9: error monitor-choice cohorts are locale, locale"),
        ("[1h]))\n  den", "[5m]))\n  den", "7: warning monitor-query [5m] looks back over another time"),
        ("by (locale, device) (increase(a", "by (locale) (increase(a", "8: warning monitor-query the q"),
        ("service:", "direction: down\nservice:", "4: error monitor-choice 'direction' is 'down'. Use fa"),
        ("service:", "timezone: Tokyo\nservice:", "4: error monitor-choice there is no time zone 'Tokyo'"),
        ("service:", "page: {h: 5}\nservice:", "4: error monitor-level a page at 5 comes before a ticket"),
        ("service:", "page: {effect: 80}\nservice:", "4: error monitor-number 'effect' is 80, a number f"),
        ("service:", "baseline_weeks: 2\nservice:", "4: error monitor-number 'baseline_weeks' is 2, a wh"),
        ("service:", "shadow: maybe\nservice:", "4: error not-a-flag 'shadow' is 'maybe'."),
        ("service:", "k: 0.5\nservice:", "4: error unknown-key unknown key 'k' in the file."),
        ("service:", "labels: [a]\nservice:", "4: error playbook-shape labels must be a mapping."),
        ("data:", "data: &x", "5: error playbook-yaml anchor &x is not allowed."),
    ],
)  # fmt: skip
def test_one_fault_at_a_time(before: str, after: str, said: str) -> None:
    """With its line, its code, the value and the mend."""
    assert before in GOOD
    found = faults(GOOD.replace(before, after, 1))
    assert any(one.startswith(f"m.yaml:{said}") for one in found), found


@pytest.mark.parametrize(
    "text", ["", "[]", "kind: monitor", "kind: cusum\ndata: 7\nevery: 3\nk: x\nbaseline: .5"]
)
def test_what_is_no_monitor_is_refused_and_never_raises(text: str) -> None:
    """Findings, not tracebacks."""
    monitor, findings = read_monitor(text, name="m.yaml")
    assert monitor is None
    assert errors(findings)
