"""Quantile metrics: the two passes that `bot.stats.quantile` asks of a source."""

import math
from typing import Any

import numpy as np

from bot.core.metric import Quantile
from bot.core.observation import SIDES, QuantileArm
from bot.core.registration import Registration
from bot.sources.rollup import number
from bot.sources.warehouse import columns_missing, not_numbers
from bot.stats.quantile import QuantileSummary, outer_levels, quantile_arm
from bot.stats.sample import Sample
from bot.stats.undecided import Undecided

Arms = dict[str, QuantileArm]


def observe(rows: Any, registration: Registration) -> tuple[dict[str, Arms], dict[str, str]]:
    """Per metric and side the quantile and its spread; and the metrics that could not be had, with why."""
    found: dict[str, Arms] = {}
    missing: dict[str, str] = {}
    for name, metric in registration.metrics.items():
        if not isinstance(metric, Quantile):
            continue
        column = metric.column or name
        reason = columns_missing(rows, {column: name}, "the data") or not_numbers(rows, [column], name)
        arms = Undecided(reason) if reason else _arms(rows, registration, metric, column)
        if isinstance(arms, Undecided):
            missing[name] = arms.reason
        else:
            found[name] = arms
    return found, missing


def _arms(rows: Any, registration: Registration, metric: Quantile, column: str) -> Arms | Undecided:
    data = registration.data
    flat = rows.select(unit_=rows[data.unit], arm_=rows[data.arm].cast("string"), value_=number(rows, column))
    arms: Arms = {}
    for side in SIDES:
        label = getattr(registration.arms, side)
        arm = _arm(flat.filter((flat.arm_ == label) & flat.value_.notnull()), metric.q)
        if isinstance(arm, Undecided):
            return Undecided(f"{side}: {arm.reason}")
        arms[side] = arm
    return arms


def _arm(mine: Any, q: float) -> QuantileArm | Undecided:
    value = mine.value_.quantile(q).to_pyarrow().as_py()
    if value is None or not math.isfinite(value):
        return Undecided(f"quantile {q:g}: no finite value")
    counts = _counts(mine, float(value))
    levels = outer_levels(counts, q)
    if isinstance(levels, Undecided):
        return levels
    ends = mine.aggregate(low=mine.value_.quantile(levels.low), high=mine.value_.quantile(levels.high))
    end = ends.to_pyarrow().to_pylist()[0]
    summary = QuantileSummary(float(value), counts, levels, float(end["low"]), float(end["high"]))
    arm = quantile_arm(summary)
    return arm if isinstance(arm, Undecided) else QuantileArm(arm.n, arm.mean, arm.sd)


def _counts(mine: Any, value: float) -> Sample:
    """Per unit the events at or below the quantile and all events."""
    below = (mine.value_ <= value).cast("float64").sum()
    units = mine.group_by("unit_").aggregate(below=below, events=mine.value_.count().cast("float64"))
    moments = units.aggregate(
        n=units.count(),
        below=units.below.mean(),
        events=units.events.mean(),
        below_below=units.below.var(how="sample"),
        events_events=units.events.var(how="sample"),
        below_events=units.below.cov(units.events, how="sample"),
    )
    row = moments.to_pyarrow().to_pylist()[0]
    if row["n"] < 2:
        return Sample.empty(("below", "events"))
    both = row["below_events"]
    cov = np.array([[row["below_below"], both], [both, row["events_events"]]], dtype=np.float64)
    return Sample(int(row["n"]), ("below", "events"), np.array([row["below"], row["events"]]), cov)
