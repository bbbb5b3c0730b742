"""The limits of winsorised means: of the units of both arms together, at the look.

Winsorising pulls values in and leaves no unit out (Dixon 1960, Ann. Math. Statist. 31, 385). The limits are
those of both arms pooled, so that under no effect they favour neither.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.core.metric import Mean, Winsorise
from bot.sources.rollup import Asked, Wanted
from bot.sources.units import Units

Limits = dict[str, tuple[float, float]]


def declared(metrics: Sequence[Wanted]) -> dict[str, Winsorise]:
    """The metrics that are winsorised."""
    pairs = ((one.name, one.metric.winsorise) for one in metrics if isinstance(one.metric, Mean))
    return {name: winsorise for name, winsorise in pairs if winsorise is not None}


def limits(units: Units, metrics: Sequence[Wanted], asked: Asked) -> Limits:
    """Per winsorised metric the lowest and the highest value kept, metric units.

    Quantiles are exact, interpolated between the two values nearest (numpy's default). Infinite values are
    none; a metric without a finite value has no limits.
    """
    wanted = declared(metrics)
    if not wanted:
        return {}
    ours = units.table.filter(units.table.side.isin(list(units.sides)))
    outputs: dict[str, Any] = {}
    name_of = {one.name: asked.names(one)[0] for one in metrics}
    for i, (metric, how) in enumerate(wanted.items()):
        column = ours[name_of[metric]]
        finite = column.isinf().ifelse(None, column)
        outputs |= {f"least{i}": finite.min(), f"most{i}": finite.max()}
        if how.lower is not None:
            outputs[f"low{i}"] = finite.quantile(how.lower)
        if how.upper is not None:
            outputs[f"high{i}"] = finite.quantile(how.upper)
    row = ours.aggregate(**outputs).to_pyarrow().to_pylist()[0]
    found = {}
    for i, (metric, how) in enumerate(wanted.items()):
        if row[f"least{i}"] is not None:
            found[metric] = _limits(row, i, how, asked.shifts.get(name_of[metric], 0.0))
    return found


def _limits(row: Mapping[str, Any], i: int, how: Winsorise, shift: float) -> tuple[float, float]:
    low, high = row[f"least{i}"] + shift, row[f"most{i}"] + shift
    if f"low{i}" in row:
        low = max(low, row[f"low{i}"] + shift)
    if f"high{i}" in row:
        high = min(high, row[f"high{i}"] + shift)
    if how.floor is not None:
        low = max(low, how.floor)
    if how.cap is not None:
        high = min(high, how.cap)
    return low, max(low, high)
