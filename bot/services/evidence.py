"""Gathers evidence: every check side by side with a deadline, outside any transaction."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from bot.core.change_evidence import change_evidence
from bot.core.checks import Check
from bot.core.evidence import Evidence, EvidenceStatus
from bot.core.found import place
from bot.core.incident import Incident, IncidentAlert
from bot.core.metric_evidence import NO_SOURCE, as_alerted, unknown
from bot.core.playbook import Leaf, Playbook, Question
from bot.errors import SourceError
from bot.services import changes, drills
from bot.services.checks import KINDS, Asked
from bot.services.desk import Desk
from bot.services.incident_cards import draw, playbook_of
from bot.services.metric_now import metric_now
from bot.store import incidents
from bot.store.database import Database
from bot.store.slots import Finish

log = structlog.get_logger()

DEADLINE = 4.0
"""Seconds that all checks together may take; what has not answered by then is unknown."""
MAX_ALERTS = 5
"""Alerts whose metric is asked for; firing ones first."""

Found: TypeAlias = Mapping[str, Sequence[Evidence]]
"""Evidence by step."""


@dataclass(frozen=True)
class _Check:
    """One thing to find out: its name, where the result goes, and how. `steps` is told of a failure."""

    name: str
    steps: tuple[str, ...]
    run: Callable[[], Found]
    alert: IncidentAlert | None = None


def gather(
    db: Database, desk: Desk, payload: Mapping[str, Any], *, now: datetime, deadline: float = DEADLINE
) -> Finish:
    """Run the checks of an incident; the closure returned stores what they found and draws the card.

    `deadline` is in seconds. A check that fails or is late becomes "unknown" with its reason.
    """
    incident_id = int(payload["incident"])
    with db.read() as session:
        incident = incidents.load(session, incident_id)
        playbook = playbook_of(session, desk, incident) if incident else None
    if incident is None or playbook is None or incident.closed:
        return _nothing
    if incident.drill:
        found: Found = drills.evidence(desk, incident, playbook, now=now)
    else:
        found = _run(_checks(db, desk, incident, playbook, now), now=now, deadline=deadline)

    def finish(session: Session) -> None:
        current = incidents.load(session, incident_id, lock=True)
        if current is None or current.closed:
            return
        incidents.keep_evidence(session, incident_id, found)
        draw(session, desk, current, now=now)

    return finish


def _nothing(_: Session) -> None:
    """There is nothing to store."""


def _checks(db: Database, desk: Desk, incident: Incident, playbook: Playbook, now: datetime) -> list[_Check]:
    places: list[Question | Leaf] = [*playbook.questions.values(), *playbook.leaves.values()]
    asked = [place for place in places if isinstance(place, Question) and "changes" in place.checks]
    steps = tuple(place.id for place in places if "metric" in place.checks)
    checks = [
        _Check(
            "changes",
            tuple(place.id for place in asked),
            lambda: _changes(db, desk, incident, asked, now),
        )
    ]
    configured = [
        _configured(Asked(db, desk, incident, playbook, check.options, now), check, places)
        for check in playbook.checks.values()
        if check.kind in KINDS
    ]
    return [*checks, *_metric_checks(desk, incident, playbook, steps, now), *configured]


def _configured(asked: Asked, check: Check, places: Sequence[Question | Leaf]) -> _Check:
    """A check of the playbook's own."""

    def run() -> Found:
        began = time.monotonic()
        found = KINDS[check.kind](asked)
        return place(check, found, places, at=asked.now, took=time.monotonic() - began)

    return _Check(check.name, tuple(step.id for step in places if check.name in step.checks), run)


def _metric_checks(
    desk: Desk, incident: Incident, playbook: Playbook, steps: tuple[str, ...], now: datetime
) -> list[_Check]:
    alerts = sorted(incident.alerts, key=lambda alert: alert.status != "firing")[:MAX_ALERTS]
    if not alerts:
        reason = unknown("no alert names a metric: this incident was opened by hand", at=now)
        return [_Check("metric", steps, lambda: {step: [reason] for step in steps})]
    source = next(iter(desk.prometheus.values()), None)
    found = []
    for alert in alerts:
        if source is None:
            line = as_alerted(alert, reason=NO_SOURCE, at=now)
            found.append(_Check("metric", steps, _constant(steps, line), alert))
        else:
            run = _metric(steps, metric_now(source, alert, incident.started, playbook.within, now))
            found.append(_Check("metric", steps, run, alert))
    return found


def _constant(steps: tuple[str, ...], line: Evidence) -> Callable[[], Found]:
    return lambda: {step: [line] for step in steps}


def _metric(steps: tuple[str, ...], ask: Callable[[], Evidence]) -> Callable[[], Found]:
    def run() -> Found:
        line = ask()
        return {step: [line] for step in steps}

    return run


def _changes(db: Database, desk: Desk, incident: Incident, asked: Sequence[Question], now: datetime) -> Found:
    try:
        with db.read() as session:
            seen = changes.seen(session, desk, incident)
    except SQLAlchemyError as error:
        raise SourceError("the change log cannot be read") from error
    return {
        question.id: change_evidence(
            question,
            seen.recent,
            onset=seen.onset,
            window=seen.window,
            last_heard=seen.heard,
            at=now,
            unread=seen.unread,
        )
        for question in asked
    }


def _run(checks: Sequence[_Check], *, now: datetime, deadline: float) -> Found:
    """Run all at once; whoever is not back in time is left behind."""
    pool = ThreadPoolExecutor(max_workers=len(checks), thread_name_prefix="evidence")
    futures = [pool.submit(check.run) for check in checks]
    done, _ = wait(futures, timeout=deadline)
    pool.shutdown(wait=False, cancel_futures=True)
    found: dict[str, list[Evidence]] = {}
    for check, future in zip(checks, futures, strict=True):
        lines = future.result() if _well(future, done) else _failed(check, future, done, now, deadline)
        for step, items in lines.items():
            placed = found.setdefault(step, [])
            placed += [replace(item, rank=item.rank + len(placed)) for item in items]
    return found


def _well(future: Future[Found], done: set[Future[Found]]) -> bool:
    return future in done and future.exception() is None


def _failed(
    check: _Check, future: Future[Found], done: set[Future[Found]], now: datetime, deadline: float
) -> Found:
    error = future.exception() if future in done else None
    if error is None:
        reason = f"no answer in {deadline:g} s"
    elif isinstance(error, SourceError):
        reason = str(error)
    else:
        log.error("check_failed", check=check.name, exc_info=error)
        reason = f"the check itself failed ({type(error).__name__}); see the log"
    if check.alert is not None:
        line = as_alerted(check.alert, reason=reason, at=now)
    else:
        line = Evidence(check.name, EvidenceStatus.UNKNOWN, reason, now)
    return {step: [line] for step in check.steps}
