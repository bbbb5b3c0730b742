"""The ledger: what was decided, by whom, each entry hashing the one before, so that none can be changed.

A hash is SHA-256 over the canonical JSON of everything else in the entry. Whoever holds a later hash can tell
whether an earlier entry was changed, left out or put in; a whole chain written anew shows only against a hash
kept elsewhere, which is why decisions print theirs in Slack.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from bot.core.registration import canonical_json
from bot.errors import InputError

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
        """Everything it has, its hash too."""
        return {**_hashed(self), "hash": self.hash}

    def line(self) -> str:
        """A line of the export, canonical JSON: what is hashed is the line without `"hash":"…",`."""
        return canonical_json(self.to_json())


@dataclass(frozen=True)
class Break:
    """The first entry that does not hold, and why."""

    number: int
    reason: str


def sealed(
    number: int, at: datetime, kind: str, subject: str, by: str, body: Mapping[str, Any], previous: str
) -> Entry:
    """A new entry with its hash. Raises ValueError for what JSON cannot hold (NaN).

    Its body is as JSON gives it back, so that the hash is over what will be read: tuples are lists, keys are
    texts.
    """
    kept = json.loads(json.dumps(dict(body), allow_nan=False))
    entry = Entry(number, at.astimezone(UTC), str(kind), str(subject), str(by), kept, previous, "")
    return replace(entry, hash=digest(entry))


def digest(entry: Entry) -> str:
    """What the entry's hash should be, hexadecimal."""
    return sha256(canonical_json(_hashed(entry)).encode("utf-8", "surrogatepass")).hexdigest()


def broken(entries: Iterable[Entry]) -> Break | None:
    """The first entry, in order, that does not hold; None when the whole chain does.

    Entries taken from the end leave a chain that holds: only a head kept elsewhere shows that.
    """
    previous = GENESIS
    for number, entry in enumerate(entries, start=1):
        if entry.number != number:
            return Break(number, f"entry {number} is missing: after {number - 1} comes {entry.number}")
        if entry.previous != previous:
            return Break(
                number, f"it follows {entry.previous[:12]}…, and the entry before is {previous[:12]}…"
            )
        if entry.hash != digest(entry):
            return Break(number, "its hash does not fit what it says: it was changed")
        previous = entry.hash
    return None


@dataclass(frozen=True)
class Head:
    """An entry's number and the beginning of its hash, as copied from a message."""

    number: int
    beginning: str

    @classmethod
    def read(cls, text: str) -> "Head":
        """Read `88:5d1e0a2b9c4d`, or as a message has it: `ledger 88 · head 5d1e0a2b9c4d…`.

        Raises InputError when it is neither.
        """
        found = _HEAD.fullmatch(text.strip())
        if found is None or not 1 <= int(found[1]) < _MOST:
            raise InputError(
                f"--head {text!r} is no head of the ledger.",
                "Copy number and hash from a message: 88:5d1e0a2b9c4d (at least 6 letters of the hash).",
            )
        return cls(int(found[1]), found[2].lower())


def unwitnessed(entries: Sequence[Entry], heads: Iterable[Head]) -> Break | None:
    """The first head that the chain does not have: it was written anew, or cut off before."""
    for head in sorted(heads, key=lambda one: one.number):
        if head.number > len(entries):
            newest = f"the newest here is {len(entries)}" if entries else "there is none here"
            return Break(head.number, f"a message has its head, and {newest}: entries were deleted")
        has = entries[head.number - 1].hash
        if not has.startswith(head.beginning):
            was = f"a message has the head {head.beginning}…, and here it is {has[:12]}…"
            return Break(head.number, f"{was}: the chain was written anew up to here")
    return None


_HEAD = re.compile(r"(?:ledger\s+)?(\d{1,12})(?::|\s*·\s*head\s+|\s+)([0-9a-fA-F]{6,64})…?")
_MOST = 2**31


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
