"""Candidates as a table: CSV with one candidate a row, as spreadsheets write it."""

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

from bot.core.finding import Path
from bot.core.strict_yaml import MAX_BYTES, Document
from bot.errors import InputError

COLUMNS: dict[str, tuple[str, ...]] = {
    "id": ("id",),
    "title": ("title",),
    "kind": ("kind",),
    "team": ("team",),
    "reach": ("reach", "value"),
    "reach_unit": ("reach", "unit"),
    "reach_per": ("reach", "per"),
    "impact": ("impact", "value"),
    "impact_unit": ("impact", "unit"),
    "metric": ("impact", "metric"),
    "family": ("impact", "family"),
    "baseline": ("impact", "baseline"),
    "sd": ("impact", "sd"),
    "spread": ("impact", "spread"),
    "heuristic": ("impact", "heuristic"),
    "confidence": ("confidence",),
    "evidence": ("evidence",),
    "effort_weeks": ("effort", "weeks"),
    "effort_corrected": ("effort", "corrected"),
    "engineers": ("effort", "engineers"),
    "scope": ("effort", "scope"),
    "test_units": ("test", "units"),
    "test_unit": ("test", "unit"),
    "test_weeks": ("test", "weeks"),
    "test_lag_weeks": ("test", "lag_weeks"),
    "variance_reduction": ("test", "variance_reduction"),
    "depends_on": ("depends_on",),
    "after": ("after",),
    "infrastructure": ("infrastructure",),
    "risks": ("pre_mortem", "risks"),
    "contingency": ("pre_mortem", "contingency"),
    "evoi_what": ("evoi", "what"),
    "evoi_horizon": ("evoi", "horizon"),
    "evoi_threshold": ("evoi", "threshold"),
    "evoi_reach": ("evoi", "reach"),
    "notes": ("notes",),
    "must": ("must",),
    "done": ("done",),
    "waiver_by": ("waiver", "by"),
    "waiver_why": ("waiver", "why"),
    "claimed_rice": ("claims", "rice"),
}
"""Each column, and where its value stands in the YAML form. Lists are separated by spaces or `;`, risks by
`;`, each as `risk: weeks`; one later decision fits into a row."""
_LISTS = {"depends_on", "after", "infrastructure"}
_NEEDED = ("id", "title")


def looks_like_csv(text: str, name: str) -> bool:
    """Whether this is a table: by its name, or by a first line that has the columns id and title."""
    if name.lower().endswith((".yaml", ".yml")):
        return False
    first = next((line for line in text.lstrip("\ufeff").splitlines() if line.strip()), "")
    words = [word.strip().strip('"').lower() for word in re.split(r"[,;\t]", first)]
    return name.lower().endswith((".csv", ".tsv")) or all(word in words for word in _NEEDED)


def document_of(text: str, *, name: str) -> Document:
    """Read a table as the YAML document that says the same, with the lines of its rows.

    Commas, semicolons or tabs, whichever the header has. Raises InputError, `name:line: what`, for what is no
    such table.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise InputError(f"{name}:1: more than {MAX_BYTES // 1024} KB.", "Split the file.")
    if "\0" in text:
        raise InputError(f"{name}:1: it has NUL characters.", "Save the sheet as CSV in UTF-8.")
    plain = text.removeprefix("\ufeff")
    head = plain.split("\n", 1)[0]
    separator = max(",;\t", key=head.count)
    rows = csv.reader(io.StringIO(plain, newline=""), delimiter=separator, strict=True)
    try:
        return _document(rows, name)
    except csv.Error as error:
        raise InputError(f"{name}:{rows.line_num}: {error}.", "Is every quote closed?") from None


def _document(rows: Any, name: str) -> Document:
    header: Sequence[str] | None = None
    candidates: list[dict[str, Any]] = []
    lines: dict[Path, int] = {}
    before = 0
    for row in rows:
        line, before = before + 1, rows.line_num
        if not any(cell.strip() for cell in row):
            continue
        if header is None:
            header = _header(row, name, line)
            continue
        if len(row) > len(header):
            what = f"the row has {len(row)} cells, the header {len(header)}."
            raise InputError(f"{name}:{line}: {what}", "Put cells that hold a separator in quotes.")
        lines[("candidates", len(candidates))] = line
        candidates.append(_candidate(dict(zip(header, row, strict=False))))
    if not candidates:
        raise InputError(f"{name}:1: the table has no candidate.", f"Columns: {', '.join(COLUMNS)}.")
    return Document(name, {"kind": "portfolio", "candidates": candidates}, lines)


def _header(row: Sequence[str], name: str, line: int) -> list[str]:
    header = [re.sub(r"[\s-]+", "_", cell.strip().lower()) for cell in row]
    unknown = [cell for cell in header if cell not in COLUMNS]
    missing = [column for column in _NEEDED if column not in header]
    twice = sorted({cell for cell in header if header.count(cell) > 1})
    if unknown or missing or twice:
        said = f"unknown column {unknown[0]!r}" if unknown else ""
        said = said or (f"no column {missing[0]!r}" if missing else f"column {twice[0]!r} stands twice")
        raise InputError(f"{name}:{line}: {said}.", f"Columns: {', '.join(COLUMNS)}.")
    return header


def _candidate(row: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for column, cell in row.items():
        text = cell.strip()
        if not text:
            continue
        place = found
        *above, key = COLUMNS[column]
        for name in above:
            place = place.setdefault(name, {})
        place[key] = _value(column, text)
    if "evoi" in found:
        found["evoi"] = [found["evoi"]]
    return found


def _value(column: str, text: str) -> Any:
    if column in _LISTS:
        return [word for word in re.split(r"[;\s]+", text) if word]
    if column == "risks":
        return [_risk(part) for part in text.split(";") if part.strip()]
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    return text


def _risk(text: str) -> dict[str, str]:
    """A risk and its weeks, which stand behind the last colon."""
    risk, _, weeks = text.rpartition(":")
    return {"risk": risk.strip(), "weeks": weeks.strip()} if risk.strip() else {"risk": text.strip()}
