"""The three durable rooms at a glance: how much waits in each, since when, what was given up."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from bot.core.claimed import StoreUnavailable
from bot.store import inbox, outbox, slots
from bot.store.database import Database


def figures(db: Database, *, now: datetime) -> Mapping[str, float]:
    """Return counts, and lags in seconds (0 where nothing waits).

    Raises:
        StoreUnavailable: the database cannot be read.

    """
    try:
        with db.read() as session:
            came, out, due = inbox.counts(session), outbox.counts(session), slots.counts(session, now=now)
    except SQLAlchemyError as error:
        raise StoreUnavailable(type(error).__name__) from error
    oldest = {"inbox": came.oldest, "outbox": out.oldest, "slots": due.oldest}
    return {
        "inbox_new": came.new,
        "inbox_quarantined": came.quarantined,
        "outbox_pending": out.pending,
        "outbox_dead": out.dead,
        "slots_due": due.due,
        "slots_dead": due.dead,
        **{f"{room}_lag_seconds": (now - at).total_seconds() if at else 0.0 for room, at in oldest.items()},
    }
