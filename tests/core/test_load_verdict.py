"""Load tests: the files of k6 and Locust, files of other tools, and what is said of the criteria."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.core.latency_budget import Criterion, LoadTest
from bot.core.load_parts import share, timed
from bot.core.load_reader import read
from bot.core.load_result import LoadResult, Percentile, Series
from bot.core.load_verdict import Outcome, Run, judge
from bot.errors import InputError

FILES = Path("tests/data/loadtest")
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def result(ms: float, low: float | None, high: float | None, *, n: int = 360_000) -> LoadResult:
    """A run of half an hour with this p95 of the turn."""
    turn = Series("turn", n, (Percentile(0.95, ms, low, high),), hits=0, of=n)
    return LoadResult("k6 summary", (turn,), "0" * 64, 1800)


def verdict(found: LoadResult, criterion: Criterion, *others: Run) -> tuple[Outcome, str]:
    """What becomes of one criterion at the run it asks for."""
    runs = (*others, Run(1, criterion.load, criterion.failure, found, NOW))
    judged = judge(LoadTest((criterion,)), runs).criteria[0]
    return judged.outcome, judged.why


@pytest.mark.parametrize(
    ("file", "tool", "p95"),
    [
        ("k6_summary.json", "k6 summary", 608.498),
        ("k6_export.json", "k6 summary export", 587.801),
        ("locust_stats.csv", "Locust statistics (CSV)", 600),
        ("locust.json", "Locust statistics (JSON)", 600),
    ],
)
def test_a_turn_is_found_in_what_each_tool_writes(file: str, tool: str, p95: float) -> None:
    """The p95 is the one that the tool itself printed."""
    found = read((FILES / file).read_bytes())
    turn = timed(found, "turn", {})
    assert found.tool == tool
    assert isinstance(turn, Series)
    assert turn.at(0.95).ms == pytest.approx(p95, abs=0.01)
    assert isinstance(timed(found, "rerank", {}), Series)


@pytest.mark.parametrize("file", ["k6_points.csv", "k6_points.json"])
def test_single_measurements_become_series_by_their_tag(file: str) -> None:
    """A stage's points are told apart by their tag, and times of the run are known."""
    found = read(gzip.compress((FILES / file).read_bytes()))
    assert timed(found, "rerank", {}).name == "stage{stage:rerank}"
    assert found.began.year == 2026
    assert share(found, "first_token", "errors", {})[0] == 0


def test_locusts_rounding_is_part_of_its_interval() -> None:
    """600 ms may be 595 to 605 before any chance."""
    point = timed(read((FILES / "locust.json").read_bytes()), "turn", {}).at(0.95)
    assert (point.low, point.ms, point.high) == (585, 600, 615)


def test_fallbacks_are_counted_of_turns_in_locust_and_of_their_rate_in_k6() -> None:
    """One fallback in Locust's requests; none in 1,201 of k6's."""
    assert share(read((FILES / "locust_stats.csv").read_bytes()), "rerank", "fallback", {}) == (1, 2842)
    assert share(read((FILES / "k6_summary.json").read_bytes()), "rerank", "fallback", {}) == (0, 1201)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "The file is empty."),
        (b"\xff\xfe\x00", "The file is not UTF-8 text."),
        (b"timeStamp,elapsed,label,responseCode\n1,2,a,200\n", "JMeter's log (JTL)"),
        (b'{"latencies": {}, "bytes_in": {}, "throughput": 1}', "Vegeta's report"),
        (b"Running 30s test @ http://a\n  12 threads", "the output of wrk"),
        (b'{"metrics": ', "begins as JSON and is none"),
        (b"a,b,c\n1,2,3\n", "CSV with the columns a,b,c"),
        (b"[1, 2]", "a JSON list of 2 entries"),
        (b"metric_name,timestamp,metric_value\nturn,now,1\n", "Line 2 of the k6 CSV has the time 'now'"),
        (b"\x1f\x8b\x08\x00broken", "cannot be unpacked"),
        ((FILES / "locust_history.csv").read_bytes(), "This is Locust's history"),
    ],
)
def test_a_file_of_another_tool_is_told_what_it_looks_like(content: bytes, says: str) -> None:
    """Nothing is guessed from a file that is not read."""
    with pytest.raises(InputError) as caught:
        read(content)
    assert says in caught.value.message


@pytest.mark.parametrize(
    ("p95", "outcome"),
    [((741, 735, 747), Outcome.PASS), ((830, 822, 838), Outcome.FAIL), ((799, 792, 806), Outcome.UNDECIDED)],
)
def test_a_criterion_holds_where_the_whole_interval_does(
    p95: tuple[float, float, float], outcome: Outcome
) -> None:
    """AML-07: turn p95 at most 800 ms at twice the peak."""
    assert verdict(result(*p95), Criterion(2, "turn", "p95", 800))[0] is outcome


def test_a_percentile_without_an_interval_is_judged_by_itself_and_says_so() -> None:
    """A summary without counts is still a result."""
    outcome, why = verdict(result(741, None, None), Criterion(2, "turn", "p95", 800))
    assert (outcome, why[:11]) == (Outcome.PASS, "no interval")


def test_a_short_run_and_a_load_that_was_not_reached_show_nothing() -> None:
    """Ten seconds of thirty minutes; 1.1 times the turns of the peak where twice were asked for."""
    criterion = Criterion(2, "turn", "p95", 800)
    short = read((FILES / "k6_summary.json").read_bytes())
    assert verdict(short, criterion) == (Outcome.UNDECIDED, "it ran 10 s, and 30 min were declared")
    peak = Run(1, 1, "", result(700, 690, 710, n=360_000), NOW)
    outcome, why = verdict(result(700, 690, 710, n=396_000), criterion, peak)
    assert (outcome, why[:24]) == (Outcome.UNDECIDED, "its load was not reached")


def test_what_has_no_result_or_no_series_is_undecided() -> None:
    """Neither passes, and the reason names what is missing."""
    test = LoadTest((Criterion(1, "rerank", "fallback", 0.005), Criterion(5, "turn", "p99", 1800)))
    found = judge(test, [Run(1, 1, "", result(700, 690, 710), NOW)])
    assert found.outcome is Outcome.UNDECIDED
    assert found.waits == ((5, ""),)
    assert found.criteria[0].why == "no series is fallback of rerank; the file has turn"
    assert found.criteria[1].why == "no result yet"


def test_a_result_comes_back_from_the_record_as_it_was() -> None:
    """So that a verdict can be computed again."""
    found = read((FILES / "locust.json").read_bytes())
    assert LoadResult.from_json(found.to_json()) == found
