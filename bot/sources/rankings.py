"""Metrics of graded rankings, added up by query where the rows are (`bot.sources.graded`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.core.logged import Ranking
from bot.sources.graded import Shares, added, contradictions, ideal, rows_of
from bot.sources.unit_sums import ALL, added_up
from bot.stats.moments import Sums
from bot.stats.ranking import Metric


@dataclass(frozen=True, eq=False)
class Scored:
    """What was added up. bad: rows or queries that contradict themselves, by what is wrong.

    sums: by metric and device the sums over queries of weight, weight times the control's metric, weight
    times the treatment's. scored: by metric and device, queries of which it says something; of the others no
    result is relevant. queries: all.
    """

    queries: int
    bad: Mapping[str, int] = field(default_factory=dict)
    sums: Mapping[str, Mapping[str, Sums]] = field(default_factory=dict)
    scored: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def score(table: Any, ranking: Ranking, what: str, shares: Shares | None = None) -> Scored:
    """Add up every metric. Raises SourceError, or what the engine raises."""
    rows = rows_of(table, ranking, what)
    queries, bad = contradictions(rows, ranking, what)
    if any(bad.values()):
        return Scored(queries, bad)
    units = _units(rows, ranking.metrics, shares)
    columns: dict[str, Any] = {}
    for at in range(len(ranking.metrics)):
        below = units[f"below{at}"]
        known = below > 0
        columns[f"w{at}"] = known.ifelse(units.w, 0.0)
        for side in ("a", "b"):
            value = units.w * units[f"{side}{at}"] / below.nullif(0.0)
            columns[f"{side}{at}"] = known.ifelse(value, 0.0)
        columns[f"n{at}"] = known.ifelse(1, 0)
    flat = units.select(g=units.g, u=units.u, **columns)
    blocks = [[f"w{at}", f"a{at}", f"b{at}"] for at in range(len(ranking.metrics))]
    found = over_queries(flat, blocks, devices=bool(ranking.device))
    keys = [one.key for one in ranking.metrics]
    counts = _scored(flat, len(keys))
    return Scored(
        queries,
        bad,
        {key: {group: parts[at] for group, parts in found.items()} for at, key in enumerate(keys)},
        {key: {group: many[at] for group, many in counts.items()} for at, key in enumerate(keys)},
    )


def _scored(units: Any, metrics: int) -> dict[str, list[int]]:
    """How many queries each metric says something of, by device; those of all devices together once."""
    names = [f"n{at}" for at in range(metrics)]
    by_device = units.group_by("g").aggregate(**{name: units[name].sum() for name in names})
    found = {row["g"]: [int(row[name]) for name in names] for row in by_device.to_pyarrow().to_pylist()}
    once = units.group_by("u").aggregate(**{name: units[name].max() for name in names})
    row = once.aggregate(**{name: once[name].sum() for name in names}).to_pyarrow().to_pylist()[0]
    return {**found, ALL: [int(row[name] or 0) for name in names]}


def over_queries(units: Any, blocks: Sequence[Sequence[str]], *, devices: bool) -> dict[str, list[Sums]]:
    """The sums by device, and of everything, where a query that was asked on two devices is one unit."""
    found = added_up(units, blocks)
    if not devices or not found:
        return found
    names = list(dict.fromkeys(name for block in blocks for name in block))
    import ibis

    whole = units.group_by("u").aggregate(**{name: units[name].sum() for name in names})
    return {**found, ALL: added_up(whole.mutate(g=ibis.literal(ALL)), blocks)[ALL]}


def _units(rows: Any, metrics: Sequence[Metric], shares: Shares | None) -> Any:
    """By device and query a0…, b0…, what each metric adds up to, and below0…, what that is a share of."""
    asked: dict[str, Any] = {"w": rows.w.max()}
    for at, one in enumerate(metrics):
        if one.kind == "recall":
            asked[f"below{at}"] = rows.one.ifelse(1.0, 0.0).sum()
        elif one.kind == "mrr":
            asked[f"below{at}"] = rows.one.ifelse(1.0, 0.0).max()
        elif one.kind == "rbp":
            asked[f"below{at}"] = (1.0 + 0 * rows.w).max()
        else:
            asked[f"below{at}"] = ideal(one, rows, shares).sum()
        for side in ("a", "b"):
            asked[f"{side}{at}"] = _side(one, rows, side, shares)
    return rows.group_by(["g", "u"]).aggregate(**asked)


def _side(one: Metric, rows: Any, side: str, shares: Shares | None) -> Any:
    if one.kind in ("recall", "mrr"):
        found = rows.one & rows[side].notnull() & (rows[side] <= one.k)
        value = 1.0 if one.kind == "recall" else 1 / rows[side]
        part = found.ifelse(value, 0.0)
        return part.sum() if one.kind == "recall" else part.max()
    return added(one, rows, side, shares).sum()
