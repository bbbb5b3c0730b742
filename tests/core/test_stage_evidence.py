"""Stages of a turn against AML-07's alerts: sustained, not spiked; what has no limit is not judged."""

import pytest

from bot.core.checks.stages import LIMITS, STAGE_P95_MS, Stages
from bot.core.evidence import EvidenceStatus
from bot.core.stage_evidence import Reading, away_from, limit_of, read_measure


def reading(measure, name, *values, expected=6):
    """Values of the last five minutes against the default limits."""
    return Reading(measure, name, values, limit_of(Stages(), measure, name), expected)


def said(measure, *readings):
    """What the measure says."""
    return read_measure(measure, readings, minutes=5)


def test_the_limits_are_those_of_the_procedure():
    """AML-07: the alerts of its dashboard; the reranker's 280 ms are 7/6 of what it was given."""
    assert LIMITS == {
        "turn_p95": 800, "turn_p99": 1800, "errors": 0.005, "fallback": 0.01, "cold_start": 0.15,
        "split": 0.2,
    }  # fmt: skip
    allocated = {"parse": 30, "intent": 50, "retrieval": 220, "rerank": 240, "fm": 200, "format": 40}
    assert {stage: round(ms * 7 / 6) for stage, ms in allocated.items()} == STAGE_P95_MS


def test_a_stage_over_its_limit_all_the_time_is_suspect():
    """The worst in shares of its own limit comes first."""
    found = said(
        "latency", reading("latency", "retrieval", *[270.0] * 6), reading("latency", "rerank", *[412.0] * 6)
    )
    assert (found.status, found.finding) == (EvidenceStatus.SUSPECT, "latency")
    assert found.line == "rerank p95 412 ms, limit 280 ms, for 5 min; 1 more over theirs"
    assert [(row["name"], row["off"]) for row in found.chart["rows"]] == [
        ("rerank", True),
        ("retrieval", True),
    ]


def test_a_spike_is_named_and_clear():
    """AML-07 alerts on what lasts."""
    found = said("latency", reading("latency", "rerank", 200.0, 210.0, 200.0, 220.0, 230.0, 600.0))
    assert found.status is EvidenceStatus.CLEAR
    assert found.line == "rerank p95 600 ms, limit 280 ms, past it for less than 5 min"


def test_a_few_values_of_many_are_not_five_minutes():
    """One scrape that came through does not make a sustained breach."""
    assert said("latency", reading("latency", "rerank", 600.0)).status is EvidenceStatus.CLEAR


def test_rates_are_shown_in_percent():
    """Fallbacks crept from 0.1 % to more than one a minute in a hundred."""
    found = said("fallback", reading("fallback", "rerank", *[0.014] * 6))
    assert found.line == "rerank fallbacks 1.4 %, limit 1 %, for 5 min"
    assert found.finding == "fallback"
    assert found.chart["rows"][0]["limit"] == pytest.approx(1.0)


def test_a_stage_nobody_gave_a_limit_is_not_judged():
    """Only where none of them has one is nothing known."""
    assert said("latency", reading("latency", "embed", *[900.0] * 6)).status is EvidenceStatus.UNKNOWN
    both = said("latency", reading("latency", "embed", *[900.0] * 6), reading("latency", "fm", *[100.0] * 6))
    assert both.line == "fm p95 100 ms, limit 233 ms; the worst of 2"


def test_no_value_is_unknown_not_fine():
    """The series are there and empty, or NaN all through."""
    assert said("errors", reading("errors", "fm")).line == "errors: no value in the last 5 min"
    assert said("errors").status is EvidenceStatus.UNKNOWN


def test_a_cohort_is_held_against_the_whole_of_the_same_minute():
    """Away is away in both directions, and minutes of which the whole is not known are left out."""
    whole = {1.0: 800.0, 2.0: 800.0, 3.0: 0.0}
    assert away_from(whole, [(1.0, 1000.0), (2.0, 600.0), (3.0, 5.0), (4.0, 1.0)]) == (0.25, 0.25)
    found = said("split", reading("split", "jp-mobile", *[0.25] * 6))
    assert found.line == "jp-mobile turn p95 25 % off the whole, limit 20 %, for 5 min"
