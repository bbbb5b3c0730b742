"""Reads the result file of a load test; of one by a tool that is not read it says what it looks like."""

import csv
import gzip
import io
import json
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from bot.core import load_k6, load_locust
from bot.core.load_result import MOST_BYTES, LoadResult
from bot.core.load_sound import sound
from bot.errors import InputError

READ = (
    "Read are: of k6 the JSON of handleSummary, --summary-export or --out json, and the CSV of --out csv "
    "(also gzipped); of Locust the …_stats.csv of --csv and the JSON of --json-file."
)
_JSON_TOOLS = (
    ("Vegeta's report", ("latencies", "bytes_in", "throughput")),
    ("Artillery's report", ("aggregate", "intermediate")),
    ("Gatling's statistics", ("type", "contents", "stats")),
    ("JMeter's dashboard statistics", ("Total",)),
    ("autocannon's result", ("latency", "requests", "throughput")),
    ("wrk2's or oha's result", ("latencyPercentiles", "summary")),
    ("Playwright's report", ("suites", "config")),
)
_TEXT_TOOLS = (
    ("JMeter's log (JTL)", r"timeStamp,elapsed,label"),
    ("a JMeter log as XML", r"<\?xml[^>]*>\s*<testResults"),
    ("Gatling's simulation.log", r"(?:RUN|REQUEST|USER)\t"),
    ("Gatling's statistics as a script", r"var stats = \{"),
    ("the output of wrk", r"Running .* test @ http"),
    ("the output of hey", r"\s*Summary:\s+Total:"),
    ("the output of ab", r"This is ApacheBench"),
    ("k6's summary as text, from its terminal", r"[\s\S]{0,4000}http_req_duration\.{2,}"),
    ("Locust's list of failures", r"Method,Name,Error,Occurrences"),
    ("Locust's list of exceptions", r"Count,Message,Traceback"),
    ("a page of HTML", r"\s*<(?:!doctype html|html)"),
)


def read(content: bytes) -> LoadResult:
    """Read a result file.

    Raises:
        InputError: it is empty, too large, not text, of no tool that is read, or a figure in it is none.

    """
    digest = sha256(content).hexdigest()
    text = _text(_unpacked(content))
    if not text.strip():
        raise InputError("The file is empty.", READ)
    first = text.lstrip("\ufeff \t\r\n")
    if first[0] in "{[":
        return _json(first, digest)
    header = next(csv.reader([first.split("\n", 1)[0].strip()]), [])
    lines = io.StringIO(first)
    if {"metric_name", "timestamp", "metric_value"} <= set(header):
        return sound(lambda: load_k6.points_csv(lines, digest))
    if load_locust.is_stats(header):
        return sound(lambda: load_locust.stats(lines, digest))
    if load_locust.is_history(header):
        raise load_locust.refuse_history()
    raise InputError(f"This is no result that is read here: it looks like {_alike(first)}.", READ)


def _json(text: str, digest: str) -> LoadResult:
    lines = text.split("\n", 2)
    if re.match(r'\{.*"metric"\s*:', lines[0]) and re.search(r'"type"\s*:\s*"(Metric|Point)"', lines[0]):
        return sound(lambda: load_k6.points_json(io.StringIO(text), digest))
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        what = f"line {error.lineno}: {error.msg}" if isinstance(error, json.JSONDecodeError) else "too deep"
        raise InputError(f"The file begins as JSON and is none ({what}).", "Was it cut off?") from None
    if load_k6.is_summary(data):
        return sound(lambda: load_k6.summary(data, digest))
    if load_locust.is_report(data):
        return sound(lambda: load_locust.report(data, digest))
    raise InputError(f"This is no result that is read here: it looks like {_alike_json(data)}.", READ)


def _alike_json(data: Any) -> str:
    if isinstance(data, Mapping):
        for tool, keys in _JSON_TOOLS:
            if all(key in data for key in keys):
                return tool
        names = ", ".join(sorted(map(str, data))[:6])
        return f"JSON with the keys {names[:120]}" if names else "an empty JSON object"
    return f"a JSON list of {len(data)} entries" if isinstance(data, list) else "a single JSON value"


def _alike(text: str) -> str:
    for tool, pattern in _TEXT_TOOLS:
        if re.match(pattern, text, re.IGNORECASE):
            return tool
    header = text.split("\n", 1)[0].strip()
    if header.count(",") >= 2:
        return f"CSV with the columns {header[:120]}"
    return f"text that begins “{' '.join(header.split())[:80]}”"


def _unpacked(content: bytes) -> bytes:
    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        with gzip.open(io.BytesIO(content)) as packed:
            found = packed.read(MOST_BYTES + 1)
    except (OSError, EOFError, ValueError) as error:
        raise InputError(
            f"The gzipped file cannot be unpacked: {str(error)[:100]}.", "Was it cut off?"
        ) from None
    if len(found) > MOST_BYTES:
        raise InputError(
            f"Unpacked the file has more than {MOST_BYTES // 2**20} MB.", "Attach a summary instead."
        )
    return found


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("The file is not UTF-8 text.", READ) from None
