"""The jobs of a quarter's portfolio, by the name their slots carry."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.services import (
    quarter_course,
    quarter_import,
    quarter_reminders,
    quarter_retro,
    quarter_update,
    quarter_working,
)
from bot.services.desk import Desk
from bot.store import blobs
from bot.store.database import Database
from bot.store.slots import Finish, Job


def quarter_jobs(db: Database, desk: Desk) -> Mapping[str, Job]:
    """Return the jobs of portfolios."""

    def work(payload: Mapping[str, Any], now: datetime) -> Finish:
        return quarter_working.work(db, desk, payload, now)

    def file(payload: Mapping[str, Any], now: datetime) -> Finish:
        return quarter_import.read(lambda name: _text(db, name), desk, payload, now)

    def retro(payload: Mapping[str, Any], now: datetime) -> Finish:
        return quarter_retro.work(db, desk, payload, now)

    def remind(payload: Mapping[str, Any], now: datetime) -> Finish:
        return lambda session: quarter_retro.remind(session, desk, payload, now)

    def update(payload: Mapping[str, Any], now: datetime) -> Finish:
        return quarter_update.post(db, desk, payload, now)

    return {
        quarter_update.JOB: update,
        quarter_working.WORK_JOB: work,
        quarter_import.JOB: file,
        quarter_reminders.STATUS_JOB: _at_once(desk, quarter_course.post),
        quarter_reminders.RETRO_JOB: retro,
        quarter_reminders.REMIND_JOB: remind,
    }


def _text(db: Database, name: str) -> str:
    with db.read() as session:
        return blobs.get(session, name).decode("utf-8", "surrogatepass")


def _at_once(desk: Desk, verb: Callable[[Session, Desk, Mapping[str, Any], datetime], None]) -> Job:
    """A job that has nothing slow to do: all of it in the transaction."""

    def job(payload: Mapping[str, Any], now: datetime) -> Finish:
        return lambda session: verb(session, desk, payload, now)

    return job
