"""Whether what the ledger says of correlations follows from its own deltas, and diagnoses agree with it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlmodel import Session

from bot.core.correlation import correlation
from bot.core.correlation_ledger import Kind
from bot.core.launch import Kind as LaunchKind
from bot.core.ledger import Entry
from bot.core.replay import replay
from bot.services import deltas
from bot.services.agreeing import RESTORE, Fault
from bot.stats.correlation import Pearson
from bot.stats.undecided import Undecided
from bot.store import exact
from bot.store.diagnoses import DiagnosisRow

TABLE = "diagnosis"


def faults(session: Session, entries: Sequence[Entry]) -> Iterator[Fault]:
    """Every alarm and replay that cannot be computed again, every diagnosis that says something else."""
    yield from _computed(entries)
    yield from _diagnoses(session, entries)


def _computed(entries: Sequence[Entry]) -> Iterator[Fault]:
    known, adopted = [], None
    for entry in entries:
        if entry.kind == LaunchKind.DELTA:
            known.append(deltas.pair(entry))
        elif entry.kind in (Kind.ALARM, Kind.RESTORED):
            health = correlation(known, entry.at, adopted)
            if not _same(health.longest.found, health.longest.pairs, entry.body):
                yield Fault(
                    "ledger", entry.number, "its correlation does not follow from the deltas before it"
                )
        elif entry.kind in (Kind.DIRECTION, Kind.AGREEING):
            health = correlation(known, entry.at, adopted)
            if (health.agreeing, len(health.last)) != (entry.body.get("agreeing"), entry.body.get("of")):
                yield Fault("ledger", entry.number, "its directions do not follow from the deltas before it")
        elif entry.kind == Kind.REPLAY:
            found = replay(entry.body["scores"], known, entry.at)
            outcome = str(found.outcome) == entry.body["outcome"]
            if not outcome or not _same(found.new, len(found.replayed), entry.body):
                yield Fault("ledger", entry.number, "its replay does not follow from the deltas before it")
            adopted = deltas.adopted_of([entry]) or adopted


def _same(found: Pearson | Undecided, pairs: int, body: Mapping[str, Any]) -> bool:
    """Whether a correlation is what an entry says, up to the last digits of another machine."""
    said = [body.get(name) for name in ("r", "low", "high")]
    ours = [found.r, found.low, found.high] if isinstance(found, Pearson) else [None] * 3
    alike = (
        a is b or (a is not None and b is not None and math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9))
        for a, b in zip(said, ours, strict=True)
    )
    return pairs == body.get("n") and all(alike)


def _diagnoses(session: Session, entries: Sequence[Entry]) -> Iterator[Fault]:
    said = {entry.subject: entry for entry in entries if entry.kind == Kind.DIAGNOSIS}
    seen = set()
    for row in exact.rows(session, DiagnosisRow):
        name = f"DIA-{row.key}"
        seen.add(name)
        if row.fault:
            yield Fault(TABLE, name, row.fault)
            continue
        end, entry = row.values["body"].get("conclusion"), said.get(name)
        if end is None and entry is None:
            continue
        if end is None or entry is None:
            yield Fault(TABLE, name, f"it and the ledger disagree about whether it is concluded: {RESTORE}")
            continue
        ours = (end["dominant"], list(end["secondary"]), end["by"], end["entry"], end["head"])
        theirs = (entry.body["dominant"], list(entry.body["secondary"]), entry.by, entry.number, entry.hash)
        if ours != theirs:
            yield Fault(TABLE, name, f"it is not what entry {entry.number} of the ledger says: {RESTORE}")
    for name, entry in said.items():
        if name not in seen:
            reason = f"entry {entry.number} of the ledger stands for it, and it is not there"
            yield Fault(TABLE, name, f"{reason}: restore the database from before")
