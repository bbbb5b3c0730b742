"""Measured turns from Parquet and CSV files: a number a turn and stage, read by DuckDB into columns.

A row is a turn, or a span of one; whatever cannot be used is left out, counted and said.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.core.latency_budget import Budget, HistogramWindow, TurnFile
from bot.core.measurements import Measurements
from bot.core.what_if import NewDurations, WhatIf
from bot.errors import SourceError
from bot.sources.files import READABLE, connect, resolve
from bot.sources.turn_rows import ROWS, durations, read_turns

if TYPE_CHECKING:
    from bot.settings import SourceSettings

MOST_TURNS = 2_000_000
"""Turns that are held at once; of more a sample is drawn, always the same."""


def measured(
    budget: Budget,
    *,
    root: Path,
    sources: "Mapping[str, SourceSettings]",
    now: Any,
    what_ifs: tuple[WhatIf, ...] | None = None,
) -> Measurements:
    """Return what the budget's `measured` names, and the durations of its what-ifs.

    root: the folder that paths are below. now: the end of a window of histograms. what_ifs: None for those of
    the budget.

    Raises:
        SourceError: the turns cannot be had, with the reason to show.

    """
    if isinstance(budget.measured, TurnFile):
        found = from_files(budget, budget.measured, root)
    elif isinstance(budget.measured, HistogramWindow):
        from bot.sources.latency_histograms import from_prometheus  # files need no HTTP

        found = from_prometheus(budget, budget.measured, sources, now)
    else:
        found = Measurements()
    others, missing = _others(budget.what_if if what_ifs is None else what_ifs, root)
    return replace(found, others=others, missing={**found.missing, **missing})


def from_files(budget: Budget, where: TurnFile, root: Path, *, most: int = MOST_TURNS) -> Measurements:
    """The turns of a budget's files."""
    files = resolve(where.path, root)
    with _opened(files) as connection:
        turns, missing, notes = read_turns(connection, budget, where, most)
    count = 0 if turns is None else len(turns)
    if turns is None or not count:
        reason = "; ".join(notes) or "they hold no row"
        raise SourceError(f"{where.path} holds no measured turn: {reason}")
    return Measurements(f"{count:,} turns of {where.path}", turns, missing=missing, notes=notes)


def _others(what_ifs: tuple[WhatIf, ...], root: Path) -> tuple[dict[NewDurations, Any], dict[str, str]]:
    """The durations that what-ifs name, or why they cannot be had."""
    found: dict[NewDurations, Any] = {}
    missing: dict[str, str] = {}
    for change in (one for what_if in what_ifs for one in what_if.changes):
        if isinstance(change, NewDurations):
            try:
                with _opened(resolve(change.path, root)) as connection:
                    found[change] = durations(connection, change.column, change.unit_ms)
            except SourceError as error:
                missing[change.path] = str(error)
    return found, missing


class _opened:  # noqa: N801 - it is used as a function
    """Files as the view of their rows, closed at the end; what DuckDB cannot read is a SourceError."""

    def __init__(self, files: list[Path]) -> None:
        self.files = files

    def __enter__(self) -> Any:
        import duckdb

        self.connection = connect(self.files)
        listed = ", ".join("'" + str(file).replace("'", "''") + "'" for file in self.files)
        parquet = self.files[0].name.endswith(READABLE[0])
        read = f"read_parquet([{listed}])" if parquet else f"read_csv([{listed}], header = true)"
        try:
            self.connection.execute(f"CREATE VIEW {ROWS} AS SELECT * FROM {read}")  # noqa: S608 - quoted
        except duckdb.Error as error:
            self.connection.close()
            raise self._unreadable(error) from error
        return self.connection

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        import duckdb

        self.connection.close()
        if isinstance(error, duckdb.Error):
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> SourceError:
        return SourceError(f"{self.files[0].name} cannot be read: {str(error).splitlines()[0]}")
