"""A reward model made from the log: the mean of each context and action, drawn towards the mean of all."""

import math
from typing import Any

from bot.core.logged import Chosen, Logged, Modelled
from bot.sources.policy import Policy, attached
from bot.stats.off_policy import credibility
from bot.stats.undecided import Undecided


def added(rows: Any, logged: Logged, policy: Policy | None) -> Any:
    """The rows with m, what is expected of what was shown, and v, what the target policy would get.

    Of a tabular model m is made without the row's own unit (leave one out), so that no row predicts itself; f
    is the same with all rows. The strength with which cells are drawn to the mean of all is
    `bot.stats.off_policy.credibility`.
    """
    if isinstance(logged.model, Modelled):
        return rows
    keys = [*(f"c{at}" for at in range(len(logged.context))), "a"]
    cells = rows.group_by(keys).aggregate(
        cell_n=rows.count(), cell_s=rows.r.sum(), cell_d=(rows.r * rows.r).sum()
    )
    strength, overall = _drawn(cells)
    known = cells.mutate(f=_expected(cells.cell_s, cells.cell_n, strength, overall))
    rows = _with_own(rows, keys, clustered=bool(logged.cluster))
    seen = known.rename({f"k_{name}": name for name in keys})
    both = rows.left_join(seen, [rows[name] == seen[f"k_{name}"] for name in keys])
    left = both.cell_n - rows.own_n, both.cell_s - rows.own_s
    rows = both.select(
        *[rows[name] for name in rows.columns if name not in ("own_n", "own_s")],
        f=both.f,
        m=_expected(left[1], left[0], strength, overall),
    )
    if isinstance(logged.target, Chosen):
        return _of_choice(rows, known, keys, overall)
    return _of_policy(rows, known, keys, policy, overall)


def _drawn(cells: Any) -> tuple[float, float]:
    """How many rows the mean of all counts for in every cell, and that mean."""
    total = cells.aggregate(rows=cells.cell_n.sum(), whole=cells.cell_s.sum()).to_pyarrow().to_pylist()[0]
    overall = float(total["whole"]) / float(total["rows"])
    own = cells.cell_s / cells.cell_n
    row = (
        cells.aggregate(
            groups=cells.count(),
            rows=cells.cell_n.sum(),
            squares=(cells.cell_n.cast("float64") * cells.cell_n).sum(),
            within=(cells.cell_d - cells.cell_s * own).sum(),
            between=(cells.cell_n * (own - overall) * (own - overall)).sum(),
        )
        .to_pyarrow()
        .to_pylist()[0]
    )
    found = credibility(*(float(row[name]) for name in ("groups", "rows", "squares", "within", "between")))
    return (math.inf if isinstance(found, Undecided) else found), overall


def _expected(total: Any, many: Any, strength: float, overall: float) -> Any:
    """(sum + k mean) / (rows + k); the mean of all where nothing tells cells apart, or a cell has no rows."""
    import ibis

    if math.isinf(strength):
        return 0.0 * total + overall
    above, below = total + strength * overall, many + strength
    return ibis.cases((below > 0, above / below), else_=overall)


def _with_own(rows: Any, keys: list[str], *, clustered: bool) -> Any:
    """How much of its cell each row's own unit is."""
    if not clustered:
        return rows.mutate(own_n=1.0 + 0 * rows.r, own_s=rows.r)
    own = rows.group_by(["u", *keys]).aggregate(own_n=rows.count().cast("float64"), own_s=rows.r.sum())
    own = own.rename({f"o_{name}": name for name in ("u", *keys)})
    both = rows.left_join(own, [rows[name] == own[f"o_{name}"] for name in ("u", *keys)])
    return both.select(*[rows[name] for name in rows.columns], own_n=both.own_n, own_s=both.own_s)


def _of_choice(rows: Any, known: Any, keys: list[str], overall: float) -> Any:
    """v where the target policy shows one action: what is expected of that."""
    import ibis

    chosen = known.select(**{f"k_{name}": known[name] for name in keys}, chosen_f=known.f)
    matched = [rows[name] == chosen[f"k_{name}"] for name in keys[:-1]] + [rows.b == chosen.k_a]
    both = rows.left_join(chosen, matched)
    # Where the choice is what was shown, the row itself is left out of what is expected of it.
    value = ibis.cases((rows.a == rows.b, rows.m), else_=both.chosen_f.fill_null(overall))
    return both.select(*[rows[name] for name in rows.columns], v=value)


def _of_policy(rows: Any, known: Any, keys: list[str], policy: Policy | None, overall: float) -> Any:
    """v as the mean over all actions by their probability; of one that was never shown, the mean of all."""
    if policy is None:
        raise ValueError("a tabular model needs the probability of every action")
    import ibis

    contexts = keys[:-1]
    if rows.get_backend().name == "duckdb":
        table = attached(policy, len(contexts))
        both = known.join(table, [known[name] == table[f"k_{name}"] for name in keys])
        parts = both.select(*[known[name] for name in contexts], q=table.k_q, f=known.f)
    else:
        cases = [
            (ibis.and_(*[known[name] == word for name, word in zip(keys, key, strict=True)]), float(one))
            for key, one in policy.probabilities.items()
        ]
        parts = known.select(*[known[name] for name in contexts], q=ibis.cases(*cases, else_=0.0), f=known.f)
    named = {f"h_{name}": parts[name] for name in contexts}
    by_context = parts.select(**named, q=parts.q, part=parts.q * parts.f)
    if contexts:
        grouped = by_context.group_by(list(named)).aggregate(
            cover=by_context.q.sum(), value=by_context.part.sum()
        )
        both = rows.left_join(grouped, [rows[name] == grouped[f"h_{name}"] for name in contexts])
        whole = both.value.fill_null(0.0) + (1 - both.cover.fill_null(0.0)) * overall
        return both.select(*[rows[name] for name in rows.columns], v=whole + rows.q * (rows.m - rows.f))
    row = (
        by_context.aggregate(cover=by_context.q.sum(), value=by_context.part.sum())
        .to_pyarrow()
        .to_pylist()[0]
    )
    value = float(row["value"] or 0.0) + (1 - float(row["cover"] or 0.0)) * overall
    return rows.mutate(v=value + rows.q * (rows.m - rows.f))
