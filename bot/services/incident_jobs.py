"""The jobs of incidents, by the name their slots carry: payload and time in, what to store out."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from sqlmodel import Session

from bot.services import drill_reminders, drills, escalation, evidence, incident_metrics
from bot.services.desk import Desk
from bot.services.incident_cards import EVIDENCE_JOB, LADDER_JOB
from bot.store.database import Database
from bot.store.slots import Finish, Job


def incident_jobs(db: Database, desk: Desk) -> Mapping[str, Job]:
    """Return the jobs: gathering evidence, and the rungs of the escalation ladder."""

    def gather(payload: Mapping[str, Any], now: datetime) -> Finish:
        return evidence.gather(db, desk, payload, now=now)

    def ladder(payload: Mapping[str, Any], now: datetime) -> Finish:
        return partial(_rung, desk, payload, now)

    def metrics(payload: Mapping[str, Any], now: datetime) -> Finish:
        return incident_metrics.post(db, desk, payload, now)

    def drill(payload: Mapping[str, Any], now: datetime) -> Finish:
        return lambda session: drills.overdue(session, desk, payload, now)

    def remind(_: Mapping[str, Any], now: datetime) -> Finish:
        return lambda session: drill_reminders.remind(session, desk, now)

    return {
        EVIDENCE_JOB: gather,
        LADDER_JOB: ladder,
        incident_metrics.JOB: metrics,
        drills.END_JOB: drill,
        drill_reminders.JOB: remind,
    }


def _rung(desk: Desk, payload: Mapping[str, Any], now: datetime, session: Session) -> None:
    escalation.rung(session, desk, payload, now=now)
