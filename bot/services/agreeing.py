"""Whether the ledger and the tables beside it agree: no row changed, none missing, none put in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from hashlib import sha256
from typing import Any

from bot.core.launch import Kind
from bot.core.ledger import Entry
from bot.services.witnessing import TABLES, seal_of
from bot.store.exact import Stored

RESTORE = "one of them was changed, so restore the database from before"
_LOOKS = (str(Kind.LOOK), str(Kind.PEEK))


@dataclass(frozen=True)
class Fault:
    """A row that does not hold: its table, its key, and why in words with what to do."""

    table: str
    key: Any
    reason: str

    def __str__(self) -> str:
        return f"{self.table} {self.key}: {self.reason}"

    def to_json(self) -> dict[str, Any]:
        """As `lookout verify --json` prints it."""
        return {"table": self.table, "key": self.key, "reason": self.reason}


Tables = Mapping[str, Sequence[Stored]]
"""By name, the rows of `experiment`, `amendment`, `revision` and `look`."""


def faults(entries: Sequence[Entry], tables: Tables) -> Iterator[Fault]:
    """Every row that the ledger and the tables disagree about, in the order of the ledger's entries."""
    for table, rows in tables.items():
        yield from (Fault(table, row.key, row.fault) for row in rows if row.fault)
    known = {(name, row.key): row for name, rows in tables.items() for row in rows}
    named: set[tuple[str, Any]] = set()
    for entry in entries:
        table = "look" if entry.kind in _LOOKS else TABLES.get(entry.kind, "")
        if not table:
            continue
        key = (
            entry.subject if table == "experiment" else entry.body.get("record" if table == "look" else "row")
        )
        where = table, key
        row = known.get(where)
        reason = _reason(entry, table, row, again=where in named)
        named.add(where)
        if reason and not (row is not None and row.fault):
            yield Fault(table, key, reason)
    for (table, key), row in known.items():
        if (table, key) not in named and not row.fault:
            yield Fault(
                table, key, "the ledger has no entry of it: it was put in by hand, or its id was changed"
            )


def _reason(entry: Entry, table: str, row: Stored | None, *, again: bool) -> str:
    """Why an entry and the row that it stands for disagree; empty when they agree."""
    here = f"entry {entry.number} of the ledger"
    if row is None:
        return f"{here} stands for it, and it is not there: restore the database from before"
    if again:
        return f"{here} stands for it, as an earlier one does: restore the database from before"
    said = _of_look(entry, row.values) if table == "look" else _of_text(entry, table, row.values)
    for name, (value, wanted) in said.items():
        if value != wanted:
            return f"its {name} is {_shown(value)}, and {here} says {_shown(wanted)}: {RESTORE}"
    return ""


def _of_text(entry: Entry, table: str, row: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What a registration, an amendment or a revision is, and what its entry says it is."""
    body = entry.body
    said: dict[str, tuple[Any, Any]]
    said = {"experiment": (row.get("id" if table == "experiment" else "experiment"), entry.subject)}
    if "text_sha256" in body:
        found = sha256(row.get("text", "").encode("utf-8", "surrogatepass")).hexdigest()
        said["text's SHA-256"] = (found, body["text_sha256"])
    said["sha256"] = (row.get("sha256"), body.get("sha256"))
    if "seal" in body:
        said["seal over all columns"] = (seal_of(row), body["seal"])
    return said


def _of_look(entry: Entry, row: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    body = entry.body
    said = {
        "experiment": (row.get("experiment"), entry.subject),
        "number": (row.get("number"), body.get("look") or 0),
    }
    names = ("day", "planned", "verdict", "sha256", "seal")
    said |= {name: (row.get(name), body.get(name)) for name in names}
    if "row_seal" in body:  # adopted from a version that sealed no looks
        said["seal over all columns"] = (seal_of(row), body["row_seal"])
    return said


def _shown(value: Any) -> str:
    text = str(value.astimezone(UTC)) if hasattr(value, "astimezone") else str(value)
    return f"{text[:12]}…" if len(text) > 40 else text
