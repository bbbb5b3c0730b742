"""Errors of shape: what the schema says, in words, with the nearest known name."""

import difflib
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from bot.core import metric as kinds
from bot.core import registration as shape
from bot.core import rollout
from bot.core.finding import Finding, Path, dotted
from bot.core.strict_yaml import Document

_PARTS: Mapping[Path, type[BaseModel]] = {
    (): shape.Registration,
    ("hypothesis",): shape.Hypothesis,
    ("arms",): shape.Arms,
    ("traffic",): shape.Traffic,
    ("data",): shape.Data,
    ("primary",): shape.Primary,
    ("primary", "mde"): shape.Mde,
    ("primary", "cuped"): shape.Cuped,
    ("sequential",): shape.Sequential,
    ("sequential", "futility"): shape.Futility,
    ("guardrails", "*"): shape.Guardrail,
    ("cohorts",): shape.Cohorts,
    ("evidence_gate",): shape.EvidenceGate,
    ("rollout", "*"): rollout.Stage,
    ("rollout_metrics", "*"): rollout.RolloutMetric,
    ("schedule",): rollout.Schedule,
    ("offline",): shape.Offline,
    ("after",): shape.After,
    ("after", "data"): shape.Data,
}
_METRICS: Mapping[str, type[BaseModel]] = {
    "mean": kinds.Mean,
    "proportion": kinds.Proportion,
    "ratio": kinds.Ratio,
    "quantile": kinds.Quantile,
}
_EXPECTED: Mapping[str, str] = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "date_type": "a date (2026-11-03)",
    "date_parsing": "a date (2026-11-03)",
    "date_from_datetime_parsing": "a date (2026-11-03)",
}


def findings_of(error: ValidationError, document: Document) -> list[Finding]:
    """Every schema error as a finding with its line."""
    found: dict[tuple[str, str], Finding] = {}
    for one in error.errors(include_url=False):
        path = _data_path(one["loc"], document.data)
        finding = _finding(one["type"], path, one.get("ctx", {}), one["msg"], document)
        found.setdefault((finding.code, finding.path), finding)
    return sorted(found.values(), key=lambda finding: finding.line)


def _data_path(location: tuple[int | str, ...], data: Any) -> Path:
    """The location without the tags that pydantic adds for unions; the last part may be missing in data."""
    path: list[int | str] = []
    for position, part in enumerate(location):
        last = position == len(location) - 1
        inside = (
            part in data if isinstance(data, Mapping) else isinstance(data, list) and part in range(len(data))
        )
        if inside:
            data = data[part]
        elif not last or not isinstance(data, Mapping):
            continue
        path.append(part)
    return tuple(path)


def _finding(kind: str, path: Path, context: Mapping[str, Any], text: str, document: Document) -> Finding:
    value = _value(path, document.data)
    where = dotted(path) or "the file"
    if kind == "extra_forbidden":
        code, message, hint = "R001", f"unknown key {where}.", _did_you_mean(path, document.data)
    elif kind in ("missing", "union_tag_not_found"):
        where = f"{where}.kind" if kind == "union_tag_not_found" else where
        code, message, hint = "R003", f"{where} is missing.", _missing_hint(path)
    elif kind in _EXPECTED:
        code, message, hint = "R002", f"{where} is {_shown(value)}.", f"Write {_EXPECTED[kind]}."
    elif kind == "literal_error":
        code, message, hint = "R002", f"{where} is {_shown(value)}.", f"Use {context['expected']}."
    elif kind == "union_tag_invalid":
        code, message = "R002", f"{where}.kind is {_shown(context['tag'])}."
        hint = f"Use {context['expected_tags']}."
    elif kind == "string_pattern_mismatch":
        code, message = "R002", f"{where} is {_shown(value)}."
        hint = "Use 3 to 64 small letters, digits and hyphens, not beginning with a hyphen."
    else:
        code, message, hint = (
            "R002",
            f"{where} is {_shown(value)}.",
            f"{text.replace('Input should', 'It should')}.",
        )
    return Finding(code, "error", document.name, dotted(path), document.line(path), message, hint)


def _value(path: Path, data: Any) -> Any:
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _shown(value: object) -> str:
    """A value as YAML would show it, short."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "empty"
    text = f"`{str(value).lower()}`" if isinstance(value, bool) else f"`{value}`"
    return text if len(text) <= 60 else f"{text[:58]}…`"


def _known(path: Path, data: Any) -> list[str]:
    if len(path) == 2 and path[0] == "metrics":
        metric = _value(path, data)
        kind = metric.get("kind") if isinstance(metric, Mapping) else None
        part = _METRICS.get(str(kind))
    elif len(path) == 3 and (path[0], path[2]) == ("metrics", "winsorise"):
        part = kinds.Winsorise
    else:
        part = _PARTS.get(tuple("*" if isinstance(p, int) else p for p in path))
    return list(part.model_fields) if part else []


def _did_you_mean(path: Path, data: Any) -> str:
    known = _known(path[:-1], data)
    near = difflib.get_close_matches(str(path[-1]), known, n=1, cutoff=0.6)
    if near:
        return f"Did you mean {near[0]}?"
    for parent, part in _PARTS.items():
        if str(path[-1]) in part.model_fields and "*" not in parent and parent:
            return f"It belongs under {dotted(parent)}."
    return f"Known here: {', '.join(known)}." if known else "Remove it."


def _missing_hint(path: Path) -> str:
    examples: Mapping[Path, str] = {
        ("id",): "Write `id: my-experiment-1`.",
        ("arms",): "Write `arms: {control: a, treatment: b}`.",
        ("horizon_days",): "Write `horizon_days: 14`.",
        ("data",): "Write `data: {path: exposure.parquet, unit: user_id, arm: arm, day: day}`.",
        ("metrics",): "Write `metrics: {rate: {kind: mean, column: rate}}`.",
        ("primary",): "Write `primary: {metric: rate, baseline: 0.1, sd: 0.3, mde: {relative: 0.03}}`.",
        ("sequential",): "Write `sequential: {looks: [7, 14], spending: obrien-fleming}`.",
    }
    if path[:1] == ("metrics",) and path[-1:] == ("q",):
        return "Write e.g. `q: 0.95`."
    if path[:1] == ("metrics",) and len(path) < 4:
        return "Use kind mean, proportion, ratio or quantile."
    return examples.get(path, "Add it.")
