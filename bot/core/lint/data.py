"""Is it clear where the data is, and inside the folder it may be in?"""

from pathlib import PurePosixPath, PureWindowsPath

from bot.core.lint.report import Report
from bot.core.registration import Data, Registration

_SUMMARY_COLUMNS = ("day", "arm", "metric", "n", "mean", "variance")


def check(registration: Registration, report: Report) -> None:
    """One origin, the columns that say who, which arm and when, and a path that stays inside."""
    data = registration.data
    _origin(data, report)
    _calendar(data, report)
    if data.kind == "rows":
        for part in ("unit", "arm"):
            if getattr(data, part) is None:
                report.error(
                    "R163",
                    ("data", part),
                    f"data.{part} is missing.",
                    f"Name the column that holds the {part}, e.g. `{part}: {part}_id`.",
                )
    known = (*_SUMMARY_COLUMNS, *registration.cohorts.dimensions)
    for name in data.columns:
        if name not in known:
            report.error(
                "R167",
                ("data", "columns", name),
                f"data.columns.{name} renames nothing.",
                f"Known here: {', '.join(known)}.",
            )


def _origin(data: Data, report: Report) -> None:
    given = [name for name in ("source", "path") if getattr(data, name) is not None]
    if len(given) != 1:
        said = "both source and path" if given else "neither source nor path"
        report.error(
            "R160", ("data",), f"data names {said}.", "Name one: `source:` with `table:`, or `path:`."
        )
        return
    if data.source is not None and (data.table is None) == (data.sql is None):
        said = "both table and sql" if data.table else "neither table nor sql"
        report.error("R161", ("data", "source"), f"data.source comes with {said}.", "Name one of them.")
    if data.path is not None and (data.table is not None or data.sql is not None):
        report.error(
            "R161",
            ("data", "path"),
            "data.path comes with table or sql.",
            "Remove it: the file is the table.",
        )
    if data.path is not None and leaves(data.path):
        report.error(
            "R162",
            ("data", "path"),
            f"data.path `{data.path[:80]}` leads outside the registration's folder.",
            "Give a path below it, without `..`.",
        )


def leaves(path: str) -> bool:
    """Whether a path climbs with `..`, has a scheme or stands in a home.

    Absolute paths are judged where they are read.
    """
    climbs = ".." in PurePosixPath(path).parts or ".." in PureWindowsPath(path).parts
    return climbs or "://" in path or path.startswith("~")


def _calendar(data: Data, report: Report) -> None:
    if data.day is not None and data.date is not None:
        report.error(
            "R164", ("data", "date"), "data has both day and date.", "Keep `day:`, or `date:` with `start:`."
        )
    if data.date is not None and data.start is None:
        report.error(
            "R165",
            ("data", "date"),
            "data.date has no start.",
            "Write the first day, e.g. `start: 2026-11-03`.",
        )
