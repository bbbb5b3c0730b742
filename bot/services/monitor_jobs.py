"""The jobs of monitors, by the name their slots carry."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.services import monitors
from bot.services.desk import Desk
from bot.store.database import Database
from bot.store.slots import Finish, Job


def monitor_jobs(db: Database, desk: Desk) -> Mapping[str, Job]:
    """Return the jobs: tending all monitors, and a step of one."""

    def tend(_: Mapping[str, Any], now: datetime) -> Finish:
        return lambda session: monitors.tend(session, desk, now)

    def step(payload: Mapping[str, Any], now: datetime) -> Finish:
        return monitors.step(db, desk, payload, now)

    return {monitors.TEND_JOB: tend, monitors.STEP_JOB: step}
