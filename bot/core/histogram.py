"""A table's rows by bin of a column and by day: the values, whoever counted them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeAlias

NULL, OTHER = "no value", "other"
ALL = ""
"""The cell of everything."""

Counts: TypeAlias = Mapping[int, tuple[float, ...]]
"""Rows by bin, by how many days ago; 0 is now."""


@dataclass(frozen=True)
class Bins:
    """How a column is binned. `edges` of numbers, else the `words`; last come the other words and nulls."""

    edges: tuple[float, ...] | None
    words: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether there is anything to bin by."""
        return bool(self.words if self.edges is None else self.edges)

    @property
    def names(self) -> tuple[str, ...]:
        """What the bins are called."""
        if self.edges is None:
            return (*self.words, OTHER, NULL)
        inner = [f"{low:.4g} to {high:.4g}" for low, high in pairwise(self.edges)]
        return (f"up to {self.edges[0]:.4g}", *inner, f"over {self.edges[-1]:.4g}", NULL)


@dataclass(frozen=True)
class Histograms:
    """What was counted: `counts` by column and cell (ALL for everything); `missing`, why a column has none.

    `text` is the query that counted.
    """

    bins: Mapping[str, Bins] = field(default_factory=dict)
    counts: Mapping[tuple[str, str], Counts] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
