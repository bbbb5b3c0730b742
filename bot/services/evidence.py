"""Gathers evidence: every check side by side with a deadline, outside any transaction.

What it found goes to the steps that asked for it, the card and the dashboard are drawn, and the next time is
planned. The whole takes no longer than DEADLINE, whatever the sources do; the picture comes after it.
"""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import structlog
from sqlmodel import Session

from bot.core.checks import LONGEST
from bot.core.evidence import Evidence, EvidenceStatus
from bot.core.incident import Event, Incident
from bot.core.metric_evidence import as_alerted
from bot.core.playbook import Playbook
from bot.errors import SourceError
from bot.services import dashboard, drills, evidence_picture, evidence_timer
from bot.services.desk import Desk
from bot.services.evidence_board import BOARD, news, note, noted
from bot.services.evidence_checks import Found, Inquiry, inquiries
from bot.services.incident_cards import draw, playbook_of
from bot.store import incident_evidence, incidents
from bot.store.database import Database
from bot.store.slots import Finish

log = structlog.get_logger()

DEADLINE = LONGEST
"""Seconds that all checks together may take; each has its own deadline below it."""
CACHED = timedelta(minutes=1)
"""What is younger is not asked again, except by a person."""


def gather(
    db: Database, desk: Desk, payload: Mapping[str, Any], *, now: datetime, deadline: float = DEADLINE
) -> Finish:
    """Run the checks of an incident; the closure returned stores what they found and draws what shows it.

    `deadline` is in seconds. A check that fails or is late becomes "unknown" with its reason. With `fresh` in
    the payload everything is asked again, with `current` it is the timer that asks; `asked_at` is since when
    it waits: what was gathered later is not gathered again. What was asked for another tree than the incident
    walks by then, or came back after what was asked later, is not kept.
    """
    began = time.monotonic()
    incident_id = int(payload["incident"])
    with db.read() as session:
        incident = incidents.load(session, incident_id)
        playbook = playbook_of(session, desk, incident) if incident else None
        kept = incident_evidence.by_step(session, incident_id)
    if incident is None or playbook is None or incident.closed or _overtaken(payload, kept):
        return _nothing
    found = _find(db, desk, incident, playbook, payload, kept, now, deadline)
    took = time.monotonic() - began

    def finish(session: Session) -> None:
        current = incidents.load(session, incident_id, lock=True)
        if current is None or current.closed:
            return
        evidence_timer.plan(session, current, now=now)
        before = incident_evidence.by_step(session, incident_id)
        if current.playbook != incident.playbook or _older(before, now):
            return
        gathered = note(now, took, noted(before))
        if told := news({step: before.get(step, ()) for step in found}, found):
            incidents.append(session, incident_id, Event(now, "evidence", told))
        known = {**found, BOARD: [*found.get(BOARD, ()), gathered]}
        incidents.keep_evidence(session, incident_id, known)
        draw(session, desk, current, now=now)
        dashboard.draw(session, desk, current, now=now)
        evidence_picture.plan(session, desk, current, known, payload, now)

    return finish


def _find(
    db: Database,
    desk: Desk,
    incident: Incident,
    playbook: Playbook,
    payload: Mapping[str, Any],
    kept: Found,
    now: datetime,
    deadline: float,
) -> Found:
    """What there is to find out; of a drill, what its script says."""
    if incident.drill:
        return drills.evidence(desk, incident, playbook, now=now)
    asked = inquiries(db, desk, incident, playbook, now)
    reused = _reused(asked, kept, payload, now)
    left = [inquiry for inquiry in asked if inquiry.name not in reused]
    told = zip([inquiry.name for inquiry in left], _run(left, now=now, deadline=deadline), strict=True)
    return _merged(sorted([*reused.items(), *told], key=lambda part: _place(asked, part[0])))


class NotDone(Exception):  # noqa: N818 - a reason, not a fault
    """A check had not answered when its time was over."""


def _nothing(_: Session) -> None:
    """There is nothing to store."""


def _overtaken(payload: Mapping[str, Any], kept: Found) -> bool:
    """Whether it was gathered since this was asked for, as when a storm of alerts asks for each of them."""
    asked_at, last = payload.get("asked_at"), noted(kept)
    if payload.get("fresh") or asked_at is None or last is None:
        return False
    return last.at > datetime.fromisoformat(asked_at)


def _older(kept: Found, now: datetime) -> bool:
    """Whether another gathering that began later was done first."""
    last = noted(kept)
    return last is not None and last.at > now


def _reused(
    asked: Sequence[Inquiry], kept: Found, payload: Mapping[str, Any], now: datetime
) -> dict[str, Found]:
    """What is known well enough, by the name of its check."""
    reused: dict[str, Found] = {}
    for name, group in groupby(asked, key=lambda inquiry: inquiry.name):
        same = list(group)
        span = timedelta(0) if payload.get("fresh") else CACHED
        known = {step: [line for line in kept.get(step, ()) if line.check == name] for step in same[0].steps}
        if all(_known(lines, same, now - span) for lines in known.values()):
            reused[name] = {
                step: [replace(line, rank=rank) for rank, line in enumerate(lines)]
                for step, lines in known.items()
            }
    return reused


def _known(lines: Sequence[Evidence], asked: Sequence[Inquiry], oldest: datetime) -> bool:
    if not lines or (asked[0].alert is not None and len(lines) != len(asked)):
        return False
    when = min(line.at for line in lines)
    return when > oldest and all(one.since is not None and when >= one.since for one in asked)


def _run(asked: Sequence[Inquiry], *, now: datetime, deadline: float) -> list[Found]:
    """Run all at once; whoever is not back in time is left behind."""
    began = time.monotonic()
    crew = ThreadPoolExecutor(max_workers=len(asked) + 1, thread_name_prefix="evidence")
    futures = [crew.submit(inquiry.run) for inquiry in asked]
    found: list[Found] = []
    for inquiry, future in zip(asked, futures, strict=True):
        patience = min(inquiry.deadline, deadline)
        wait([future], timeout=max(began + patience - time.monotonic(), 0.0))
        error = future.exception() if future.done() else NotDone()
        found.append(future.result() if error is None else _failed(inquiry, error, now, patience))
    crew.shutdown(wait=False, cancel_futures=True)
    return found


def _place(asked: Sequence[Inquiry], name: str) -> int:
    return next(place for place, inquiry in enumerate(asked) if inquiry.name == name)


def _merged(parts: Sequence[tuple[str, Found]]) -> dict[str, list[Evidence]]:
    """The lines by step, in the order of the checks."""
    found: dict[str, list[Evidence]] = {}
    for _, part in parts:
        for step, lines in part.items():
            placed = found.setdefault(step, [])
            placed += [replace(line, rank=line.rank + len(placed)) for line in lines]
    return found


def _failed(inquiry: Inquiry, error: BaseException, now: datetime, patience: float) -> Found:
    """The check's line for every step that asked for it: why nothing is known."""
    if isinstance(error, NotDone):
        reason = f"no answer in {patience:g} s"
    elif isinstance(error, SourceError):
        reason = str(error)
    else:
        log.error("check_failed", check=inquiry.name, exc_info=error)
        reason = f"the check itself failed ({type(error).__name__}); see the log"
    if inquiry.alert is not None:
        line = as_alerted(inquiry.alert, reason=reason, at=now)
    else:
        line = Evidence(inquiry.name, EvidenceStatus.UNKNOWN, reason, now, symptom=inquiry.symptom)
    return {step: [line] for step in inquiry.steps}
