"""Deliveries from outside, stored before they are answered.

A delivery is unique by source and key (its id at the sender, or a fingerprint). Bodies are kept exactly,
also with NUL or lone surrogates. Work on one is `claims`' concern.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import Index, UniqueConstraint, func
from sqlmodel import Field, Session, SQLModel, col, delete, select

from bot.store.columns import Json, RawText, SafeText, UtcDateTime, clean
from bot.store.insert import insert_each_new, insert_new

RETENTION = timedelta(days=90)
_KEY_LENGTH = 200
_UNIQUE = ("source", "key", "repeat")


class InboxRow(SQLModel, table=True):
    """One delivery; `repeat` counts deliveries of the same key that were long enough apart."""

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("source", "key", "repeat"),
        Index("ix_inbox_state_id", "state", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    source: str
    key: str
    repeat: int = 0
    received_at: datetime = Field(sa_type=UtcDateTime)
    body: str = Field(sa_type=RawText)
    headers: dict[str, str] = Field(sa_type=Json)
    state: str  # new | done | quarantined
    error: str | None = Field(default=None, sa_type=SafeText)
    path: str | None = Field(default=None, sa_type=SafeText)
    hint: str | None = Field(default=None, sa_type=SafeText)
    tries: int = 0
    free_at: datetime = Field(sa_type=UtcDateTime)  # nobody may claim it before: a lease or a back-off
    fence: int = 0


@dataclass(frozen=True)
class Stored:
    """What became of a delivery: its row's id, and whether it was there already."""

    id: int
    duplicate: bool


@dataclass(frozen=True)
class Quarantined:
    """A delivery nobody could understand: what was wrong, where in it, what to do."""

    id: int
    source: str
    key: str
    received_at: datetime
    error: str
    path: str
    hint: str


@dataclass(frozen=True)
class Counts:
    """How full the inbox is; `oldest` is when the oldest delivery not yet done came in."""

    new: int
    quarantined: int
    oldest: datetime | None


def put(
    session: Session,
    *,
    source: str,
    key: str,
    body: str,
    headers: Mapping[str, str] | None = None,
    now: datetime,
    repeat_after: timedelta | None = None,
) -> Stored:
    """Store a delivery, or find it stored already.

    With `repeat_after`, a key last stored at least that long ago is stored anew: an alert that fires for
    weeks under one fingerprint must not be swallowed for ever.
    """
    values = _values(source, key, body, headers, now) | {"state": "new"}
    return _store(session, values, now, repeat_after)


@dataclass(frozen=True)
class Arrival:
    """A delivery to be stored, as `put` takes it."""

    source: str
    key: str
    body: str
    headers: Mapping[str, str]
    now: datetime
    repeat_after: timedelta | None = None


def put_all(session: Session, arrivals: Sequence[Arrival]) -> list[Stored]:
    """`put` for many, in their order, in one statement for all that are new: thousands come in a second."""
    rows = [
        _values(one.source, one.key, one.body, one.headers, one.now) | {"state": "new"} for one in arrivals
    ]
    found = insert_each_new(session, InboxRow, rows, unique=_UNIQUE, returning=("id", "source", "key"))
    new = {(source, key): number for number, source, key in found}
    stored = []
    for one, row in zip(arrivals, rows, strict=True):
        number = new.pop((row["source"], row["key"]), None)
        if number is not None:
            stored.append(Stored(number, duplicate=False))
        else:
            stored.append(_store(session, row, one.now, one.repeat_after))
    return stored


def quarantine(
    session: Session,
    *,
    source: str,
    key: str,
    body: str,
    headers: Mapping[str, str] | None = None,
    error: str,
    path: str,
    hint: str,
    now: datetime,
) -> Stored:
    """Keep a delivery that cannot be understood; it is never worked on."""
    values = _values(source, key, body, headers, now)
    values |= {"state": "quarantined", "error": error, "path": path, "hint": hint}
    return _store(session, values, now, None)


def waits(session: Session, delivery: int) -> bool:
    """Whether a delivery is still to be done."""
    row = session.get(InboxRow, delivery)
    return row is not None and row.state == "new"


def counts(session: Session) -> Counts:
    """How full the inbox is."""
    rows = session.exec(
        select(InboxRow.state, func.count(), func.min(InboxRow.received_at))
        .where(col(InboxRow.state) != "done")
        .group_by(InboxRow.state)
    )
    found = {state: (number, oldest) for state, number, oldest in rows}
    new, oldest = found.get("new", (0, None))
    return Counts(new=new, quarantined=found.get("quarantined", (0, None))[0], oldest=oldest)


def quarantined(session: Session, *, limit: int = 50) -> list[Quarantined]:
    """The newest deliveries in quarantine, newest first."""
    rows = session.exec(
        select(InboxRow)
        .where(col(InboxRow.state) == "quarantined")
        .order_by(col(InboxRow.id).desc())
        .limit(limit)
    )
    return [
        Quarantined(
            row.id or 0, row.source, row.key, row.received_at, row.error or "", row.path or "", row.hint or ""
        )
        for row in rows
    ]


def purge(session: Session, *, now: datetime, keep: timedelta = RETENTION) -> int:
    """Delete deliveries done or quarantined and older than `keep`; how many."""
    result = session.exec(
        delete(InboxRow).where(col(InboxRow.state) != "new", col(InboxRow.received_at) < now - keep)
    )
    return int(result.rowcount)


def _values(
    source: str, key: str, body: str, headers: Mapping[str, str] | None, now: datetime
) -> dict[str, object]:
    """The columns of a new row; a key no index would take is replaced by its hash."""
    if len(key) > _KEY_LENGTH or clean(key) != key:
        key = "sha256:" + sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    return {
        "source": source,
        "key": key,
        "received_at": now,
        "body": body,
        "headers": dict(headers or {}),
        "free_at": now,
        "tries": 0,
        "fence": 0,
        "repeat": 0,
    }


def _store(
    session: Session, values: dict[str, object], now: datetime, repeat_after: timedelta | None
) -> Stored:
    new = insert_new(session, InboxRow, values, unique=_UNIQUE)
    if new is not None:
        return Stored(new, duplicate=False)
    last = _newest(session, values)
    if repeat_after is not None and now - last.received_at >= repeat_after:
        new = insert_new(session, InboxRow, values | {"repeat": last.repeat + 1}, unique=_UNIQUE)
        if new is not None:
            return Stored(new, duplicate=False)
        last = _newest(session, values)
    return Stored(last.id or 0, duplicate=True)


def _newest(session: Session, values: dict[str, object]) -> InboxRow:
    return session.exec(
        select(InboxRow)
        .where(col(InboxRow.source) == values["source"], col(InboxRow.key) == values["key"])
        .order_by(col(InboxRow.repeat).desc())
        .limit(1)
    ).one()
