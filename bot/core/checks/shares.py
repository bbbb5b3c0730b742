"""A distribution over words or places, against how it varies from day to day: for `clicks` and `traffic`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.core.checks import options
from bot.core.checks.drift import DAYS, LEAST, WINDOW_KEYS, read_window
from bot.core.checks.options import TABLE_KEYS, Table
from bot.core.finding import Path
from bot.core.yaml_fields import Fields


@dataclass(frozen=True)
class Shares:
    """Whose shares: of the values of `column`, weighted by `count` where rows are added up already.

    `by` is a column whose values are looked at by themselves, too. The others as in `bot.core.checks.drift`.
    """

    table: Table
    column: str = ""
    count: str = ""
    by: str = ""
    days: int = DAYS
    least: float = LEAST
    hours: float = 0.0


def read_shares(fields: Fields, path: Path, item: Mapping[str, Any], *, column: str, by: str = "") -> Shares:
    """Read the options; `column` and `by` are the keys under which a kind names them."""
    known = [*TABLE_KEYS, column, "count", *([by] if by else []), *WINDOW_KEYS]
    item = fields.mapping(path, item, known)
    days, least, hours = read_window(fields, path, item)
    return Shares(
        table=options.read_table(fields, path, item),
        column=options.name(fields, path, item, column) or column,
        count=options.name(fields, path, item, "count"),
        by=options.name(fields, path, item, by) if by else "",
        days=days,
        least=least,
        hours=hours,
    )
