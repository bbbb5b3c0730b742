"""Single measurements of a load test, gathered by name and tag until they become series."""

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby

from bot.core.load_result import LEVELS, MOST_SERIES, Percentile, Series

TAGS = ("stage", "part", "name", "group")
"""Tags that make a series of their own, as `stage{stage:rerank}`."""
UNUSED = frozenset(
    {"vus", "vus_max", "data_sent", "data_received", "checks", "iterations", "http_reqs"}
    | {f"http_req_{part}" for part in ("blocked", "connecting", "tls_handshaking", "sending", "receiving")}
    | {"http_req_waiting"}
)
"""Metrics of k6 that time or count nothing that a budget has."""


@dataclass
class Points:
    """What was measured so far; `counted`: metrics known to count, `shares`: those known to be yes or no."""

    values: dict[str, "array[float]"] = field(default_factory=dict)
    counted: set[str] = field(default_factory=set)
    shares: set[str] = field(default_factory=set)
    first: float = float("inf")
    last: float = float("-inf")
    left_out: int = 0

    def add(self, metric: str, value: float, tags: Mapping[str, str], at: float | None) -> None:
        """One measurement at a time (s since the epoch)."""
        if at is not None:
            self.first, self.last = min(self.first, at), max(self.last, at)
        if metric in UNUSED:
            return
        self._put(metric, value)
        for tag in TAGS:
            named = tags.get(tag, "")
            if named:
                self._put(f"{metric}{{{tag}:{named}}}", value)

    def series(self) -> tuple[Series, ...]:
        """What it comes to, by name."""
        return tuple(self._series(name, values) for name, values in sorted(self.values.items()))

    def when(self, moment: float) -> datetime | None:
        """A time, where one was seen."""
        return None if moment in (float("inf"), float("-inf")) else datetime.fromtimestamp(moment, UTC)

    def _put(self, name: str, value: float) -> None:
        held = self.values.get(name)
        if held is None:
            if len(self.values) >= MOST_SERIES:
                self.left_out += 1
                return
            held = self.values[name] = array("d")
        held.append(value)

    def _series(self, name: str, values: "array[float]") -> Series:
        metric = name.partition("{")[0]
        seen = set(values[:10_000]) <= {0.0, 1.0} and set(values) <= {0.0, 1.0}
        if metric in self.shares or (seen and metric not in self.counted and 0.0 in values):
            return Series(name, len(values), hits=sum(1 for one in values if one), of=len(values))
        if metric in self.counted or seen:
            return Series(name, len(values), hits=round(sum(values)))
        return Series(name, len(values), of_values(values))


def of_values(values: "array[float]") -> tuple[Percentile, ...]:
    """The percentiles of single measurements, with their intervals where there are enough."""
    ordered = sorted(values)
    steps = [(value, sum(1 for _ in same)) for value, same in groupby(ordered)]
    return of_steps([value for value, _ in steps], [count for _, count in steps])


def of_steps(values: list[float], counts: list[int]) -> tuple[Percentile, ...]:
    """The percentiles of values in order of their size that came so often each."""
    from bot.stats import order_interval
    from bot.stats.undecided import Undecided

    found = []
    for level in LEVELS:
        at = order_interval.of_counts(values, counts, level)
        if not isinstance(at, Undecided):
            found.append(Percentile(level, *at))
        elif sum(counts):
            found.append(Percentile(level, _alone(values, counts, level)))
    return tuple(found)


def _alone(values: list[float], counts: list[int], level: float) -> float:
    """The percentile where so few values give it no interval."""
    left = level * sum(counts) - 1e-9
    for value, count in zip(values, counts, strict=True):
        left -= count
        if left <= 0:
            return value
    return values[-1]
