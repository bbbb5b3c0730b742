"""Reads what k6 writes: summaries of three forms, and every point as CSV or as lines of JSON.

Summaries as `handleSummary` gets them, as `--summary-export` writes them (flat, rates called "value"), and
the machine-readable ones of newer versions (a list under "results"). Times are milliseconds in all of them.
"""

import csv
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.core.load_points import Points
from bot.core.load_result import LEVELS, LoadResult, Percentile, Series
from bot.errors import InputError

SUMMARY, EXPORT, REPORT = "k6 summary", "k6 summary export", "k6 machine-readable summary"
POINTS_CSV, POINTS_JSON = "k6 points (CSV)", "k6 points (JSON)"
_LEVEL_NAMES = {0.5: "med", **{level: f"p({level * 100:g})" for level in (0.9, 0.95, 0.99, 0.999)}}
_TRENDS = frozenset(_LEVEL_NAMES.values()) | {"avg", "max", "min"}
_DIGITS = 19
"""Of nanoseconds since the epoch."""
_NO_P99 = 'It has no p(99): run k6 with --summary-trend-stats="count,avg,med,p(90),p(95),p(99),max".'


@dataclass(frozen=True)
class _Counted:
    """How often k6 says that things happened, for trends that do not say it themselves."""

    requests: int | None
    iterations: int | None

    def of(self, metric: str) -> int | None:
        """How many values a trend has: one a request, or one an iteration, for k6's own without tags."""
        if metric.startswith("http_req_"):
            return self.requests if "{" not in metric else None
        return self.iterations if metric == "iteration_duration" else None


def is_summary(data: Any) -> str:
    """Which form of summary it is, "" for none."""
    if not isinstance(data, dict):
        return ""
    results = data.get("results")
    if isinstance(results, dict) and isinstance(results.get("metrics"), list):
        return REPORT
    metrics = data.get("metrics")
    if not isinstance(metrics, dict) or not any(isinstance(one, dict) for one in metrics.values()):
        return ""
    if any(isinstance(one, dict) and "values" in one and "type" in one for one in metrics.values()):
        return SUMMARY
    known = {"http_reqs", "iterations", "iteration_duration", "vus", "data_sent"}
    return EXPORT if "root_group" in data or known & set(metrics) else ""


def summary(data: Mapping[str, Any], sha256: str) -> LoadResult:
    """Read a summary of any of the three forms."""
    form = is_summary(data)
    values = _values(data, form)
    counted = _Counted(_count(values, "http_reqs"), _count(values, "iterations"))
    series = tuple(_of_summary(name, one, counted) for name, one in sorted(values.items()))
    seconds = _seconds(data, form, values)
    remarks = [] if any(one.at(0.99) for one in series) else [_NO_P99]
    if any(one.percentiles and one.n is None for one in series):
        remarks.append("Trends without their count have no interval: add count to --summary-trend-stats.")
    ended = None
    if form == REPORT:
        ended = _moment(str((data.get("metadata") or {}).get("generatedAt", "")))
    return LoadResult(form, series, sha256, seconds, None, ended, tuple(remarks))


def points_csv(lines: Iterable[str], sha256: str) -> LoadResult:
    """Read `--out csv=…`: a row a measurement. Raises InputError for a row that cannot be read."""
    points = Points(shares={"http_req_failed", "checks"})
    for number, row in enumerate(csv.DictReader(lines), start=2):
        try:
            at, value = _epoch(row["timestamp"]), _finite(row["metric_value"])
        except (TypeError, ValueError):
            raise InputError(
                f"Line {number} of the k6 CSV has the time {row.get('timestamp')!r} and the value "
                f"{row.get('metric_value')!r}.",
                "Was the file cut off? Attach it whole.",
            ) from None
        tags = {"name": row.get("name") or "", "group": row.get("group") or ""}
        tags |= dict(_pairs(row.get("extra_tags") or ""))
        points.add(row["metric_name"], value, tags, at)
    return _of_points(POINTS_CSV, points, sha256)


def points_json(lines: Iterable[str], sha256: str) -> LoadResult:
    """Read `--out json=…`: a line a metric or a measurement. Raises InputError for a line that is neither."""
    points = Points()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            read = json.loads(line)
            metric, data = str(read["metric"]), read["data"]
            if read["type"] == "Metric":
                kinds = {"rate": points.shares, "counter": points.counted}
                kinds.get(data.get("type", ""), set()).add(metric)
                continue
            moment = _moment(data["time"])
            at = None if moment is None else moment.timestamp()
            points.add(metric, _finite(data["value"]), data.get("tags") or {}, at)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise InputError(
                f"Line {number} of the k6 JSON is neither a metric nor a point.",
                "Was the file cut off? Attach it whole.",
            ) from None
    return _of_points(POINTS_JSON, points, sha256)


def _of_points(tool: str, points: Points, sha256: str) -> LoadResult:
    began, ended = points.when(points.first), points.when(points.last)
    seconds = None if began is None or ended is None else (ended - began).total_seconds()
    remarks = []
    if points.left_out:
        remarks.append(f"{points.left_out:,} values of further tags were left out: too many different ones.")
    return LoadResult(tool, points.series(), sha256, seconds, began, ended, tuple(remarks))


def _values(data: Mapping[str, Any], form: str) -> dict[str, Mapping[str, Any]]:
    """The values of every metric by name, whichever form they stand in."""
    if form == REPORT:
        listed = [one for one in data["results"]["metrics"] if isinstance(one, dict)]
        return {str(one.get("name")): one["values"] for one in listed if isinstance(one.get("values"), dict)}
    metrics = {name: one for name, one in data["metrics"].items() if isinstance(one, dict)}
    if form == EXPORT:
        return dict(metrics)
    return {name: one["values"] for name, one in metrics.items() if isinstance(one.get("values"), dict)}


def _of_summary(name: str, values: Mapping[str, Any], counted: _Counted) -> Series:
    if _TRENDS & set(values) and "value" not in values:
        n = _whole(values.get("count"))
        n = counted.of(name) if n is None else n
        return Series(name, n, _percentiles(values, n))
    hits = _whole(values.get("passes", values.get("matches")))
    if hits is not None:  # of a rate: passes are the values that were true
        fails, total = _whole(values.get("fails")), _whole(values.get("total"))
        of = total if total is not None else None if fails is None else hits + fails
        return Series(name, of, hits=hits, of=of)
    count = _whole(values.get("count"))
    return Series(name, count, hits=count)


def _percentiles(values: Mapping[str, Any], n: int | None) -> tuple[Percentile, ...]:
    from bot.stats import order_interval
    from bot.stats.undecided import Undecided

    known = {
        level: float(values[name])
        for level, name in _LEVEL_NAMES.items()
        if isinstance(values.get(name), int | float) and not isinstance(values[name], bool)
    }
    found = []
    for level in LEVELS:
        if level not in known:
            continue
        around = None if not n else order_interval.of_percentiles(known, n, level)
        ends = (None, None) if around is None or isinstance(around, Undecided) else around
        found.append(Percentile(level, known[level], *ends))
    return tuple(found)


def _seconds(data: Mapping[str, Any], form: str, values: Mapping[str, Mapping[str, Any]]) -> float | None:
    state = data.get("state") if form == SUMMARY else None
    if isinstance(state, dict) and isinstance(state.get("testRunDurationMs"), int | float):
        return float(state["testRunDurationMs"]) / 1000
    config = data.get("config") if form == REPORT else None
    if isinstance(config, dict) and isinstance(config.get("duration"), int | float):
        return float(config["duration"])
    for name in ("iterations", "http_reqs"):
        count, rate = values.get(name, {}).get("count"), values.get(name, {}).get("rate")
        if isinstance(count, int | float) and isinstance(rate, int | float) and rate > 0:
            return float(count) / float(rate)
    return None


def _count(values: Mapping[str, Mapping[str, Any]], name: str) -> int | None:
    return _whole(values.get(name, {}).get("count"))


def _whole(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        return None
    return round(value)


def _pairs(tags: str) -> Iterator[tuple[str, str]]:
    for pair in tags.split("&"):
        name, equals, value = pair.partition("=")
        if equals:
            yield name, value


def _epoch(text: str) -> float:
    """Seconds since the epoch, of what K6_CSV_TIME_FORMAT writes: whole s, ms, µs, ns, or RFC 3339."""
    if text.isdigit() and len(text) <= _DIGITS:
        value = float(text)
        while value > 1e11:
            value /= 1000
        return value
    moment = _moment(text)
    if moment is None:
        raise ValueError(text)
    return moment.timestamp()


def _finite(value: Any) -> float:
    """A number. Raises ValueError for infinity and what is none."""
    read = float(value)
    if not math.isfinite(read):
        raise ValueError(value)
    return read


def _moment(text: str) -> datetime | None:
    """RFC 3339, where nanoseconds are more digits than Python takes before 3.11."""
    try:
        read = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)
