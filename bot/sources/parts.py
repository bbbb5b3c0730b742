"""A large table in parts that are read side by side, each by one thread and always the same ones.

Sums of floats depend on their order. DuckDB with several threads adds in another order at every run, so it
has one; several queries over fixed parts use several cores, and their results are added in a fixed order:
the same rows give the same bits, on one core or on many.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.sources.together import Row, on_cursor, rows_of, side_by_side

PART_ROWS = 2_000_000
"""Rows for which a part of its own is worth its start."""
MOST_PARTS = 4
EVERY, PART, GAPLESS = "lookout_every", "lookout_part", "lookout_gapless"
FILE, ROW = "lookout_file", "file_row_number"


def create(connection: Any, files: Sequence[Path], name: str) -> None:
    """Views of files: `name` of all rows.

    Where Parquet files are large, also one of each part, and the names of columns with a value in every row.
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
    gapless = "count(*) = count(*) FILTER (stats_null_count = 0)"  # in every row group, as it says itself
    metadata = f"SELECT path_in_schema AS name FROM parquet_metadata([{listed}])"  # noqa: S608 - quoted
    connection.execute(f"CREATE VIEW {GAPLESS} AS {metadata} GROUP BY 1 HAVING {gapless}")
    more = f"{ROW} = true, filename = '{FILE}'"
    connection.execute(f"CREATE VIEW {EVERY} AS SELECT * FROM {read}, {more})")  # noqa: S608 - quoted
    kept = f"SELECT * EXCLUDE ({FILE}, {ROW}) FROM {EVERY}"  # noqa: S608 - names of our own
    for number, where in enumerate(bounds):
        connection.execute(f"CREATE VIEW {PART}_{number} AS {kept} WHERE {where}")


@dataclass(frozen=True)
class Gathered:
    """What was asked. parts: rows of the query, for each part; text: its SQL."""

    parts: list[list[Row]]
    text: str


def gather(backend: Any, query: Any, *, name: str = "") -> Gathered:
    """Ask a query, part by part where the view that it reads, `name`, has parts."""
    views = _views(backend) if name else []
    if backend.name != "duckdb":
        return Gathered([_plain(query)], str(backend.compile(query)))
    text = str(backend.compile(query))
    if not views:
        return Gathered([rows_of(backend.con, text)], text)
    texts = [text.replace(f'"{name}"', f'"{view}"') for view in views]
    return Gathered(side_by_side(backend.con, texts), text)


@contextmanager
def beside(backend: Any, query: Any) -> Iterator[Callable[[], list[Row]]]:
    """Ask a query while other things are done, where a table has parts; what is yielded gives the rows."""
    if not _views(backend):
        yield lambda: _plain(query)
        return
    text = str(backend.compile(query))
    with ThreadPoolExecutor(1, thread_name_prefix="look") as pool:
        yield pool.submit(on_cursor, backend.con, text).result


def count_rows(table: Any) -> int:
    """Rows of a table that DuckDB holds, which knows them of Parquet files; 0 for another engine's."""
    return int(table.count().to_pyarrow().as_py()) if table.get_backend().name == "duckdb" else 0


def gapless(backend: Any) -> frozenset[str]:
    """Columns of which it is known that every row has a value: those of large files that say so."""
    if not _views(backend):
        return frozenset()
    return frozenset(name for (name,) in backend.con.execute(f"SELECT name FROM {GAPLESS}").fetchall())  # noqa: S608


def _views(backend: Any) -> list[str]:
    if backend.name != "duckdb":
        return []
    return [view for (view,) in backend.con.execute(_PARTS).fetchall()]


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
