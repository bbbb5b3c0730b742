"""The jobs of narratives and traces, by the name their slots carry."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.services import trace
from bot.services.desk import Desk
from bot.store.database import Database
from bot.store.slots import Finish, Job


def narrative_jobs(db: Database, desk: Desk) -> Mapping[str, Job]:
    """Return the jobs: drawing a thing's chain."""

    def chain(payload: Mapping[str, Any], now: datetime) -> Finish:
        return trace.post(db, desk, payload, now)

    return {trace.JOB: chain}
