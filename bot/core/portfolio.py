"""A quarter's portfolio: its candidates, what there is room for, and how the team's own past went."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.core.candidate import PERCENT, POINTS, Candidate, Impact, Per, Reach
from bot.stats.calibration import Judged

WEEKS = 12.0
"""Of a quarter that are worked."""
_IN_A_QUARTER: Mapping[Per, float] = {
    Per.QUARTER: 1.0,
    Per.MONTH: 3.0,
    Per.WEEK: 13.0,
    Per.DAY: 91.0,
}


@dataclass(frozen=True, order=True)
class Unit:
    """What a score counts: `reach` times `impact`, of one family; only equal units can be ranked together."""

    reach: str
    impact: str
    family: str = ""

    def __str__(self) -> str:
        return f"{self.reach} x {self.impact}" + (f" of {self.family}" if self.family else "")


@dataclass(frozen=True)
class Worth:
    """What one of another unit is worth in the portfolio's own: somebody's declared judgement."""

    unit: Unit
    value: float
    why: str = ""


@dataclass(frozen=True)
class Shared:
    """Infrastructure that several candidates use: its engineer-weeks are paid once, none where it is done."""

    name: str
    weeks: float = 0.0
    done: bool = False
    title: str = ""

    @property
    def cost(self) -> float:
        """Weeks that are still to be paid."""
        return 0.0 if self.done else self.weeks


@dataclass(frozen=True)
class Capacity:
    """Room in a quarter.

    slots: experiments in parallel; engineer_weeks: None for no limit; teams: whose candidates may be picked,
    empty for everybody's.
    """

    slots: int = 3
    engineer_weeks: float | None = None
    teams: tuple[str, ...] = ()


@dataclass(frozen=True)
class Project:
    """A past project's cost: engineer-weeks as estimated and as they came, and its class of work."""

    title: str
    estimated: float
    actual: float
    scope: str = ""

    @property
    def ratio(self) -> float:
        """Actual over estimated."""
        return self.actual / self.estimated


@dataclass(frozen=True)
class Outcome:
    """What became of one candidate that was picked, or run anyway.

    lift: the effect that was observed (in the impact's unit), with low and high its interval; significant:
    whether the look said so. shipped, sustained: launched, and still there at the last look after it (None
    while nobody knows). weeks: engineer-weeks that it took, None while nobody said. record: where it stands.
    """

    candidate: str
    shipped: bool
    sustained: bool | None = None
    lift: float | None = None
    low: float | None = None
    high: float | None = None
    significant: bool = False
    weeks: float | None = None
    record: str = ""
    note: str = ""

    @property
    def succeeded(self) -> bool | None:
        """Shipped and sustained; None while it is shipped and nobody knows whether it lasts."""
        return self.sustained if self.shipped else False


@dataclass(frozen=True)
class Portfolio:
    """Everything that a pick is computed from.

    quarter: "2026-Q4", maybe empty in a file; weeks: worked in it. unit: what values are added up in; worths:
    of other units. confidences: how often past confidences came true; projects: what past ones cost.
    gut_feel: the pick (or whole ranking) that people would make, best first. learning: what a unit of
    learning value counts beside one of expected value. detectable: the power below which a candidate cannot
    be picked without a waiver. claimed_top: the ranking that a document claims, best first.
    """

    candidates: tuple[Candidate, ...]
    quarter: str = ""
    title: str = ""
    team: str = ""
    weeks: float = WEEKS
    capacity: Capacity = Capacity()
    unit: Unit | None = None
    worths: tuple[Worth, ...] = ()
    infrastructure: tuple[Shared, ...] = ()
    confidences: tuple[Judged, ...] = ()
    projects: tuple[Project, ...] = ()
    gut_feel: tuple[str, ...] = ()
    learning: float = 1.0
    detectable: float = 0.8
    claimed_top: tuple[str, ...] = ()
    outcomes: tuple[Outcome, ...] = ()

    def candidate(self, name: str) -> Candidate:
        """The candidate of this id; raises KeyError."""
        return next((one for one in self.candidates if one.id == name), None) or _missing(name)


def per_quarter(reach: Reach) -> float:
    """A reach over a quarter of 13 weeks and 91 days.

    >>> per_quarter(Reach(3500, "users", Per.DAY))
    318500.0
    """
    return reach.value * _IN_A_QUARTER[reach.per]


def unit_of(candidate: Candidate) -> Unit | None:
    """What the candidate's score counts; None where its reach or impact is not said."""
    if candidate.reach is None or candidate.impact is None:
        return None
    return Unit(candidate.reach.unit, candidate.impact.unit, candidate.impact.family)


def in_metric(impact: Impact, value: float) -> float | None:
    """An effect in the impact's unit as one of the metric: points over 100, percent of the baseline.

    None where a relative effect has no baseline.
    """
    if impact.unit == POINTS:
        return value / 100
    if impact.unit == PERCENT:
        return None if impact.baseline is None else impact.baseline * value / 100
    return value


def _missing(name: str) -> Candidate:
    raise KeyError(name)
