"""Looks every hour at the schemas of the upstream tables that playbooks check, so that a change is known."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlmodel import Session

from bot.core.checks.options import Table
from bot.core.checks.upstream import Upstream
from bot.core.registration import Data
from bot.errors import SourceError
from bot.services.checks.upstream import place_of
from bot.services.desk import Desk
from bot.sources.feed import schema_of
from bot.sources.warehouse import table_of
from bot.store import schemas, slots
from bot.store.schedule import Interval
from bot.store.slots import Finish

log = structlog.get_logger()

JOB = "schemas.watch"
EVERY = timedelta(hours=1)
PATIENCE = 20.0
"""Seconds a table may take to say what its columns are."""


def schedule(session: Session, desk: Desk, now: datetime) -> None:
    """Have the schemas looked at, now and every hour, where a playbook checks any."""
    slots.cancel(session, job=JOB, prefix="start/")
    if not tables(desk):
        slots.stop(session, job=JOB)
        return
    slots.every(session, job=JOB, rule=Interval(EVERY), now=now)
    slots.at(session, job=JOB, slot=f"start/{now.isoformat()}", due=now)


def watch(desk: Desk, payload: Mapping[str, Any], now: datetime) -> Finish:
    """Ask every table for its schema; the function returned keeps what they said.

    A table that cannot be asked is left as it was: when it was last seen says so.
    """
    del payload
    seen: dict[str, dict[str, str]] = {}
    for table in tables(desk):
        data = Data(source=table.source, table=table.table or None, sql=table.sql or None)
        try:
            with table_of(data, sources=desk.settings.sources, root=None, seconds=PATIENCE) as found:
                seen[place_of(table)] = schema_of(found)
        except SourceError as error:
            log.warning("schema_unknown", table=table.name, source=table.source, reason=str(error))

    def finish(session: Session) -> None:
        for place, schema in seen.items():
            schemas.see(session, place, schema, now=now)

    return finish


def tables(desk: Desk) -> list[Table]:
    """The tables that some playbook checks, each once."""
    found = {}
    for tree in desk.playbooks.trees:
        for check in tree.checks.values():
            if isinstance(check.options, Upstream) and not check.options.table.lacking:
                found[place_of(check.options.table)] = check.options.table
    return list(found.values())
