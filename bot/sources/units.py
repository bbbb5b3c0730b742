"""One row per unit, in the engine.

Columns of the result: `side` the unit's arm, `c0`, `c1`, … its cohort dimensions, both as `Units` decodes
them, and `v0`, `v1`, … its values about a shift. Tables with days have besides: `both` (1 when the unit is in
both arms), `first` and `last` (its days), `moves_v…` (whether a covariate changes over its days), and where
it was asked for `again` (whether a day may have come twice).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.core.observation import SIDES, Side
from bot.core.registration import Registration
from bot.sources.duckdb_functions import bit_count
from bot.sources.rollup import Asked, Value, labels, number

DAY_BITS = 50
"""Days that are told apart by a bit each; days as far apart as this share one, and are then counted."""


@dataclass(frozen=True)
class Units:
    """One row per unit. sides, cohorts: what its labels mean; those that are not here were not declared."""

    table: Any
    sides: Mapping[Any, Side]
    cohorts: tuple[Mapping[Any, str], ...]


def single(rows: Any, registration: Registration, asked: Asked) -> Units:
    """The units of a table that has one row for each.

    Labels stay as they are: mapping them to declared ones row by row costs more than all the sums.
    """
    declared = _declared(registration)
    found = labels(rows, registration)
    if asked.mapped:
        found = {name: text.isin(declared[name]).ifelse(text, None) for name, text in found.items()}
    for value, name in asked.values.items():
        shifted = number(rows, value.column, gaps=name in asked.gaps) - asked.shifts.get(name, 0.0)
        found[name] = _clipped(shifted, value, name, asked)
    arms = registration.arms
    cohorts = tuple({text: text for text in texts} for texts in list(declared.values())[1:])
    return Units(rows.select(**found), {arms.control: SIDES[0], arms.treatment: SIDES[1]}, cohorts)


def rolled_up(rows: Any, registration: Registration, asked: Asked, *, bits: bool) -> Units:
    """The units of a table with days.

    A mean is averaged over the unit's days, a proportion is whether it ever happened, a ratio's two columns
    are summed, a covariate is the same on all days. A unit's cohort is the first of its values by name. bits:
    whether the engine is DuckDB, which says by a bit for each day whether one came twice.
    """
    import ibis

    declared = _declared(registration)
    flat = {name: _code(name, text, declared[name]) for name, text in labels(rows, registration).items()}
    for value, name in asked.values.items():
        flat[name] = number(rows, value.column, gaps=name in asked.gaps) - asked.shifts.get(name, 0.0)
    if bits:
        flat["bit"] = ibis.literal(1, "int64") << (rows.day_.cast("int64") % DAY_BITS)
    table = rows.select(unit_=rows[registration.data.unit], day_=rows.day_, **flat)
    rolled = {"first": table.day_.min(), "last": table.day_.max()}
    rolled |= {"arm_low": table.side.min(), "arm_high": table.side.max()}
    rolled |= {name: table[name].min() for name in declared if name != "side"}
    for value, name in asked.values.items():
        rolled[name] = getattr(table[name], value.how)()
        if value.covariate:
            rolled[f"low_{name}"] = table[name].min()
    if bits:
        rolled |= {"seen": table.bit.bit_or(), "counted": table.count()}
    found = _finished(table.group_by("unit_").aggregate(**rolled), asked, bits)
    cohorts = [dict(enumerate(sorted(texts))) for name, texts in declared.items() if name != "side"]
    return Units(found, dict(enumerate(SIDES)), tuple(cohorts))


def _declared(registration: Registration) -> dict[str, tuple[str, ...]]:
    arms = registration.arms
    cohorts = registration.cohorts.dimensions.values()
    return {"side": (arms.control, arms.treatment), **{f"c{k}": texts for k, texts in enumerate(cohorts)}}


def _code(name: str, text: Any, declared: tuple[str, ...]) -> Any:
    """The place of a label among the declared ones: arms as given, others last; cohorts by name."""
    import ibis

    side = name == "side"
    places = [(text == one, place) for place, one in enumerate(declared if side else sorted(declared))]
    others = [(text.notnull(), len(SIDES))] if side else []
    return ibis.cases(*places, *others, else_=None).cast("int32")


def _finished(units: Any, asked: Asked, bits: bool) -> Any:
    """Sides, and the values as they count, of units that were rolled up."""
    import ibis

    one_arm = units.arm_low == units.arm_high
    ours = (units.arm_low == 0) & (units.arm_high == 1)
    found = {
        "side": one_arm.ifelse(units.arm_low, ibis.null("int32")),
        "both": ours.ifelse(1, 0).cast("int64"),
    }
    for value, name in asked.values.items():
        column = units[name]
        if value.window is not None and asked.newest is not None:
            full = asked.newest - units["first"] + 1 >= value.window
            column = full.ifelse(column, ibis.null("float64"))
        found[name] = _clipped(column, value, name, asked)
        if value.covariate:
            found[f"moves_{name}"] = (units[f"low_{name}"] != units[name]).ifelse(1, 0).cast("int64")
    if bits:
        again = bit_count()(units.seen) != units.counted
        found["again"] = again.ifelse(1, 0).cast("int64")
    return units.mutate(**found)


def _clipped(column: Any, value: Value, name: str, asked: Asked) -> Any:
    """Pulled in to the metric's limits; what is infinite stays so, and is counted."""
    if value.clipped not in asked.limits:
        return column
    shift = asked.shifts.get(name, 0.0)
    low, high = (limit - shift for limit in asked.limits[value.clipped])
    return column.isinf().ifelse(column, column.clip(low, high))
