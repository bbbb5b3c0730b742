"""The outbox as the chat worker sees it: take the next effect of a lane, and record what came of it.

Only the oldest pending effect of a lane can be claimed, so while it waits (Retry-After, a back-off) its lane
waits, and no other does. A claim is a lease and a fence: a worker that lost its lease records nothing.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, delete, or_, select, update

from bot.core.claimed import Claimed, StoreUnavailable
from bot.store import blobs
from bot.store.database import Database
from bot.store.effects import key_of, kind_of, load
from bot.store.outbox import channel_id, remember_channel
from bot.store.outbox_rows import ChannelRow, MessageRow, OutboxRow, UploadRow

OnDead: TypeAlias = Callable[[Session, Claimed, str, datetime], None]  # session, claimed, reason, now


class Outbox:
    """The outbox as the chat worker sees it; each method is one transaction, called from any thread.

    Raises StoreUnavailable. `on_dead` is called in the transaction that gives an effect up, to put the news.
    """

    def __init__(self, db: Database, *, on_dead: OnDead | None = None) -> None:
        self._db = db
        self._on_dead = on_dead

    def claim(self, now: datetime, lease: timedelta, busy: Collection[str] = ()) -> Claimed | None:
        """Take the oldest effect that heads its lane and is free; lanes in `busy` are left out."""
        ready = _ready(now, busy)
        with self._read() as session:
            if session.exec(ready).first() is None:
                return None
        with self._write() as session:
            row = session.exec(ready.with_for_update(skip_locked=True)).first()
            if row is None:
                return None
            claimed = Claimed(
                id=row.id or 0,
                effect=load(row.kind, row.effect),
                lane=row.lane,
                created_at=row.created_at,
                lease_until=now + lease,
                tries=row.tries + 1,
                fence=row.fence + 1,
                doubt=row.doubt,
                note=row.note,
                first_try=row.first_try or now,
            )
            row.first_try = claimed.first_try
            row.fence, row.tries, row.lease_until = claimed.fence, claimed.tries, claimed.lease_until
            row.doubt = True
            return claimed

    def sent(self, claimed: Claimed, result: Mapping[str, str], now: datetime) -> bool:
        """Record that Slack has it; False when the lease was lost, and nothing is recorded.

        `result` may hold `channel` (id), `ts` of a message and `file` (id).
        """
        with self._write() as session:
            if not _settle(session, claimed, now, state="sent", error=None):
                return False
            kind, key = kind_of(claimed.effect), key_of(claimed.effect)
            if "channel" in result and result["channel"] != claimed.lane:
                session.merge(ChannelRow(reference=claimed.lane, channel=result["channel"]))
            if kind == "post":
                session.merge(MessageRow(key=key, channel=result["channel"], ts=result["ts"]))
            if kind == "upload":
                session.merge(UploadRow(key=key, file=result["file"]))
            return True

    def retry(self, claimed: Claimed, at: datetime, error: str, *, doubt: bool = True) -> bool:
        """Give it back until `at`, and its lane with it; `doubt` False when Slack surely did not take it."""
        with self._write() as session:
            values = {
                "lease_until": None,
                "fence": claimed.fence + 1,
                "error": error,
                "doubt": doubt or claimed.doubt,
            }
            if not _update(session, claimed, values):
                return False
            waiting = (col(OutboxRow.lane) == claimed.lane, col(OutboxRow.state) == "pending")
            session.exec(update(OutboxRow).where(*waiting, col(OutboxRow.free_at) < at).values(free_at=at))
            return True

    def dead(self, claimed: Claimed, error: str, now: datetime) -> bool:
        """Give it up for good, and tell `on_dead`."""
        with self._write() as session:
            if not _settle(session, claimed, now, state="dead", error=error):
                return False
            if self._on_dead is not None:
                self._on_dead(session, claimed, error, now)
            return True

    def note(self, claimed: Claimed, values: Mapping[str, Any]) -> bool:
        """Write down what a later attempt must know, before doing it; False when the lease was lost."""
        with self._write() as session:
            return _update(session, claimed, {"note": dict(claimed.note) | dict(values)})

    def message(self, key: str) -> tuple[str, str] | None:
        """(channel id, ts) of the message posted under `key`."""
        with self._read() as session:
            row = session.get(MessageRow, key)
            return (row.channel, row.ts) if row else None

    def channel(self, reference: str) -> str | None:
        """The id behind a channel reference, when known."""
        with self._read() as session:
            return channel_id(session, reference)

    def remember_channel(self, reference: str, channel: str) -> None:
        """Keep the id behind a channel reference."""
        with self._write() as session:
            remember_channel(session, reference, channel)

    def forget_channel(self, reference: str) -> None:
        """Look the reference up anew next time: the channel behind it is gone."""
        with self._write() as session:
            session.exec(delete(ChannelRow).where(col(ChannelRow.reference) == reference))

    def upload(self, key: str) -> str | None:
        """The Slack file id of an upload's key."""
        with self._read() as session:
            row = session.get(UploadRow, key)
            return row.file if row else None

    def awaited(self, claimed: Claimed, kind: str, key: str) -> bool:
        """Whether the effect of this kind (post, upload) and key will still be delivered before `claimed` is.

        One behind it in its own lane will not, and waiting for it would never end.
        """
        with self._read() as session:
            found = session.exec(
                select(OutboxRow.id).where(
                    OutboxRow.kind == kind,
                    OutboxRow.key == key,
                    OutboxRow.state == "pending",
                    or_(col(OutboxRow.lane) != claimed.lane, col(OutboxRow.id) < claimed.id),
                )
            )
            return found.first() is not None

    def blob(self, name: str) -> bytes:
        """The bytes of an upload; KeyError when there are none."""
        with self._read() as session:
            return blobs.get(session, name)

    @contextmanager
    def _read(self) -> Iterator[Session]:
        try:
            with self._db.read() as session:
                yield session
        except SQLAlchemyError as error:
            raise StoreUnavailable(type(error).__name__) from error

    @contextmanager
    def _write(self) -> Iterator[Session]:
        try:
            with self._db.write() as session:
                yield session
        except SQLAlchemyError as error:
            raise StoreUnavailable(type(error).__name__) from error


def _ready(now: datetime, busy: Collection[str]) -> Any:
    earlier = aliased(OutboxRow)
    behind = select(col(earlier.id)).where(
        col(earlier.lane) == col(OutboxRow.lane),
        col(earlier.state) == "pending",
        col(earlier.id) < col(OutboxRow.id),
    )
    ready = select(OutboxRow).where(
        col(OutboxRow.state) == "pending",
        col(OutboxRow.free_at) <= now,
        or_(col(OutboxRow.lease_until).is_(None), col(OutboxRow.lease_until) <= now),
        ~behind.exists(),
    )
    if busy:
        ready = ready.where(col(OutboxRow.lane).not_in(list(busy)))
    return ready.order_by(col(OutboxRow.id)).limit(1)


def _settle(session: Session, claimed: Claimed, now: datetime, *, state: str, error: str | None) -> bool:
    return _update(session, claimed, {"state": state, "error": error, "settled_at": now, "lease_until": None})


def _update(session: Session, claimed: Claimed, values: Mapping[str, Any]) -> bool:
    """Change the claimed row unless another worker has taken it over."""
    result = session.exec(
        update(OutboxRow)
        .where(
            col(OutboxRow.id) == claimed.id,
            col(OutboxRow.fence) == claimed.fence,
            col(OutboxRow.state) == "pending",
        )
        .values(**values)
    )
    return bool(result.rowcount == 1)
