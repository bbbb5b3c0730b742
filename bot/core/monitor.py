"""A monitor as its file defines it, the hours it has seen, and what it has to say. All values are frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:  # on the way to an ack nobody needs numbers
    from bot.stats.monitor import Floats

Cell: TypeAlias = tuple[str, ...]
"""A value for each dimension, in their order; () is the whole."""

WHOLE: Cell = ()
MOST_CELLS = 200
"""Cells of one monitor."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Direction(StrEnum):
    """What is bad news."""

    FALL = "fall"
    RISE = "rise"
    BOTH = "both"

    @property
    def signs(self) -> tuple[int, ...]:
        """-1 for a fall, 1 for a rise."""
        return {"fall": (-1,), "rise": (1,), "both": (-1, 1)}[self.value]


class Level(StrEnum):
    """How loud an alarm is."""

    PAGE = "page"
    TICKET = "ticket"


@dataclass(frozen=True)
class Feed:
    """Where the numbers come from.

    For Prometheus `numerator` and `denominator`, or `value` and maybe `weight`, are PromQL, evaluated at the
    end of each hour for that hour; for a warehouse they are columns of `table` or `sql`, whose rows are put
    into hours by their `time`.
    """

    source: str
    numerator: str = ""
    denominator: str = ""
    value: str = ""
    weight: str = ""
    table: str = ""
    sql: str = ""
    time: str = ""

    @property
    def is_rate(self) -> bool:
        """Whether successes of trials are counted; else a value is averaged."""
        return bool(self.numerator)

    @property
    def in_warehouse(self) -> bool:
        """Whether it is read by Ibis; else by PromQL."""
        return bool(self.table or self.sql)


@dataclass(frozen=True)
class Seasonal:
    """The method of `kind: monitor`.

    budget: pages a week; h: the threshold of a page, None to learn it from the budget; effect: what a page
    needs over a day, as a fraction; ticket_h, ticket_effect: the same of a ticket.
    """

    baseline_weeks: int = 8
    budget: float = 0.1
    h: float | None = None
    effect: float = 0.08
    ticket_h: float = 7.5
    ticket_effect: float = 0.04


@dataclass(frozen=True)
class PlainSums:
    """The method of `kind: cusum`: the reference's plain CUSUM (AML-08)."""

    k: float = 0.5
    h: float = 4.0
    baseline: int = 14


@dataclass(frozen=True)
class Monitor:
    """One monitor. `delay` is how long after an hour its numbers are taken to be complete; with `shadow` what
    it finds is only noted. `sha256` is of its file."""

    id: str
    title: str
    metric: str
    service: str
    feed: Feed
    method: Seasonal | PlainSums
    sha256: str
    cohorts: tuple[str, ...] = ()
    direction: Direction = Direction.FALL
    timezone: str = "UTC"
    step: timedelta = HOUR
    delay: timedelta = timedelta(minutes=10)
    shadow: bool = False
    url: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    def name_of(self, cell: Cell) -> str:
        """A cell as people write it: "locale=jp,device=mobile"; "everything" for the whole."""
        return ",".join(f"{name}={value}" for name, value in self.cohort_of(cell).items()) or "everything"

    def cohort_of(self, cell: Cell) -> dict[str, str]:
        """The cell's value by dimension."""
        return dict(zip(self.cohorts, cell, strict=False))

    @property
    def numbers(self) -> str:
        """What the numbers are, as a hash: with others, what was seen so far means nothing."""
        said = repr((self.feed, self.cohorts, self.step.total_seconds()))
        return sha256(said.encode()).hexdigest()[:16]

    def newest(self, now: datetime) -> datetime:
        """The start of the newest hour (or day) whose numbers are complete."""
        whole = (now - self.delay - _EPOCH) // self.step
        return _EPOCH + (whole - 1) * self.step


_EPOCH = datetime.fromisoformat("2000-01-03T00:00:00+00:00")  # a Monday


@dataclass(frozen=True)
class History:
    """Hours (or days) in order, one row each, from `start`; a column of sums and of what they are divided by
    for each cell, 0 or NaN where nothing was seen."""

    start: datetime
    step: timedelta
    cells: tuple[Cell, ...]
    x: "Floats"
    n: "Floats"

    def __len__(self) -> int:
        return len(self.x)

    def at(self, row: int) -> datetime:
        """When a row begins."""
        return self.start + row * self.step

    def part(self, first: int, end: int) -> "History":
        """The rows from `first` up to but not `end`."""
        first, end = max(first, 0), max(end, first, 0)
        return History(self.at(first), self.step, self.cells, self.x[first:end], self.n[first:end])


@dataclass(frozen=True)
class Alarm:
    """A chart left what is usual.

    `at` is the end of the hour that showed it, `began` when the change seems to have begun. `effect` is
    relative, since then but over a day at most; `value` and `baseline` are over the same hours. `score`
    is where the chart stood, `h` its threshold.
    """

    cell: Cell
    level: Level
    sign: int
    at: datetime
    began: datetime
    effect: float
    value: float
    baseline: float
    score: float
    h: float


@dataclass(frozen=True)
class Recovery:
    """A chart that had an alarm of this level is back."""

    cell: Cell
    level: Level
    at: datetime


@dataclass(frozen=True)
class Open:
    """An alarm that goes on."""

    level: Level
    sign: int
    since: datetime
