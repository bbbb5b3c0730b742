"""A target policy's probabilities by context and action, from a table of them or counted from its own log."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bot.core.logged import Counted, Tabled
from bot.errors import SourceError
from bot.sources.warehouse import columns_missing, not_numbers
from bot.stats.moments import Array
from bot.stats.off_policy import MODELLED, Column

MOST = 50_000
"""Contexts times actions that a policy may have: they are brought to the log."""
MOST_CASES = 500
"""The same where the log's engine takes no table of ours, so that they stand in the query."""
TOLERANCE = 1e-3
"""How far the probabilities of a context may be from adding up to 1."""
NONE = "no value"

Key = tuple[str, ...]


@dataclass(frozen=True)
class Policy:
    """Probabilities by (context…, action). counted: rows behind each context where they were counted."""

    probabilities: Mapping[Key, float]
    counted: Mapping[Key, float]

    def spread(self, rows: Any, units: Mapping[str, float], width: int) -> dict[str, Array]:
        """The covariance of the means that a counted policy's own chance gives, by group: (width, width).

        A mean is the sum over contexts and actions of the probability times what the log says of that action,
        L. Counted from n rows, the probabilities of a context vary like multinomial shares, so
        cov = (E[L L'] - E[L] E[L]') / n. Nothing where the policy is known. Clipped rows count as unclipped.
        """
        if not self.counted:
            return {}
        found: dict[str, Array] = {}
        for group, cells in _cells(rows, width).items():
            found[group] = self._covariance(cells, width) / units[group] ** 2
        if "" not in found:
            found[""] = self._covariance(_merged(list(_cells(rows, width).values())), width) / units[""] ** 2
        return found

    def uncovered(self, rows: Any) -> float | None:
        """The share of what the policy would show, in the contexts of the log, that the log never showed.

        None where the log has more contexts than are brought.
        """
        keys = _contexts(rows)
        chosen = rows.filter(rows.q > 0)
        shown = chosen.group_by([*keys, "a"]).aggregate(n=chosen.count())
        held: dict[Key, float] = defaultdict(float)
        for row in shown.to_pyarrow().to_pylist():
            context = tuple(str(row[name]) for name in keys)
            held[context] += self.probabilities.get((*context, str(row["a"])), 0.0)
        if not keys:
            return max(0.0, 1 - held[()])
        many = rows.group_by(keys).aggregate(n=rows.count()).limit(MOST + 1).to_pyarrow().to_pylist()
        if len(many) > MOST:
            return None
        counts = {tuple(str(row[name]) for name in keys): float(row["n"]) for row in many}
        return max(0.0, 1 - sum(held[one] * n for one, n in counts.items()) / sum(counts.values()))

    def _covariance(self, cells: Mapping[Key, Array], width: int) -> Array:
        by_context: dict[Key, list[tuple[float, Array]]] = defaultdict(list)
        for key, probability in self.probabilities.items():
            by_context[key[:-1]].append((probability, cells.get(key, np.zeros(width))))
        total = np.zeros((width, width))
        for context, parts in by_context.items():
            shares, values = np.array([one for one, _ in parts]), np.array([one for _, one in parts])
            middle = shares @ values
            total += ((values.T * shares) @ values - np.outer(middle, middle)) / self.counted[context]
        return total


def read(table: Any, target: Tabled | Counted, what: str) -> Policy:
    """The policy of a table. Raises SourceError where its probabilities are none."""
    needed = {target.action: "action", **dict.fromkeys(target.context, "context")}
    if isinstance(target, Tabled):
        needed[target.probability] = "probability"
    reason = columns_missing(table, needed, what)
    if not reason and isinstance(target, Tabled):
        reason = not_numbers(table, [target.probability], "probability")
    if reason:
        raise SourceError(reason)
    keys = {f"c{at}": table[name].cast("string").fill_null(NONE) for at, name in enumerate(target.context)}
    keys["a"] = table[target.action].cast("string")
    value = {"w": table[target.probability].cast("float64")} if isinstance(target, Tabled) else {}
    rows = table.select(**keys, **value)
    total = rows.w.sum() if isinstance(target, Tabled) else rows.count()
    odd = (rows.w.isnull() | rows.w.isnan() | (rows.w < 0)).any() if isinstance(target, Tabled) else None
    grouped = rows.group_by(list(keys)).aggregate(
        n=rows.count(), total=total, **({} if odd is None else {"odd": odd})
    )
    found = grouped.limit(MOST + 1).to_pyarrow().to_pylist()
    if len(found) > MOST:
        raise SourceError(
            f"{what} has more than {MOST:,} contexts and actions: write the probability into the log"
        )
    if not found:
        raise SourceError(f"{what} has no rows")
    if any(row["a"] is None for row in found):
        raise SourceError(f"{what} has rows without {target.action} (action)")
    cells = {tuple(str(row[name]) for name in keys): float(row["total"] or 0.0) for row in found}
    sums: dict[Key, float] = defaultdict(float)
    for key, one in cells.items():
        sums[key[:-1]] += one
    if isinstance(target, Counted):
        return Policy({key: one / sums[key[:-1]] for key, one in cells.items()}, dict(sums))
    _refuse_odd(found, sums, target, what)
    return Policy(cells, {})


def joined(rows: Any, policy: Policy, contexts: int) -> Any:
    """The log's rows with q, the probability of what they show; 0 where the policy never shows it."""
    import ibis

    keys = [*(f"c{at}" for at in range(contexts)), "a"]
    if rows.get_backend().name == "duckdb":
        known = attached(policy, contexts)
        both = rows.left_join(known, [rows[name] == known[f"k_{name}"] for name in keys])
        return both.select(*[rows[name] for name in rows.columns], q=known.k_q.fill_null(0.0))
    if len(policy.probabilities) > MOST_CASES:
        what = f"the policy has {len(policy.probabilities):,} contexts and actions, {MOST_CASES} at most here"
        raise SourceError(f"{what}: write the probability into the log as a column")
    cases = []
    for key, probability in policy.probabilities.items():
        fits = [rows[name] == word for name, word in zip(keys, key, strict=True)]
        cases.append((ibis.and_(*fits), float(probability)))
    return rows.mutate(q=ibis.cases(*cases, else_=0.0).cast("float64"))


def attached(policy: Policy, contexts: int) -> Any:
    """The probabilities as a table beside the log: k_c0…, k_a, k_q."""
    import ibis
    import pyarrow as pa

    keys = list(policy.probabilities)
    names = [*(f"k_c{at}" for at in range(contexts)), "k_a"]
    columns = {name: pa.array([key[at] for key in keys], pa.string()) for at, name in enumerate(names)}
    columns["k_q"] = pa.array([policy.probabilities[key] for key in keys], pa.float64())
    return ibis.memtable(pa.table(columns))


def _refuse_odd(found: list[dict[str, Any]], sums: Mapping[Key, float], target: Tabled, what: str) -> None:
    if any(row["odd"] for row in found):
        raise SourceError(f"{what} has probabilities below 0, or none")
    if any(row["n"] > 1 for row in found):
        again = next(row for row in found if row["n"] > 1)
        raise SourceError(f"{what} has {again['n']} rows for {target.action} {again['a']} in one context")
    for context, total in sums.items():
        if abs(total - 1) > TOLERANCE:
            named = ", ".join(f"{name}={word}" for name, word in zip(target.context, context, strict=True))
            raise SourceError(
                f"{what}: the probabilities{f' of {named}' if named else ''} add up to {total:.4g}, not 1"
            )


def _cells(rows: Any, width: int) -> dict[str, dict[Key, Array]]:
    """What the log says of each action per unit of its probability, by group and (context…, action)."""
    keys = _contexts(rows)
    per = 1 / rows.p
    asked = {"w": per.sum(), "wr": (rows.r * per).sum()}
    tabular = width == MODELLED and "f" in rows.columns
    if width == MODELLED:
        asked |= {"miss": ((rows.r - rows.m) * per).sum()}
    if tabular:
        asked |= {"f": rows.f.max()}
    table = rows.filter(rows.q > 0).group_by(["g", *keys, "a"]).aggregate(**asked)
    many = _rows_of_contexts(rows, keys) if tabular else {}
    found: dict[str, dict[Key, Array]] = defaultdict(dict)
    for row in table.to_pyarrow().to_pylist():
        context = tuple(str(row[name]) for name in keys)
        value = np.zeros(width)
        value[Column.WEIGHT], value[Column.WEIGHTED] = row["w"], row["wr"]
        if width == MODELLED:
            value[Column.MISSED] = row["miss"]
        if tabular:
            value[Column.MODEL] = row["f"] * many[row["g"], context]
        found[row["g"]][(*context, str(row["a"]))] = value
    return found


def _contexts(rows: Any) -> list[str]:
    return [name for name in rows.columns if name.startswith("c") and name[1:].isdigit()]


def _rows_of_contexts(rows: Any, keys: list[str]) -> dict[tuple[str, Key], float]:
    table = rows.group_by(["g", *keys]).aggregate(n=rows.count()).to_pyarrow().to_pylist()
    return {(row["g"], tuple(str(row[name]) for name in keys)): float(row["n"]) for row in table}


def _merged(parts: list[dict[Key, Array]]) -> dict[Key, Array]:
    found: dict[Key, Array] = {}
    for part in parts:
        for key, value in part.items():
            found[key] = found[key] + value if key in found else value
    return found
