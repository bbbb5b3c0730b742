"""What the stages of a turn say: latency, errors and fallbacks held against their limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.core import chart_spec
from bot.core.chart_spec import Bar
from bot.core.checks.stages import Stages
from bot.core.found import Found, clear, suspect, unknown

FINDING = {"turn_p95": "latency", "turn_p99": "latency"}
"""What a measure's finding is called where not as the measure is."""
WORDS = {
    "latency": "p95", "turn_p95": "turn p95", "turn_p99": "turn p99", "errors": "errors",
    "fallback": "fallbacks", "cold_start": "cold starts", "split": "turn p95",
}  # fmt: skip
MOST = 0.8
"""Share of the minutes that must have a value before it can be said that all of them were bad."""
IN_MS = ("latency", "turn_p95", "turn_p99")


@dataclass(frozen=True)
class Reading:
    """One series of a measure over the last minutes, oldest first: of which stage or cohort, and its values.

    Values are in ms or fractions; of "split" they are fractions away from the whole. `limit` is None where
    none is known; `expected` is how many values there are where none is missing.
    """

    measure: str
    name: str
    values: tuple[float, ...]
    limit: float | None
    expected: int = 1

    @property
    def over(self) -> bool:
        """Whether it was past its limit all the time, of which most must be known."""
        if self.limit is None or not self.values or len(self.values) < MOST * self.expected:
            return False
        return min(self.values) > self.limit

    @property
    def share(self) -> float:
        """The last value in shares of its limit; 0 where there is none."""
        return self.values[-1] / self.limit if self.values and self.limit else 0.0

    @property
    def said(self) -> str:
        """The last value beside its limit: "rerank p95 412 ms, limit 280 ms"."""
        limit = "no limit known" if self.limit is None else f"limit {_figure(self.measure, self.limit)}"
        value = _figure(self.measure, self.values[-1])
        away = " off the whole" if self.measure == "split" else ""
        return f"{self.name} {WORDS[self.measure]} {value}{away}, {limit}".lstrip()


def limit_of(options: Stages, measure: str, name: str) -> float | None:
    """The limit of a measure, of latency by stage; None where none is known."""
    return options.stages.get(name) if measure == "latency" else options.limits.get(measure)


def read_measure(measure: str, readings: Sequence[Reading], *, minutes: float, **more: Any) -> Found:
    """What one measure says: the worst of its stages first.

    Only what was past its limit for all of the last `minutes` is suspect; a spike is named, and clear.
    """
    seen = sorted((one for one in readings if one.values), key=lambda one: -one.share)
    if not seen:
        return unknown(f"{WORDS[measure]}: no value in the last {minutes:g} min", **more)
    if all(one.limit is None for one in seen):
        names = ", ".join(one.name for one in seen[:5])
        return unknown(f"{WORDS[measure]}: no limit is known for {names}", **more)
    chart = _chart(measure, seen)
    over = [one for one in seen if one.over]
    if over:
        others = f"; {len(over) - 1} more over theirs" if len(over) > 1 else ""
        line = f"{over[0].said}, for {minutes:g} min{others}"
        return suspect(line, FINDING.get(measure, measure), chart=chart, **more)
    spike = f", past it for less than {minutes:g} min" if seen[0].share > 1 else ""
    return clear(f"{seen[0].said}{spike}{_others(seen)}", chart=chart, **more)


def away_from(whole: Mapping[float, float], values: Sequence[tuple[float, float]]) -> tuple[float, ...]:
    """How far each value is from the whole at the same moment, a fraction; others are left out."""
    return tuple(abs(value / whole[at] - 1) for at, value in values if whole.get(at))


def _others(seen: Sequence[Reading]) -> str:
    return f"; the worst of {len(seen)}" if len(seen) > 1 else ""


def _chart(measure: str, seen: Sequence[Reading]) -> Mapping[str, Any]:
    scale, unit = (1.0, "ms") if measure in IN_MS else (100.0, "%")
    rows = [
        Bar(
            one.name or WORDS[measure],
            one.values[-1] * scale,
            limit=None if one.limit is None else one.limit * scale,
            off=one.over,
        )
        for one in seen
    ]
    title = {"split": "Turn p95 by cohort, off the whole"}.get(
        measure, f"{WORDS[measure].capitalize()} by stage"
    )
    return chart_spec.bars(title if len(rows) > 1 else WORDS[measure].capitalize(), rows, unit=unit)


def _figure(measure: str, value: float) -> str:
    return f"{value:,.0f} ms" if measure in IN_MS else f"{value * 100:.3g} %"
