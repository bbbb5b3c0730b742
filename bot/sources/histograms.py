"""Rows by bin of a column and by day, counted where the data is: what a distribution is compared by.

Numbers are binned between quantiles of the reference, words by its most frequent ones. Three queries whatever
the number of columns: the reference's quantiles, its words, and the counts; one more for the values of the
column by which everything is broken down, since no more of them are counted than are looked at.
"""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from bot.core.histogram import ALL, NULL, Bins, Counts, Histograms
from bot.core.outside import kept
from bot.sources.parts import gather
from bot.sources.windows import AGO

HEAD_ROWS = 100_000
"""Rows of the reference whose quantiles are its bins: any bins will do that are not all empty but one."""
LEVELS = (0.005, 0.025, *(step / 10 for step in range(1, 10)), 0.975, 0.995)
"""The quantiles between which numbers are binned."""
WORDS = 20
"""Most frequent words that have a bin, and values by which all is broken down; the others share one."""
LOPSIDED = 0.5
"""A share in one outermost bin from which on its column's bins are taken from all rows of the reference."""

CELL = "cell_"
"""The column with the values by which everything is broken down, as text."""
LONGEST = 60
"""Characters of a cell's name."""

NONE: Mapping[str, Sequence[str]] = MappingProxyType({})


def count(
    rows: Any,
    columns: Sequence[str],
    *,
    by: str = "",
    weight: str = "",
    words: Mapping[str, Sequence[str]] = NONE,
) -> Histograms:
    """Count the rows of a window (`bot.sources.windows.within`) by the bins of each column.

    by: a column whose values are counted by themselves, too. weight: a column with the number of rows that
    each row stands for. words: the bins of columns where they are known. Raises what the engine raises.
    """
    missing = {name: reason for name in columns if (reason := _unfit(rows, name))}
    asked = [name for name in columns if name not in missing]
    if not asked:
        return Histograms(missing=missing)
    if by:
        rows = rows.mutate(**{CELL: rows[by].cast("string")})
    past = rows.filter(rows[AGO] > 0)
    numbers = [name for name in asked if name not in words and rows[name].type().is_numeric()]
    texts = [name for name in asked if name not in words and name not in numbers]
    bins = {name: Bins(None, tuple(known)) for name, known in words.items()}
    bins |= _edges(past.limit(HEAD_ROWS), numbers) | _words(past, texts, weight)
    empty = [name for name in asked if not bins[name].known]
    missing |= dict.fromkeys(empty, "the reference has no value")
    asked = [name for name in asked if name not in empty]
    if not asked:
        return Histograms(missing=missing)
    cells = _words(past, [CELL], weight)[CELL] if by else None
    counted, text = _counts(rows, {name: bins[name] for name in asked}, cells, weight)
    lopsided = [name for name in asked if name in numbers and _lopsided(counted[name, ALL])]
    if lopsided:
        bins |= _edges(past, lopsided)
        again, more = _counts(rows, {name: bins[name] for name in lopsided}, cells, weight)
        counted, text = {**counted, **again}, f"{text};\n{more}"
    return Histograms({name: bins[name] for name in asked}, counted, missing, text)


def _unfit(rows: Any, name: str) -> str:
    if name not in rows.columns:
        return "the table has no such column"
    kind = rows[name].type()
    fit = kind.is_numeric() or kind.is_boolean() or kind.is_string()
    return "" if fit else f"the column is {kind}, neither a number nor a word"


def _value(rows: Any, name: str) -> Any:
    """A number, null where it is none; else a text."""
    import ibis

    column = rows[name]
    if not column.type().is_numeric():
        return column.cast("string")
    value = column.cast("float64")
    return value.isnan().ifelse(ibis.null("float64"), value) if column.type().is_floating() else value


def _edges(rows: Any, names: Sequence[str]) -> dict[str, Bins]:
    """The quantiles of each; a value that many rows have is a bin of its own."""
    if not names:
        return {}
    flat = rows.select(**{f"v{at}": _value(rows, name) for at, name in enumerate(names)})
    asked = {f"v{at}": flat[f"v{at}"].quantile(list(LEVELS)) for at in range(len(names))}
    row = gather(rows.get_backend(), flat.aggregate(**asked)).parts[0][0]
    return {name: Bins(_told_apart(row[f"v{at}"] or ())) for at, name in enumerate(names)}


def _told_apart(levels: Sequence[float | None]) -> tuple[float, ...]:
    """Edges that grow; where several quantiles are the same value, an edge just below it as well."""
    found = [level for level in levels if level is not None and math.isfinite(level)]
    edges: list[float] = []
    for level in sorted(set(found)):
        if found.count(level) > 1 or len(set(found)) == 1:
            below = level - max(abs(level), 1.0) * 1e-9
            if not edges or below > edges[-1]:
                edges.append(below)
        edges.append(level)
    return tuple(edges)


def _words(rows: Any, names: Sequence[str], weight: str) -> dict[str, Bins]:
    import ibis

    if not names:
        return {}
    parts = []
    for at, name in enumerate(names):
        flat = rows.select(word=_value(rows, name), **_weight(rows, weight))
        flat = flat.filter(flat["word"].notnull())
        known = flat.group_by("word").aggregate(n=_total(flat, weight))
        top = known.order_by([ibis.desc("n"), "word"]).limit(WORDS)
        parts.append(top.mutate(at=ibis.literal(at, type="int32")))
    found = ibis.union(*parts) if len(parts) > 1 else parts[0]
    told = gather(rows.get_backend(), found).parts[0]
    ordered = sorted(told, key=lambda row: (-float(row["n"] or 0), row["word"]))
    return {
        name: Bins(None, tuple(row["word"] for row in ordered if row["at"] == at))
        for at, name in enumerate(names)
    }


def _counts(
    rows: Any, bins: Mapping[str, Bins], cells: Bins | None, weight: str
) -> tuple[dict[tuple[str, str], Counts], str]:
    """One query: rows by column, cell, day and bin."""
    import ibis

    # The bins are columns of one selection, which all counts read: an expression of its own for each column
    # takes Ibis longer to write than the engine to answer.
    flat = rows.select(
        ago=rows[AGO].cast("int64"),
        cell=ibis.literal(0) if cells is None else _bin(rows[CELL], cells),
        **_weight(rows, weight),
        **{f"b{at}": _bin(_value(rows, name), one) for at, (name, one) in enumerate(bins.items())},
    )
    parts = []
    for at in range(len(bins)):
        keys = {"cell": flat["cell"], "ago": flat["ago"], "bin": flat[f"b{at}"]}
        counted = flat.group_by(**keys).aggregate(n=_total(flat, weight))
        parts.append(counted.mutate(at=ibis.literal(at, type="int32")))
    asked = gather(rows.get_backend(), ibis.union(*parts) if len(parts) > 1 else parts[0])
    return _read(asked.parts[0], bins, cells), asked.text


def _bin(value: Any, bins: Bins) -> Any:
    """The number of the bin: up to the first edge, between edges (the upper one in), above; null is last."""
    import ibis

    last = len(bins.names) - 1
    if bins.edges is None:
        cases = [(value == word, at) for at, word in enumerate(bins.words)]
    else:
        cases = [(value <= edge, at) for at, edge in enumerate(bins.edges)]
    return ibis.cases((value.isnull(), last), *cases, else_=last - 1).cast("int32")


def _weight(rows: Any, weight: str) -> dict[str, Any]:
    return {"w": rows[weight].cast("float64")} if weight else {}


def _total(flat: Any, weight: str) -> Any:
    """How many rows these are, or stand for."""
    return flat["w"].sum() if weight else flat.count()


def _read(
    found: Sequence[Mapping[str, Any]], bins: Mapping[str, Bins], cells: Bins | None
) -> dict[tuple[str, str], Counts]:
    """The counts of everything and of each cell; what is in no cell that is looked at counts there alone."""
    names = list(bins)
    called = [""] if cells is None else [*(kept(one, LONGEST) or NULL for one in cells.words), "", NULL]
    counts: dict[tuple[str, str], dict[int, list[float]]] = {(name, ALL): {} for name in names}
    for row in found:
        name, many = names[row["at"]], float(row["n"] or 0.0)
        for cell in dict.fromkeys((ALL, called[row["cell"]])):
            days = counts.setdefault((name, cell), {})
            days.setdefault(row["ago"], [0.0] * len(bins[name].names))[row["bin"]] += many
    return {key: {ago: tuple(values) for ago, values in days.items()} for key, days in counts.items()}


def _lopsided(counts: Counts) -> bool:
    past = [sum(values) for values in zip(*(days for ago, days in counts.items() if ago), strict=True)]
    numbers = past[:-1]
    return bool(numbers) and max(numbers[0], numbers[-1]) > LOPSIDED * sum(numbers) > 0
