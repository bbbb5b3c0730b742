"""An upstream feed as counted: its days, its schema, its newest row."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True)
class FeedDay:
    """One day of a feed, in the feed's zone.

    `rows` of the whole day; `early`, `so_far` and `late` those up to an hour before the time of day it is
    now, up to now, up to an hour after. `newest` is the newest row's time of day in seconds, `newest_so_far`
    that of the rows up to now; None where there are none. `nulls` by column.
    """

    date: date
    rows: int
    early: int
    so_far: int
    late: int
    newest: float | None = None
    newest_so_far: float | None = None
    nulls: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Feed:
    """What was counted, up to now.

    `days` by date, those without a row left out; `today` and `clock` (seconds since midnight) are now in the
    feed's zone; `dated`: it has dates and no times of day. `schema` is the type by column. `text` is the
    query.
    """

    name: str
    today: date
    clock: float
    dated: bool
    days: Mapping[date, FeedDay]
    schema: Mapping[str, str]
    text: str = ""


@dataclass(frozen=True)
class SchemaSeen:
    """A schema of a table and how long it was seen."""

    schema: Mapping[str, str]
    first_seen: datetime
    last_seen: datetime


def fingerprint(schema: Mapping[str, str]) -> str:
    """The first 12 hex digits of the SHA-256 of names and types, whatever the order of the columns.

    >>> fingerprint({"a": "int64", "b": "string"}) == fingerprint({"b": "string", "a": "int64"})
    True
    """
    canonical = json.dumps(dict(sorted(schema.items())), separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """What changed, in words: columns gone first, then those of another type, then new ones.

    >>> differences({"a": "int64", "b": "string"}, {"a": "string", "c": "date"})
    ('b is gone', 'a int64 → string', 'c (date) is new')
    """
    gone = [f"{name} is gone" for name in before if name not in after]
    other = [
        f"{name} {kind} → {after[name]}" for name, kind in before.items() if after.get(name, kind) != kind
    ]
    new = [f"{name} ({kind}) is new" for name, kind in after.items() if name not in before]
    return (*gone, *other, *new)
