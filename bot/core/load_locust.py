"""Reads what Locust writes: `--csv` (the statistics, or their history), and `--json` or `--json-file`.

Locust keeps response times to about two digits (147 becomes 150, 3432 becomes 3400), so a percentile may be
half a step off: that is part of its interval.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.core.load_points import of_steps
from bot.core.load_result import LEVELS, LoadResult, Percentile, Series
from bot.errors import InputError

STATS, REPORT = "Locust statistics (CSV)", "Locust statistics (JSON)"
ROUNDED = "Locust keeps response times to two digits: a percentile may be half of its last digit off."
FALLBACK = "fallback"
"""The request type under which a stage's fallbacks are recorded, with the stage as the name."""
_LEVELS = {"50%": 0.5, "90%": 0.9, "95%": 0.95, "99%": 0.99, "99.9%": 0.999}
_STEPS = ((100, 0.5), (1_000, 5.0), (10_000, 50.0))


def is_stats(header: Sequence[str]) -> bool:
    """Whether these are the columns of the statistics, in any version since 1.0."""
    return {"Type", "Name", "Request Count", "95%"} <= set(header)


def is_history(header: Sequence[str]) -> bool:
    """Whether these are the columns of the history."""
    return {"Timestamp", "User Count", "Name", "Total Request Count", "95%"} <= set(header)


def is_report(data: Any) -> bool:
    """Whether it is a list of Locust's statistics."""
    return isinstance(data, list) and any(
        isinstance(one, dict) and "response_times" in one and "num_requests" in one for one in data
    )


def stats(lines: Iterable[str], sha256: str) -> LoadResult:
    """Read the statistics: a row a request, and "Aggregated"."""
    rows = list(csv.DictReader(lines))
    made = [_row(row) for row in rows]
    seconds = None
    for row in rows:
        rate, count = _number(row.get("Requests/s")), _number(row.get("Request Count"))
        if row.get("Name") == "Aggregated" and rate and count:
            seconds = count / rate
    return LoadResult(STATS, _named(rows, made), sha256, seconds, remarks=(ROUNDED,))


def refuse_history() -> InputError:
    """What is said of the history: its percentiles are not of the run, and often of everything together."""
    return InputError(
        "This is Locust's history: its percentiles are of ten seconds, or of stages and turns mixed.",
        "Attach the file that ends in _stats.csv, or the JSON of --json-file.",
    )


def report(data: Sequence[Mapping[str, Any]], sha256: str) -> LoadResult:
    """Read the JSON: an entry a request, with a histogram of its response times."""
    entries = [one for one in data if isinstance(one, dict) and isinstance(one.get("response_times"), dict)]
    rows = [{"Type": str(one.get("method") or ""), "Name": str(one.get("name") or "")} for one in entries]
    made = [_entry(one) for one in entries]
    starts = [float(one["start_time"]) for one in entries if _number(one.get("start_time"))]
    ends = [
        float(one["last_request_timestamp"]) for one in entries if _number(one.get("last_request_timestamp"))
    ]
    began = datetime.fromtimestamp(min(starts), UTC) if starts else None
    ended = datetime.fromtimestamp(max(ends), UTC) if ends else None
    seconds = (ended - began).total_seconds() if began and ended else None
    return LoadResult(REPORT, _named(rows, made), sha256, seconds, began, ended, (ROUNDED,))


def half_step(ms: float) -> float:
    """How far a response time may be off what Locust keeps of it, ms."""
    return next((half for below, half in _STEPS if ms < below), 500.0)


def _named(rows: Sequence[Mapping[str, str]], made: Sequence[Series]) -> tuple[Series, ...]:
    """Each series under its name; with its type before it where several have the name."""
    names = [row.get("Name") for row in rows if (row.get("Type") or "").lower() != FALLBACK]
    found = []
    for row, series in zip(rows, made, strict=True):
        name, request = row.get("Name") or "", row.get("Type") or ""
        if request.lower() == FALLBACK:
            found.append(Series(f"fallback{{stage:{name}}}", series.n, hits=series.n))
            continue
        called = f"{request} {name}".strip() if names.count(name) > 1 else name
        found.append(Series(called, series.n, series.percentiles, series.hits, series.of))
    return tuple(found)


def _row(row: Mapping[str, str]) -> Series:
    count = "Request Count"
    n, failed = _number(row.get(count)), _number(row.get("Failure Count"))
    if n is None or failed is None:
        raise InputError(
            f"A row of the Locust CSV has {row.get(count)!r} requests.", "Attach the file as Locust wrote it."
        )
    known = {level: ms for name, level in _LEVELS.items() if (ms := _number(row.get(name))) is not None}
    return Series(str(row.get("Name")), int(n), _percentiles(known, int(n)), int(failed), int(n))


def _percentiles(known: Mapping[float, float], n: int) -> tuple[Percentile, ...]:
    from bot.stats import order_interval
    from bot.stats.undecided import Undecided

    found = []
    for level in LEVELS:
        if level not in known or not n:
            continue
        around = order_interval.of_percentiles(known, n, level)
        if isinstance(around, Undecided):
            found.append(Percentile(level, known[level]))
        else:
            found.append(_coarse(Percentile(level, known[level], *around)))
    return tuple(found)


def _entry(entry: Mapping[str, Any]) -> Series:
    try:
        times = sorted((float(ms), int(count)) for ms, count in entry["response_times"].items())
        n, failed = int(entry["num_requests"]), int(entry.get("num_failures") or 0)
    except (KeyError, TypeError, ValueError):
        raise InputError(
            f"The entry {str(entry.get('name'))[:60]!r} of the Locust JSON has no readable response times.",
            "Attach the file of --json-file as Locust wrote it.",
        ) from None
    points = of_steps([ms for ms, _ in times], [count for _, count in times])
    return Series(str(entry.get("name")), n, tuple(map(_coarse, points)), failed, n)


def _coarse(point: Percentile) -> Percentile:
    """With the rounding in its interval."""
    if point.low is None or point.high is None:
        return point
    return Percentile(
        point.level, point.ms, point.low - half_step(point.low), point.high + half_step(point.high)
    )


def _number(value: Any) -> float | None:
    try:
        read = float(value)
    except (TypeError, ValueError):
        return None
    return read if read == read and abs(read) != float("inf") else None
