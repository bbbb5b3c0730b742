"""What a narrative tells: figures with their records, and gaps where there is none.

Whatever a template can name stands here. A field is a figure or a gap, so that it can be said only together
with its record; a tuple is empty where there is nothing to tell of. Those of a framing and of what a launch
rests on are gaps all over where nobody made one.
"""

from dataclasses import dataclass, fields
from typing import TypeVar

from bot.core.citation import Cited, Gap

Told = TypeVar("Told")


@dataclass(frozen=True)
class FramingTold:
    """Where it began (AML-01): the customer's letter, and what was decided about the problem."""

    id: Cited
    title: Cited
    who: Cited
    words: Cited
    words_from: Cited
    stay: Cited
    lagging: Cited
    leading: Cited
    heuristic: Cited
    heuristic_value: Cited
    heuristic_weeks: Cited
    ml: Cited
    ml_value: Cited
    ml_weeks: Cited
    recommendation: Cited
    why: Cited
    decided_on: Cited
    revisit: Cited
    tenet: Cited


@dataclass(frozen=True)
class PlanTold:
    """The rule as it was written before the result (AML-03)."""

    sha256: Cited
    locked_on: Cited
    order: Cited
    signed_by: Cited
    population: Cited
    intervention: Cited
    h0: Cited
    h1: Cited
    prior: Cited
    evidence: Cited
    disconfirming: Cited
    primary: Cited
    mde: Cited
    n_per_arm: Cited
    power: Cited
    alpha: Cited
    looks: Cited
    guardrails: Cited
    cohorts: Cited
    changed: Cited


@dataclass(frozen=True)
class Line:
    """A row of what was measured: a guardrail or a cohort, its change, its line, how it was judged."""

    name: Cited
    before: Cited
    after: Cited
    change: Cited
    limit: Cited
    p: Cited
    judged: Cited


@dataclass(frozen=True)
class ResultTold:
    """What the newest sound look saw, and what the rule said to it (AML-03, 05, 06)."""

    look: Cited
    day: Cited
    taken_on: Cited
    verdict: Cited
    reason: Cited
    primary: Cited
    effect: Cited
    units: Cited
    p: Cited
    adjusted: Cited
    guardrails_said: Cited
    cohorts_said: Cited
    guardrails: tuple[Line, ...] = ()
    cohorts: tuple[Line, ...] = ()


@dataclass(frozen=True)
class DecisionTold:
    """What was decided, by whom and why, and what is owed because of it."""

    what: Cited
    on: Cited
    by: Cited
    why: Cited
    override: Cited
    after: Cited
    redesigns: tuple[Cited, ...] = ()
    next: tuple[Cited, ...] = ()


@dataclass(frozen=True)
class OfflineTold:
    """Whether offline evidence could be trusted (AML-04)."""

    delta: Cited
    correlation: Cited
    interval: Cited
    pairs: Cited
    agreement: Cited
    eval_set: Cited


@dataclass(frozen=True)
class ProductionTold:
    """Whether it fits into the turn, and what happens when it does not (AML-07)."""

    budget: Cited
    load_test: Cited
    fallback: Cited


@dataclass(frozen=True)
class StepTold:
    """One step of the chain that a launch goes through (Composition 1): its procedure and its artefact."""

    procedure: Cited
    artefact: Cited


@dataclass(frozen=True)
class LaunchStory:
    """All that a launch's six-pager tells. letter: the customer's, linked; incidents: what each came to."""

    id: Cited
    title: Cited
    owner: Cited
    state: Cited
    framing: FramingTold
    candidate: Cited
    portfolio: Cited
    plan: PlanTold
    result: ResultTold
    decision: DecisionTold
    offline: OfflineTold
    production: ProductionTold
    exposed: Cited
    breaches: Cited
    monitors: Cited
    letter: Cited
    chain: tuple[StepTold, ...] = ()
    incidents: tuple[Cited, ...] = ()
    surprises: tuple[Cited, ...] = ()


@dataclass(frozen=True)
class IncidentStory:
    """All that an incident's paragraph tells (AML-08, Composition 2)."""

    id: Cited
    title: Cited
    severity: Cited
    status: Cited
    began: Cited
    detected: Cited
    detected_by: Cited
    acknowledged: Cited
    localized: Cited
    category: Cited
    way: Cited
    mitigated: Cited
    mitigation: Cited
    resolved: Cited
    mttr: Cited
    cohorts: Cited
    summary: Cited
    impact: Cited
    cause: Cited
    helped: Cited
    hindered: Cited
    recovery: Cited
    correlation: Cited
    framing: Cited
    portfolio: Cited
    published: Cited
    experiments: tuple[Cited, ...] = ()
    actions: tuple[Cited, ...] = ()


def missing(kind: type[Told], gap: Gap) -> Told:
    """One of these of which nothing is on record: the same gap wherever it would say something."""
    empty = {one.name for one in fields(kind) if one.name and str(one.type).startswith("tuple")}  # type: ignore[arg-type]  # a dataclass
    return kind(**{one.name: () if one.name in empty else gap for one in fields(kind)})  # type: ignore[arg-type]
