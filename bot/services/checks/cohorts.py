"""Asks which cohorts moved against their own past."""

from collections.abc import Sequence

from bot.core.cell_evidence import read_cells
from bot.core.cells import judge
from bot.core.checks.cohorts import Cohorts
from bot.core.found import Found, unknown
from bot.services.checks.asked import Asked
from bot.services.checks.series_cells import cells
from bot.services.checks.servers import alerted, server
from bot.services.checks.warehouses import opened, unconfigured, window
from bot.sources import cell_means
from bot.sources.prometheus import selector


def run(asked: Asked) -> Sequence[Found]:
    """The one line, worst cohorts first.

    Raises:
        SourceError: with the reason to show.

    """
    options: Cohorts = asked.options
    if options.where.table or options.where.sql:
        return [_of_warehouse(asked, options)]
    source = server(asked, options.source)
    query = options.query or averaged(asked, options)
    found, usual = cells(source, query, options.dimensions, onset=asked.incident.started, now=asked.now)
    harm = 0 if options.query or options.metric else harmful(asked)
    judged = [judge(cell, moved=options.moved, noise=options.noise, harm=harm) for cell in found]
    return [read_cells(judged, noun="cohort", some="some", usual=usual, source=source.name, query=query)]


def _of_warehouse(asked: Asked, options: Cohorts) -> Found:
    """The line from the means of a table."""
    lacking = unconfigured(asked, options.where)
    if lacking is not None:
        return lacking
    span, what = window(asked, options.where, hours=options.hours, days=options.days), options.where.name
    with opened(asked, options.where) as table:
        found, when, query = cell_means.cells(
            table,
            time=options.where.time,
            value=options.value,
            dimensions=options.dimensions,
            window=span,
            what=what,
        )
    if not found:
        return unknown(f"{what} has no row in the {when}", source=options.where.source, query=query)
    judged = [judge(cell, moved=options.moved, noise=options.noise) for cell in found]
    more = {"source": options.where.source, "query": query}
    return read_cells(judged, noun="cohort", some="some", usual=f"in the {when}", **more)


def harmful(asked: Asked) -> int:
    """Which way the alert's own metric does harm: the way it went; 0 where the alert does not say."""
    first = asked.incident.alerts[0]
    if first.value is None or first.baseline is None or first.value == first.baseline:
        return 0
    return -1 if first.value < first.baseline else 1


def averaged(asked: Asked, options: Cohorts) -> str:
    """The metric, averaged over whatever else tells its series apart."""
    wanted = selector(options.metric, {}) if options.metric else str(alerted(asked, options.dimensions))
    return f"avg by ({', '.join(options.dimensions)}) ({wanted})"
