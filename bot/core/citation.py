"""Figures of documents: each with the record it comes from, or a gap that says which record is missing."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Figure:
    """What is said, with its unit, and the record that shows it.

    record: as people type it: "ledger 88", "record 41", "INC-7", "FRM-3", "2026-Q4". link: where it can be
    read, "" for nowhere but `/trace`.
    """

    said: str
    record: str
    link: str = ""


@dataclass(frozen=True)
class Gap:
    """A figure that no record shows: `what` is missing, and `how` it would come to be on record."""

    what: str
    how: str = ""


Cited: TypeAlias = Figure | Gap
