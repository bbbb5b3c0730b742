"""Where people click, and at which positions the gain of an offline metric sits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.core.logged import Clicks, Ranking
from bot.errors import SourceError
from bot.sources.graded import added, contradictions, ideal, rows_of
from bot.sources.rankings import over_queries
from bot.sources.unit_sums import ALL, device
from bot.sources.warehouse import columns_missing, not_numbers
from bot.stats.moments import Sums
from bot.stats.ranking import Metric

MOST = 10_000
"""Devices times positions that are brought."""


@dataclass(frozen=True, eq=False)
class Gains:
    """What a metric's difference is made of.

    sums: by device over queries of weight, weight times the difference at positions that are seen, and weight
    times all of it. by_position: what each position adds to the difference, over all queries. bad: what
    contradicts itself.
    """

    bad: Mapping[str, int]
    sums: Mapping[str, Sums] = field(default_factory=dict)
    by_position: Mapping[int, float] = field(default_factory=dict)


def clicked(table: Any, clicks: Clicks, what: str) -> dict[str, dict[int, float]]:
    """How many clicks each position has, by device and under ALL.

    Raises SourceError where a position is none, or what the engine raises.
    """
    needed = {clicks.position: "position", clicks.device: "device", clicks.count: "count"}
    needed.pop("", None)
    numbers = [name for name in (clicks.position, clicks.count) if name]
    reason = columns_missing(table, needed, what) or not_numbers(table, numbers, "clicks")
    if reason:
        raise SourceError(reason)
    place = table[clicks.position].cast("float64")
    many = table[clicks.count].cast("float64") if clicks.count else 1.0 + 0 * place
    rows = table.select(g=device(table, clicks.device), place=place, n=many)
    rows = rows.filter(rows.place.notnull() & ~rows.place.isnan() & rows.n.notnull())
    odd = rows.filter((rows.place < 1) | (rows.place != rows.place.floor()) | (rows.n < 0)).count()
    strange = int(odd.to_pyarrow().as_py())
    if strange:
        said = (
            f"{strange:,} row{'' if strange == 1 else 's'} with a {clicks.position} that is no whole number"
        )
        raise SourceError(f"{what} has {said} from 1, or a count below 0: positions begin at 1")
    counted = rows.group_by(["g", "place"]).aggregate(n=rows.n.sum())
    found: dict[str, dict[int, float]] = {ALL: {}}
    for row in counted.order_by(["g", "place"]).limit(MOST).to_pyarrow().to_pylist():
        at, number = int(row["place"]), float(row["n"] or 0.0)
        for group in dict.fromkeys((ALL, str(row["g"]))):
            places = found.setdefault(group, {})
            places[at] = places.get(at, 0.0) + number
    return found


def gains(table: Any, ranking: Ranking, one: Metric, what: str, seen: Mapping[str, int]) -> Gains:
    """What each position adds to the difference of a metric that is a sum of discounts (NDCG, RBP).

    seen: the last position that people look at, by device and under ALL for the others. Raises SourceError,
    or what the engine raises.
    """
    import ibis

    rows = rows_of(table, ranking, what)
    _, bad = contradictions(rows, ranking, what)
    if any(bad.values()):
        return Gains(bad)
    best = ibis.window(group_by=[rows.g, rows.u])
    below = 1.0 + 0 * rows.w if one.kind == "rbp" else ideal(one, rows, None).sum().over(best)
    rows = rows.mutate(below=below)
    rows = rows.filter(rows.below > 0)
    rows = rows.mutate(**{f"part_{side}": added(one, rows, side, None) / rows.below for side in ("a", "b")})
    cases = [(rows.g == name, float(place)) for name, place in seen.items() if name != ALL]
    last = ibis.cases(*cases, else_=float(seen[ALL])) if cases else ibis.literal(float(seen[ALL]))
    inside = {
        side: (rows[side] <= last).ifelse(rows[f"part_{side}"], 0.0).fill_null(0.0) for side in ("a", "b")
    }
    rows = rows.mutate(inside=inside["b"] - inside["a"], whole=rows.part_b - rows.part_a)
    units = rows.group_by(["g", "u"]).aggregate(w=rows.w.max(), i=rows.inside.sum(), t=rows.whole.sum())
    flat = units.select(g=units.g, u=units.u, w=units.w, i=units.w * units.i, t=units.w * units.t)
    found = over_queries(flat, [["w", "i", "t"]], devices=bool(ranking.device))
    sums = {group: parts[0] for group, parts in found.items()}
    return Gains(bad, sums, _by_position(rows, sums))


def _by_position(rows: Any, sums: Mapping[str, Sums]) -> dict[int, float]:
    if ALL not in sums:
        return {}
    total = float(sums[ALL].mean[0]) * sums[ALL].n
    found: dict[int, float] = {}
    for side, sign in (("a", -1.0), ("b", 1.0)):
        placed = rows.filter(rows[side].notnull())
        grouped = placed.group_by(place=placed[side]).aggregate(
            value=(placed.w * placed[f"part_{side}"]).sum()
        )
        for row in grouped.order_by("place").limit(MOST).to_pyarrow().to_pylist():
            at = int(row["place"])
            found[at] = found.get(at, 0.0) + sign * float(row["value"] or 0.0) / total
    return dict(sorted(found.items()))
