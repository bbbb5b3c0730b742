"""Parquet and CSV files through DuckDB, which may read these files and nothing else."""

import glob
from pathlib import Path
from typing import Any

from bot.core.data_path import leaves
from bot.errors import SourceError
from bot.sources import parts
from bot.sources.engine import load

READABLE = (".parquet", ".csv", ".csv.gz", ".tsv")
MAX_FILES = 10_000
DATA = "lookout_rows"
"""The view of all rows of the files."""


def resolve(path: str, root: Path) -> list[Path]:
    """The files that a registration's `path:` names, in order.

    Raises SourceError when there is none, when the path or a link leads outside `root`, or when a file is
    neither Parquet nor CSV.
    """
    base = root.resolve()
    if leaves(path):
        raise SourceError(f"{path} leads outside {base.name}/: give a path below that folder")
    matches = sorted(glob.glob(path, root_dir=base, recursive=True))
    files = [base / match for match in matches if (base / match).is_file()]  # an absolute path stays one
    if not files:
        raise SourceError(f"no file matches {path} in {base.name}/")
    if len(files) > MAX_FILES:
        raise SourceError(f"{path} matches {len(files)} files, more than {MAX_FILES}")
    for file in files:
        if not file.resolve().is_relative_to(base):
            raise SourceError(f"{path} leads outside {base.name}/: give a path below that folder")
        if not file.name.endswith(READABLE):
            raise SourceError(f"{file.name} is neither Parquet nor CSV")
    if len({file.suffix == ".parquet" for file in files}) > 1:
        raise SourceError(f"{path} matches both Parquet and CSV files: make it name one kind")
    return [file.resolve() for file in files]


def open_files(files: list[Path]) -> tuple[Any, Any]:
    """An Ibis connection that can read these files only, and their rows as one Ibis table.

    Folders named like `day=3` are columns. A query has one thread: sums are hashed, and with several threads
    their last bits differ from run to run.
    """
    load()
    import duckdb
    import ibis

    connection = connect(files)
    backend = ibis.duckdb.from_connection(connection)
    connection.execute("SET lock_configuration = true")
    try:
        parts.create(connection, files, DATA)
        return backend, backend.table(DATA)
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise SourceError(f"{files[0].name} cannot be read: {reason}") from error


def connect(files: list[Path]) -> Any:
    """A DuckDB of its own that can read these files only, with one thread."""
    import duckdb

    names = [str(file) for file in files]
    connection = duckdb.connect(":memory:", config={"threads": 1, "autoinstall_known_extensions": False})
    connection.execute("SET allowed_paths = ?", [names])
    connection.execute("SET enable_external_access = false")
    # DuckDB 2.0 folds isnan() to false from a Parquet file's min and max, which leave NaN out.
    connection.execute("SET disabled_optimizers = 'statistics_propagation'")
    return connection
