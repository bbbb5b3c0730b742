"""Means of a column by crossings of others, now and at the same hours of earlier days; one query."""

from collections.abc import Sequence
from typing import Any

from bot.core.cells import Cell
from bot.errors import SourceError
from bot.sources.warehouse import columns_missing, not_numbers
from bot.sources.windows import AGO, Window, within

MOST = 200
"""Crossings; more are no cohorts but ids."""
MEAN = "mean_"


def cells(
    table: Any, *, time: str, value: str, dimensions: Sequence[str], window: Window, what: str
) -> tuple[list[Cell], str, str]:
    """The cells, what is compared in words, and the query. Raises SourceError with the reason to show.

    A row without a value counts nowhere; one without a label is in a cell of its own.
    """
    missing = columns_missing(table, {value: "value", **dict.fromkeys(dimensions, "dimension")}, what)
    missing = missing or not_numbers(table, [value], "value")
    if missing:
        raise SourceError(missing)
    found = within(table, time, window, what)
    labels = {name: found.rows[name].cast("string").fill_null("none") for name in dimensions}
    rows = found.rows.mutate(**labels)
    means = rows.group_by([*dimensions, AGO]).aggregate(**{MEAN: rows[value].cast("float64").mean()})
    told = means.limit(MOST * (window.days + 2)).to_pyarrow().to_pylist()
    now: dict[tuple[str, ...], float] = {}
    past: dict[tuple[str, ...], list[float]] = {}
    for row in told:
        key = tuple(str(row[name]) for name in dimensions)
        past.setdefault(key, [])
        if row[MEAN] is None or row[MEAN] != row[MEAN]:
            continue
        if row[AGO] == 0:
            now[key] = row[MEAN]
        else:
            past[key].append(row[MEAN])
    if len(past) > MOST:
        raise SourceError(f"{what} has more than {MOST} crossings of {', '.join(dimensions)}")
    return (
        [Cell(dict(zip(dimensions, key, strict=True)), now.get(key), tuple(past[key])) for key in past],
        found.when,
        f"mean of {value} by {', '.join(dimensions)} of {what}: {found.when}",
    )
