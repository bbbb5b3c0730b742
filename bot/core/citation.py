"""Figures of documents: each with the record it comes from, or a gap that says which record is missing."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Figure:
    """What is said, with its unit, and the record that shows it.

    said: text as people or programs wrote it; whoever renders it makes it harmless. record: as people type
    it: "ledger 88", "record 41", "INC-7", "FRM-3", "2026-Q4". link: where it can be read, "" for nowhere but
    `/trace`.
    """

    said: str
    record: str
    link: str = ""


@dataclass(frozen=True)
class Gap:
    """A figure that no record shows: `what` is missing, and `how` it would come to be on record."""

    what: str
    how: str = ""

    @property
    def words(self) -> str:
        """The gap as a document shows it, without its mark.

        >>> Gap("no load test on record", "`/latency loadtest` takes one").words
        'no load test on record; `/latency loadtest` takes one'
        """
        return "; ".join(filter(None, (self.what, self.how)))


Cited: TypeAlias = Figure | Gap


def entries(numbers: Iterable[int]) -> str:
    """The name of one or several entries of the ledger: "ledger 3, 5, 9", as a figure's record."""
    return f"ledger {', '.join(map(str, sorted(set(numbers))))}"


def known(said: str, record: str, missing: Gap, link: str = "") -> Cited:
    """A figure where something was said, else the gap."""
    return Figure(said, record, link) if said.strip() else missing
