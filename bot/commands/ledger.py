"""`lookout ledger`: what was decided, by whom and when, for readers outside Lookout."""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from bot import settings
from bot.commands.output import write
from bot.commands.record import opened
from bot.core.ledger import Entry, broken
from bot.errors import InputError
from bot.store import exact, people
from bot.store.ledger import LedgerRow
from bot.views.ledger_history import history


def run(
    environment: Mapping[str, str],
    *,
    experiment: str = "",
    markdown: bool = False,
    out: Path | None = None,
) -> int:
    """Print the ledger, or one experiment's entries, or write them to `out`; 1 when the chain is broken.

    As JSON lines by default: an entry a line, canonical JSON (keys sorted, no white space, UTF-8). To compute
    an entry's hash, take `"hash":"…",` out of its line and SHA-256 the rest; `previous` is the hash of the
    entry before, 64 zeros for the first.

    Raises InputError when no such experiment has an entry, one cannot be read or `out` cannot be written.
    """
    with opened(settings.load(environment).database_url) as session:
        every = [_entry(row) for row in exact.rows(session, LedgerRow)]
        known = sorted({entry.subject for entry in every})
        called = people.names(session)
    chosen = [entry for entry in every if not experiment or entry.subject == experiment]
    if experiment and not chosen:
        there = ", ".join(known[:20]) or "none"
        raise InputError(f"The ledger has no entry of {experiment!r}.", f"It has entries of: {there}.")
    said = history(chosen, called) if markdown else _lines(chosen)
    write(said.encode("utf-8", "surrogatepass"), out)
    wrong = broken(every)
    if wrong is not None:
        said = f"lookout: the chain does not hold, at entry {wrong.number}: {wrong.reason}."
        print(f"{said} Run `lookout verify`.", file=sys.stderr)
    return int(wrong is not None)


def _entry(row: exact.Stored) -> Entry:
    if row.fault:
        said = f"Entry {row.key} of the ledger cannot be read: {row.fault}."
        raise InputError(said, "Run `lookout verify`, and restore the database from before.")
    return Entry(**row.values)


def _lines(entries: Iterable[Entry]) -> str:
    return "".join(f"{entry.line()}\n" for entry in entries)
