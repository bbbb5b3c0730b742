"""Asks how the stages of a turn stand against their limits."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from bot.core.checks.stages import Stages
from bot.core.found import Found, unknown
from bot.core.stage_evidence import WORDS, Reading, away_from, limit_of, read_measure
from bot.errors import SourceError
from bot.services.checks.asked import Asked
from bot.services.checks.servers import server, side_by_side
from bot.sources.prometheus import Prometheus, Series

STEP = timedelta(minutes=1)
UNDECLARED = (
    "no query is configured: name latency, errors, fallback, turn_p95 … under checks.{name} of the playbook"
)


def run(asked: Asked) -> Sequence[Found]:
    """A line for each measure that has a query; the worst of its stages first.

    Raises:
        SourceError: with the reason to show.

    """
    options: Stages = asked.options
    if not options.queries:
        return [unknown(UNDECLARED.format(name=asked.name))]
    source = server(asked, options.source)
    told = side_by_side({name: _asks(source, asked, query) for name, query in options.queries.items()})
    return [_found(measure, told, options, source) for measure in options.queries]


def _asks(source: Prometheus, asked: Asked, query: str) -> Callable[[], tuple[Series, ...]]:
    start = asked.now - timedelta(minutes=asked.options.minutes)
    return lambda: source.range(query, start=start, end=asked.now, step=STEP)


def _found(
    measure: str, told: Mapping[str, tuple[Series, ...] | SourceError], options: Stages, source: Prometheus
) -> Found:
    more = {"source": source.name, "query": options.queries[measure]}
    answer = told[measure]
    if isinstance(answer, SourceError):
        return unknown(f"{WORDS[measure]}: {answer}", **more)
    whole = told.get("turn_p95", ()) if measure == "split" else ()
    if measure == "split" and (isinstance(whole, SourceError) or not whole):
        return unknown("turn p95 by cohort: what the whole is is not known; name `turn_p95` too", **more)
    readings = [
        _reading(measure, series, options, whole if isinstance(whole, tuple) else ()) for series in answer
    ]
    return read_measure(measure, readings, minutes=options.minutes, **more)


def _reading(measure: str, series: Series, options: Stages, whole: tuple[Series, ...]) -> Reading:
    labels = {key: value for key, value in series.labels.items() if key != "__name__"}
    name = labels.get(options.label) or "-".join(labels.values())
    values = tuple(value for _, value in series.points)
    if measure == "split":
        total = {at.timestamp(): value for at, value in whole[0].points}
        values = away_from(total, [(at.timestamp(), value) for at, value in series.points])
    return Reading(measure, name, values, limit_of(options, measure, name), round(options.minutes) + 1)
