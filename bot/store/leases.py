"""After a crash: free at once what the dead process held, instead of waiting for its leases to run out.

Only on SQLite, and only for a process that is alone on its database, which a lock on a file beside it shows;
the kernel drops that lock however the process ends. With several processes, leases do it by themselves.
"""

from datetime import datetime
from typing import IO, Any

from sqlmodel import Session, col, update

from bot.store.database import Database
from bot.store.inbox import InboxRow
from bot.store.outbox_rows import OutboxRow
from bot.store.slot_rows import SlotRow


class Tenancy:
    """Held by the process that serves a database; `take` answers whether it is the only one."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._file: IO[str] | None = None

    def take(self, now: datetime) -> bool:
        """Where no other process serves this database, free what a dead one held; whether that was so.

        Call it once, before any worker starts. Effects freed so are in doubt and read back; the fences keep
        even a process that slept through its own death from recording anything.
        """
        path = self._db.path
        if path is None or self._file is not None:
            return False
        file = path.with_name(path.name + ".serving").open("a")
        if not _lock(file):
            file.close()
            return False
        self._file = file
        with self._db.write() as session:
            _free(session, now)
        return True

    def leave(self) -> None:
        """Let the next process be the only one."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _lock(file: IO[str]) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows: then leases simply run out
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _free(session: Session, now: datetime) -> None:
    """End every lease; pauses that Slack asked for and timers not yet due stay as they are."""
    inbox: Any = update(InboxRow).where(col(InboxRow.state) == "new", col(InboxRow.free_at) > now)
    session.exec(inbox.values(free_at=now, fence=InboxRow.fence + 1))
    slot: Any = update(SlotRow).where(
        col(SlotRow.state) == "waiting", col(SlotRow.due) <= now, col(SlotRow.free_at) > now
    )
    session.exec(slot.values(free_at=now, fence=SlotRow.fence + 1))
    outbox: Any = update(OutboxRow).where(
        col(OutboxRow.state) == "pending", col(OutboxRow.lease_until).is_not(None)
    )
    session.exec(outbox.values(lease_until=None, fence=OutboxRow.fence + 1))
