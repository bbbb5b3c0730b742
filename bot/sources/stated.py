"""Which rows of a summary table are cohorts, which state the aggregate, and which are marginals.

A row's cohort columns hold a declared value, another value, a word for everybody (`all`, `total`) or nothing.
Nothing means everybody where its units are at least those of the rows beneath it, and else a group of unknown
cohort: a table says neither, its counts do.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

EVERYBODY = frozenset({"all", "total", "overall", "aggregate"})
"""Words for all values of a dimension, in any case, unless the dimension declares such a value."""

SHORT = 0.001
"""Share of the units by which a sum may fall short of its parts and still be one."""

Row: TypeAlias = Mapping[str, Any]
Cohort: TypeAlias = tuple[str | None, ...]


@dataclass(frozen=True)
class Kinds:
    """The rows of one day. cells: with their cohort, None for a value that was not declared."""

    cells: tuple[tuple[Cohort, Row], ...]
    aggregate: tuple[Row, ...]
    marginal: tuple[Row, ...]


class Reader:
    """Sorts rows by what their cohort columns say; dimensions: declared values by name."""

    def __init__(self, dimensions: Mapping[str, Sequence[str]], rows: Sequence[Row]) -> None:
        self._dimensions = dimensions
        self._blank_is_all = self._sums_up(rows)

    def sort(self, rows: Iterable[Row]) -> Kinds:
        """The rows of one day by kind."""
        cells: list[tuple[Cohort, Row]] = []
        aggregate: list[Row] = []
        marginal: list[Row] = []
        for row in rows:
            every = [self._everybody(row, name) for name in self._dimensions]
            if every and all(every):
                aggregate.append(row)
            elif any(every):
                marginal.append(row)
            else:
                cells.append((self._cohort(row), row))
        return Kinds(tuple(cells), tuple(aggregate), tuple(marginal))

    def _cohort(self, row: Row) -> Cohort:
        return tuple(row[name] if row[name] in values else None for name, values in self._dimensions.items())

    def _everybody(self, row: Row, name: str) -> bool:
        if _blank(row, name):
            return self._blank_is_all
        value = row[name]
        return value not in self._dimensions[name] and value.strip().casefold() in EVERYBODY

    def _sums_up(self, rows: Sequence[Row]) -> bool:
        """Whether every row with an empty cohort has at least the units of the rows it would sum up."""
        full: defaultdict[tuple[Any, ...], list[Row]] = defaultdict(list)
        blank: list[tuple[tuple[Any, ...], Row]] = []
        self._blank_is_all = False  # while only words count
        for row in rows:
            key = row["arm"], row["metric"]
            if any(_blank(row, name) for name in self._dimensions):
                blank.append((key, row))
            elif not any(self._everybody(row, name) for name in self._dimensions):
                full[key].append(row)
        sums = []
        for key, row in blank:
            given = [name for name in self._dimensions if not _blank(row, name)]
            below = [one for one in full[key] if all(one[name] == row[name] for name in given)]
            if below:
                sums.append(_units(row) >= (1 - SHORT) * sum(map(_units, below)))
        return all(sums) if sums else not any(self._partly(row) for _, row in blank)

    def _partly(self, row: Row) -> bool:
        return not all(_blank(row, name) for name in self._dimensions)


def _blank(row: Row, name: str) -> bool:
    return row[name] is None or not row[name].strip()


def _units(row: Row) -> float:
    return float(row["n"] or 0)
