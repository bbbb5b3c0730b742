"""Work on the inbox: claimed by a lease, done in the worker's own transaction and guarded by a fence.

So a delivery counts once however many workers die at it; after MAX_TRIES it is quarantined.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import func, tuple_
from sqlmodel import Session, col, select, update

from bot.store.database import Database
from bot.store.inbox import InboxRow

MAX_TRIES = 5
TOGETHER_SIZE = 1_000_000
"""Bytes of bodies taken together: the largest one alone is as large."""


@dataclass(frozen=True)
class Delivery:
    """A delivery claimed for work; `tries` counts this attempt too."""

    id: int
    source: str
    key: str
    body: str
    headers: Mapping[str, str]
    received_at: datetime
    tries: int
    fence: int


def claim(db: Database, *, now: datetime, lease: timedelta) -> Delivery | None:
    """Take the oldest delivery that is new, or whose worker's lease ran out; None when there is none."""
    return next(iter(claim_alike(db, "", now=now, lease=lease, most=1)), None)


def claim_alike(
    db: Database, alike: str, *, now: datetime, lease: timedelta, most: int
) -> tuple[Delivery, ...]:
    """Take the oldest delivery and, where its source begins with `alike`, those right behind it that do too.

    At most `most`, in their order; empty when there is none. A delivery that was tried before is taken alone,
    and one whose workers died MAX_TRIES times is quarantined instead: it may be what kills them.
    """
    ready = (
        select(InboxRow.id, InboxRow.source, InboxRow.tries, func.length(InboxRow.body))
        .where(col(InboxRow.state) == "new", col(InboxRow.free_at) <= now)
        .order_by(col(InboxRow.id))
    )
    with db.read() as session:
        if session.exec(ready.limit(1)).first() is None:
            return ()
    with db.write() as session:
        while found := session.exec(ready.limit(most).with_for_update(skip_locked=True)).all():
            ids = _together([_Waiting(*each) for each in found], alike)
            rows = session.exec(select(InboxRow).where(col(InboxRow.id).in_(ids)).order_by(col(InboxRow.id)))
            taken = [_taken(row, now + lease) for row in rows if not _exhausted(row)]
            session.flush()
            if taken:
                return tuple(taken)
    return ()


def done(session: Session, *deliveries: Delivery) -> bool:
    """Mark them done in the transaction that did the work; False when a lease was lost: roll back."""
    claimed = [(delivery.id, delivery.fence) for delivery in deliveries]
    result = session.exec(
        update(InboxRow)
        .where(tuple_(col(InboxRow.id), col(InboxRow.fence)).in_(claimed), col(InboxRow.state) == "new")
        .values(state="done")
        .execution_options(synchronize_session=False)
    )
    return bool(result.rowcount == len(claimed))


def failed(session: Session, delivery: Delivery, *, error: str, now: datetime) -> bool:
    """Try again later (2, 4, 8, 16 s), or quarantine it after MAX_TRIES; whether it was quarantined.

    Nothing happens when the lease was lost.
    """
    row = session.get(InboxRow, delivery.id, with_for_update=True)
    if row is None or row.fence != delivery.fence or row.state != "new":
        return False
    row.fence += 1
    if row.tries >= MAX_TRIES:
        _give_up(row, error)
        return True
    row.error = error
    row.free_at = now + timedelta(seconds=2**row.tries)
    return False


class _Waiting(NamedTuple):
    id: int
    source: str
    tries: int
    size: int


def _together(waiting: Sequence[_Waiting], alike: str) -> list[int]:
    """The ids of those that may be taken together, the first among them."""
    first, *rest = waiting
    ids, size = [first.id], first.size
    if first.tries or not first.source.startswith(alike):
        return ids
    for each in rest:
        size += each.size
        if each.tries or not each.source.startswith(alike) or size > TOGETHER_SIZE:
            break
        ids.append(each.id)
    return ids


def _exhausted(row: InboxRow) -> bool:
    if row.tries < MAX_TRIES:
        return False
    row.fence += 1
    _give_up(row, "the worker died at it")
    return True


def _give_up(row: InboxRow, error: str) -> None:
    row.state = "quarantined"
    row.error = f"given up after {row.tries} tries: {error}"
    row.hint = "Look for this delivery's id in the log."


def _taken(row: InboxRow, until: datetime) -> Delivery:
    row.fence += 1
    row.tries += 1
    row.free_at = until
    return Delivery(
        id=row.id or 0,
        source=row.source,
        key=row.key,
        body=row.body,
        headers=row.headers,
        received_at=row.received_at,
        tries=row.tries,
        fence=row.fence,
    )
