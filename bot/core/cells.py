"""Cells of a metric, such as cohorts or shards: which of them moved against their own past, and where they
have in common that they did."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

LEAST = 3
"""Earlier values that a usual value takes."""
MAD = 1.4826
"""Median absolute deviation to standard deviation, under normality (Rousseeuw & Croux 1993, JASA 88)."""
NEARLY_ALL = 0.8
"""From this share of the cells on it is no matter of single cells."""


@dataclass(frozen=True)
class Cell:
    """One crossing: its labels by dimension, what it is now, and comparable earlier values, in any order.

    Values are in the metric's unit; `now` is None where there is none.
    """

    labels: Mapping[str, str]
    now: float | None
    past: tuple[float, ...] = ()

    @property
    def name(self) -> str:
        """As people say it: "jp-mobile-new"."""
        return "-".join(self.labels.values())


@dataclass(frozen=True)
class Judged:
    """A cell against its usual value, both in the metric's unit.

    `change` is signed, a fraction of the usual value; None where that is 0 or not known. `off` is None where
    nothing can be said.
    """

    cell: Cell
    usual: float | None
    change: float | None
    off: bool | None


@dataclass(frozen=True)
class Common:
    """What the cells that are off share: a value of a dimension; `off` of its `cells` are, and no other."""

    dimension: str
    value: str
    off: int
    cells: int


def judge(cell: Cell, *, moved: float, noise: float, harm: int = 0) -> Judged:
    """Hold a cell against the median of its past.

    It is off where it differs by more than `moved`, a fraction of the usual value, and by more than `noise`
    robust standard deviations of the past: the first asks whether it matters, the second whether it is real.
    `harm` is -1 where only a fall does harm, 1 where only a rise does, 0 where that is not known.

    >>> judge(Cell({"locale": "jp"}, 0.6, (0.91, 0.9, 0.92)), moved=0.05, noise=4).off
    True
    """
    if cell.now is None or len(cell.past) < LEAST:
        return Judged(cell, median(cell.past) if len(cell.past) >= LEAST else None, None, None)
    usual = median(cell.past)
    spread = MAD * median(abs(value - usual) for value in cell.past)
    away = abs(cell.now - usual)
    better = harm * (cell.now - usual) < 0
    off = not better and away > moved * abs(usual) and away > noise * spread
    return Judged(cell, usual, (cell.now - usual) / abs(usual) if usual else None, off)


def worst_first(judged: Sequence[Judged]) -> list[Judged]:
    """What is off first, then by how far; what is not known last."""
    rank = {True: 0, False: 1, None: 2}
    return sorted(judged, key=lambda one: (rank[one.off], -abs(one.change or 0.0), one.cell.name))


def common(judged: Sequence[Judged]) -> Common | None:
    """The one value that all cells that are off share, the narrowest first; None where there is none.

    A value that nearly every cell has explains nothing.
    """
    off = [one.cell.labels for one in judged if one.off]
    known = [one.cell.labels for one in judged if one.off is not None]
    found = [
        Common(dimension, value, len(off), sum(labels.get(dimension) == value for labels in known))
        for dimension, value in (off[0].items() if len(off) > 1 else ())
        if all(labels.get(dimension) == value for labels in off)
    ]
    telling = [one for one in found if one.cells < NEARLY_ALL * len(known)]
    return min(telling, key=lambda one: one.cells, default=None)


def everywhere(judged: Sequence[Judged]) -> bool:
    """Whether nearly all cells of which something is known are off, of at least three."""
    known = [one for one in judged if one.off is not None]
    return len(known) > 2 and sum(bool(one.off) for one in known) >= NEARLY_ALL * len(known)
