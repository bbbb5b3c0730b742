"""What a look found, as frozen values."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from bot.stats.adjusted import Adjusted
from bot.stats.cuped import CupedEffect
from bot.stats.effect import Effect, Interval
from bot.stats.guardrail import Judgement, Threshold
from bot.stats.heterogeneity import Heterogeneity
from bot.stats.reconciliation import Reconciliation
from bot.stats.sequential import Plan
from bot.stats.srm import Srm
from bot.stats.undecided import Undecided

Verdict: TypeAlias = Literal[
    "invalid", "veto", "ship", "continue", "stop-futility", "no-ship", "inconclusive"
]


@dataclass(frozen=True)
class PrimaryResult:
    """The primary metric at the look.

    effect: judged, with CUPED when `cuped`; plain: without. z: positive when the treatment is higher, with
    the same p as the t. boundary_z, boundary_p: what the plan asks at this look. significant: p at or below
    the boundary, None when the data are invalid or the effect undecided. good: the effect points the
    declared way. conditional_power: of crossing at a later look in the declared direction if the effect so
    far is the true one; None at the last look.
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


@dataclass(frozen=True)
class GuardrailResult:
    """One guardrail: what was measured against which line."""

    metric: str
    threshold: Threshold
    effect: Effect | Undecided
    judgement: Judgement


@dataclass(frozen=True)
class CohortResult:
    """One cohort; share: of all units; n: units of both arms; adequacy: smaller arm over units needed."""

    cohort: str
    share: float
    n: int
    effect: Effect | Undecided
    adequacy: float | None
    judgement: Judgement


@dataclass(frozen=True)
class LookResult:
    """A look: the verdict, why, and everything it rests on.

    reasons: why this verdict, the weightiest first; notes: what else a reader should know about the data.
    """

    registration: str
    sha256: str
    look: int
    looks: int
    day: float
    planned: bool
    verdict: Verdict
    reasons: tuple[str, ...]
    srm: Srm | Undecided
    units: tuple[int, int]
    primary: PrimaryResult
    plan: Plan
    guardrails: tuple[GuardrailResult, ...]
    cohorts: tuple[CohortResult, ...]
    heterogeneity: Heterogeneity | Undecided
    reconciliation: Reconciliation | Undecided
    data_fingerprint: str
    last_day: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def alpha_spent(self) -> float:
        """Cumulative two-sided alpha the plan has spent by this look."""
        return self.plan.cumulative_alpha[self.look - 1]


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
