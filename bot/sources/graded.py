"""Graded results under names of our own, and what a metric makes of each.

A row is a result of a query with its grade and the position that each ranking gives it, null where it was not
returned. The unit is a query, on each device it was asked on; metrics follow `bot.stats.ranking`.
"""

from collections.abc import Mapping
from typing import Any

from bot.core.logged import Ranking
from bot.errors import SourceError
from bot.sources.unit_sums import ALL, device
from bot.sources.warehouse import columns_missing, not_numbers
from bot.stats.ranking import Metric, weights

Shares = Mapping[str, Mapping[int, float]]
"""The share of clicks by position, by device; of all of them under ALL."""


def rows_of(table: Any, ranking: Ranking, what: str) -> Any:
    """The columns under names of our own; raises SourceError.

    u: query; g: device; e: grade; a, b: positions in control and treatment; w: weight; gain; one: whether it
    is relevant; order: its position in the best order there could be.
    """
    import ibis

    sides = {ranking.control: "control"} | ({ranking.treatment: "treatment"} if ranking.treatment else {})
    needed = {ranking.query: "query", ranking.grade: "grade", **sides}
    needed |= {column: part for part in ("device", "weight") if (column := getattr(ranking, part))}
    numbers = [ranking.grade, *sides, *([ranking.weight] if ranking.weight else [])]
    reason = columns_missing(table, needed, what) or not_numbers(table, numbers, "ranking")
    if reason:
        empty = not columns_missing(table, needed, what) and not table.count().to_pyarrow().as_py()
        raise SourceError(f"{what} has no rows" if empty else reason)
    place = {
        side: table[name].cast("float64").nullif(float("nan")) if name else ibis.null("float64")
        for side, name in (("a", ranking.control), ("b", ranking.treatment))
    }
    # Not a literal: that is a decimal to DuckDB, and products of decimals overflow.
    one = 1.0 + 0 * table[ranking.grade].cast("float64")
    rows = table.select(
        u=table[ranking.query].cast("string"),
        g=device(table, ranking.device),
        e=table[ranking.grade].cast("float64"),
        w=table[ranking.weight].cast("float64") if ranking.weight else one,
        **place,
    )
    rows = rows.mutate(gain=_gain(rows.e, ranking), one=rows.e > 0)
    by_unit = ibis.window(group_by=[rows.g, rows.u], order_by=ibis.desc(rows.e))
    return rows.mutate(order=(ibis.row_number().over(by_unit) + 1).cast("float64"))


def contradictions(rows: Any, ranking: Ranking, what: str) -> tuple[int, dict[str, int]]:
    """How many queries there are, and what contradicts itself, by what is wrong."""
    wrong = {
        "rows without a query": rows.u.isnull(),
        "rows without a grade": rows.e.isnull() | rows.e.isnan(),
        f"rows with a grade below 0 or above {ranking.top:g} (`top`)": (rows.e < 0) | (rows.e > ranking.top),
        "rows without a weight, or with one below 0": rows.w.isnull() | rows.w.isnan() | (rows.w < 0),
    }
    for side in ("a", "b"):
        name = ranking.control if side == "a" else ranking.treatment
        place = rows[side]
        wrong[f"rows with a {name} that is no whole number from 1"] = (place < 1) | (place != place.floor())
    asked = {f"x{at}": one.fill_null(False).ifelse(1, 0).sum() for at, one in enumerate(wrong.values())}
    row = rows.aggregate(n=rows.count(), queries=rows.u.nunique(), **asked).to_pyarrow().to_pylist()[0]
    if not row["n"]:
        raise SourceError(f"{what} has no rows")
    bad = {name: int(row[f"x{at}"] or 0) for at, name in enumerate(wrong)}
    grouped = rows.group_by(["g", "u"]).aggregate(
        a=rows.a.count() > rows.a.nunique(),
        b=rows.b.count() > rows.b.nunique(),
        w=rows.w.max() > rows.w.min(),
    )
    twice = grouped.aggregate(**{name: grouped[name].ifelse(1, 0).sum() for name in ("a", "b", "w")})
    again = twice.to_pyarrow().to_pylist()[0]
    for side, name in (("a", ranking.control), ("b", ranking.treatment)):
        if name:
            bad[f"queries with two results at one {name}"] = int(again[side] or 0)
    bad["queries with several weights"] = int(again["w"] or 0)
    return int(row["queries"] or 0), bad


def _gain(grade: Any, ranking: Ranking) -> Any:
    """As `bot.stats.ranking.gain`."""
    if ranking.gain == "linear":
        return grade / ranking.top
    two = 0 * grade + 2.0
    return (two**grade - 1) / (2.0**ranking.top - 1)


def discounted(one: Metric, rows: Any, place: Any, shares: Shares | None) -> Any:
    """As `bot.stats.ranking.discount`, of a position that is not null; 0 beyond the last one that counts."""
    import ibis

    if one.kind == "rbp":
        base = 0 * place + one.persistence
        return (1 - one.persistence) * base ** (place - 1)
    if one.kind == "ndcg":
        value = 1 / (1 + place).log2()
    elif one.kind == "clicks":
        value = _listed(rows, shares or {}, place, one.k)
    else:
        raise ValueError(f"{one.kind} is no sum of discounts")
    return ibis.cases((place <= one.k, value), else_=0.0)


def _listed(rows: Any, shares: Shares, place: Any, k: int) -> Any:
    """The share of clicks at a position on the row's device."""
    import ibis

    def lookup(places: Mapping[int, float]) -> Any:
        known = [(place == at, share) for at, share in places.items() if at <= k and share > 0]
        return ibis.cases(*known, else_=0.0) if known else ibis.literal(0.0)

    devices = [(rows.g == name, lookup(places)) for name, places in shares.items() if name != ALL]
    whole = lookup(shares.get(ALL, {}))
    return ibis.cases(*devices, else_=whole) if devices else whole


def ideal(one: Metric, rows: Any, shares: Shares | None) -> Any:
    """What a result adds to the best order there could be; `one` is a sum of discounts."""
    best = None
    if one.kind == "clicks" and shares is not None:
        best = {name: dict(enumerate(weights(one, places), start=1)) for name, places in shares.items()}
    return discounted(one, rows, rows.order, best) * rows.gain


def added(one: Metric, rows: Any, side: str, shares: Shares | None) -> Any:
    """What a result adds to the metric in the ranking `side`, 0 where it was not returned."""
    import ibis

    place = rows[side]
    return ibis.cases((place.notnull(), discounted(one, rows, place, shares) * rows.gain), else_=0.0)
