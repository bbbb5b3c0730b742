"""The warehouse that a check asks: the table it names, with the patience that the check has."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

from bot.core.checks import DEADLINE
from bot.core.checks.options import Table
from bot.core.found import Found, unknown
from bot.core.registration import Data
from bot.services.checks.asked import Asked
from bot.sources.warehouse import table_of
from bot.sources.windows import Window, window_of

SPARE = 0.3
"""Seconds before a check's own deadline at which its query ends: to say itself what did not answer."""


def unconfigured(asked: Asked, table: Table, *, timed: bool = True) -> Found | None:
    """What to say where the playbook leaves the table, or the column of its time, open; else None."""
    lacking = table.lacking or ("" if table.time or not timed else "no time column")
    if not lacking:
        return None
    return unknown(f"{lacking} is configured: name it under checks.{asked.name} of the playbook")


@contextmanager
def opened(asked: Asked, table: Table) -> Iterator[Any]:
    """The Ibis table.

    Raises SourceError with the reason: no such source or table, it refuses, it does not answer in time.
    """
    check = asked.playbook.checks.get(asked.name)
    seconds = (check.deadline if check else DEADLINE) - SPARE
    data = Data(source=table.source, table=table.table or None, sql=table.sql or None)
    with table_of(data, sources=asked.desk.settings.sources, root=None, seconds=seconds) as found:
        yield found


def window(asked: Asked, table: Table, *, hours: float, days: int) -> Window:
    """The hours that are compared: those since the onset, on days before it."""
    return window_of(
        now=asked.now,
        onset=asked.incident.started,
        hours=hours,
        days=days,
        zone=ZoneInfo(table.zone or "UTC"),
        dates=ZoneInfo(table.zone) if table.zone else asked.desk.settings.zone,
    )
