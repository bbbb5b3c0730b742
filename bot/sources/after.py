"""What comes after an experiment's last look: the rows of the days after it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.core.observation import Observations
from bot.core.registration import Data, Registration
from bot.errors import SourceError
from bot.settings import SourceSettings
from bot.sources import samples, summary
from bot.sources.warehouse import columns_missing, table_of


class NeverError(SourceError):
    """What a table cannot say, however long one waits."""


def observe_after(
    registration: Registration,
    *,
    last: float,
    until: float,
    sources: Mapping[str, SourceSettings],
    root: Path | None,
) -> Observations | None:
    """The data of the days after `last` up to `until`, both days of the experiment; None when there are none.

    The first day after the last is day 1 of what is returned. The registration's calendar must be known where
    its data have dates. Raises SourceError when the data cannot be had.
    """
    data = registration.after.data or registration.data
    what = data.table or data.path or "the query"
    if data.kind == "summary" and registration.after.data is None:
        raise NeverError(
            f"{what} has statistics added up from the first day, which do not say what came after the "
            "launch: name after.data, a table that begins after it"
        )
    with table_of(data, sources=sources, root=root) as table:
        if data.kind == "summary":
            return _added_up(summary.observe(table, _reading(registration, data), until, what), last, what)
        rows, shifted = _window(table, registration, data, last, until)
        if not rows.count().to_pyarrow().as_py():
            return None
        return samples.observe_rows(rows, _reading(registration, shifted), day=until - last, what=what)


def _added_up(seen: Observations, last: float, what: str) -> Observations:
    """Ready statistics of the days after the launch, their days counted from it."""
    first, newest = seen.first_day or 0.0, seen.last_day or 0.0
    if first <= last:
        raise NeverError(
            f"{what} begins on day {first:g}, and the launch was decided on day {last:g}: its statistics are "
            "added up from before"
        )
    return replace(seen, day=newest - last, first_day=first - last, last_day=newest - last)


def _window(
    table: Any, registration: Registration, data: Data, last: float, until: float
) -> tuple[Any, Data]:
    """The rows after `last`, and how their days are counted."""
    import ibis

    what = data.table or data.path or "the query"
    if data.date is not None:
        start = data.start or registration.data.start
        if start is None:
            raise NeverError(f"{what} has dates, and the day on which the experiment started is not known")
        _present(table, data.date, what)
        first = start + timedelta(days=int(last))
        day = table[data.date].cast("date")
        end = start + timedelta(days=int(until) - 1)
        inside = (day >= ibis.literal(first)) & (day <= ibis.literal(end))
        return table.filter(inside), data.model_copy(update={"start": first})
    if data.day is not None:
        _present(table, data.day, what)
        if not table[data.day].type().is_numeric():
            raise SourceError(f"column {data.day} (day) is {table[data.day].type()}, not a number")
        inside = (table[data.day] > last) & (table[data.day] <= until)
        return table.filter(inside).mutate(**{data.day: table[data.day] - int(last)}), data
    if registration.after.data is None:
        raise NeverError(
            f"{what} has no days, so what came after the last look cannot be told apart: name after.data"
        )
    return table, data


def _present(table: Any, column: str, what: str) -> None:
    reason = columns_missing(table, {column: "day"}, what)
    if reason:
        raise SourceError(reason)


def _reading(registration: Registration, data: Data) -> Registration:
    return registration.model_copy(update={"data": data})
