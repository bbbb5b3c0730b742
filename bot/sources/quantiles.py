"""Quantile metrics: the passes that `bot.stats.quantile` asks of a source, for both arms and all metrics.

1. the quantile of every group; 2. per unit the events at or below it and all events, as moments per cell,
which merge into groups; 3. the values at the outer levels of every group. The first and the third read once
for all units and, for a primary, once for every dimension and the crossing of all, in DuckDB
from a copy without units; the second reads once.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from bot.core.metric import Quantile
from bot.core.observation import SIDES, QuantileArm
from bot.core.registration import Registration
from bot.sources import quantile_rows
from bot.sources.quantile_events import Asked, Events, events
from bot.sources.quantile_rows import Group, cohort_of
from bot.sources.warehouse import columns_missing, not_numbers
from bot.stats.arm import Arm
from bot.stats.cuped import Side
from bot.stats.quantile import OuterLevels, QuantileSummary, outer_levels, quantile_arm, quantile_side
from bot.stats.sample import Sample
from bot.stats.undecided import Undecided

Arms: TypeAlias = Mapping[str, QuantileArm]


@dataclass
class Quantiles:
    """What the quantile metrics are.

    arms: per metric and side, of all units; cohorts: per metric and cohort ("locale=jp") and side, for the
    primary alone, and only where both arms have an interval; missing: metrics that could not be had, and why;
    moving: units per metric whose covariate is not the same in all rows.
    """

    arms: dict[str, Arms] = field(default_factory=dict)
    cohorts: dict[str, Mapping[str, Arms]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    moving: dict[str, int] = field(default_factory=dict)


def observe(
    rows: Any, registration: Registration, both_arms: int = 0, newest: float | None = None
) -> Quantiles:
    """Every quantile metric. both_arms: how many units are in both arms, and left out.

    newest: the last day there is, when the table has days.
    """
    found = Quantiles()
    asked = list(_asked(rows, registration, found.missing))
    if not asked:
        return found
    seen = events(rows, registration, asked, both_arms=both_arms, newest=newest)
    groups = quantile_rows.quantiles(seen)
    counts, found.moving = quantile_rows.counts(seen, groups)
    sides = _sides(seen, groups, counts)
    names = list(registration.cohorts.dimensions)
    for one in asked:
        reason = next(
            (f"{s}: {w.reason}" for s in SIDES if isinstance(w := sides[one.name, s, ()], Undecided)), ""
        )
        if reason:
            found.missing[one.name] = reason
            continue
        every: dict[str, dict[str, QuantileArm]] = {}
        for (name, side, cohort), arm in sides.items():
            if name == one.name and not isinstance(arm, Undecided):
                every.setdefault(cohort_of(names, cohort), {})[side] = arm
        found.arms[one.name] = every.pop("")
        both: dict[str, Arms] = {cohort: arms for cohort, arms in every.items() if len(arms) == len(SIDES)}
        if both:
            found.cohorts[one.name] = both
    return found


def _asked(rows: Any, registration: Registration, missing: dict[str, str]) -> Iterator[Asked]:
    for name, metric in registration.metrics.items():
        if not isinstance(metric, Quantile):
            continue
        columns = [metric.column or name, *([metric.covariate] if metric.covariate else [])]
        reason = columns_missing(rows, dict.fromkeys(columns, name), "the data")
        reason = reason or not_numbers(rows, columns, name)
        if reason:
            missing[name] = reason
            continue
        dimensions = len(registration.cohorts.dimensions) if name == registration.primary.metric else 0
        yield Asked(name, metric.q, columns[0], metric.covariate, dimensions, metric.window_days)


def _sides(
    seen: Events, groups: Mapping[Group, float], counts: Mapping[Group, Sample]
) -> dict[Group, QuantileArm | Undecided]:
    """The third pass, and what the three make."""
    found: dict[Group, QuantileArm | Undecided] = {}
    levels: dict[Group, OuterLevels] = {}
    q = {one.name: one.q for one in seen.asked}
    wanted = {(one.name, side, ()) for one in seen.asked for side in SIDES}
    for group in sorted({*groups, *wanted}, key=str):
        value = groups.get(group, math.nan)
        if not math.isfinite(value):
            found[group] = Undecided(f"quantile {q[group[0]]:g}: no finite value")
            continue
        outer = outer_levels(counts[group], q[group[0]])
        if isinstance(outer, Undecided):
            found[group] = outer
        else:
            levels[group] = outer
    for group, (low, high) in quantile_rows.outer_values(seen, levels).items():
        summary = QuantileSummary(groups[group], counts[group], levels[group], low, high)
        found[group] = _arm(summary)
    return found


def _arm(summary: QuantileSummary) -> QuantileArm | Undecided:
    found: Side | Arm | Undecided = quantile_arm(summary)
    if "covariate" in summary.counts.columns:
        found = quantile_side(summary, "covariate")
    if isinstance(found, Side):
        return QuantileArm(
            *(found.metric.n, found.metric.mean, found.metric.sd),
            *(found.covariate.mean, found.covariate.sd, found.covariance),
        )
    return found if isinstance(found, Undecided) else QuantileArm(found.n, found.mean, found.sd)
