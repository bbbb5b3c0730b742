"""Is it clear where the data is, and inside the folder it may be in?"""

import re

from bot.core.data_path import leaves
from bot.core.lint.report import Report
from bot.core.registration import SUMMARY_COLUMNS, Data, Registration

_COARSER: tuple[frozenset[str], ...] = (
    frozenset(("event", "request", "query", "impression", "call", "row")),
    frozenset(("turn", "message", "page", "pageview", "view")),
    frozenset(("session", "visit", "conversation", "chat")),
    frozenset(("device", "cookie", "browser", "client")),
    frozenset(("user", "visitor", "customer", "member", "person", "subscriber", "employee")),
    frozenset(("account", "household", "company", "organisation", "organization", "org", "team", "tenant")),
    frozenset(("store", "shop", "market", "city", "region", "country")),
)
"""Units from fine to coarse; those of one line are as fine as each other."""


def check(registration: Registration, report: Report) -> None:
    """One origin, the columns that say who, which arm and when, and a path that stays inside."""
    data = registration.data
    _origin(data, report, ("data",))
    _calendar(data, report)
    _rows(data, report, ("data",))
    if registration.after.data is not None:  # its first day may be the experiment's
        _origin(registration.after.data, report, ("after", "data"))
        _rows(registration.after.data, report, ("after", "data"))
    _randomised(data, report)
    known = (*SUMMARY_COLUMNS, *registration.cohorts.dimensions)
    for name in data.columns:
        if name not in known:
            report.error(
                "R167",
                ("data", "columns", name),
                f"data.columns.{name} renames nothing.",
                f"Known here: {', '.join(known)}.",
            )


def _rows(data: Data, report: Report, at: tuple[str, ...]) -> None:
    for part in ("unit", "arm") if data.kind == "rows" else ():
        if getattr(data, part) is None:
            report.error(
                "R163",
                (*at, part),
                f"{'.'.join(at)}.{part} is missing.",
                f"Name the column that holds the {part}, e.g. `{part}: {part}_id`.",
            )


def _origin(data: Data, report: Report, at: tuple[str, ...]) -> None:
    name = ".".join(at)
    given = [one for one in ("source", "path") if getattr(data, one) is not None]
    if len(given) != 1:
        said = "both source and path" if given else "neither source nor path"
        report.error("R160", at, f"{name} names {said}.", "Name one: `source:` with `table:`, or `path:`.")
        return
    if data.source is not None and (data.table is None) == (data.sql is None):
        said = "both table and sql" if data.table else "neither table nor sql"
        report.error("R161", (*at, "source"), f"{name}.source comes with {said}.", "Name one of them.")
    if data.path is not None and (data.table is not None or data.sql is not None):
        report.error(
            "R161",
            (*at, "path"),
            f"{name}.path comes with table or sql.",
            "Remove it: the file is the table.",
        )
    if data.path is not None and leaves(data.path):
        report.error(
            "R162",
            (*at, "path"),
            f"{name}.path `{data.path[:80]}` leads outside the registration's folder.",
            "Give a path below it, without `..`.",
        )


def _randomised(data: Data, report: Report) -> None:
    """What was randomised must be what is analysed (Deng, Knoblich & Lu 2018, section 3)."""
    if data.randomised_by is None or data.unit is None or data.randomised_by == data.unit:
        return
    path = ("data", "randomised_by")
    said = f"data.randomised_by is {data.randomised_by} and data.unit {data.unit}"
    assigned, analysed = _rank(data.randomised_by), _rank(data.unit)
    if assigned is None or analysed is None or assigned == analysed:
        report.warning(
            "R166",
            path,
            f"{said}: they should be the same, and which is the finer one is not known.",
            f"Write `unit: {data.randomised_by}`, or drop randomised_by if both name the same thing.",
        )
    elif assigned < analysed:
        report.error(
            "R166",
            path,
            f"{said}: what is randomised is finer, so one {data.unit} is in both arms and its rows tell "
            "nothing apart.",
            f"Analyse what was randomised, `unit: {data.randomised_by}`, or randomise by {data.unit}.",
        )
    else:
        report.error(
            "R166",
            path,
            f"{said}: what is randomised is coarser, so units of one {data.randomised_by} are not "
            "independent and every interval is too narrow.",
            f"Write `unit: {data.randomised_by}`; for a metric per {data.unit} use `kind: ratio`.",
        )


def _rank(name: str) -> int | None:
    """How coarse a unit is, by the words of its name."""
    words = [word.rstrip("s") for word in re.split(r"[^a-z]+", name.lower())]
    ranks = [rank for rank, names in enumerate(_COARSER) if names & set(words)]
    return max(ranks) if ranks else None


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
