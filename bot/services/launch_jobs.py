"""The jobs of launches, by the name their slots carry: payload and time in, what to store out."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from sqlmodel import Session

from bot.services import amending_form, dropped, overriding, people, planned_looks, tasks
from bot.services.desk import Desk
from bot.services.scheduled_looks import PLANNED_LOOK_JOB
from bot.store.database import Database

Finish: TypeAlias = Callable[[Session], None]
Job: TypeAlias = Callable[[Mapping[str, Any], datetime], Finish]


def launch_jobs(db: Database, desk: Desk) -> Mapping[str, Job]:
    """Return the jobs of launches."""

    def amendment(payload: Mapping[str, Any], now: datetime) -> Finish:
        return amending_form.read_file(desk, payload, now)

    def look_into(payload: Mapping[str, Any], now: datetime) -> Finish:
        return dropped.look_into(desk, payload, now)

    def who_is_who(payload: Mapping[str, Any], now: datetime) -> Finish:
        return people.refresh(db, desk, payload, now)

    def planned_look(payload: Mapping[str, Any], now: datetime) -> Finish:
        return planned_looks.run(db, desk, payload, now)

    return {
        PLANNED_LOOK_JOB: planned_look,
        tasks.REMIND_JOB: _at_once(desk, tasks.remind),
        overriding.END_JOB: _at_once(desk, overriding.end),
        overriding.RETROSPECTIVE_JOB: _at_once(desk, overriding.look_back),
        people.REFRESH_JOB: who_is_who,
        amending_form.JOB: amendment,
        dropped.DROPPED_JOB: look_into,
    }


def _at_once(desk: Desk, verb: Callable[[Session, Desk, Mapping[str, Any], datetime], None]) -> Job:
    """A job that has nothing slow to do: all of it in the transaction."""

    def job(payload: Mapping[str, Any], now: datetime) -> Finish:
        return lambda session: verb(session, desk, payload, now)

    return job
