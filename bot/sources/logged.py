"""A log of what was shown, to which probability and with what reward, added up where it is.

Nothing comes into Python by row: units are added up in the engine, and what is brought are the sums of
`bot.stats.moments` and, for a target policy that is itself counted, sums by context and action.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bot.core.logged import Chosen, Logged, Modelled, Written
from bot.errors import SourceError
from bot.sources import reward_model
from bot.sources.policy import Policy, joined
from bot.sources.unit_sums import ALL, NONE, added_up, device
from bot.sources.warehouse import columns_missing, not_numbers
from bot.stats.moments import Array, Sums, pairs, triples
from bot.stats.off_policy import MODELLED, PLAIN, Column, Weights


@dataclass(frozen=True, eq=False)
class Gathered:
    """The sums of one group of rows.

    policy: the covariance of the means that comes from a counted policy. uncovered: of all rows, the share of
    what the target policy would show that the log never showed; None where that is not known.
    """

    sums: Sums
    weights: Weights
    policy: Array | None = None
    uncovered: float | None = None


def gather(table: Any, logged: Logged, policy: Policy | None, what: str) -> dict[str, Gathered]:
    """The sums by device, those of everything under ALL. Raises SourceError, or what the engine raises."""
    _check(table, logged, what)
    rows = _rows(table, logged, policy)
    found = _contradictions(rows)
    if found.rows == 0:
        raise SourceError(f"{what} has no rows")
    width = PLAIN if logged.model is None else MODELLED
    if any(found.bad.values()):
        empty = Sums.gathered(0, [0.0] * width, [0.0] * width, *_nothing(width))
        return {ALL: Gathered(empty, found)}
    rows = _weighted(rows, logged)
    if logged.model is not None:
        rows = reward_model.added(rows, logged, policy)
    weights = _weights(rows)
    sums = _sums(rows, width, clustered=bool(logged.cluster))
    spread = {} if policy is None else policy.spread(rows, {name: one.n for name, one in sums.items()}, width)
    uncovered = None if policy is None else policy.uncovered(rows)
    return {
        name: Gathered(one, weights[name], spread.get(name), uncovered if name == ALL else None)
        for name, one in sums.items()
    }


def mean(table: Any, reward: str, what: str) -> Sums:
    """The sums of one column alone: of a log that the target policy left itself."""
    reason = columns_missing(table, {reward: "reward"}, what) or not_numbers(table, [reward], "reward")
    if reason:
        raise SourceError(reason)
    value = table[reward].cast("float64")
    rows = table.select(g=_literal(ALL), x0=value).filter(lambda t: t.x0.notnull() & ~t.x0.isnan())
    found = added_up(rows, [["x0"]])
    if ALL not in found:
        raise SourceError(f"{what} has no rows")
    return found[ALL][0]


def _check(table: Any, logged: Logged, what: str) -> None:
    """Raise SourceError where a column is missing, or holds no numbers where it has to."""
    numbers = {logged.reward: "reward", logged.propensity: "propensity"}
    needed = {logged.action: "action", **dict.fromkeys(logged.context, "context")}
    needed |= {column: part for part in ("cluster", "device") if (column := getattr(logged, part))}
    if isinstance(logged.target, Written):
        numbers[logged.target.column] = "target"
    if isinstance(logged.target, Chosen):
        needed[logged.target.column] = "target"
    if isinstance(logged.model, Modelled):
        numbers |= {logged.model.action: "model", logged.model.target: "model"}
    reason = columns_missing(table, {**numbers, **needed}, what)
    unfit = (not_numbers(table, [column], part) for column, part in numbers.items())
    reason = reason or next((one for one in unfit if one), None)
    if reason:
        # A CSV file without rows has no types either, so that comes first.
        empty = not table.limit(1).count().to_pyarrow().as_py()
        raise SourceError(f"{what} has no rows" if empty else reason)


def _rows(table: Any, logged: Logged, policy: Policy | None) -> Any:
    """The columns under names of our own: r, p, q, a, c0…, u (its cluster), g (its device)."""
    import ibis

    columns = {
        "r": table[logged.reward].cast("float64"),
        "p": table[logged.propensity].cast("float64"),
        "a": table[logged.action].cast("string"),
        "g": device(table, logged.device),
        **{f"c{at}": table[name].cast("string").fill_null(NONE) for at, name in enumerate(logged.context)},
    }
    if logged.cluster:
        columns["u"] = table[logged.cluster].cast("string")
    if isinstance(logged.model, Modelled):
        columns["m"] = table[logged.model.action].cast("float64")
        columns["v"] = table[logged.model.target].cast("float64")
    target = logged.target
    if isinstance(target, Written):
        columns["q"] = table[target.column].cast("float64")
    elif isinstance(target, Chosen):
        columns["b"] = table[target.column].cast("string")
    rows = table.select(**columns)
    if isinstance(target, Chosen):
        return rows.mutate(
            q=ibis.cases((rows.b.isnull(), ibis.null("float64")), (rows.a == rows.b, 1.0), else_=0.0)
        )
    if isinstance(target, Written):
        return rows
    if policy is None:
        raise ValueError("a policy that is tabled or counted comes with the rows")
    return joined(rows, policy, len(logged.context))


def _literal(text: str) -> Any:
    import ibis

    return ibis.literal(text)


def _contradictions(rows: Any) -> Weights:
    """How many rows there are, and how many of them cannot be."""
    unknown = {name: rows[name].isnull() | rows[name].isnan() for name in ("p", "q", "r")}
    wrong = {
        "no propensity": unknown["p"],
        "a propensity of 0 or less, though what they show was shown": rows.p <= 0,
        "a propensity above 1": rows.p > 1,
        "no reward": unknown["r"] | rows.r.isinf(),
        "no action": rows.a.isnull(),
        "no probability under the target policy": unknown["q"],
        "a probability under the target policy below 0 or above 1": (rows.q < 0) | (rows.q > 1),
    }
    if "u" in rows.columns:
        wrong["no cluster"] = rows.u.isnull()
    if "m" in rows.columns:
        gone = [rows[name].isnull() | rows[name].isnan() for name in ("m", "v")]
        wrong["no modelled reward"] = gone[0] | gone[1]
    names = {f"w{at}": what for at, what in enumerate(wrong)}
    asked = {name: wrong[what].fill_null(False).ifelse(1, 0).sum() for name, what in names.items()}
    row = rows.aggregate(rows=rows.count(), **asked).to_pyarrow().to_pylist()[0]
    bad = {what: int(row[name] or 0) for name, what in names.items()}
    return Weights(float(row["rows"]), 0.0, 0.0, 0.0, bad=bad)


def _weighted(rows: Any, logged: Logged) -> Any:
    """With the weight w, and how much was taken off it by clipping, in `off`."""
    import ibis

    floor = rows.p if not logged.clip.propensity else ibis.greatest(rows.p, logged.clip.propensity)
    rows = rows.mutate(w=rows.q / floor, whole=rows.q / rows.p)
    if logged.clip.weight:
        rows = rows.mutate(w=ibis.least(rows.w, logged.clip.weight))
    return rows.mutate(off=rows.whole - rows.w)


def _weights(rows: Any) -> dict[str, Weights]:
    """What is known of the weights, by group."""
    asked = rows.group_by("g").aggregate(
        n=rows.count(),
        total=rows.w.sum(),
        squares=(rows.w * rows.w).sum(),
        largest=rows.w.max(),
        clipped=(rows.off > 0).ifelse(1, 0).sum(),
        cut=rows.off.sum(),
        rewarded=((rows.w > 0) & (rows.r != 0)).ifelse(1, 0).sum(),
        least=rows.r.min(),
        whole=(rows.whole * rows.whole).sum(),
    )
    found = {
        row["g"]: Weights(
            float(row["n"]), float(row["total"]), float(row["squares"]), float(row["largest"]),
            float(row["clipped"]), float(row["cut"]), float(row["rewarded"]), float(row["least"]),
            float(row["whole"]),
        )
        for row in asked.to_pyarrow().to_pylist()
    }  # fmt: skip
    return found if ALL in found else {ALL: _together(list(found.values())), **found}


def _together(parts: Sequence[Weights]) -> Weights:
    added = ("rows", "total", "squares", "clipped", "cut", "rewarded", "whole_squares")
    sums = {name: sum(getattr(one, name) for one in parts) for name in added}
    return Weights(**sums, largest=max(one.largest for one in parts), least=min(one.least for one in parts))


def _sums(rows: Any, width: int, *, clustered: bool) -> dict[str, Sums]:
    """The sums over units by group, and of all of them."""
    one = {
        Column.ROWS: 1.0 + 0 * rows.w,
        Column.WEIGHT: rows.w,
        Column.WEIGHTED: rows.w * rows.r,
        Column.REWARD: rows.r,
    }
    if width == MODELLED:
        one |= {Column.MODEL: rows.v, Column.MISSED: rows.w * (rows.r - rows.m)}
    named = {f"x{int(column)}": value for column, value in one.items()}
    blocks = [list(named)]
    if not clustered:
        return _only(added_up(rows.select(g=rows.g, **named), blocks))
    flat = rows.select(g=rows.g, u=rows.u, **named)
    totals = {name: flat[name].sum() for name in named}
    found = _only(added_up(flat.group_by(["g", "u"]).aggregate(**totals), blocks))
    if set(found) == {ALL}:
        return found
    # A cluster that was on two devices is one unit of everything.
    whole = flat.group_by("u").aggregate(**totals).mutate(g=_literal(ALL))
    return {**found, ALL: added_up(whole, blocks)[ALL][0]}


def _only(found: Mapping[str, Sequence[Sums]]) -> dict[str, Sums]:
    """Of one block."""
    return {name: one[0] for name, one in found.items()}


def _nothing(width: int) -> tuple[list[float], list[float]]:
    return np.zeros(len(pairs(width))).tolist(), np.zeros(len(triples(width))).tolist()
