"""What a quarter's defence tells (Composition 3): figures with their records, gaps where there is none."""

from dataclasses import dataclass

from bot.core.citation import Cited
from bot.core.narrative import OfflineTold


@dataclass(frozen=True)
class ExperimentTold:
    """An experiment in a quarter's table: what it was, what the rule and the people said, what it cost."""

    id: Cited
    title: Cited
    primary: Cited
    n_per_arm: Cited
    effect: Cited
    worst_guardrail: Cited
    worst_cohort: Cited
    verdict: Cited
    decision: Cited
    cost: Cited


@dataclass(frozen=True)
class PickTold:
    """A picked candidate and what became of it."""

    id: Cited
    title: Cited
    became: Cited


@dataclass(frozen=True)
class TenetsTold:
    """Customer letters (AML-01)."""

    framed: Cited
    decided: Cited
    not_now: Cited
    tenets: tuple[Cited, ...] = ()
    letters: tuple[Cited, ...] = ()


@dataclass(frozen=True)
class PortfolioTold:
    """What was picked of what, and how (AML-02)."""

    candidates: Cited
    picked: Cited
    locked_on: Cited
    sha256: Cited
    rho: Cited
    gut: Cited
    expected: Cited
    learning: Cited
    rejected: Cited
    retrospective: Cited
    picks: tuple[PickTold, ...] = ()
    barred: tuple[Cited, ...] = ()
    targets: tuple[Cited, ...] = ()


@dataclass(frozen=True)
class RigorTold:
    """What the rule was, and whether it held (AML-03, AML-05)."""

    registered: Cited
    powered: Cited
    looks: Cited
    peeks: Cited
    changed: Cited
    vetoes: Cited
    overrides: Cited
    experiments: tuple[ExperimentTold, ...] = ()


@dataclass(frozen=True)
class QualityTold:
    """Whether offline evidence and guardrails held (AML-04, AML-05)."""

    offline: OfflineTold
    guardrails: Cited
    lasted: Cited


@dataclass(frozen=True)
class FairnessTold:
    """Whether every cohort was looked at (AML-06)."""

    judged: Cited
    vetoed: Cited
    underpowered: Cited
    redesigns: tuple[Cited, ...] = ()


@dataclass(frozen=True)
class QuarterProduction:
    """Budgets, simulations and load tests of the quarter (AML-07)."""

    budgets: Cited
    load_tests: Cited
    fallbacks: Cited
    each: tuple[Cited, ...] = ()


@dataclass(frozen=True)
class OnCallTold:
    """How incidents were met (AML-08)."""

    incidents: Cited
    detect: Cited
    localized: Cited
    recover: Cited
    false_alarms: Cited
    repeats: Cited
    drills: Cited
    reviews: Cited
    each: tuple[Cited, ...] = ()


@dataclass(frozen=True)
class VelocityTold:
    """Why so many launches and not more: what each that did not ship ran into, and what it costs."""

    shipped: Cited
    picked: Cited
    locked_on: Cited
    not_shipped: Cited
    waits: tuple[Cited, ...] = ()
    costs: tuple[Cited, ...] = ()


@dataclass(frozen=True)
class QuarterStory:
    """All that a quarter's defence tells (Composition 3)."""

    name: Cited
    span: Cited
    tenets: TenetsTold
    portfolio: PortfolioTold
    rigor: RigorTold
    quality: QualityTold
    fairness: FairnessTold
    production: QuarterProduction
    on_call: OnCallTold
    velocity: VelocityTold
    next: tuple[Cited, ...] = ()
