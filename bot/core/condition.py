"""Conditions that abort a stage: `p99_latency_ms > 1500`, `error_rate >= 1 %`; read once, typed, bounded.

The limit is held against the number in the unit in which that number is read: the one its name ends with
(`_ms`, `_s`, `_seconds`, `_percent`), else a share is a fraction (1 % is 0.01) and a time is in the unit as
written. On a metric of the experiment `%` is the relative effect between the arms, and a bare number is held
against the treatment arm's own value.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, TypeAlias, cast

Operator: TypeAlias = Literal[">", ">=", "<", "<="]
Unit: TypeAlias = Literal["", "%", "ms", "s"]

LONGEST = 200
GREATEST = 1e15
EXAMPLE = "Write it like `p99_latency_ms > 1500`, `error_rate > 1 %` or `csat < -5 %`."

_CONDITION = re.compile(
    r"\s*(?P<metric>[^\s<>=!]{1,120})\s*(?P<op>>=|<=|>|<)\s*"
    r"(?P<number>[+\-\N{MINUS SIGN}]?(?:\d{1,15}(?:\.\d{0,12})?|\.\d{1,12})(?:[eE][+-]?\d{1,2})?)"
    r"\s*(?P<unit>%|ms|s)?\s*"
)
_OPERATOR = re.compile(r"[<>=!]{1,3}")
_NAME_UNITS: Mapping[str, tuple[str, Unit]] = {
    "_ms": ("a time", "ms"),
    "_milliseconds": ("a time", "ms"),
    "_s": ("a time", "s"),
    "_seconds": ("a time", "s"),
    "_percent": ("a share", "%"),
    "_pct": ("a share", "%"),
}
_KIND: Mapping[Unit, str] = {"%": "a share", "ms": "a time", "s": "a time"}
_BASE: Mapping[Unit, float] = {"": 1.0, "%": 0.01, "ms": 0.001, "s": 1.0}


class ConditionError(ValueError):
    """A condition that cannot be read: what was read, and what was expected instead."""

    def __init__(self, message: str, hint: str = EXAMPLE) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True)
class Condition:
    """One condition: the stage is aborted when what is read of `metric` stands so to `limit`, in `unit`."""

    text: str
    metric: str
    op: Operator
    limit: float
    unit: Unit = ""

    @property
    def read_in(self) -> Unit:
        """The unit of the numbers read at a source; empty for a bare number or a fraction."""
        named = _unit_of(self.metric)
        if named:
            return named[1]
        return "" if self.unit == "%" else self.unit

    @property
    def line(self) -> float:
        """The limit in the unit in which numbers are read at a source.

        >>> parse("error_rate > 1 %").line, parse("p99_ms > 1.5 s").line
        (0.01, 1500.0)
        """
        if not self.unit or self.unit == self.read_in:
            return self.limit
        if not self.read_in:
            return _tidy(self.limit * _BASE[self.unit])
        return _tidy(self.limit * _BASE[self.unit] / _BASE[self.read_in])

    def holds_for(self, value: float, limit: float | None = None) -> bool:
        """Whether the value meets the condition, so that the stage is to be aborted."""
        against = self.line if limit is None else limit
        match self.op:
            case ">":
                return value > against
            case ">=":
                return value >= against
            case "<":
                return value < against
            case "<=":
                return value <= against

    def worst(self, values: Sequence[float]) -> int:
        """Which of several values is nearest to aborting the stage, or furthest beyond."""
        pick = max if self.op in (">", ">=") else min
        return values.index(pick(values))


def parse(text: str) -> Condition:
    """Read a condition. Raises ConditionError, which says what was read and what to write.

    >>> parse("p99_latency_ms > 1500").limit
    1500.0
    """
    if len(text) > LONGEST:
        raise ConditionError(f"the condition has {len(text)} characters; {LONGEST} is the most.")
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise ConditionError(_fault(text))
    limit = float(found["number"].replace("\N{MINUS SIGN}", "-"))
    if not math.isfinite(limit) or abs(limit) > GREATEST:
        raise ConditionError(f"the limit {found['number']} is beyond {GREATEST:g}.")
    condition = Condition(
        " ".join(text.split()),
        found["metric"],
        cast("Operator", found["op"]),
        limit,
        cast("Unit", found["unit"] or ""),
    )
    named = _unit_of(condition.metric)
    if named and condition.unit and named[0] != _KIND[condition.unit]:
        raise ConditionError(
            f"`{condition.metric}` is {named[0]} by its name, and the limit is {_KIND[condition.unit]}.",
            f"Write the limit in {named[1]}, or mend the name.",
        )
    return condition


def _fault(text: str) -> str:
    if not text.strip():
        return "the condition is empty."
    operators = _OPERATOR.findall(text)
    if not operators:
        return f"read `{_short(text)}`, which has none of > >= < <=."
    if len(operators) > 1:
        return f"read `{_short(text)}`, which compares more than once."
    if operators[0] not in (">", ">=", "<", "<="):
        return f"read `{operators[0]}`, which is none of > >= < <=."
    name, _, limit = text.partition(operators[0])
    if not name.strip() or " " in name.strip():
        return f"read `{_short(name)}` before {operators[0]}, which is not one metric's name."
    return f"read `{_short(limit)}` after {operators[0]}, which is not a number with %, ms, s or nothing."


def _short(text: str) -> str:
    bare = " ".join(text.split())
    return bare if len(bare) <= 60 else bare[:59] + "…"


def _unit_of(metric: str) -> tuple[str, Unit] | None:
    lower = metric.lower()
    return next((unit for suffix, unit in _NAME_UNITS.items() if lower.endswith(suffix)), None)


def _tidy(value: float) -> float:
    """Without the last bit's noise of a change of unit: 5 % is 0.05."""
    return float(f"{value:.12g}")


class Status(StrEnum):
    """What a condition comes to."""

    OK = "ok"
    BREACHED = "breached"  # the stage is aborted
    HELD = "held"  # the data are not fit to go on with: nobody advances, nothing is paused
    UNKNOWN = "unknown"  # the same, because nobody knows


@dataclass(frozen=True)
class Reading:
    """One condition, evaluated.

    measured, limit: in `unit` (a fraction where it is "%"); measured is None when unknown, and for a primary
    metric that is fine, which nobody is to watch. between: whether it is the difference between the arms.
    where: which series or comparison. query, source: what was asked, for the record. reason: why it is
    unknown, or what should be known beside it.
    """

    condition: str
    metric: str
    op: str
    status: Status
    limit: float
    unit: str = ""
    measured: float | None = None
    where: str = ""
    reason: str = ""
    source: str = ""
    query: str = ""
    between: bool = False

    @property
    def beyond(self) -> float | None:
        """By how much of the limit it is crossed or kept: +0.16 is 16 % above it; None at a limit of 0."""
        if self.measured is None or not self.limit:
            return None
        return (self.measured - self.limit) / abs(self.limit)

    def to_json(self) -> dict[str, Any]:
        """As a ledger entry or a slot keeps it."""
        return {**asdict(self), "status": str(self.status)}


@dataclass(frozen=True)
class Check:
    """All conditions of a stage at one moment."""

    at: datetime
    readings: tuple[Reading, ...]

    def of(self, status: Status) -> tuple[Reading, ...]:
        """The readings that came to this."""
        return tuple(one for one in self.readings if one.status is status)

    @property
    def breached(self) -> tuple[Reading, ...]:
        """What aborts the stage."""
        return self.of(Status.BREACHED)

    @property
    def blocking(self) -> tuple[Reading, ...]:
        """What holds the stage without aborting it, what is known first."""
        return (*self.of(Status.HELD), *self.of(Status.UNKNOWN))

    @property
    def fine(self) -> bool:
        """Whether the launch may go on."""
        return all(one.status is Status.OK for one in self.readings)

    def to_json(self) -> dict[str, Any]:
        """As a ledger entry or a slot keeps it."""
        return {"at": self.at.isoformat(), "readings": [one.to_json() for one in self.readings]}


def check_of(value: Mapping[str, Any]) -> Check:
    """A check read back from what `to_json` wrote."""
    return Check(datetime.fromisoformat(value["at"]), tuple(reading_of(one) for one in value["readings"]))


def reading_of(value: Mapping[str, Any]) -> Reading:
    """A reading read back."""
    return Reading(**{**value, "status": Status(value["status"])})
