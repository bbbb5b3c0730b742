"""The jobs of narratives and traces, by the name their slots carry."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.services import narrative, trace
from bot.services.desk import Desk
from bot.store.database import Database
from bot.store.slots import Finish, Job


def narrative_jobs(db: Database, desk: Desk) -> Mapping[str, Job]:
    """Return the jobs: drawing a thing's chain, drafting a document."""

    def chain(payload: Mapping[str, Any], now: datetime) -> Finish:
        return trace.post(db, desk, payload, now)

    def document(payload: Mapping[str, Any], now: datetime) -> Finish:
        return narrative.post(db, desk, payload, now)

    return {trace.JOB: chain, narrative.JOB: document}
