"""Sources of changes that are asked: one job a minute asks those whose time has come, one after the other.

One job, so that slow sources keep at most one worker from an incident's evidence. How far each was read is
kept with what was found, in one transaction; a source that cannot be read is told of once, and once more when
it answers again.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog
from sqlmodel import Session

from bot.core.change_reading import ChangeReading
from bot.core.effect import Post
from bot.errors import SourceError
from bot.services import changes
from bot.services.desk import Desk
from bot.settings.changes import ChangeSourceSettings
from bot.store import change_sources, outbox, slots
from bot.store.change_sources import Reading
from bot.store.database import Database
from bot.store.schedule import Interval
from bot.store.slots import Finish
from bot.views import change_log as views

if TYPE_CHECKING:  # on the way to an ack nothing is asked over HTTP
    import httpx

log = structlog.get_logger()

JOB = "changes.ask"
EVERY = timedelta(minutes=1)
ALTOGETHER = timedelta(seconds=60)
"""After so long the sources left over wait for the next minute."""
TOLD_AFTER = 2
"""Readings that must fail in a row before anybody is told: one may be a restart."""

Ask = Callable[[str, ChangeSourceSettings, Mapping[str, Any], datetime], ChangeReading]
"""Asks one source, by name and settings, from its cursor on; raises SourceError with the reason."""


@dataclass(frozen=True)
class Answered:
    """What became of asking one source: its reading, or why there is none."""

    name: str
    reading: ChangeReading | None
    error: str = ""


def schedule(session: Session, desk: Desk, now: datetime) -> None:
    """Have the sources asked, if there are any; what was kept of sources that are gone is dropped."""
    configured = desk.settings.changes
    if configured:
        slots.every(session, job=JOB, rule=Interval(EVERY), now=now)
    else:
        slots.stop(session, job=JOB)
    for reading in change_sources.readings(session):
        if reading.name not in configured:
            change_sources.forget(session, reading.name)


def run(db: Database, desk: Desk, now: datetime, *, ask: Ask | None = None) -> Finish:
    """Ask the sources whose time has come; the closure returned stores what they said."""
    due = _due(db, desk, now)
    if not due:
        return _nothing
    answers: list[Answered] = []
    with _Asking(desk) as asking:
        for reading in due:
            if asking.spent > ALTOGETHER.total_seconds():
                break
            answers.append(_answer(ask or asking.ask, desk, reading, now))

    def finish(session: Session) -> None:
        for answered in answers:
            _store(session, desk, answered, now)
        for left in due[len(answers) :]:
            current = change_sources.reading(session, left.name, lock=True)
            change_sources.keep(session, replace(current, asked_at=left.asked_at))

    return finish


def _nothing(_: Session) -> None:
    """There is nothing to store."""


def _due(db: Database, desk: Desk, now: datetime) -> list[Reading]:
    """Those whose time has come, the longest unasked first; they count as asked from now on."""
    with db.write() as session:
        readings = [change_sources.reading(session, name, lock=True) for name in desk.settings.changes]
        due = [one for one in readings if _is_due(one, desk.settings.changes[one.name].every, now)]
        for one in due:
            change_sources.keep(session, replace(one, asked_at=now))
    return sorted(due, key=lambda one: (one.asked_at is not None, one.asked_at or now))


def _is_due(reading: Reading, every: timedelta, now: datetime) -> bool:
    # The job comes once a minute and a few seconds late now and then: half a minute early is in time.
    return reading.asked_at is None or now - reading.asked_at >= every - EVERY / 2


def _answer(ask: Ask, desk: Desk, reading: Reading, now: datetime) -> Answered:
    name = reading.name
    try:
        return Answered(name, ask(name, desk.settings.changes[name], reading.cursor, now))
    except SourceError as error:
        return Answered(name, None, str(error))
    except Exception as error:  # what nobody foresaw of one source must not keep the others unread
        log.exception("change_source_failed", source=name)
        return Answered(name, None, f"what {name} answered cannot be read ({type(error).__name__})")


def _store(session: Session, desk: Desk, answered: Answered, now: datetime) -> None:
    before = change_sources.reading(session, answered.name, lock=True)
    if answered.reading is None:
        _failed(session, desk, before, answered.error, now)
        return
    new = changes.record(session, answered.reading.changes, now=now)
    fault = answered.reading.fault
    after = replace(
        before,
        cursor=answered.reading.cursor,
        read_at=now,
        failing_since=None,
        failures=0,
        error=fault,
        told=bool(fault),
    )
    change_sources.keep(session, after)
    ops = desk.settings.channels.ops
    if before.told and before.failing_since is not None:
        key = f"changes/{before.name}/again/{now.isoformat()}"
        outbox.put(session, Post(key, ops, views.reads_again(before, new)), now=now)
    if fault and not (before.told and before.error):
        key = f"changes/{before.name}/fault/{now.isoformat()}"
        outbox.put(session, Post(key, ops, views.faulty(before.name, fault)), now=now)


def _failed(session: Session, desk: Desk, before: Reading, error: str, now: datetime) -> None:
    anew = before.failing_since is None
    after = replace(
        before,
        failing_since=now if anew else before.failing_since,
        failures=1 if anew else before.failures + 1,
        error=error,
        told=False if anew else before.told,
    )
    if after.failures >= TOLD_AFTER and not after.told:
        after = replace(after, told=True)
        key = f"changes/{after.name}/failing/{after.failing_since}"
        outbox.put(session, Post(key, desk.settings.channels.ops, views.unread(after)), now=now)
    change_sources.keep(session, after)


class _Asking:
    """One connection pool for the sources of one run; how long it has taken."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._client: httpx.Client | None = None
        self._began = 0.0

    def __enter__(self) -> "_Asking":
        import httpx

        self._client, self._began = httpx.Client(), time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        if self._client is not None:
            self._client.close()

    @property
    def spent(self) -> float:
        """Seconds since the first question."""
        return time.monotonic() - self._began

    def ask(
        self, name: str, settings: ChangeSourceSettings, cursor: Mapping[str, Any], now: datetime
    ) -> ChangeReading:
        """Ask one source. Raises SourceError."""
        assert self._client is not None  # noqa: S101 - entered before anything is asked
        return ask_with(self._client, self._desk, name, settings, cursor, now)


def ask_with(
    client: "httpx.Client",
    desk: Desk,
    name: str,
    settings: ChangeSourceSettings,
    cursor: Mapping[str, Any],
    now: datetime,
) -> ChangeReading:
    """Ask one source of whichever kind. Raises SourceError with the reason to show."""
    zone = desk.settings.zone
    if settings.kind == "mlflow":
        from bot.sources import mlflow_registry

        return mlflow_registry.read(name, settings, cursor, now, client)
    if settings.kind == "ical":
        from bot.sources import calendar_feed

        return calendar_feed.read(name, settings, now, client, zone)
    from bot.sources import change_query

    return change_query.read(name, settings, cursor, now, desk.settings.sources, zone)
