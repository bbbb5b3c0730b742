"""Sums over units, by group, about constants near their means, for `bot.stats.moments`."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.core.outside import kept
from bot.stats.moments import Sums, pairs, triples

ALL = ""
"""The group of everything."""
MOST_GROUPS = 20
"""Devices told apart, the most frequent ones; the others count together."""
OTHER, NONE = "other", "no value"
LONGEST = 60


def device(table: Any, column: str) -> Any:
    """The group of each row: its device, or ALL where no column is named."""
    import ibis

    if not column:
        return ibis.literal(ALL)
    words = table.select(word=table[column].cast("string")).filter(lambda t: t.word.notnull())
    counts = words.group_by("word").aggregate(n=words.count()).order_by([ibis.desc("n"), "word"])
    known = [row["word"] for row in counts.limit(MOST_GROUPS).to_pyarrow().to_pylist()]
    value = table[column].cast("string")
    named = [(value == word, kept(word, LONGEST) or NONE) for word in known]
    return ibis.cases((value.isnull(), NONE), *named, else_=OTHER)


def added_up(units: Any, blocks: Sequence[Sequence[str]]) -> dict[str, list[Sums]]:
    """The sums of each block of columns by group `g`, and under ALL of everything; two queries.

    Products are taken within a block. Nothing where there are no units.
    """
    names = list(dict.fromkeys(name for block in blocks for name in block))
    row = units.aggregate(**{name: units[name].mean() for name in names}).to_pyarrow().to_pylist()[0]
    if any(row[name] is None for name in names):
        return {}
    about = {name: float(row[name]) for name in names}
    moved = units.select(g=units.g, **{f"y_{name}": units[name] - about[name] for name in names})
    asked: dict[str, Any] = {}
    for at, block in enumerate(blocks):
        y = [moved[f"y_{name}"] for name in block]
        asked |= {f"s{at}_{i}": one.sum() for i, one in enumerate(y)}
        asked |= {f"d{at}_{n}": (y[i] * y[j]).sum() for n, (i, j) in enumerate(pairs(len(y)))}
        asked |= {f"t{at}_{n}": (y[i] * y[j] * y[k]).sum() for n, (i, j, k) in enumerate(triples(len(y)))}
    found = {}
    for row in moved.group_by("g").aggregate(n=moved.count(), **asked).to_pyarrow().to_pylist():
        found[str(row["g"])] = [
            _read(row, at, [about[name] for name in block]) for at, block in enumerate(blocks)
        ]
    if ALL in found:
        return found
    return {ALL: [_whole(parts) for parts in zip(*found.values(), strict=True)], **found}


def _read(row: Mapping[str, Any], at: int, about: Sequence[float]) -> Sums:
    width = len(about)
    many = {"s": width, "d": len(pairs(width)), "t": len(triples(width))}
    sums = {letter: [float(row[f"{letter}{at}_{n}"]) for n in range(size)] for letter, size in many.items()}
    return Sums.gathered(float(row["n"]), about, sums["s"], sums["d"], sums["t"])


def _whole(parts: Sequence[Sums]) -> Sums:
    whole = parts[0]
    for part in parts[1:]:
        whole = whole + part
    return whole
