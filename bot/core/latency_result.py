"""What a simulation of a latency budget found. All values are frozen; times are ms, shares fractions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.core.latency_budget import Budget
from bot.core.what_if import WhatIf
from bot.stats.undecided import Undecided

if TYPE_CHECKING:  # on the way to an ack nobody needs numbers
    from bot.stats.tail import Level, Share

REST = "rest"
"""What of a measured turn stands in no stage."""


class Method(StrEnum):
    """How the turn's quantiles come from those of its stages."""

    WHOLE = "whole turns"
    """Measured turns as they were, so that what is slow together stays together."""
    INDEPENDENT = "independent stages"
    """Each stage drawn by itself."""
    ADDITIVE = "p95s added up"
    """Each quantile of the stages added up along the longest path."""
    HISTOGRAM = "its own histogram"
    """The turn as Prometheus has measured it."""


class Fit(StrEnum):
    """Whether the turn keeps its SLO."""

    FITS = "fits"
    OVER = "does not fit"
    OPEN = "is too close to call"


@dataclass(frozen=True)
class Estimate:
    """The turn by one method: a level for each quantile, and the share of turns over the SLO (None where the
    method has no turns)."""

    levels: tuple["Level", ...]
    over: "Share | None" = None

    def at(self, quantile: float) -> "Level":
        """One of them; raises KeyError where there is none."""
        for level in self.levels:
            if level.quantile == quantile:
                return level
        raise KeyError(quantile)


@dataclass(frozen=True)
class StageResult:
    """One stage.

    assumed: in words, where nobody measured it. given_up, warned, twice: shares of its requests, None where
    that is not done. near, begins: its mean duration, and when it begins, in turns whose length is about the
    SLO's quantile; None where there are no turns.
    """

    name: str
    levels: tuple["Level", ...]
    assumed: str = ""
    given_up: "Share | None" = None
    warned: "Share | None" = None
    twice: "Share | None" = None
    near: float | None = None
    begins: float | None = None


@dataclass(frozen=True)
class Shape:
    """How many turns of all are in each bin: `shares` between edges `start + i * width`, ms."""

    start: float
    width: float
    shares: tuple[float, ...]


@dataclass(frozen=True)
class Scenario:
    """The pipeline as it is (`what_if` None), or with some changes.

    judged: the method that `fit` and `change` are about: whole turns where they can be had. change: how much
    longer than now, at the SLO's quantile, None for the pipeline as it is. path: the stages that decide at
    that quantile. why: the reason where nothing could be computed.
    """

    what_if: WhatIf | None
    estimates: Mapping[Method, Estimate | Undecided]
    stages: tuple[StageResult, ...]
    path: tuple[str, ...]
    judged: Method
    fit: Fit
    change: "Level | None" = None
    shapes: Mapping[Method, Shape] = field(default_factory=dict, repr=False)
    why: str = ""

    def estimate(self, method: Method) -> Estimate | None:
        """What a method found; None where it could not."""
        found = self.estimates.get(method)
        return found if isinstance(found, Estimate) else None


@dataclass(frozen=True)
class CohortResult:
    """The turn of one cohort at the SLO's quantile; `off` is how far from the whole's, as a share of it, and
    `beyond` whether even the end of its interval nearer to the whole is beyond the alert."""

    name: str
    turns: int
    level: "Level"
    off: float
    beyond: bool


@dataclass(frozen=True)
class Pair:
    """Two stages and Spearman's rho of their durations over turns."""

    first: str
    second: str
    rho: float


@dataclass(frozen=True)
class Simulation:
    """All that was found of a budget.

    source: what was measured, in words. turns: how many measured turns it rests on, 0 for none; told: as how
    many independent ones they count at the SLO's quantile. draws, seed: of the stages drawn by themselves.
    """

    budget: Budget
    source: str
    turns: int
    told: float
    draws: int
    seed: int
    now: Scenario
    what_ifs: tuple[Scenario, ...] = ()
    cohorts: tuple[CohortResult, ...] = ()
    pairs: tuple[Pair, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def slo_quantile(self) -> float:
        """The quantile that the SLO is about."""
        return self.budget.slo.quantile
