"""Every module that declares rows, one line each: importing this fills the metadata."""

from bot.store import (
    blobs,
    changes,
    inbox,
    incident_rows,
    outbox,
    slots,
)

ROWS = (blobs, changes, incident_rows, inbox, outbox, slots)
