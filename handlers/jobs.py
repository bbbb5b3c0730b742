"""Every job that a slot may name: the slow part outside any transaction, then what to store."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from sqlmodel import Session

from bot.chat.download import download
from bot.core.effect import Ephemeral, Message, Post
from bot.core.inbound import Place, RegisterExperiment
from bot.errors import UserError
from bot.services import (
    adopting,
    after_launch,
    app_home,
    change_sources,
    correlation_alarm,
    degraded,
    digests,
    drill_reminders,
    experiments,
    framing_record,
    framing_revisit,
    latency_watching,
    look_asking,
    monitors,
    oncall,
    people,
    planned_looks,
    rollout_checks,
    schema_watch,
)
from bot.services.desk import Desk
from bot.services.incident_jobs import incident_jobs
from bot.services.latency_jobs import latency_jobs
from bot.services.launch_jobs import launch_jobs
from bot.services.monitor_jobs import monitor_jobs
from bot.services.narrative_jobs import narrative_jobs
from bot.services.quarter_jobs import quarter_jobs
from bot.services.scheduled_looks import PLANNED_LOOK_JOB
from bot.store import held_alerts, inbox, outbox, slots
from bot.store.database import Database
from bot.store.schedule import Daily
from bot.store.slots import Finish, GivenUp, Job, Slot
from bot.views.text import escape
from handlers import slack_verbs

PURGE_JOB = "store.purge"
PURGE_AT = time(4, 20)


def jobs(db: Database, desk: Desk) -> Mapping[str, Job]:
    """Return every job by its name."""

    def look(payload: Mapping[str, Any], now: datetime) -> Finish:
        return experiments.run_look(db, desk, payload, now)

    def file(payload: Mapping[str, Any], now: datetime) -> Finish:
        return _register_file(desk, payload, now)

    def purge(_: Mapping[str, Any], now: datetime) -> Finish:
        return lambda session: _purge(session, desk, now)

    def revisit(payload: Mapping[str, Any], now: datetime) -> Finish:
        return lambda session: framing_revisit.remind(session, desk, payload, now)

    def schemas(payload: Mapping[str, Any], now: datetime) -> Finish:
        return schema_watch.watch(desk, payload, now)

    return {
        schema_watch.JOB: schemas,
        framing_record.REVISIT_JOB: revisit,
        **incident_jobs(db, desk),
        **latency_jobs(db, desk),
        **launch_jobs(db, desk),
        **monitor_jobs(db, desk),
        **quarter_jobs(db, desk),
        **narrative_jobs(db, desk),
        experiments.LOOK_JOB: look,
        slack_verbs.FILE_JOB: file,
        PURGE_JOB: purge,
    }


def given_up(desk: Desk) -> GivenUp:
    """Return what tells the ops channel of a job that failed for the last time."""

    def tell(session: Session, slot: Slot, now: datetime) -> None:
        said = Message(
            f"Job {slot.job} ({escape(slot.slot, 200)}) was given up after {slot.tries} tries; see the log."
        )
        outbox.put(session, Post(f"job/{slot.job}/{slot.slot}", desk.settings.channels.ops, said), now=now)
        if slot.job == PLANNED_LOOK_JOB:
            planned_looks.given_up(session, desk, slot.payload, now)
        if slot.job == after_launch.CHECK_JOB:
            after_launch.given_up(session, desk, slot.payload, now)
        if slot.job == experiments.LOOK_JOB:
            look_asking.given_up(session, slot.payload, now)

    return tell


def schedule(session: Session, desk: Desk, now: datetime) -> None:
    """Have the recurring jobs done; saying it again at every start changes nothing.

    What a version without a ledger left is taken into it first.
    """
    adopting.adopt(session, now)
    rule = Daily(PURGE_AT, desk.settings.timezone, latest_only=True)
    slots.every(session, job=PURGE_JOB, rule=rule, now=now)
    change_sources.schedule(session, desk, now)
    people.schedule(session, now)
    oncall.schedule(session, desk, now)
    degraded.soon(session, now)
    app_home.schedule(session, now)
    digests.schedule(session, now)
    correlation_alarm.schedule(session, desk, now)
    rollout_checks.schedule(session, now)
    schema_watch.schedule(session, desk, now)
    drill_reminders.schedule(session, desk, now)
    monitors.schedule(session, desk, now)
    latency_watching.schedule(session, desk, now)


def _register_file(desk: Desk, payload: Mapping[str, Any], now: datetime) -> Finish:
    """Read the attached file, then register it; what is wrong with it is told to the person alone."""
    settings = desk.settings
    place = Place(payload["channel"], payload["thread"])
    asked = RegisterExperiment(payload["by"], place, file_url=payload["url"], file_name=payload["name"])
    token = settings.slack_bot_token
    try:
        text = download(
            asked.file_url, token=token.get_secret_value() if token else "", api_url=settings.slack_api_url
        )
    except UserError as error:
        said = Message(f"{error.message} {error.hint}")
        return lambda session: _whisper(session, asked, said, now)

    def finish(session: Session) -> None:
        try:
            with session.begin_nested():
                slack_verbs.register(session, desk, asked, text, now)
        except UserError as error:
            _whisper(session, asked, Message(f"{error.message} {error.hint}"), now)

    return finish


def _whisper(session: Session, asked: RegisterExperiment, said: Message, now: datetime) -> None:
    key = f"file/{asked.file_url}/{now.isoformat()}"
    outbox.put(session, Ephemeral(key, asked.place.channel, asked.by, said, asked.place.thread), now=now)


def _purge(session: Session, desk: Desk, now: datetime) -> None:
    keep = timedelta(days=desk.settings.retention_days)
    for room in (inbox, outbox, slots):
        room.purge(session, now=now, keep=keep)
    held_alerts.purge(session, now=now)
