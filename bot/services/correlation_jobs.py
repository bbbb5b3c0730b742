"""The jobs of offline against online, by the name their slots carry."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.services import correlation_alarm, correlation_replay, correlation_status, deltas, diagnosing
from bot.services.desk import Desk
from bot.store.database import Database
from bot.store.slots import Finish, Job


def correlation_jobs(db: Database, desk: Desk) -> Mapping[str, Job]:
    """Return the jobs: the status, the alarm's watch, a replay, a diagnosis's evidence."""

    def watch(payload: Mapping[str, Any], now: datetime) -> Finish:
        return lambda session: correlation_alarm.watch(session, desk, payload, now)

    def status(payload: Mapping[str, Any], now: datetime) -> Finish:
        return correlation_status.post(db, desk, payload, now)

    def replayed(payload: Mapping[str, Any], now: datetime) -> Finish:
        return correlation_replay.run(db, desk, payload, now)

    def evidence(payload: Mapping[str, Any], now: datetime) -> Finish:
        return diagnosing.gather(db, desk, payload, now)

    return {
        deltas.WATCH_JOB: watch,
        correlation_alarm.DAILY_JOB: watch,
        correlation_status.JOB: status,
        correlation_replay.JOB: replayed,
        diagnosing.GATHER_JOB: evidence,
    }
