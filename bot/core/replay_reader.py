"""Reads the table of a replay: an experiment a row with its offline delta by the new harness; CSV or YAML."""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from typing import Any

from bot.core.delta_words import EXPERIMENT
from bot.core.outside import clean
from bot.core.relative_words import HINT, relative
from bot.core.strict_yaml import parse_quickly
from bot.errors import InputError

EXAMPLE = "A line each, the first is `experiment,offline_new`, then for example `reranker-l12,+1.2%`."
MOST = 500
_EXPERIMENT = ("experiment", "id", "name")
_DELTA = ("offline_new", "new_offline", "offline", "new", "delta")
_SHOWN = 5


def read_replay(text: str, *, name: str = "the table") -> Mapping[str, float]:
    """Read the new offline deltas by experiment, relative, in the order of the table.

    Raises InputError with every fault by its line, the first five of them.
    """
    body = text.lstrip("\ufeff").strip("\n\r ")
    if body.startswith("```"):
        body = re.sub(r"^```\w*\n|\n?```$", "", body)
    if not body.strip():
        raise InputError("The table is empty.", EXAMPLE)
    rows = list(_yaml(body, name) if _is_yaml(body) else _csv(body, name))
    if not rows:
        raise InputError(f"{clean(name)} has no experiment in it.", EXAMPLE)
    if len(rows) > MOST:
        raise InputError(
            f"{clean(name)} has {len(rows)} rows; {MOST} are the most.", "Replay the newest ones."
        )
    scores: dict[str, float] = {}
    faults = []
    for line, experiment, said in rows:
        try:
            value = relative(said)
        except ValueError as error:
            faults.append(f"line {line}: {error}")
            continue
        fault = _misnamed(experiment, scores)
        if fault:
            faults.append(f"line {line}: {fault}")
        else:
            scores[experiment] = value
    if faults:
        more = f"; and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else ""
        raise InputError(f"{clean(name)}, {'; '.join(faults[:_SHOWN])}{more}.", HINT)
    return scores


def _misnamed(experiment: str, before: Mapping[str, float]) -> str:
    """What is wrong with the name of a row, "" for nothing."""
    if not experiment:
        return "no experiment is named"
    shown = clean(experiment)[:60]
    if not EXPERIMENT.fullmatch(experiment):
        return f"“{shown}” cannot be an experiment's id"
    return f"{shown} is there twice" if experiment in before else ""


def _is_yaml(body: str) -> bool:
    first = next((line for line in body.splitlines() if line.strip() and not line.startswith("#")), "")
    return bool(re.match(r"\s*-\s|\s*[\w.\"'-]+\s*:(\s|$)", first)) and "," not in first.split(":")[0]


def _yaml(body: str, name: str) -> Iterable[tuple[int, str, str]]:
    document = parse_quickly(body, name=name)
    data: Any = document.data
    path: tuple[str | int, ...] = ()
    if isinstance(data, dict) and set(data) & {"replay", "experiments"}:
        key = next(one for one in ("replay", "experiments") if one in data)
        data, path = data[key], (key,)
    if isinstance(data, dict):
        for experiment, said in data.items():
            yield document.line((*path, experiment)), str(experiment), _text(said)
        return
    if not isinstance(data, list):
        raise InputError(f"{clean(name)} is neither a list nor a table.", EXAMPLE)
    for index, row in enumerate(data):
        line = document.line((*path, index))
        if not isinstance(row, dict):
            raise InputError(f"{clean(name)}, line {line}: an entry is no mapping.", EXAMPLE)
        by_name = {str(key).lower(): value for key, value in row.items()}
        experiment, said = (_first(by_name, names) for names in (_EXPERIMENT, _DELTA))
        yield line, _text(experiment), _text(said)


def _csv(body: str, name: str) -> Iterable[tuple[int, str, str]]:
    lines = body.splitlines()
    between = next((one for one in ("\t", ";", ",", "|") if one in lines[0]), ",")
    rows = csv.reader(io.StringIO(body), delimiter=between)
    try:
        header = [cell.strip().lower().replace(" ", "_") for cell in next(rows)]
        columns = [next((header.index(one) for one in names if one in header), None)
                   for names in (_EXPERIMENT, _DELTA)]  # fmt: skip
        if None in columns:
            lacks = _EXPERIMENT[0] if columns[0] is None else _DELTA[0]
            read = ", ".join(filter(None, header)) or "nothing"
            raise InputError(
                f"{clean(name)} has no column {lacks}; its first line reads {clean(read)[:120]}.", EXAMPLE
            )
        for row in rows:
            if len(row) > len(header) and any(cell.strip() for cell in row[len(header) :]):
                raise InputError(
                    f"{clean(name)}, line {rows.line_num} has {len(row)} cells, and the first line "
                    f"{len(header)}.",
                    "Write numbers with a point, +1.2%, where commas part the columns.",
                )
            if any(cell.strip() for cell in row):
                cells = [row[at].strip() if at is not None and at < len(row) else "" for at in columns]
                yield rows.line_num, cells[0], cells[1]
    except csv.Error as error:
        raise InputError(f"{clean(name)}, line {rows.line_num}: {error}.", EXAMPLE) from None


def _first(row: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((row[one] for one in names if one in row), None)


def _text(value: Any) -> str:
    return "" if value is None or isinstance(value, dict | list | bool) else str(value).strip()
