"""Whether the ledger and the editions of framings agree: none changed, none missing, none put in."""

from collections.abc import Iterator, Sequence

from sqlmodel import Session

from bot.core.framing import FramingKind, sha256_of
from bot.core.ledger import Entry
from bot.services.agreeing import RESTORE, Fault
from bot.store import exact
from bot.store.framings import EditionRow

TABLE = "framing_edition"


def faults(session: Session, entries: Sequence[Entry]) -> Iterator[Fault]:
    """Every edition that the ledger and its table disagree about."""
    said = {
        (entry.subject, entry.body.get("edition")): entry
        for entry in entries
        if entry.kind == FramingKind.DECIDED
    }
    seen = set()
    for row in list(exact.rows(session, EditionRow)):
        where = f"FRM-{row.values.get('framing', row.key)}", row.values.get("number")
        name = f"{where[0]} edition {where[1]}"
        if row.fault:
            yield Fault(TABLE, name, row.fault)
            seen.add(where)
            continue
        entry = said.get(where)
        seen.add(where)
        if entry is None:
            yield Fault(TABLE, name, "the ledger has no entry of it: it was put in by hand")
        elif (
            sha256_of(row.values["fields"]) != entry.body["sha256"]
            or row.values["sha256"] != entry.body["sha256"]
            or (row.values["by"], row.values["head"]) != (entry.by, entry.hash)
            or (row.values["why"], row.values["entry"]) != (entry.body["why"], entry.number)
        ):
            yield Fault(TABLE, name, f"it is not what entry {entry.number} of the ledger says: {RESTORE}")
    for where, entry in said.items():
        if where not in seen:
            reason = f"entry {entry.number} of the ledger stands for it, and it is not there"
            yield Fault(
                TABLE, f"{where[0]} edition {where[1]}", f"{reason}: restore the database from before"
            )
