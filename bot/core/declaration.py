"""When a registration came into force, who signed it, and whether any data were there by then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from bot.core.launch import Kind
from bot.core.ledger import Entry

_LOOKS = (Kind.LOOK, Kind.PEEK)


@dataclass(frozen=True)
class Declaration:
    """A version of a registration; `signers` are Slack ids by role, `at` is None before it is in force.

    looks_before: looks and peeks on record by then; amends: whether it changed an earlier version, and
    `reason` why; `breaking` whether that broke the plan.
    """

    sha256: str
    author: str
    at: datetime | None = None
    signers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    looks_before: int = 0
    amends: bool = False
    reason: str = ""
    breaking: bool = False

    def before_data(self, start: date | None, zone: ZoneInfo) -> bool | None:
        """Whether it was in force before the experiment's first day; None when that day is not known."""
        if self.at is None or self.looks_before:
            return False
        return None if start is None else self.at.astimezone(zone).date() < start


def declared(entries: Sequence[Entry], sha256: str) -> Declaration:
    """What an experiment's entries say of the version with this hash."""
    signers: dict[str, str] = {}
    author, reason, at, before, looks = "", "", None, 0, 0
    amends = breaking = False
    for entry in entries:
        if entry.kind in _LOOKS:
            looks += 1
        if entry.body.get("sha256") != sha256:
            continue
        match entry.kind:
            case Kind.REGISTERED:
                author = entry.by
            case Kind.AMENDMENT:
                author, reason, amends, signers = entry.by, str(entry.body["reason"]), True, {}
            case Kind.SIGNED:
                signers[entry.body["role"]] = entry.by
            case Kind.VOIDED:
                signers.pop(entry.body["role"], None)
            case Kind.LOCKED | Kind.AMENDED:
                at, before = entry.at, looks
                breaking = bool(entry.body.get("breaking"))
            case _:
                pass
    return Declaration(sha256, author, at, MappingProxyType(signers), before, amends, reason, breaking)
