"""Tables: `table`, and `data_table` with its caption, header row and pages."""

from typing import Any, Final

from bot.limits import numbers
from bot.limits.report import Node, Report
from bot.limits.rich_text import rich_text

_CELL: Final = 3000  # characters in one cell


def table(block: Node, at: Report) -> None:
    """At most 100 rows of 20 cells, each raw_text or rich_text."""
    rows = at.items(block, "rows", most=numbers.TABLE_ROWS)
    for index, row in enumerate(rows):
        _row(row, at.at("rows", index), most=numbers.TABLE_COLUMNS, kinds=("raw_text", "rich_text"))
    if block.get("column_settings") is not None:
        settings = at.items(block, "column_settings", most=numbers.TABLE_COLUMNS, least=0)
        for index, setting in enumerate(settings):
            here = at.at("column_settings", index)
            if setting is not None and here.mapping(setting):
                here.choice(setting, "align", ("left", "center", "right"))
                here.boolean(setting, "is_wrapped")


def data_table(block: Node, at: Report) -> None:
    """A header row and 1 to 200 more, all of one width; cells are raw_text, raw_number or rich_text."""
    at.required_string(block, "caption", most=numbers.SECTION_TEXT)
    rows = at.items(block, "rows", most=numbers.DATA_TABLE_ROWS, least=2)
    for index, row in enumerate(rows):
        kinds = ("raw_text", "raw_number", "rich_text") if index else ("raw_text",)
        _row(row, at.at("rows", index), most=numbers.DATA_TABLE_COLUMNS, kinds=kinds)
    widths = {len(row) for row in rows if isinstance(row, list | tuple)}
    if len(widths) > 1:
        message = "all rows must have the same number of cells"
        at.at("rows").add("failed_constraint", message, type="same_length", got=sorted(widths))
    page = block.get("page_size")
    if page is not None and not (isinstance(page, int) and 1 <= page <= numbers.DATA_TABLE_PAGE):
        message = f"must be between 1 and {numbers.DATA_TABLE_PAGE}"
        at.at("page_size").add("failed_constraint", message, type="range", got=page)


def _row(row: object, at: Report, *, most: int, kinds: tuple[str, ...]) -> None:
    for index, cell in enumerate(at.sized(row, most=most)):
        _cell(cell, at.at(index), kinds)


def _cell(cell: Any, at: Report, kinds: tuple[str, ...]) -> None:
    if not at.mapping(cell):
        return
    kind = at.kind(cell)
    if kind not in kinds:
        if kind:
            at.unsupported(kind)
    elif kind == "raw_text":
        at.required_string(cell, "text", most=_CELL)
    elif kind == "raw_number":
        if at.present(cell, "value") and not _is_number(cell["value"]):
            at.at("value").add("invalid_type", "must provide a number", type="number")
    else:
        rich_text(cell, at)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
