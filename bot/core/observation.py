"""What one look saw: sufficient statistics per arm and cohort cell, and what was odd about the data.

Enough to compute the verdict again, and nothing of any one user.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from typing import Any, Literal, TypeAlias

from bot.stats.sample import Sample

Side: TypeAlias = Literal["control", "treatment"]
SIDES: tuple[Side, Side] = ("control", "treatment")
DIGITS = 12
"""Significant digits that enter the fingerprint: engines may differ in the last bits, not in these."""

BEARABLE = 0.001
"""Share of the units up to which an oddity is an accident."""


@dataclass(frozen=True)
class Cell:
    """One arm in one crossing of all cohort dimensions.

    cohort: one value per declared dimension, in declared order; None for a value that was not declared.
    units: all units of the cell; a metric's sample has fewer where it is null.
    """

    side: Side
    cohort: tuple[str | None, ...]
    units: int
    samples: Mapping[str, Sample]


@dataclass(frozen=True)
class QuantileArm:
    """One arm of a quantile metric, in all or in a cohort.

    n: units; value: the sample quantile, metric units; sd: of one unit's contribution, so that the standard
    error is sd / sqrt(n). before, before_sd: mean and sd of the covariate over units, covariance: of both
    contributions; None without a covariate.
    """

    n: int
    value: float
    sd: float
    before: float | None = None
    before_sd: float | None = None
    covariance: float | None = None


@dataclass(frozen=True)
class Observations:
    """All that a look knows.

    day: of the look; first_day, last_day: days that the data covers, None when it does not say.
    both_arms: units seen in both arms; other_arm: units whose arm is neither.
    nulls, infinite: units per metric without a value, and with an infinite one.
    moving: units per metric whose covariate changes during the experiment.
    winsorised: per metric the lowest and the highest value kept, metric units.
    cohort_quantiles: per metric and cohort ("locale=jp") what `quantiles` has for all.
    aggregate: per side and metric the sample of all units, where the source states it beside the cohorts'.
    earlier: (day, control units, treatment units) at days before this one.
    missing: metrics that could not be had, with the reason.
    broken, remarks: what the source found wrong with the rows, and what it only remarks on, in words.
    codes: the names of these sentences in the list of findings.
    source, query_sha256, engine: where it came from, the hash of the text of the queries, and what ran them.
    """

    cells: tuple[Cell, ...]
    day: float | None = None
    first_day: float | None = None
    last_day: float | None = None
    both_arms: int = 0
    other_arm: int = 0
    duplicates: int = 0
    nulls: Mapping[str, int] = field(default_factory=dict)
    infinite: Mapping[str, int] = field(default_factory=dict)
    quantiles: Mapping[str, Mapping[str, QuantileArm]] = field(default_factory=dict)
    cohort_quantiles: Mapping[str, Mapping[str, Mapping[str, QuantileArm]]] = field(default_factory=dict)
    aggregate: Mapping[str, Mapping[str, Sample]] = field(default_factory=dict)
    moving: Mapping[str, int] = field(default_factory=dict)
    winsorised: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    earlier: tuple[tuple[float, int, int], ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    broken: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    codes: Mapping[str, str] = field(default_factory=dict)
    summary: bool = False
    source: str = ""
    query_sha256: str = ""
    engine: str = ""
    _merged: dict[Any, Sample | None] = field(default_factory=dict, init=False, repr=False, compare=False)

    def units(self, side: Side) -> int:
        """Units of one arm."""
        return sum(cell.units for cell in self.cells if cell.side == side)

    def covariate_moves(self, metric: str) -> bool:
        """Whether a metric's covariate was measured after exposure: it changes for more than a few units."""
        total = sum(self.units(side) for side in SIDES)
        return self.moving.get(metric, 0) > BEARABLE * total

    def metrics(self) -> list[str]:
        """Metrics that have samples."""
        return sorted({name for cell in self.cells for name in cell.samples})

    def sample(
        self, side: Side, metric: str, cohort: Mapping[int, str | None] | None = None
    ) -> Sample | None:
        """One arm's sample of a metric, of all cells or of those with these values (dimension number: value).

        None when no cell has it.
        """
        key = side, metric, tuple(sorted((cohort or {}).items()))
        if key not in self._merged:
            cells = self._cells(side, cohort or {})
            samples = [cell.samples[metric] for cell in cells if metric in cell.samples]
            self._merged[key] = Sample.merge_all(samples) if samples else None
        return self._merged[key]

    def count(self, side: Side, cohort: Mapping[int, str | None]) -> int:
        """Units of one arm in a cohort."""
        return sum(cell.units for cell in self._cells(side, cohort))

    def _cells(self, side: Side, cohort: Mapping[int, str | None]) -> Iterable[Cell]:
        for cell in self.cells:
            if cell.side == side and all(cell.cohort[at] == value for at, value in cohort.items()):
                yield cell

    def to_json(self) -> dict[str, Any]:
        """Plain JSON with every digit, enough to compute the look again."""
        return {
            "cells": [
                {
                    "side": cell.side,
                    "cohort": list(cell.cohort),
                    "units": cell.units,
                    "samples": {name: sample.to_json() for name, sample in sorted(cell.samples.items())},
                }
                for cell in self.cells
            ],
            "first_day": self.first_day,
            "last_day": self.last_day,
            "day": self.day,
            "both_arms": self.both_arms,
            "other_arm": self.other_arm,
            "duplicates": self.duplicates,
            "nulls": dict(self.nulls),
            "infinite": dict(self.infinite),
            "quantiles": {name: _arms_json(arms) for name, arms in self.quantiles.items()},
            "cohort_quantiles": {
                name: {cohort: _arms_json(arms) for cohort, arms in cohorts.items()}
                for name, cohorts in self.cohort_quantiles.items()
            },
            "aggregate": {
                side: {name: sample.to_json() for name, sample in sorted(samples.items())}
                for side, samples in self.aggregate.items()
            },
            "moving": dict(self.moving),
            "winsorised": {name: list(limits) for name, limits in self.winsorised.items()},
            "earlier": [list(one) for one in self.earlier],
            "missing": dict(self.missing),
            "broken": list(self.broken),
            "remarks": list(self.remarks),
            "codes": dict(self.codes),
            "summary": self.summary,
            "source": self.source,
            "query_sha256": self.query_sha256,
            "engine": self.engine,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Observations":
        """Inverse of `to_json`, bit for bit; a record of an earlier version lacks what is new."""
        rest = {key: value[key] for key in value if key not in _SHAPED}
        rest |= {key: tuple(value.get(key, ())) for key in ("broken", "remarks")}
        rest["earlier"] = tuple(
            (day, control, treatment) for day, control, treatment in value.get("earlier", ())
        )
        rest["winsorised"] = {name: (low, high) for name, (low, high) in value.get("winsorised", {}).items()}
        rest["aggregate"] = {
            side: {name: Sample.from_json(sample) for name, sample in samples.items()}
            for side, samples in value.get("aggregate", {}).items()
        }
        rest["cohort_quantiles"] = {
            name: {cohort: _arms(arms) for cohort, arms in cohorts.items()}
            for name, cohorts in value.get("cohort_quantiles", {}).items()
        }
        cells = tuple(
            Cell(
                cell["side"],
                tuple(cell["cohort"]),
                cell["units"],
                {name: Sample.from_json(sample) for name, sample in cell["samples"].items()},
            )
            for cell in value["cells"]
        )
        quantiles = {name: _arms(arms) for name, arms in value["quantiles"].items()}
        return cls(cells=cells, quantiles=quantiles, **rest)

    def fingerprint(self) -> str:
        """SHA-256 of the sufficient statistics to 12 significant digits; the same data gives the same.

        What looks before this one saw is not among them.
        """
        value = self.to_json()
        del value["source"], value["query_sha256"], value["engine"], value["earlier"], value["codes"]
        del value["day"]
        for name in _ADDED:  # a look that has nothing of these keeps the fingerprint it had before them
            if not value[name]:
                del value[name]
        text = json.dumps(_rounded(value), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


_ADDED = ("cohort_quantiles", "aggregate", "moving", "winsorised")
_SHAPED = ("cells", "quantiles", "cohort_quantiles", "aggregate", "winsorised", "earlier")


def _arms_json(arms: Mapping[str, QuantileArm]) -> dict[str, list[float | None]]:
    return {side: list(astuple(arm))[: 3 if arm.before is None else 6] for side, arm in arms.items()}


def _arms(shapes: Mapping[str, Sequence[Any]]) -> dict[str, QuantileArm]:
    return {side: QuantileArm(*shape) for side, shape in shapes.items()}


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:.{DIGITS}g}"
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return value
