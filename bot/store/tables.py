"""Every module that declares rows, one line each: importing this fills the metadata."""

from bot.store import (
    blobs,
    inbox,
    outbox,
    slots,
)

ROWS = (blobs, inbox, outbox, slots)
