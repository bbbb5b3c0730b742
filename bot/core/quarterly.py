"""A quarter's portfolio as it is kept: its editions, what was locked of it, and what came of that."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any


class Kind(StrEnum):
    """What the ledger says of a quarter's portfolio; the comment names the body's fields."""

    LOCKED = "portfolio_locked"  # edition, sha256, picked, rice, gut, rho, seed, late, why, overruled
    REVIEWED = "portfolio_reviewed"  # edition, sha256, outcomes, figures, haircut
    EFFORT = "portfolio_effort"  # candidate, weeks, note
    OUTCOME = "portfolio_outcome"  # candidate, lift, shipped, note: of one that no launch here tells of


@dataclass(frozen=True)
class Gut:
    """The pick that somebody made by feel, best first; `seen`: after the computed one was shown to them."""

    by: str
    at: datetime
    picked: tuple[str, ...]
    why: str = ""
    seen: bool = False


@dataclass(frozen=True)
class Edition:
    """One edition of a quarter's portfolio.

    file: the whole of what was scored, canonical JSON of it has the hash `sha256`. result: what was worked
    out, as `lookout portfolio --json` prints it. picked: ids of candidates.
    """

    quarter: str
    number: int
    sha256: str
    file: Mapping[str, Any]
    result: Mapping[str, Any]
    picked: tuple[str, ...]
    gut: Gut | None
    by: str
    at: datetime


@dataclass(frozen=True)
class Quarterly:
    """The portfolio of a quarter; `edition` is the newest, 0 for none.

    channel: where its card is. setup: what a file said besides candidates, as JSON. gut: the newest pick
    by gut feel, {by, at, picked [ids], why, seen}: seen says that the computed pick was shown before.
    locked_edition, locked_entry: what was locked, and the ledger's entry.
    efforts: {weeks, by, at, note} by candidate. outcomes: {lift, shipped, by, at, note} by candidate, where
    no launch here says it. reviewed_entry: the ledger's entry of the newest retrospective.
    """

    quarter: str
    channel: str
    edition: int = 0
    locked_edition: int | None = None
    locked_entry: int | None = None
    locked_at: datetime | None = None
    setup: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    gut: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    efforts: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    outcomes: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    reviewed_entry: int | None = None

    @property
    def locked(self) -> bool:
        """Whether its pick is locked."""
        return self.locked_edition is not None
