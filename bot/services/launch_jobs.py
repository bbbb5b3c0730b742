"""The jobs of launches, by the name their slots carry: payload and time in, what to store out."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.services import (
    advancing,
    after_launch,
    amending_form,
    app_home,
    digests,
    dropped,
    flags,
    home_news,
    overriding,
    pausing,
    people,
    planned_looks,
    rollout_checks,
    rollouts,
    tasks,
)
from bot.services.correlation_jobs import correlation_jobs
from bot.services.desk import Desk
from bot.services.rollout_stages import CHECK_JOB
from bot.services.scheduled_looks import PLANNED_LOOK_JOB
from bot.store.database import Database
from bot.store.slots import Finish, Job


def launch_jobs(db: Database, desk: Desk) -> Mapping[str, Job]:
    """Return the jobs of launches."""

    def amendment(payload: Mapping[str, Any], now: datetime) -> Finish:
        return amending_form.read_file(desk, payload, now)

    def home(payload: Mapping[str, Any], now: datetime) -> Finish:
        return app_home.redraw(db, desk, payload, now)

    def digest(payload: Mapping[str, Any], now: datetime) -> Finish:
        return digests.post(db, desk, payload, now)

    def look_into(payload: Mapping[str, Any], now: datetime) -> Finish:
        return dropped.look_into(desk, payload, now)

    def who_is_who(payload: Mapping[str, Any], now: datetime) -> Finish:
        return people.refresh(db, desk, payload, now)

    def planned_look(payload: Mapping[str, Any], now: datetime) -> Finish:
        return planned_looks.run(db, desk, payload, now)

    def after(payload: Mapping[str, Any], now: datetime) -> Finish:
        return after_launch.run(db, desk, payload, now)

    return {
        **_rollout_jobs(db, desk),
        **correlation_jobs(db, desk),
        after_launch.CHECK_JOB: after,
        PLANNED_LOOK_JOB: planned_look,
        tasks.REMIND_JOB: _at_once(desk, tasks.remind),
        overriding.END_JOB: _at_once(desk, overriding.end),
        overriding.RETROSPECTIVE_JOB: _at_once(desk, overriding.look_back),
        people.REFRESH_JOB: who_is_who,
        home_news.REDRAW_JOB: home,
        amending_form.JOB: amendment,
        digests.JOB: digest,
        dropped.DROPPED_JOB: look_into,
    }


def _rollout_jobs(db: Database, desk: Desk) -> Mapping[str, Job]:
    def check(payload: Mapping[str, Any], now: datetime) -> Finish:
        return rollout_checks.run(db, desk, payload, now)

    def advance(payload: Mapping[str, Any], now: datetime) -> Finish:
        return advancing.run(db, desk, payload, now)

    def resume(payload: Mapping[str, Any], now: datetime) -> Finish:
        return pausing.run_resume(db, desk, payload, now)

    def tell(payload: Mapping[str, Any], now: datetime) -> Finish:
        return flags.attempt(db, desk, payload, now)

    return {
        CHECK_JOB: check,
        rollout_checks.NOW_JOB: check,
        rollout_checks.TEND_JOB: _at_once(desk, rollout_checks.tend),
        advancing.ADVANCE_JOB: advance,
        pausing.RESUME_JOB: resume,
        flags.TELL_JOB: tell,
        flags.DRAW_JOB: _at_once(desk, rollouts.settled),
        flags.SETTLED_JOB: _at_once(desk, rollouts.settled),
    }


def _at_once(desk: Desk, verb: Callable[[Session, Desk, Mapping[str, Any], datetime], None]) -> Job:
    """A job that has nothing slow to do: all of it in the transaction."""

    def job(payload: Mapping[str, Any], now: datetime) -> Finish:
        return lambda session: verb(session, desk, payload, now)

    return job
