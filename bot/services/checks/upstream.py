"""Asks the warehouse whether an upstream feed is healthy."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

from bot.core import feed_evidence
from bot.core.checks.options import Table
from bot.core.checks.upstream import Upstream
from bot.core.feed import Feed
from bot.core.found import Found, unknown
from bot.services.checks.asked import Asked
from bot.services.checks.warehouses import opened, unconfigured
from bot.sources import feed
from bot.store import schemas

DAY_BEFORE = timedelta(days=1)
"""How long before the onset the schema that counts was seen."""


def run(asked: Asked) -> Sequence[Found]:
    """A line each for row counts, schema, freshness and null shares.

    Raises:
        SourceError: with the reason to show.

    """
    options: Upstream = asked.options
    lacking = unconfigured(asked, options.table, timed=False)
    if lacking:
        return [lacking]
    onset = asked.incident.started
    with asked.db.read() as session:
        before = schemas.before(session, place_of(options.table), onset - DAY_BEFORE)
    with opened(asked, options.table) as table:
        if not options.table.time:
            named = Feed(options.table.name, asked.now.date(), 0, True, {}, feed.schema_of(table))
            untimed = unconfigured(asked, options.table)
            lines = [feed_evidence.schema(named, options, before, onset)]
            lines += [unknown(f"row counts, freshness, nulls: {untimed.line}")] if untimed else []
        else:
            counted = feed.count(table, options, now=asked.now, zone=asked.desk.settings.zone)
            lines = [
                feed_evidence.rows(counted, options),
                feed_evidence.schema(counted, options, before, onset),
                feed_evidence.freshness(counted, options),
                feed_evidence.nulls(counted, options),
            ]
    return [replace(line, source=options.table.source) for line in lines]


def place_of(table: Table) -> str:
    """How the schemas of a table are known: its source and name, or the SHA-256 of its query."""
    return f"{table.source}/{table.table or sha256(table.sql.encode()).hexdigest()}"
