"""Conditions that abort a stage: what can be written, in which unit the line is, and what is refused."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.condition import Check, ConditionError, Reading, Status, check_of, parse


@pytest.mark.parametrize(
    ("text", "metric", "op", "line"),
    [
        ("p99_latency_ms > 1500", "p99_latency_ms", ">", 1500),
        ("p99_latency_ms>1.5s", "p99_latency_ms", ">", 1500),
        ("turn_seconds >= 850 ms", "turn_seconds", ">=", 0.85),
        ("error_rate > 1 %", "error_rate", ">", 0.01),
        ("error_rate > 0.01", "error_rate", ">", 0.01),
        ("cache_hit_percent < 90 %", "cache_hit_percent", "<", 90),
        ("csat <= -5%", "csat", "<=", -0.05),
        ("csat < \N{MINUS SIGN}5 %", "csat", "<", -0.05),
        ("  満足度  <  4  ", "満足度", "<", 4),
        ("latency > 2 s", "latency", ">", 2),
    ],
)
def test_a_condition_is_a_name_an_operator_and_a_limit(text: str, metric: str, op: str, line: float) -> None:
    """The line is in the unit in which the number is read: the name's own, a fraction, or as written."""
    condition = parse(text)
    assert (condition.metric, condition.op) == (metric, op)
    assert condition.line == pytest.approx(line, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("csat crashes", "none of > >= < <="),
        ("csat == 4", "read `==`"),
        ("csat < 4 < 5", "compares more than once"),
        ("p99 latency > 3", "not one metric's name"),
        ("> 3", "not one metric's name"),
        ("csat > high", "read `high` after >"),
        ("csat > NaN", "read `NaN`"),
        ("csat > 5 furlongs", "not a number with %, ms, s"),
        ("csat > 1e99", "beyond 1e+15"),
        ("csat > 5% below baseline", "read `5% below baseline`"),
        ("x" * 201, "201 characters"),
        ("p99_latency_ms > 5 %", "is a time by its name, and the limit is a share"),
        ("error_percent > 5 ms", "is a share by its name"),
    ],
)
def test_what_is_no_condition_is_told_what_was_read(text: str, said: str) -> None:
    """With what to write instead."""
    with pytest.raises(ConditionError) as raised:
        parse(text)
    assert said in raised.value.message
    assert raised.value.hint


@given(st.text(max_size=250))
def test_no_text_breaks_the_reader(text: str) -> None:
    """It is a condition, or it is refused in words."""
    try:
        limit = parse(text).limit
    except ConditionError:
        return
    assert abs(limit) <= 1e15


@pytest.mark.parametrize(
    ("op", "breached"),
    [(">", [False, True]), (">=", [True, True]), ("<", [False] * 2), ("<=", [True, False])],
)
def test_the_line_itself_counts_only_where_the_operator_says_so(op: str, breached: list[bool]) -> None:
    """Exactly at the limit, and just above it."""
    condition = parse(f"m {op} 1500")
    assert [condition.holds_for(1500), condition.holds_for(1500.0000001)] == breached


def test_of_several_values_the_worst_is_the_one_towards_the_line() -> None:
    """The highest where high aborts, the lowest where low does."""
    assert parse("m > 1").worst([0.1, 0.9, 0.5]) == 1
    assert parse("m < 1").worst([3.0, 2.0, 9.0]) == 1


def test_a_check_reads_back_as_it_was_written() -> None:
    """Through the JSON that a ledger entry keeps."""
    reading = Reading("m > 1", "m", ">", Status.BREACHED, 1.0, "", 1.5, "cohort jp", "", "prom", "max(m)")
    check = Check(datetime(2026, 11, 23, tzinfo=UTC), (reading,))
    assert check_of(check.to_json()) == check
    assert check.breached == (reading,)
    assert reading.beyond == pytest.approx(0.5)
