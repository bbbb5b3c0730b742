"""The ledger's table: appended to, never changed; both databases refuse anything else by triggers.

Who appends holds the ledger's lock until the transaction ends, so that what was read before is still true:
SQLite has one writer at a time, PostgreSQL takes an advisory lock.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import Field, Session, SQLModel, col, select

from bot.core.ledger import GENESIS, Entry, sealed
from bot.store.columns import Json, UtcDateTime

_LOCK = 6107212
_PAGE = 1000


class LedgerRow(SQLModel, table=True):
    """One entry; `previous` is unique, so that the chain cannot fork."""

    __tablename__ = "ledger"

    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: datetime = Field(sa_type=UtcDateTime)
    kind: str
    subject: str = Field(index=True)
    by: str
    body: dict[str, Any] = Field(sa_type=Json)
    previous: str = Field(unique=True)
    hash: str = Field(unique=True)


def lock(session: Session) -> None:
    """Keep others from appending until this transaction ends; take it before reading what decides."""
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def append(
    session: Session, *, kind: str, subject: str, by: str, body: Mapping[str, Any], now: datetime
) -> Entry:
    """Append an entry and return it, with its number and hash."""
    lock(session)
    last = session.exec(select(LedgerRow).order_by(col(LedgerRow.number).desc()).limit(1)).first()
    number, previous = (last.number, last.hash) if last else (0, GENESIS)
    entry = sealed(number + 1, now, kind, subject, by, body, previous)
    session.add(LedgerRow(**_values(entry)))
    session.flush()
    return entry


def of(session: Session, subject: str) -> list[Entry]:
    """Every entry of a subject, in order."""
    rows = session.exec(select(LedgerRow).where(LedgerRow.subject == subject).order_by(col(LedgerRow.number)))
    return [_entry(row) for row in rows]


def since(session: Session, moment: datetime, kinds: tuple[str, ...] = ()) -> list[Entry]:
    """Every entry at or after a moment, of these kinds where some are named, in order."""
    wanted = select(LedgerRow).where(col(LedgerRow.at) >= moment)
    if kinds:
        wanted = wanted.where(col(LedgerRow.kind).in_(kinds))
    return [_entry(row) for row in session.exec(wanted.order_by(col(LedgerRow.number)))]


def numbered(session: Session, numbers: Sequence[int]) -> list[Entry]:
    """The entries of these numbers, in order; numbers that there are none of are left out."""
    rows = session.exec(
        select(LedgerRow).where(col(LedgerRow.number).in_(numbers)).order_by(col(LedgerRow.number))
    )
    return [_entry(row) for row in rows]


def of_kind(session: Session, kind: str) -> list[Entry]:
    """Every entry of a kind, in order."""
    rows = session.exec(select(LedgerRow).where(LedgerRow.kind == kind).order_by(col(LedgerRow.number)))
    return [_entry(row) for row in rows]


def subjects(session: Session, kind: str = "") -> list[str]:
    """Every subject there is an entry of, of this kind where one is named."""
    wanted = select(LedgerRow.subject).distinct()
    return sorted(session.exec(wanted.where(LedgerRow.kind == kind) if kind else wanted))


def every(session: Session) -> Iterator[Entry]:
    """The whole ledger in order, read in pages."""
    after = 0
    while True:
        page = session.exec(
            select(LedgerRow)
            .where(col(LedgerRow.number) > after)
            .order_by(col(LedgerRow.number))
            .limit(_PAGE)
        ).all()
        if not page:
            return
        yield from map(_entry, page)
        after = page[-1].number


def head(session: Session) -> Entry | None:
    """The newest entry; None when there is none."""
    row = session.exec(select(LedgerRow).order_by(col(LedgerRow.number).desc()).limit(1)).first()
    return None if row is None else _entry(row)


def _values(entry: Entry) -> dict[str, Any]:
    return {
        "number": entry.number,
        "at": entry.at,
        "kind": entry.kind,
        "subject": entry.subject,
        "by": entry.by,
        "body": dict(entry.body),
        "previous": entry.previous,
        "hash": entry.hash,
    }


def _entry(row: LedgerRow) -> Entry:
    return Entry(**row.model_dump())
