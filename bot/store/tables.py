"""Every module that declares rows, one line each: importing this fills the metadata."""

from bot.store import (
    alert_rows,
    blobs,
    changes,
    duties,
    experiment_rows,
    inbox,
    incident_rows,
    ledger,
    marked,
    outbox,
    people,
    reviews,
    slot_rows,
    subscriptions,
    watches,
)

ROWS = (
    alert_rows,
    blobs,
    changes,
    duties,
    experiment_rows,
    incident_rows,
    inbox,
    ledger,
    marked,
    outbox,
    people,
    reviews,
    slot_rows,
    subscriptions,
    watches,
)
