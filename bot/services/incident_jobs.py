"""The jobs of incidents, by the name their slots carry: payload and time in, what to store out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.services import (
    change_sources,
    drill_reminders,
    drills,
    evidence,
    evidence_picture,
    evidence_timer,
    incident_metrics,
    onset,
    recovery,
)
from bot.services.alert_jobs import alert_jobs
from bot.services.desk import Desk
from bot.services.incident_cards import EVIDENCE_JOB
from bot.services.learning_jobs import learning_jobs
from bot.services.people_jobs import people_jobs
from bot.store.database import Database
from bot.store.slots import Finish, Job


def incident_jobs(db: Database, desk: Desk) -> Mapping[str, Job]:
    """Return the jobs: gathering evidence, and the rungs of the escalation ladder."""

    def gather(payload: Mapping[str, Any], now: datetime) -> Finish:
        return evidence.gather(db, desk, payload, now=now)

    def ask_sources(_: Mapping[str, Any], now: datetime) -> Finish:
        return change_sources.run(db, desk, now)

    def picture(payload: Mapping[str, Any], now: datetime) -> Finish:
        return evidence_picture.draw(db, desk, payload, now=now)

    def began(payload: Mapping[str, Any], now: datetime) -> Finish:
        return onset.estimate(db, desk, payload, now=now)

    def recovering(payload: Mapping[str, Any], now: datetime) -> Finish:
        return recovery.watch(db, desk, payload, now=now)

    def metrics(payload: Mapping[str, Any], now: datetime) -> Finish:
        return incident_metrics.post(db, desk, payload, now)

    def drill(payload: Mapping[str, Any], now: datetime) -> Finish:
        return lambda session: drills.overdue(session, desk, payload, now)

    def remind(_: Mapping[str, Any], now: datetime) -> Finish:
        return lambda session: drill_reminders.remind(session, desk, now)

    return {
        **learning_jobs(db, desk),
        **alert_jobs(desk),
        **people_jobs(db, desk),
        EVIDENCE_JOB: gather,
        evidence_timer.CURRENT_JOB: gather,
        evidence_picture.PICTURE_JOB: picture,
        onset.ONSET_JOB: began,
        change_sources.JOB: ask_sources,
        recovery.JOB: recovering,
        incident_metrics.JOB: metrics,
        drills.END_JOB: drill,
        drill_reminders.JOB: remind,
    }
