"""The jobs of latency budgets, by the name their slots carry."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.services import latency_simulating, latency_testing
from bot.services.desk import Desk
from bot.store.database import Database
from bot.store.slots import Finish, Job


def latency_jobs(db: Database, desk: Desk) -> Mapping[str, Job]:
    """Return the jobs: a file that was attached, a simulation."""

    def file(payload: Mapping[str, Any], now: datetime) -> Finish:
        return latency_testing.run(desk, payload, now)

    def simulate(payload: Mapping[str, Any], now: datetime) -> Finish:
        return latency_simulating.run(db, desk, payload, now)

    return {latency_testing.JOB: file, latency_simulating.JOB: simulate}
