"""Prometheus' HTTP API: instant and range queries, bounded in time and size.

A selector is built from a validated metric name and escaped label values; nothing from an alert is ever
formatted into a query in another way. Whatever goes wrong is a SourceError whose text is the reason shown.
"""

import json
import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from bot.errors import SourceError

MAX_BYTES = 2 * 1024 * 1024
"""Of an answer: about 20,000 points; a query that matches a million series is not evidence."""
MAX_SERIES = 200

_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_SELECTOR = re.compile(r"(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)\s*(?:\{(?P<matchers>[^{}]*)\})?")
_MATCHER = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)')
_COMPARISON = re.compile(r"(?:<=|>=|==|!=|<|>)\s*(?:bool\s+)?[-+0-9.eE]+$")
_MOST_READ = 2000
"""Characters of an expression that is read as a selector: longer ones are none, and not worth the time."""


@dataclass(frozen=True)
class Series:
    """One time series: its labels and its (time, value) points in order; NaN and infinity are left out."""

    labels: Mapping[str, str]
    points: tuple[tuple[datetime, float], ...]


@dataclass(frozen=True)
class Selector:
    """A metric name and the label values asked for."""

    name: str
    matchers: Mapping[str, str]

    def __str__(self) -> str:
        return selector(self.name, self.matchers)


def selector(name: str, matchers: Mapping[str, str]) -> str:
    r"""Build `name{label="value"}` with the values escaped.

    >>> selector("ctr", {"cohort": 'a"} or up{x="'})
    'ctr{cohort="a\\"} or up{x=\\""}'

    Raises:
        SourceError: the name or a label cannot be one of Prometheus.

    """
    if not _METRIC.fullmatch(name):
        raise SourceError(f"{name[:60]!r} is not a Prometheus metric name")
    for label in matchers:
        if not _LABEL.fullmatch(label):
            raise SourceError(f"{label[:60]!r} is not a Prometheus label name")
    inner = ",".join(f'{label}="{_escaped(value)}"' for label, value in matchers.items())
    return f"{name}{{{inner}}}" if inner else name


def read_selector(expression: str) -> Selector | None:
    """Read `name{label="value"} < 0.7` as the selector in it; None for any other expression.

    >>> str(read_selector('ctr{metric="a"} < 0.04'))
    'ctr{metric="a"}'
    >>> read_selector("sum(rate(errors[5m])) > 1") is None
    True
    """
    if len(expression) > _MOST_READ:
        return None
    bare = _COMPARISON.sub("", expression.strip()).strip()
    match = _SELECTOR.fullmatch(bare)
    if match is None:
        return None
    matchers: dict[str, str] = {}
    rest = match["matchers"] or ""
    while rest.strip():
        found = _MATCHER.match(rest)
        if found is None:
            return None
        matchers[found[1]] = re.sub(r"\\(.)", lambda pair: {"n": "\n"}.get(pair[1], pair[1]), found[2])
        rest = rest[found.end() :]
    return Selector(match["name"], matchers)


class Prometheus:
    """One server. `name` is what reasons call it; `timeout` is in seconds, for a whole query."""

    def __init__(
        self, url: str, *, name: str = "prometheus", timeout: float = 4.0, client: httpx.Client | None = None
    ) -> None:
        self.name = name
        self.timeout = timeout
        self._url = url.rstrip("/")
        self._client = client or httpx.Client(timeout=timeout, follow_redirects=False)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def within(self, seconds: float) -> "Prometheus":
        """The same server, asked with no more patience than this; closing it closes this one too."""
        return Prometheus(self._url, name=self.name, timeout=min(self.timeout, seconds), client=self._client)

    def instant(self, query: str, *, at: datetime) -> tuple[Series, ...]:
        """The value of each series at `at`.

        Raises:
            SourceError: with the reason to show, such as "prometheus timed out after 4 s".

        """
        data = self._ask("query", {"query": query, "time": _unix(at)})
        return tuple(_series(item, [item.get("value")]) for item in _result(data, "vector", self.name))

    def range(self, query: str, *, start: datetime, end: datetime, step: timedelta) -> tuple[Series, ...]:
        """The points of each series from `start` to `end`, one per `step`.

        Raises:
            SourceError: with the reason to show.

        """
        asked = {"query": query, "start": _unix(start), "end": _unix(end)}
        data = self._ask("query_range", asked | {"step": f"{step.total_seconds():g}"})
        return tuple(_series(item, item.get("values")) for item in _result(data, "matrix", self.name))

    def _ask(self, endpoint: str, params: Mapping[str, str]) -> Any:
        deadline = time.monotonic() + self.timeout
        try:
            with self._client.stream(
                "GET", f"{self._url}/api/v1/{endpoint}", params=params, timeout=self.timeout
            ) as response:
                body = self._read(response, deadline)
        except httpx.TimeoutException as error:
            raise SourceError(f"{self.name} timed out after {self.timeout:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SourceError(f"{self.name} cannot be reached: {type(error).__name__}") from error
        return self._understand(response.status_code, body)

    def _read(self, response: httpx.Response, deadline: float) -> bytes:
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > MAX_BYTES:
                raise SourceError(f"{self.name} answered more than {MAX_BYTES // 1024 // 1024} MiB")
            if time.monotonic() > deadline:
                raise SourceError(f"{self.name} timed out after {self.timeout:g} s")
        return bytes(body)

    def _understand(self, status: int, body: bytes) -> Any:
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            raise SourceError(f"{self.name} answered {status} with something that is not JSON") from None
        if not isinstance(answer, dict) or answer.get("status") != "success":
            said = answer.get("error") if isinstance(answer, dict) else None
            reason = f": {said[:200]}" if isinstance(said, str) else ""
            raise SourceError(f"{self.name} refused with {status}{reason}")
        return answer.get("data")


def _result(data: Any, kind: str, name: str) -> list[dict[str, Any]]:
    result = data.get("result") if isinstance(data, dict) else None
    if not isinstance(result, list) or data.get("resultType") != kind:
        raise SourceError(f"{name} answered no {kind}")
    if len(result) > MAX_SERIES:
        raise SourceError(f"{name} answered {len(result)} series, more than {MAX_SERIES}")
    return [item for item in result if isinstance(item, dict)]


def _series(item: Mapping[str, Any], values: Any) -> Series:
    labels = item.get("metric")
    points = [_point(value) for value in values] if isinstance(values, list) else []
    return Series(
        labels={str(key): str(value) for key, value in labels.items()} if isinstance(labels, dict) else {},
        points=tuple(point for point in points if point is not None),
    )


def _point(value: Any) -> tuple[datetime, float] | None:
    """[unix seconds, "number as text"], None where it is not a finite number."""
    try:
        moment, number = datetime.fromtimestamp(float(value[0]), UTC), float(value[1])
    except (TypeError, ValueError, IndexError, KeyError, OverflowError, OSError):
        return None
    return (moment, number) if math.isfinite(number) else None


def _unix(moment: datetime) -> str:
    return f"{moment.timestamp():.3f}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
