"""What a look found, as frozen values."""

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bot.core.course import PEEK, Course
from bot.core.data_finding import DataFinding
from bot.stats.adjusted import Adjusted
from bot.stats.cuped import CupedEffect
from bot.stats.effect import Effect, Interval
from bot.stats.guardrail import Judgement, Threshold
from bot.stats.heterogeneity import Heterogeneity
from bot.stats.reconciliation import Reconciliation
from bot.stats.sequential import Plan
from bot.stats.spending import Sided
from bot.stats.srm import Srm
from bot.stats.undecided import Undecided

Verdict: TypeAlias = Literal[
    "invalid", "veto", "ship", "continue", "stop-futility", "no-ship", "inconclusive", "unjudged"
]
"""`unjudged`: a peek at a plan whose rule does not say what a peek may spend; in JSON it is null."""

NOT_COMPUTED = Undecided("it was not computed")
NOT_POOLED = Undecided("it was not pooled")


@dataclass(frozen=True)
class PrimaryResult:
    """The primary metric at the look.

    effect: judged, with CUPED when `cuped`; plain: without. z: positive when the treatment is higher, with
    the same p as the t. boundary_z, boundary_p: what the plan asks at this look. significant: p at or below
    the boundary, None when the data are invalid or the effect undecided. good: the effect points the
    declared way. conditional_power: of crossing at a later look in the declared direction if the effect so
    far is the true one; predictive_power: the same averaged over what the effect may be; both None at the
    last look. futility_z: the Z in the declared direction below which this look stops for futility, -inf
    when none does. unjudged: why the plan does not judge this look; empty when it does. p_judged: the p that
    is held against the boundary, two-sided or that of the declared direction, as `sided` says.
    """

    metric: str
    effect: Effect | Undecided
    plain: Effect | Undecided
    cuped: CupedEffect | None
    boundary_z: float
    boundary_p: float
    significant: bool | None
    good: bool
    adjusted: Adjusted | Undecided
    conditional_power: float | None
    note: str = ""
    predictive_power: float | None = None
    futility_z: float = -math.inf
    unjudged: str = ""
    sided: Sided = 2
    p_judged: float | None = None


@dataclass(frozen=True)
class GuardrailResult:
    """One guardrail: what was measured against which line; spending: how its alpha goes over the looks."""

    metric: str
    threshold: Threshold
    effect: Effect | Undecided
    judgement: Judgement
    spending: str = "none"


@dataclass(frozen=True)
class CohortResult:
    """One cohort; share: of all units; n: units of both arms; adequacy: units per arm over units needed.

    shrunk: its relative effect pulled towards the mean of all cohorts of the crossing, and the standard
    deviation of that, fractions. crossing: whether it has a value of every dimension.
    """

    cohort: str
    share: float
    n: int
    effect: Effect | Undecided
    adequacy: float | None
    judgement: Judgement
    shrunk: tuple[float, float] | Undecided = NOT_POOLED
    crossing: bool = False


@dataclass(frozen=True)
class PostStratified:
    """The effect with the cohorts' shares held fixed: shown beside the registered primary, never judged.

    shares: declared in the registration, or observed in both arms together; over: the dimensions.
    """

    effect: Effect
    shares: Literal["declared", "observed"]
    over: tuple[str, ...]


@dataclass(frozen=True)
class WorstCohort:
    """The adequate cohort that moved furthest the harmful way.

    effect_rel: a fraction; distance: how far it is on the right side of the floor, a fraction, negative when
    it is beyond; None when no floor was declared.
    """

    cohort: str
    effect_rel: float
    distance: float | None
    status: str


@dataclass(frozen=True)
class LookResult:
    """A look: the verdict, why, and everything it rests on.

    look: its number, 0 for a peek; looks: how many the plan has. day: that by whose information it is judged;
    asked: that for which it was asked, later when data lag behind; planned: held on its day. course: where it
    stands among the looks held and to come. reasons: why this verdict, the weightiest first; notes: what
    else a reader should know about the data; findings: everything about the data by name. srm_anytime_p: of
    the split, valid on any day. planned_p: the boundaries of the looks as registered, sided as the plan is.
    """

    registration: str
    sha256: str
    look: int
    looks: int
    day: float
    asked: float
    planned: bool
    verdict: Verdict
    reasons: tuple[str, ...]
    srm: Srm | Undecided
    units: tuple[int, int]
    primary: PrimaryResult
    course: Course
    planned_p: tuple[float, ...]
    guardrails: tuple[GuardrailResult, ...]
    cohorts: tuple[CohortResult, ...]
    heterogeneity: Heterogeneity | Undecided
    reconciliation: Reconciliation | Undecided
    data_fingerprint: str
    last_day: float | None = None
    notes: tuple[str, ...] = ()
    findings: tuple[DataFinding, ...] = ()
    srm_anytime_p: float | Undecided = NOT_COMPUTED
    post_stratified: PostStratified | Undecided = NOT_COMPUTED
    worst_cohort: WorstCohort | Undecided = NOT_COMPUTED

    @property
    def plan(self) -> Plan:
        """The boundaries as they stand at this look, one for each of `course.days`."""
        return self.course.plan

    @property
    def peek(self) -> bool:
        """Whether the plan does not have this look."""
        return self.look == PEEK

    @property
    def alpha_spent(self) -> float:
        """Cumulative alpha the plan has spent by this look."""
        return self.plan.cumulative_alpha[self.course.held - 1] if self.course.held else 0.0

    @property
    def alpha_at_look(self) -> float:
        """Alpha that this look alone spends; 0 for one that the plan does not judge."""
        return 0.0 if self.course.at is None else self.plan.alpha_at_look[self.course.at]


def relative(effect: Effect | Undecided) -> tuple[float | None, Interval | None]:
    """Relative effect and interval; both None where there is none, `no_relative` then says why."""
    if no_relative(effect) or isinstance(effect, Undecided):
        return None, None
    if isinstance(effect.relative, Undecided) or isinstance(effect.ci_relative, Undecided):
        return None, None
    return effect.relative, effect.ci_relative


def no_relative(effect: Effect | Undecided) -> str:
    """Why there is no relative effect; empty when there is one.

    Below 0 a rise would have the sign of a fall; near 0 any figure would do, and no interval bounds it.
    """
    if isinstance(effect, Undecided):
        return effect.reason
    for part in (effect.relative, effect.ci_relative):
        if isinstance(part, Undecided):
            return part.reason
    if effect.control.mean < 0:
        return f"the control mean {effect.control.mean:g} is negative, so a relative effect has no direction"
    return ""


def reason_of(value: object) -> str:
    """Why something is undecided; empty when it is not."""
    return value.reason if isinstance(value, Undecided) else ""
