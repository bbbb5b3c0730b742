"""Candidates for a quarter: what each would bring to whom, how sure that is, what it costs and teaches.

Everything but id and title may be missing: a candidate that a page at 3am proposed has no reach yet, and
its scores then say what is missing. Impacts are in the unit that is declared beside them, never converted
in silence: `points` are percentage points of a rate, `percent` is relative to the baseline.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.core.thing import Thing

POINTS: Final = "points"
PERCENT: Final = "percent"
PRE_MORTEM_FROM: Final = 12.0
"""Engineer-weeks from which a candidate needs a pre-mortem (AML-02, the lesson of its incident)."""


class Kind(StrEnum):
    """What a candidate is."""

    EXPERIMENT = "experiment"  # takes a slot of the quarter
    TOOLING = "tooling"  # an investment such as rebuilding the offline harness: weeks, no slot
    MAINTENANCE = "maintenance"  # hygiene: assigned outside of the portfolio, never ranked


class Per(StrEnum):
    """What a reach is counted over."""

    QUARTER = "quarter"
    MONTH = "month"
    WEEK = "week"
    DAY = "day"


@dataclass(frozen=True)
class Reach:
    """How many `unit` (sessions, users, images …) the change would touch in each `per`."""

    value: float
    unit: str
    per: Per = Per.QUARTER


@dataclass(frozen=True)
class Impact:
    """By how much one unit of reach gets better where the effect exists; a positive value is better.

    value, spread and heuristic are in `unit`: points, percent (of the baseline), or the metric's own.
    baseline and sd are in units of the metric itself (0.183, not 18.3), sd that of one randomised unit.
    spread: the standard deviation of what the size may be, None for as large as half of the value.
    heuristic: what a heuristic alone would bring; only what goes beyond it is this candidate's doing.
    family: metrics of one family may be ranked together; metrics without one share the unit's.
    """

    value: float
    unit: str
    metric: str = ""
    family: str = ""
    baseline: float | None = None
    sd: float | None = None
    spread: float | None = None
    heuristic: float | None = None


@dataclass(frozen=True)
class Effort:
    """Engineer-weeks as estimated, without what the quarter's shared infrastructure costs once.

    corrected: what somebody who knows says it will be instead; engineers: how many work on it at once,
    which decides how long building takes; scope: the class of work whose past overruns count (`replacement`).
    """

    weeks: float
    corrected: float | None = None
    engineers: float | None = None
    scope: str = ""

    @property
    def expected(self) -> float:
        """The corrected weeks, or the estimate."""
        return self.weeks if self.corrected is None else self.corrected


@dataclass(frozen=True)
class Test:
    """How it would be tested within the quarter; None where nothing is said, and a default is assumed.

    units: randomised units that come by in a quarter, of `unit`; weeks: of running; lag_weeks: until the
    metric of the last unit is ripe; allocation: part of them in the experiment; share: of the treatment.
    """

    __test__ = False  # not one of pytest's

    units: float | None = None
    unit: str = ""
    weeks: float | None = None
    lag_weeks: float = 0.0
    allocation: float = 1.0
    share: float = 0.5
    variance_reduction: float = 0.0
    alpha: float = 0.05
    inflation: float = 1.0


@dataclass(frozen=True)
class Risk:
    """A named cost risk, and by how many engineer-weeks it would overrun."""

    risk: str
    weeks: float


@dataclass(frozen=True)
class PreMortem:
    """What may go wrong with the cost, and what is done then."""

    risks: tuple[Risk, ...]
    contingency: str


@dataclass(frozen=True)
class Choice:
    """A later decision that the result would change, and what it is worth.

    horizon: quarters that the decision binds; reach: units in each of them, None for the candidate's own.
    threshold: the effect (in the impact's unit) above which one would go on: where it breaks even.
    mean, sd: a normal prior of the effect, None for the candidate's own (confidence, value and spread).
    """

    what: str
    horizon: float
    threshold: float
    reach: float | None = None
    mean: float | None = None
    sd: float | None = None


@dataclass(frozen=True)
class Waiver:
    """Somebody, by name, takes it on themselves that the quarter may not show the effect."""

    by: str
    why: str


@dataclass(frozen=True)
class Claims:
    """What a document says of it, to be compared with what it comes to; never used."""

    rice: float | None = None
    rice_corrected: float | None = None
    rank: int | None = None


@dataclass(frozen=True)
class Candidate:
    """One candidate; `id` is CAN-7 in Slack, any short name in a file.

    confidence: the probability that the effect exists, as people say it (0.6); evidence: how many
    experiments' worth that is known by, which decides how sure the confidence itself is.
    depends_on: ids that must be picked with it or be done; after: ids that must be done before.
    infrastructure: names from the quarter's own table, paid once whoever uses them.
    must: why it has to be in the pick; done: it needs no picking any more.
    """

    id: str
    title: str
    kind: Kind = Kind.EXPERIMENT
    team: str = ""
    reach: Reach | None = None
    impact: Impact | None = None
    confidence: float | None = None
    evidence: float = 10.0
    effort: Effort | None = None
    test: Test = Test()
    depends_on: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    infrastructure: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    pre_mortem: PreMortem | None = None
    waiver: Waiver | None = None
    notes: str = ""
    must: str = ""
    done: bool = False
    claims: Claims = Claims()

    @property
    def needs_pre_mortem(self) -> bool:
        """Twelve weeks or more, by the estimate or by its correction."""
        effort = self.effort
        return effort is not None and max(effort.weeks, effort.expected) >= PRE_MORTEM_FROM


@dataclass(frozen=True)
class Proposal:
    """A candidate that something else proposes: a framing, an incident, a correlation that fell.

    source: what led to it, joined to it; key: for ever the same for the same reason, so that it is proposed
    once; why: the evidence in a sentence or two; by: a Slack id, empty for Lookout itself. candidate: what
    is known of it; its id is given when it is stored.
    """

    candidate: Candidate
    source: Thing | None
    key: str
    why: str
    by: str = ""
