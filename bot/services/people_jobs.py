"""The jobs about people: who is on call, calls and leases, nags, by the name their slots carry."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from sqlmodel import Session

from bot.services import degraded, escalation, oncall, stakeholders, watching
from bot.services.desk import Desk
from bot.services.incident_cards import LADDER_JOB
from bot.store.database import Database
from bot.store.slots import Finish, Job


def people_jobs(db: Database, desk: Desk) -> Mapping[str, Job]:
    """Return them; only the question who is on call leaves this machine."""

    def on_call(payload: Mapping[str, Any], now: datetime) -> Finish:
        return oncall.refresh(db, desk, payload, now)

    return {
        oncall.REFRESH_JOB: on_call,
        LADDER_JOB: _stored(escalation.rung, desk),
        watching.CALL_JOB: _stored(watching.call, desk),
        watching.LEASE_JOB: _stored(watching.lapse, desk),
        stakeholders.PROMISE_JOB: _stored(stakeholders.remind, desk),
        degraded.LOOK_JOB: _stored(degraded.look, desk),
    }


def _stored(work: Callable[..., None], desk: Desk) -> Job:
    """A job that has no slow part: everything happens in the transaction that says it is done."""

    def job(payload: Mapping[str, Any], now: datetime) -> Finish:
        return partial(_run, work, desk, payload, now)

    return job


def _run(
    work: Callable[..., None], desk: Desk, payload: Mapping[str, Any], now: datetime, session: Session
) -> None:
    work(session, desk, payload, now=now)
