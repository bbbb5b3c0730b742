"""The jobs of launches, by the name their slots carry: payload and time in, what to store out."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from sqlmodel import Session

from bot.services import amending_form, dropped
from bot.services.desk import Desk
from bot.store.database import Database

Finish: TypeAlias = Callable[[Session], None]
Job: TypeAlias = Callable[[Mapping[str, Any], datetime], Finish]


def launch_jobs(db: Database, desk: Desk) -> Mapping[str, Job]:
    """Return the jobs of launches."""
    del db

    def amendment(payload: Mapping[str, Any], now: datetime) -> Finish:
        return amending_form.read_file(desk, payload, now)

    def look_into(payload: Mapping[str, Any], now: datetime) -> Finish:
        return dropped.look_into(desk, payload, now)

    return {
        amending_form.JOB: amendment,
        dropped.DROPPED_JOB: look_into,
    }
