"""What is to be found out about an incident: the change log, its alerts' metrics, the playbook's checks."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from sqlalchemy.exc import SQLAlchemyError

from bot.core.change_evidence import change_evidence
from bot.core.checks import CHANGES, DEADLINE, METRIC, SYMPTOMS, Check
from bot.core.evidence import Evidence
from bot.core.found import place
from bot.core.incident import Incident, IncidentAlert
from bot.core.metric_evidence import NO_SOURCE, as_alerted, unknown
from bot.core.playbook import Leaf, Playbook, Question
from bot.errors import SourceError
from bot.services import changes, monitor_now
from bot.services.checks import KINDS, Asked
from bot.services.desk import Desk
from bot.services.evidence_board import BOARD
from bot.services.metric_now import metric_now
from bot.store.database import Database

MAX_ALERTS = 8
"""Metrics and cohorts of alerts that are asked for; those of firing ones first."""

Found: TypeAlias = Mapping[str, Sequence[Evidence]]
"""Evidence by step."""


@dataclass(frozen=True)
class Inquiry:
    """One thing to find out: by which check, for which steps, and how; `run` may raise anything.

    `deadline` is in seconds. What was found after `since` and less than a minute ago will do; None where it
    is always asked. `alert` is the one whose metric it is about: it says something even where nobody answers.
    """

    name: str
    steps: tuple[str, ...]
    run: Callable[[], Found]
    deadline: float = DEADLINE
    since: datetime | None = None
    symptom: bool = False
    alert: IncidentAlert | None = None


def inquiries(
    db: Database, desk: Desk, incident: Incident, playbook: Playbook, now: datetime
) -> list[Inquiry]:
    """Everything to find out, each thing once, whatever steps ask for it."""
    places: list[Question | Leaf] = [*playbook.questions.values(), *playbook.leaves.values()]
    configured = [
        _configured(Asked(db, desk, incident, playbook, check.options, now, check.name), check, places)
        for check in playbook.checks.values()
        if check.kind in KINDS
    ]
    return [
        _of_changes(db, desk, incident, places, now),
        *_of_metrics(desk, incident, playbook, _naming(METRIC, places), now),
        *configured,
    ]


def _naming(check: str, places: Iterable[Question | Leaf]) -> tuple[str, ...]:
    """The steps that name the check, or the dashboard where none does."""
    return tuple(step.id for step in places if check in step.checks) or (BOARD,)


def _configured(asked: Asked, check: Check, places: Sequence[Question | Leaf]) -> Inquiry:
    steps = _naming(check.name, places)

    def run() -> Found:
        began = time.monotonic()
        found = KINDS[check.kind](asked)
        took = time.monotonic() - began
        return place(check, found, places, at=asked.now, took=took, otherwise=BOARD)

    symptom = check.kind in SYMPTOMS
    return Inquiry(check.name, steps, run, check.deadline, asked.incident.opened_at, symptom)


def _of_changes(
    db: Database, desk: Desk, incident: Incident, places: Sequence[Question | Leaf], now: datetime
) -> Inquiry:
    """The change log: our own database, so it is read every time."""
    asking = [one for one in places if isinstance(one, Question) and CHANGES in one.checks]

    def run() -> Found:
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
            for question in asking
        }

    return Inquiry(CHANGES, tuple(question.id for question in asking), run)


def _of_metrics(
    desk: Desk, incident: Incident, playbook: Playbook, steps: tuple[str, ...], now: datetime
) -> list[Inquiry]:
    """A line for each metric and cohort that alerts name."""
    alerts = _different(sorted(incident.alerts, key=lambda alert: alert.status != "firing"))[:MAX_ALERTS]
    if not alerts:
        reason = unknown("no alert names a metric: this incident was opened by hand", at=now)
        return [Inquiry(METRIC, steps, _says(steps, lambda: reason), symptom=True)]
    source = next(iter(desk.prometheus.values()), None)
    found = []
    for alert in alerts:
        monitor = monitor_now.monitor_of(desk, alert)
        if monitor is not None:
            run = _says(steps, monitor_now.metric_now(desk, monitor, alert, playbook.within, now))
        elif source is None:
            run = _says(steps, _constant(as_alerted(alert, reason=NO_SOURCE, at=now)))
        else:
            run = _says(steps, metric_now(source, alert, incident.started, playbook.within, now))
        since = max(alert.first_seen, alert.started_at or alert.first_seen)
        found.append(Inquiry(METRIC, steps, run, since=since, symptom=True, alert=alert))
    return found


def _different(alerts: Sequence[IncidentAlert]) -> list[IncidentAlert]:
    """Of several alerts about one metric and cohort the first."""
    seen: dict[tuple[str, str, str], IncidentAlert] = {}
    for alert in alerts:
        seen.setdefault((alert.metric or alert.title, alert.service, alert.cohort_name), alert)
    return list(seen.values())


def _constant(line: Evidence) -> Callable[[], Evidence]:
    return lambda: line


def _says(steps: tuple[str, ...], ask: Callable[[], Evidence]) -> Callable[[], Found]:
    """One line for all of the steps."""

    def run() -> Found:
        line = ask()
        return {step: [line] for step in steps}

    return run
