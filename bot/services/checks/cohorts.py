"""Asks which cohorts moved against their own past."""

from collections.abc import Sequence

from bot.core.cell_evidence import read_cells
from bot.core.cells import judge
from bot.core.checks.cohorts import Cohorts
from bot.core.found import Found
from bot.services.checks.asked import Asked
from bot.services.checks.series_cells import cells
from bot.services.checks.servers import alerted, server
from bot.sources.prometheus import selector


def run(asked: Asked) -> Sequence[Found]:
    """The one line, worst cohorts first.

    Raises:
        SourceError: with the reason to show.

    """
    options: Cohorts = asked.options
    source = server(asked, options.source)
    query = options.query or averaged(asked, options)
    found, usual = cells(source, query, options.dimensions, onset=asked.incident.started, now=asked.now)
    judged = [judge(cell, moved=options.moved, noise=options.noise) for cell in found]
    return [read_cells(judged, noun="cohort", some="some", usual=usual, source=source.name, query=query)]


def averaged(asked: Asked, options: Cohorts) -> str:
    """The metric, averaged over whatever else tells its series apart."""
    wanted = selector(options.metric, {}) if options.metric else str(alerted(asked, options.dimensions))
    return f"avg by ({', '.join(options.dimensions)}) ({wanted})"
