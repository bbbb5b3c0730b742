"""Experiments of a version that had no ledger: taken into it as they are found, once."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session

from bot.core.course import PEEK
from bot.core.launch import Kind
from bot.core.lint import check_registration
from bot.services import launches
from bot.services.witnessing import seal_of
from bot.store import exact, experiments, ledger
from bot.store.experiment_rows import LookRow
from bot.store.experiments import Registered

_EVERYTHING = 1_000_000


def adopt(session: Session, now: datetime) -> int:
    """Write entries for what was registered and looked at before there was a ledger; how many experiments.

    Only into a ledger without an entry: what is put into the tables later by hand is not adopted. Each body
    says `adopted` and the moment at which it truly happened; the entry's own is when it was adopted.
    """
    ledger.lock(session)
    if ledger.head(session) is not None:
        return 0
    found = experiments.everywhere(session, _EVERYTHING)
    looks = defaultdict(list)
    for row in exact.rows(session, LookRow):
        if not row.fault:
            looks[row.values["experiment"]].append(row.values)
    for registered in sorted(found, key=lambda one: (one.registered_at, one.id)):
        _registration(session, registered, now)
        for look in looks[registered.id]:
            _look(session, look, now)
    return len(found)


def _registration(session: Session, registered: Registered, now: datetime) -> None:
    """Registered and locked at once, as that version had it; it knew no signatures."""
    at = {"adopted": True, "at": registered.registered_at.astimezone(UTC).isoformat()}
    body = {
        "sha256": registered.sha256,
        "text_sha256": hashlib.sha256(registered.text.encode("utf-8", "surrogatepass")).hexdigest(),
        "channel": registered.channel,
        "warnings": [],
        **_understood(registered),
        **at,
    }
    by = registered.registered_by
    launches.note(session, registered.id, Kind.REGISTERED, by=by, body=body, now=now)
    locked = {"sha256": registered.sha256, **at}
    launches.note(session, registered.id, Kind.LOCKED, by="", body=locked, now=now)


def _understood(registered: Registered) -> dict[str, Any]:
    """What this version understands of the text; the bare minimum where it does not."""
    registration, _ = check_registration(registered.text, registered.name)
    if registration is None:
        return {"title": registered.id, "owner": "", "signoffs": [], "start": None}
    start = registration.data.start
    return {
        "title": registration.title,
        "owner": registration.owner,
        "signoffs": list(dict.fromkeys(registration.signoffs)),
        "start": start.isoformat() if start else None,
    }


def _look(session: Session, row: Mapping[str, Any], now: datetime) -> None:
    peek = row["number"] == PEEK
    body = {name: row[name] for name in ("day", "planned", "verdict", "seal", "sha256")}
    body |= {"record": row["id"], "look": row["number"], "row_seal": seal_of(row)}
    body |= {"adopted": True, "at": row["taken_at"].astimezone(UTC).isoformat()}
    if peek:
        body |= {"reason": "", "cost": ""}
    kind = Kind.PEEK if peek else Kind.LOOK
    launches.note(session, row["experiment"], kind, by=row["asked_by"], body=body, now=now)
