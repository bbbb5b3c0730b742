"""What is still to be said in Slack, written in the transaction that made it true.

Effects wait in *lanes*, one per channel reference, from which `bot.store.lanes` takes them in order. Keys
make effects idempotent; an Update replaces those of the same message that are not on their way yet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, delete, or_, select, update

from bot.core.claimed import Claimed
from bot.core.effect import Effect, Post, PublishHome, Update
from bot.store.effects import dump, key_of, kind_of
from bot.store.insert import insert_new
from bot.store.outbox_rows import ChannelRow, MessageRow, OutboxRow, UploadRow

RETENTION = timedelta(days=90)
LATEST = (Update, PublishHome)  # of these only the newest is worth sending


@dataclass(frozen=True)
class Counts:
    """Effects waiting, when the oldest was put, and how many were given up."""

    pending: int
    oldest: datetime | None
    dead: int


def put(session: Session, effect: Effect, *, now: datetime) -> None:
    """Have `effect` delivered once this transaction is committed.

    The same key again is nothing, except for the LATEST, which replace those still waiting.
    """
    kind, key = kind_of(effect), key_of(effect)
    if isinstance(effect, Post) and message_ts(session, key) is not None:
        return  # also when its row was purged long ago
    free_at = now
    if isinstance(effect, LATEST):
        rows = _waiting(session, effect, now)
        if rows and _keeps_place(session, rows[0], effect):
            _replace(rows[0], effect)
            _supersede(session, rows[1:], now)
            return
        free_at = max(now, _supersede(session, rows, now))
    values: dict[str, Any] = {
        "kind": kind,
        "key": key,
        "once": None if isinstance(effect, LATEST) else f"{kind}:{key}",
        "lane": effect.channel,
        "effect": dump(effect),
        "state": "pending",
        "created_at": now,
        "free_at": free_at,
        "fence": 0,
        "tries": 0,
        "doubt": False,
        "note": {},
    }
    insert_new(session, OutboxRow, values, unique=("once",))


def message_ts(session: Session, key: str) -> str | None:
    """The Slack ts of the message posted under `key`, once it is."""
    row = session.get(MessageRow, key)
    return row.ts if row else None


def key_at(session: Session, channel: str, ts: str) -> str | None:
    """The key of the message that stands at `ts` in the channel of this id; None where it is not ours."""
    rows = select(MessageRow.key).where(MessageRow.channel == channel, MessageRow.ts == ts)
    return session.exec(rows).first()


def posted(session: Session, prefix: str) -> list[str]:
    """The keys of messages posted, or about to be, that begin with `prefix`."""
    sent = session.exec(select(MessageRow.key).where(col(MessageRow.key).startswith(prefix, autoescape=True)))
    waiting = session.exec(
        select(OutboxRow.key).where(
            OutboxRow.kind == "post",
            col(OutboxRow.state) == "pending",
            col(OutboxRow.key).startswith(prefix, autoescape=True),
        )
    )
    return sorted({*sent, *waiting})


def channel_id(session: Session, reference: str) -> str | None:
    """The Slack id of a channel reference, once known."""
    row = session.get(ChannelRow, reference)
    return row.channel if row else None


def remember_channel(session: Session, reference: str, channel: str) -> None:
    """Keep the id behind a channel reference."""
    session.merge(ChannelRow(reference=reference, channel=channel))


def redirect(session: Session, claimed: Claimed, effect: Effect, *, now: datetime) -> None:
    """Have an effect that was just given up delivered as `effect`, under the same key."""
    session.exec(update(OutboxRow).where(col(OutboxRow.id) == claimed.id).values(once=None))
    put(session, effect, now=now)


def uploaded(session: Session, key: str) -> str | None:
    """The Slack file of the upload of this key, once it is there."""
    row = session.get(UploadRow, key)
    return row.file if row else None


def forget(session: Session, key: str) -> None:
    """Forget where the message of this key is, so that it can be posted and pinned once more, elsewhere."""
    session.exec(delete(MessageRow).where(col(MessageRow.key) == key))
    session.exec(update(OutboxRow).where(col(OutboxRow.key) == key).values(once=None))


def is_upload(session: Session, file: str) -> bool:
    """Whether a file of that Slack id was uploaded by Lookout itself."""
    return session.exec(select(UploadRow.key).where(UploadRow.file == file)).first() is not None


def counts(session: Session) -> Counts:
    """How much waits and how much was given up."""
    rows = session.exec(
        select(OutboxRow.state, func.count(), func.min(OutboxRow.created_at))
        .where(col(OutboxRow.state).in_(("pending", "dead")))
        .group_by(OutboxRow.state)
    )
    found = {state: (number, oldest) for state, number, oldest in rows}
    pending, oldest = found.get("pending", (0, None))
    return Counts(pending=pending, oldest=oldest, dead=found.get("dead", (0, None))[0])


def purge(session: Session, *, now: datetime, keep: timedelta = RETENTION) -> int:
    """Delete effects settled longer ago than `keep`; how many. Where messages are is kept."""
    result = session.exec(
        delete(OutboxRow).where(col(OutboxRow.state) != "pending", col(OutboxRow.settled_at) < now - keep)
    )
    return int(result.rowcount)


def _waiting(session: Session, effect: Update | PublishHome, now: datetime) -> Sequence[OutboxRow]:
    """Waiting effects of the same message that are not on their way, oldest first."""
    return session.exec(
        select(OutboxRow)
        .where(
            OutboxRow.kind == kind_of(effect),
            OutboxRow.key == effect.key,
            OutboxRow.state == "pending",
            or_(col(OutboxRow.lease_until).is_(None), col(OutboxRow.lease_until) <= now),
        )
        .order_by(col(OutboxRow.id))
        .with_for_update()
    ).all()


def _keeps_place(session: Session, row: OutboxRow, effect: Update | PublishHome) -> bool:
    """Whether the newer effect may be sent in the place of the older one.

    Without that, two messages of a channel that are edited faster than Slack takes edits would leave the
    second of them unedited for as long: it would go to the end of the line each time. Not where a file was
    put meanwhile, which the newer one may show.
    """
    if row.lane != effect.channel:
        return False
    behind = select(OutboxRow.id).where(
        OutboxRow.kind == "upload",
        OutboxRow.state == "pending",
        OutboxRow.lane == row.lane,
        col(OutboxRow.id) > row.id,
    )
    return session.exec(behind.limit(1)).first() is None


def _replace(row: OutboxRow, effect: Update | PublishHome) -> None:
    """Have the newer effect sent in the older one's place, as if it had never been tried."""
    row.effect = dump(effect)
    row.fence, row.tries, row.first_try, row.lease_until = row.fence + 1, 0, None, None
    row.doubt, row.error = False, None


def _supersede(session: Session, rows: Sequence[OutboxRow], now: datetime) -> datetime:
    """Drop these waiting effects; how long the last of them had to wait."""
    for row in rows:
        row.state, row.settled_at = "superseded", now
        row.fence += 1
    session.flush()
    return max((row.free_at for row in rows), default=now)
