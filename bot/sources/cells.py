"""From units to cells: the one aggregate query of a look, per arm and crossing of the cohort dimensions."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from bot.core.observation import Cell, Side
from bot.sources import moments
from bot.sources.moments import Moments
from bot.sources.rollup import Asked, Wanted
from bot.sources.units import Units

Key: TypeAlias = tuple[Side, tuple[str | None, ...]]
Row: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Question:
    """What is asked of the cells. careful: names of the metrics asked carefully. earlier: days before.

    waits: windows of metrics that are asked elsewhere.
    """

    metrics: Sequence[Wanted]
    asked: Asked
    careful: AbstractSet[str] = frozenset()
    earlier: tuple[int, ...] = ()
    waits: tuple[int, ...] = ()

    @property
    def quick(self) -> list[Wanted]:
        """The metrics of which sums will do."""
        return [one for one in self.metrics if one.name not in self.careful]

    @property
    def windows(self) -> list[int]:
        """The windows that units must have had."""
        own = {value.window for value in self.asked.values if value.window is not None}
        return sorted(own.union(self.waits))


@dataclass
class Found:
    """The cells of the two arms, and what was counted over all units of these arms.

    doubtful: metrics to be asked again, carefully. strangers: units of neither arm. again: units that may
    have a day twice. young: by window, units that have not had theirs.
    """

    cells: tuple[Cell, ...] = ()
    doubtful: frozenset[str] = frozenset()
    nulls: dict[str, int] = field(default_factory=dict)
    infinite: dict[str, int] = field(default_factory=dict)
    moving: dict[str, int] = field(default_factory=dict)
    young: dict[int, int] = field(default_factory=dict)
    earlier: tuple[tuple[float, int, int], ...] = ()
    first: float | None = None
    last: float | None = None
    strangers: int = 0
    both: int = 0
    again: int = 0


def query(units: Units, question: Question) -> Any:
    """The aggregate over cells, as an Ibis expression."""
    table, asked = units.table, question.asked
    outputs: dict[str, Any] = {"units": table.count()}
    if "first" in table.columns:
        outputs |= {"both": table.both.sum(), "first": table["first"].min(), "last": table["last"].max()}
        outputs |= {f"by_{day}": (table["first"] <= day).sum() for day in question.earlier}
        if asked.newest is not None:
            had = asked.newest - table["first"] + 1
            outputs |= {f"young_{window}": (had < window).sum() for window in question.windows}
        outputs |= {name: table[name].sum() for name in table.columns if name.startswith(("moves_", "again"))}
    outputs |= moments.sums(table, question.quick, asked)
    for i, one in enumerate(question.metrics):
        if one.name in question.careful:
            outputs |= moments.careful(table, i, one, asked)
    keys = ["side", *(f"c{number}" for number in range(len(units.cohorts)))]
    return table.group_by(*keys).aggregate(**outputs)


def read(parts: Sequence[Sequence[Row]], units: Units, question: Question) -> Found:
    """What the query found, in every part of the table; labels that mean the same cohort are one cell."""
    totals: defaultdict[Key, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    slow: dict[tuple[Key, str], Moments] = {}
    found = Found()
    for part in parts:
        # Sums are rounded as they are added, so the order is always the same.
        for row in sorted(part, key=lambda row: _order(row, units)):
            _edges(found, row)
            key = _key(row, units)
            if key is None:
                found.strangers += int(row["units"])
                found.both += int(row.get("both") or 0)
                continue
            _add(totals[key], row)
            for i, one in enumerate(question.metrics):
                if one.name in question.careful:
                    more = moments.of_careful(row, i, one, question.asked)
                    slow[key, one.name] = slow[key, one.name].merge(more) if (key, one.name) in slow else more
    _count(found, totals, question)
    _fill(found, totals, slow, question)
    return found


def _labels(row: Row, units: Units) -> list[Any]:
    return [row["side"], *(row[f"c{number}"] for number in range(len(units.cohorts)))]


def _order(row: Row, units: Units) -> tuple[tuple[bool, Any], ...]:
    return tuple((label is not None, "" if label is None else label) for label in _labels(row, units))


def _key(row: Row, units: Units) -> Key | None:
    side, *cohort = _labels(row, units)
    if side not in units.sides:
        return None
    values = (known.get(label) for known, label in zip(units.cohorts, cohort, strict=True))
    return units.sides[side], tuple(values)


def _edges(found: Found, row: Row) -> None:
    first, last = row.get("first"), row.get("last")
    if first is not None:
        found.first = float(first) if found.first is None else min(found.first, float(first))
    if last is not None:
        found.last = float(last) if found.last is None else max(found.last, float(last))


_SUMMED = ("units", "both", "again", "n_v", "s_v", "p_v", "by_", "young_", "moves_v")


def _add(total: defaultdict[str, float], row: Row) -> None:
    for name, value in row.items():
        if not name.startswith(_SUMMED):
            continue
        if (
            value is None
            and name.startswith(("s_", "p_"))
            and all(row.get(f"n_{v}", row["units"]) for v in name.split("_")[1:])
        ):
            value = math.nan  # some engines give NaN as null
        total[name] += float(value or 0)  # an engine's sum of whole numbers may be a Decimal


def _count(found: Found, totals: Mapping[Key, Mapping[str, float]], question: Question) -> None:
    def over(name: str, side: Side | None = None) -> int:
        return sum(int(total.get(name, 0)) for key, total in totals.items() if side in (None, key[0]))

    found.both += over("both")
    found.again = over("again")
    found.young = {window: over(f"young_{window}") for window in question.windows}
    found.earlier = tuple(
        (float(day), over(f"by_{day}", "control"), over(f"by_{day}", "treatment")) for day in question.earlier
    )
    for one in question.metrics:
        if one.has_covariate and (moving := over(f"moves_{question.asked.names(one)[-1]}")):
            found.moving[one.name] = moving


def _fill(
    found: Found,
    totals: Mapping[Key, Mapping[str, float]],
    slow: Mapping[tuple[Key, str], Moments],
    question: Question,
) -> None:
    cells, doubtful = [], set()
    nulls: defaultdict[str, int] = defaultdict(int)
    infinite: defaultdict[str, int] = defaultdict(int)
    for key in sorted(totals, key=lambda key: (key[0], tuple(value or "" for value in key[1]))):
        samples = {}
        for one in question.metrics:
            some = slow.get((key, one.name)) or moments.of_sums(totals[key], one, question.asked)
            if some is None:
                doubtful.add(one.name)
                continue
            samples[one.name] = some.sample
            nulls[one.name] += some.nulls
            infinite[one.name] += some.infinite
        cells.append(Cell(*key, int(totals[key]["units"]), samples))
    found.cells, found.doubtful = tuple(cells), frozenset(doubtful)
    found.nulls = {name: count for name, count in nulls.items() if count}
    found.infinite = {name: count for name, count in infinite.items() if count}
