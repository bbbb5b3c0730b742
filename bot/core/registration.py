"""A registration: the rule written before the result, as frozen values.

The shapes are those of the YAML file; what they mean together is judged by `bot.core.lint`. The hash of a
registration is taken over its parsed content, so that formatting and comments do not change it.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from bot.core.metric import Metric
from bot.core.part import EMPTY, Day, Frozen, Label, Name, Number, Part, Positive, Share, Text
from bot.core.rollout import RolloutMetric, Schedule, Stage

ID_PATTERN = r"^[a-z0-9][a-z0-9-]{2,63}$"


class Hypothesis(Part):
    """What is believed and what would disprove it."""

    intervention: Text = ""
    h0: Text = ""
    h1: Text = ""
    prior_evidence: tuple[Text, ...] = ()
    disconfirming: tuple[Text, ...] = ()
    prior_probability: Annotated[float, Field(ge=0, le=1)] | None = None


class Arms(Part):
    """Values of the arm column."""

    control: Label
    treatment: Label


class Traffic(Part):
    """How many units come by: both arms together, per day."""

    eligible_per_day: Positive


SUMMARY_COLUMNS = ("day", "arm", "metric", "n", "mean", "variance")
"""What a table of ready statistics (kind: summary) has."""


class Data(Part):
    """Where the data is and what its columns are called.

    randomised_by: what was randomised, when it is not `unit`. max_lag_days: how many days the newest data may
    lie behind the day of a look; it is then judged by the information there was.
    """

    source: Name | None = None
    kind: Literal["rows", "summary"] = "rows"
    table: Name | None = None
    sql: Annotated[str, Field(min_length=1, max_length=20_000)] | None = None
    path: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    unit: Name | None = None
    arm: Name | None = None
    day: Name | None = None
    date: Name | None = None
    start: Annotated[dt.date, Field(ge=dt.date(2000, 1, 1), le=dt.date(2199, 12, 31))] | None = None
    columns: Annotated[Mapping[str, Name], Frozen] = EMPTY
    randomised_by: Name | None = None
    max_lag_days: Annotated[int, Field(ge=0, le=60)] = 0

    def column(self, name: str) -> str:
        """The column that plays this part, after `columns:`."""
        return self.columns.get(name, name)


class Mde(Part):
    """The minimum effect worth detecting; one of both."""

    relative: Positive | None = None
    absolute: Positive | None = None


class Cuped(Part):
    """The planning value; the look measures the real one."""

    variance_reduction: Annotated[float, Field(ge=0, lt=1)]


class Primary(Part):
    """The one metric that decides.

    baseline, sd: of one unit in the control arm, metric units; the sd of a ratio or a quantile is that of a
    unit's contribution, so that the standard error is sd / sqrt(n). claimed_*: figures some document states,
    checked against what is computed.
    """

    metric: Name
    direction: Literal["increase", "decrease"] = "increase"
    baseline: Number | None = None
    sd: Positive | None = None
    mde: Mde | None = None
    cuped: Cuped | None = None
    claimed_n_per_arm: Positive | None = None
    claimed_n_per_arm_cuped: Positive | None = None
    claimed_inflation: Positive | None = None


class Futility(Part):
    """When to stop for want of effect."""

    spending: Literal["obrien-fleming", "pocock", "hwang-shih-decani"]
    gamma: Number | None = None
    binding: bool = False


Spending: TypeAlias = Literal[
    "obrien-fleming",
    "pocock",
    "hwang-shih-decani",
    "haybittle-peto",
    "exact-obrien-fleming",
    "exact-pocock",
    "nominal",
    "none",
]


class Sequential(Part):
    """When the data may be looked at, and what each look may spend.

    interim_z: what Haybittle and Peto ask of every look but the last. sided: 1 tests the declared direction
    alone, at the whole alpha. information: what a look's information is counted in; `units` needs
    planned_units (both arms, at the last look) or a sample size that can be computed.
    """

    looks: Annotated[tuple[Day, ...], Field(min_length=1, max_length=60)]
    spending: Spending = "obrien-fleming"
    gamma: Number | None = None
    alphas: tuple[Share, ...] | None = None
    interim_z: Positive | None = None
    sided: Literal[1, 2] = 2
    information: Literal["days", "units"] = "days"
    planned_units: Positive | None = None
    futility: Annotated[
        Futility | None, BeforeValidator(lambda value: None if value == "none" else value)
    ] = None


THRESHOLDS = ("max_relative_regression", "max_relative_increase", "max", "min")


class Guardrail(Part):
    """A line that must not be crossed; exactly one threshold.

    spending: how its alpha is spent when it is watched at every look; `none` judges each look at all of it.
    baseline, sd: of one unit in the control arm, for the power to clear it.
    """

    metric: Name
    max_relative_regression: Positive | None = None
    max_relative_increase: Positive | None = None
    max: Number | None = None
    min: Number | None = None
    spending: Literal["none", "pocock", "obrien-fleming"] = "none"
    baseline: Number | None = None
    sd: Positive | None = None

    @property
    def thresholds(self) -> dict[str, float]:
        """The thresholds given: a registration that passed the checks has one."""
        values = {kind: getattr(self, kind) for kind in THRESHOLDS}
        return {kind: float(value) for kind, value in values.items() if value is not None}


class Cohorts(Part):
    """Groups that must each be unharmed.

    correction: for being many, over the cohorts of all dimensions that have units enough.
    """

    dimensions: Annotated[Mapping[str, Annotated[tuple[Label, ...], Field(min_length=1)]], Frozen] = EMPTY
    shares: Annotated[
        Mapping[str, Annotated[Mapping[str, Annotated[float, Field(ge=0, le=1)]], Frozen]], Frozen
    ] = EMPTY
    max_relative_regression: Positive | None = None
    min_adequacy: Annotated[float, Field(gt=0, le=1)] = 0.8
    correction: Literal["none", "bonferroni", "holm"] = "none"


class EvidenceGate(Part):
    """How well offline evidence must have predicted online effects; correlation: what was measured."""

    min_correlation: Annotated[float, Field(ge=-1, le=1)]
    correlation: Annotated[float, Field(ge=-1, le=1)] | None = None


class Offline(Part):
    """What was measured offline before: delta is relative (0.06 = 6 %), built is the eval set's day."""

    metric: Name
    delta: Number
    eval_set: Annotated[str, Field(max_length=200)] = ""
    built: dt.date | None = None


class After(Part):
    """The check after a launch, on the day `days` after the decision.

    data: where the rows of that time are, when not where the experiment's were; it has the same columns, and
    its days are the experiment's. Ready statistics (kind: summary) begin after the day of the decision.
    """

    days: Annotated[int, Field(ge=1, le=365)] = 28
    data: Data | None = None


Artefact: TypeAlias = Literal[
    "framing", "portfolio", "correlation", "load_test", "fallback", "dashboard", "monitors", "runbook"
]
"""Documents a launch's readiness asks for, by the name under which a registration links them."""


class Registration(Part):
    """The whole file; rerun_of names the experiment that this one runs again, with what was learned."""

    id: Annotated[str, Field(pattern=ID_PATTERN)]
    rerun_of: Annotated[str, Field(pattern=ID_PATTERN)] | None = None
    title: Annotated[str, Field(max_length=200)] = ""
    owner: Annotated[str, Field(max_length=200)] = ""
    hypothesis: Hypothesis = Field(default_factory=Hypothesis)
    population: Text = ""
    arms: Arms
    allocation: Share = 0.5
    horizon_days: Day
    power: Share = 0.8
    alpha: Share = 0.05
    traffic: Traffic | None = None
    data: Data
    metrics: Annotated[Mapping[str, Metric], Frozen, Field(min_length=1, max_length=60)]
    primary: Primary
    ship_rule: Literal["significant", "clears_mde"] = "significant"
    sequential: Sequential
    guardrails: Annotated[tuple[Guardrail, ...], Field(max_length=60)] = ()
    correction: Literal["iut", "bonferroni", "holm"] = "iut"
    guardrail_rule: Literal["harm", "noninferiority"] = "harm"
    cohorts: Cohorts = Field(default_factory=Cohorts)
    evidence_gate: EvidenceGate | None = None
    rollout: Annotated[tuple[Stage, ...], Field(max_length=20)] = ()
    rollout_metrics: Annotated[Mapping[str, RolloutMetric], Frozen] = EMPTY
    schedule: Schedule = Field(default_factory=Schedule)
    offline: Offline | None = None
    after: After = Field(default_factory=After)
    artefacts: Annotated[Mapping[Artefact, Annotated[str, Field(max_length=1000)]], Frozen] = EMPTY
    signoffs: tuple[Name, ...] = ()

    @property
    def looks(self) -> tuple[int, ...]:
        """Days of the planned looks."""
        return self.sequential.looks

    @property
    def name(self) -> str:
        """What people call it."""
        return self.title or self.id

    def fractions(self) -> tuple[float, ...]:
        """Planned information at each look, a share of that at the last one; time stands for information."""
        return tuple(day / self.looks[-1] for day in self.looks)


def canonical_json(data: Any) -> str:
    """The text that is hashed: keys sorted, no white space, UTF-8 kept as it is."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256(data: Any) -> str:
    """The registration's hash, hexadecimal."""
    return hashlib.sha256(canonical_json(data).encode()).hexdigest()


def load(data: Any) -> Registration:
    """A registration from parsed content; raises pydantic's ValidationError with every error of shape.

    The order of keys is kept, since cohort dimensions are named in declared order.
    """
    return Registration.model_validate_json(json.dumps(data, ensure_ascii=False, allow_nan=False))
