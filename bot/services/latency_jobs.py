"""The jobs of latency budgets, by the name their slots carry."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.services import latency_simulating, latency_testing, latency_watching
from bot.services.desk import Desk
from bot.store.database import Database
from bot.store.slots import Finish, Job


def latency_jobs(db: Database, desk: Desk) -> Mapping[str, Job]:
    """Return the jobs: a file that was attached, a simulation, and the watch over telemetry."""

    def file(payload: Mapping[str, Any], now: datetime) -> Finish:
        return latency_testing.run(desk, payload, now)

    def simulate(payload: Mapping[str, Any], now: datetime) -> Finish:
        return latency_simulating.run(db, desk, payload, now)

    def tend(_: Mapping[str, Any], now: datetime) -> Finish:
        return lambda session: latency_watching.tend(session, now)

    def watch(payload: Mapping[str, Any], now: datetime) -> Finish:
        return latency_watching.watch(db, desk, payload, now)

    return {
        latency_testing.JOB: file,
        latency_simulating.JOB: simulate,
        latency_watching.TEND_JOB: tend,
        latency_watching.WATCH_JOB: watch,
    }
