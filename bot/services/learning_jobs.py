"""The jobs of an incident's record and review, by the name their slots carry."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.services import marking, review_changes, review_reminders
from bot.services.desk import Desk
from bot.store.database import Database
from bot.store.slots import Finish, Job


def learning_jobs(db: Database, desk: Desk) -> Mapping[str, Job]:
    """Return them: reading marked messages, reminding, asking where a page is."""

    def mark(payload: Mapping[str, Any], now: datetime) -> Finish:
        return marking.read(db, desk, payload, now)

    def remind(payload: Mapping[str, Any], now: datetime) -> Finish:
        return lambda session: review_reminders.remind(session, desk, payload, now)

    def link(payload: Mapping[str, Any], now: datetime) -> Finish:
        return review_changes.find_link(db, desk, payload, now)

    return {
        marking.MARK_JOB: mark,
        review_reminders.JOB: remind,
        review_changes.LINK_JOB: link,
    }
