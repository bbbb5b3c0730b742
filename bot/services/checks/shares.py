"""Asks the warehouse for the shares of one column, now and on other days."""

from bot.core.checks.shares import Shares
from bot.core.found import Found
from bot.core.share_evidence import read_shares
from bot.errors import SourceError
from bot.services.checks.asked import Asked
from bot.services.checks.warehouses import opened, window
from bot.sources import histograms, windows
from bot.sources.warehouse import columns_missing, not_numbers


def shares(asked: Asked, *, noun: str, finding: str) -> Found:
    """The line about the column's shares; `noun` is what they are of, in the plural.

    Raises SourceError with the reason to show.
    """
    options: Shares = asked.options
    what = options.table.name
    needed = {options.column: noun, options.count: "count", options.by: "by"}
    needed.pop("", None)
    span = window(asked, options.table, hours=options.hours, days=options.days)
    with opened(asked, options.table) as table:
        missing = columns_missing(table, needed, what)
        if not missing and options.count:
            missing = not_numbers(table, [options.count], "count")
        if missing:
            raise SourceError(missing)
        found = windows.within(table, options.table.time, span, what)
        rows = found.rows
        if rows[options.column].type().is_numeric():  # places: each is a word of its own
            rows = rows.mutate(**{options.column: rows[options.column].cast("int64").cast("string")})
        seen = histograms.count(rows, [options.column], by=options.by, weight=options.count)
    return read_shares(
        seen,
        noun=noun,
        finding=finding,
        least=options.least,
        by=options.by,
        when=found.when,
        source=options.table.source,
    )
