"""The ledger: what was decided, by whom, each entry hashing the one before, so that none can be changed.

A hash is SHA-256 over the canonical JSON of everything else in the entry. Whoever holds a later hash can tell
whether an earlier entry was changed, left out or put in; a whole chain written anew shows only against a hash
kept elsewhere, which is why decisions print theirs in Slack.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from bot.core.registration import canonical_json

GENESIS = "0" * 64
"""What the first entry has as the hash before it."""


@dataclass(frozen=True)
class Entry:
    """One entry; `previous` is the hash of the one before.

    `number` counts from 1, `subject` is the experiment's id, `by` a Slack id or empty for Lookout itself,
    `body` what the kind says (see bot.core.launch).
    """

    number: int
    at: datetime
    kind: str
    subject: str
    by: str
    body: Mapping[str, Any]
    previous: str
    hash: str

    def to_json(self) -> dict[str, Any]:
        """As exported: a line of JSON lines."""
        return {**_hashed(self), "hash": self.hash}


@dataclass(frozen=True)
class Break:
    """The first entry that does not hold, and why."""

    number: int
    reason: str


def sealed(
    number: int, at: datetime, kind: str, subject: str, by: str, body: Mapping[str, Any], previous: str
) -> Entry:
    """A new entry with its hash. Raises ValueError for what JSON cannot hold (NaN)."""
    entry = Entry(number, at.astimezone(UTC), kind, subject, by, dict(body), previous, "")
    return Entry(number, entry.at, kind, subject, by, entry.body, previous, digest(entry))


def digest(entry: Entry) -> str:
    """What the entry's hash should be, hexadecimal."""
    return sha256(canonical_json(_hashed(entry)).encode("utf-8", "surrogatepass")).hexdigest()


def broken(entries: Iterable[Entry]) -> Break | None:
    """The first entry, in order, that does not hold; None when the whole chain does."""
    previous = GENESIS
    for number, entry in enumerate(entries, start=1):
        if entry.number != number:
            return Break(number, f"entry {number} is missing: the next one is {entry.number}")
        if entry.previous != previous:
            return Break(
                number, f"it follows {entry.previous[:12]}…, and the entry before is {previous[:12]}…"
            )
        if entry.hash != digest(entry):
            return Break(number, "its hash does not fit what it says: it was changed")
        previous = entry.hash
    return None


def _hashed(entry: Entry) -> dict[str, Any]:
    return {
        "number": entry.number,
        "at": entry.at.astimezone(UTC).isoformat(),
        "kind": entry.kind,
        "subject": entry.subject,
        "by": entry.by,
        "body": dict(entry.body),
        "previous": entry.previous,
    }
