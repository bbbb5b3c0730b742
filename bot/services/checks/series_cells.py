"""Cells of a metric from Prometheus: each crossing of labels now, and at the same time of earlier days."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median

from bot.core.cells import LEAST, Cell
from bot.errors import SourceError
from bot.services.checks.servers import side_by_side
from bot.sources.prometheus import Prometheus, Series

NOW, NOW_STEP = timedelta(minutes=10), timedelta(minutes=2)
"""A cell is now the median over so long: a single scrape is noise."""
DAYS = 7
DAY_FROM, DAY_TO, DAY_STEP = timedelta(hours=24), timedelta(hours=1), timedelta(minutes=30)
"""Where days before are not known, a cell is held against the day that ended an hour before the onset."""

Labels = tuple[tuple[str, str], ...]
"""What tells a cell apart, in the order of the dimensions."""


def cells(
    source: Prometheus, query: str, dimensions: Sequence[str], *, onset: datetime, now: datetime
) -> tuple[list[Cell], str]:
    """The cells that `query` gives, and what they are held against, in words.

    Earlier values are those at the same time of the last seven days, as far as they are before the onset.

    Raises:
        SourceError: with the reason to show.

    """
    day = timedelta(days=1)
    told = side_by_side(
        {
            "now": lambda: source.range(query, start=now - NOW, end=now, step=NOW_STEP),
            "days": lambda: source.range(query, start=now - DAYS * day, end=now - day, step=day),
        }
    )
    current, days = _good(told["now"]), _good(told["days"])
    if not current:
        raise SourceError(f"{source.name} has no value for {query}")
    past = _by_cell(days, dimensions, until=onset)
    words = "against the same time of its last 7 days"
    if sum(len(values) >= LEAST for values in past.values()) < max(len(past), 1) / 2:
        earlier = source.range(query, start=onset - DAY_FROM, end=onset - DAY_TO, step=DAY_STEP)
        past, words = _by_cell(earlier, dimensions, until=onset), "against the day before the onset"
    present = _by_cell(current, dimensions)
    found = [
        Cell(
            dict(labels),
            median(present[labels]) if present.get(labels) else None,
            tuple(past.get(labels, ())),
        )
        for labels in dict.fromkeys([*present, *past])
    ]
    return found, words


def _good(answer: tuple[Series, ...] | SourceError) -> tuple[Series, ...]:
    if isinstance(answer, SourceError):
        raise answer
    return answer


def _by_cell(
    found: Iterable[Series], dimensions: Sequence[str], until: datetime | None = None
) -> dict[Labels, list[float]]:
    """The values of each cell before `until`."""
    values: dict[Labels, list[float]] = {}
    for series in found:
        into = values.setdefault(_labels(series.labels, dimensions), [])
        into += [value for at, value in series.points if until is None or at < until]
    if () in values and len(values) == 1:
        raise SourceError(f"the series have no label {' or '.join(dimensions)}")
    return values


def _labels(labels: Mapping[str, str], dimensions: Sequence[str]) -> Labels:
    return tuple((name, labels[name]) for name in dimensions if labels.get(name))
