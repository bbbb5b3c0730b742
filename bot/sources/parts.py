"""A large table in parts that are read side by side, each by one thread and always the same ones.

Sums of floats depend on their order. DuckDB with several threads adds in another order at every run, so it
has one; several queries over fixed parts use several cores, and their results are added in a fixed order:
the same rows give the same bits, on one core or on many.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.sources.together import Row, on_cursor, rows_of, workers_for

PART_ROWS = 2_000_000
"""Rows for which a part of its own is worth its start."""
MOST_PARTS = 4
EVERY, PART = "lookout_every", "lookout_part"
FILE, ROW = "lookout_file", "file_row_number"


def create(connection: Any, files: Sequence[Path], name: str) -> None:
    """Views of files: `name` of all rows, and one of each part where Parquet files are large.

    Raises duckdb.Error when they cannot be read.
    """
    parquet = files[0].suffix == ".parquet"
    listed = ", ".join(_text(str(file)) for file in files)
    read = f"read_parquet([{listed}]" if parquet else f"read_csv([{listed}], header = true"
    connection.execute(f"CREATE VIEW {name} AS SELECT * FROM {read})")  # noqa: S608 - quoted
    bounds = _bounds(files) if parquet else []
    columns = [row[0] for row in connection.execute(f"DESCRIBE {name}").fetchall()]
    if len(bounds) < 2 or {ROW, FILE}.intersection(columns):
        return
    more = f"{ROW} = true, filename = '{FILE}'"
    connection.execute(f"CREATE VIEW {EVERY} AS SELECT * FROM {read}, {more})")  # noqa: S608 - quoted
    kept = f"SELECT * EXCLUDE ({FILE}, {ROW}) FROM {EVERY}"  # noqa: S608 - names of our own
    for number, where in enumerate(bounds):
        connection.execute(f"CREATE VIEW {PART}_{number} AS {kept} WHERE {where}")


@dataclass(frozen=True)
class Gathered:
    """What was asked at once. parts: rows of the query, for each part; others: of the rest; text: its SQL."""

    parts: list[list[Row]]
    others: list[list[Row]]
    text: str


def gather(backend: Any, query: Callable[[], Any], others: Sequence[Any] = (), *, name: str = "") -> Gathered:
    """Ask the query that is made by `query`, and the others.

    name: the view that the query may read part by part, where it has parts; the others then begin while it is
    being made.
    """
    if backend.name != "duckdb":
        made = query()
        return Gathered([_plain(made)], [_plain(other) for other in others], str(backend.compile(made)))
    views = [view for (view,) in backend.con.execute(_PARTS).fetchall()] if name else []
    if not views:
        text = str(backend.compile(query()))
        found = [rows_of(backend.con, str(backend.compile(other))) for other in others]
        return Gathered([rows_of(backend.con, text)], found, text)
    with ThreadPoolExecutor(workers_for(len(views) + len(others)), thread_name_prefix="look") as pool:

        def ask(text: str) -> Future[list[Row]]:
            return pool.submit(on_cursor, backend.con, text)

        first = [ask(str(backend.compile(other))) for other in others]
        text = str(backend.compile(query()))
        parts = [ask(text.replace(f'"{name}"', f'"{view}"')) for view in views]
        return Gathered([one.result() for one in parts], [one.result() for one in first], text)


def _plain(query: Any) -> list[Row]:
    found: list[Row] = query.to_pyarrow().to_pylist()
    return found


_PARTS = f"SELECT view_name FROM duckdb_views() WHERE view_name LIKE '{PART}%' ORDER BY view_name"  # noqa: S608


def _bounds(files: Sequence[Path]) -> list[str]:
    """Conditions that split the rows at row groups into parts of about the same size; the same every time."""
    from pyarrow import ArrowException
    from pyarrow.parquet import read_metadata

    groups: list[tuple[Path, int, int]] = []  # file, first row, rows
    try:
        for file in files:
            metadata, first = read_metadata(file), 0
            for number in range(metadata.num_row_groups):
                rows = metadata.row_group(number).num_rows
                groups.append((file, first, rows))
                first += rows
    except (ArrowException, OSError):
        return []  # a file that DuckDB alone can read is read in one
    total = sum(rows for _, _, rows in groups)
    parts = min(MOST_PARTS, total // PART_ROWS)
    if parts < 2:
        return []
    return [_where(part) for part in _even(groups, total / parts)]


def _even(groups: Sequence[tuple[Path, int, int]], size: float) -> list[list[tuple[Path, int, int]]]:
    parts: list[list[tuple[Path, int, int]]] = [[]]
    taken = 0
    for group in groups:
        if taken >= size * len(parts):
            parts.append([])
        parts[-1].append(group)
        taken += group[2]
    return parts


def _where(part: Sequence[tuple[Path, int, int]]) -> str:
    """Of each file the rows from the first to the last group of the part."""
    spans: dict[Path, tuple[int, int]] = {}
    for file, first, rows in part:
        spans[file] = (spans.get(file, (first, 0))[0], first + rows)
    named = ", ".join(_text(str(file)) for file in spans)
    conditions = [f"{FILE} IN ({named})"]
    # Only the first and the last file of a part may be cut.
    for file, (low, high) in {file: spans[file] for file in (part[0][0], part[-1][0])}.items():
        conditions.append(f"({FILE} <> {_text(str(file))} OR {ROW} BETWEEN {low} AND {high - 1})")
    if len(spans) == 1:
        low, high = spans[part[0][0]]
        conditions[1:] = [f"{ROW} BETWEEN {low} AND {high - 1}"]
    return " AND ".join(conditions)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
