"""Asks which shards are off."""

from collections.abc import Sequence

from bot.core.cell_evidence import read_cells
from bot.core.cells import judge
from bot.core.checks.shards import Shards
from bot.core.found import Found, unknown
from bot.services.checks.asked import Asked
from bot.services.checks.series_cells import cells
from bot.services.checks.servers import server
from bot.sources.prometheus import selector

UNDECLARED = "no recall by shard is declared: name `metric` or `query` under checks.{name} of the playbook"


def run(asked: Asked) -> Sequence[Found]:
    """The one line, worst shards first.

    Raises:
        SourceError: with the reason to show.

    """
    options: Shards = asked.options
    if not options.query and not options.metric:
        return [unknown(UNDECLARED.format(name=asked.name))]
    source = server(asked, options.source)
    query = options.query or f"avg by ({options.label}) ({selector(options.metric, {})})"
    found, usual = cells(source, query, [options.label], onset=asked.incident.started, now=asked.now)
    judged = [judge(cell, moved=options.moved, noise=options.noise) for cell in found]
    return [read_cells(judged, noun="shard", some="shard", usual=usual, source=source.name, query=query)]
