"""Reads where a budget's numbers come from and what is watched: `measured`, `telemetry`, `thresholds`."""

import re
from collections.abc import Mapping
from typing import Any

from bot.core.data_path import leaves
from bot.core.finding import Path
from bot.core.latency_budget import (
    ColdStart,
    HistogramWindow,
    Limit,
    Measured,
    Telemetry,
    Thresholds,
    TurnFile,
)
from bot.core.latency_fields import LatencyFields

_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_METRICS = ("turn", "stage", "requests", "fallbacks", "errors")
_FILE = [
    "path", "total", "unit_ms", "cluster", "cohorts", "turn", "stage", "duration", "skipped",
]  # fmt: skip
MOST_COHORTS = 3
MOST_DAYS = 90.0


def measured(reader: LatencyFields, root: Mapping[str, Any], known: Telemetry | None) -> Measured | None:
    """Where measured turns are; None where the file names none."""
    if "measured" not in root:
        return None
    path: Path = ("measured",)
    fields = reader.mapping(path, root["measured"], [*_FILE, "prometheus", "days"])
    if ("path" in fields) == ("prometheus" in fields):
        what = "either a file's path or a prometheus source is needed."
        reader.find("L107", path, what, "Write `path: turns.parquet`, or `prometheus: prom`.")
        return None
    if "prometheus" in fields:
        return _window(reader, path, fields, known)
    return _file(reader, path, fields)


def _window(
    reader: LatencyFields, path: Path, fields: Mapping[str, Any], known: Telemetry | None
) -> HistogramWindow:
    for key in fields:
        if key in _FILE:
            reader.find("L107", (*path, key), f"{key!r} belongs to a file.", "Remove it.")
    if known is None or not known.stage:
        what = "histograms are read by their name, and telemetry names none of stages."
        reader.find("L107", path, what, "Write `telemetry: {stage: stage_latency_seconds}`.")
    return HistogramWindow(
        reader.text(path, fields, "prometheus"), reader.above(path, fields, "days", 14.0, MOST_DAYS)
    )


def _file(reader: LatencyFields, path: Path, fields: Mapping[str, Any]) -> TurnFile:
    where = reader.text(path, fields, "path")
    if where and leaves(where):
        hint = "Give a path below the budget's folder."
        reader.find("L107", (*path, "path"), f"{where} leads outside the budget's folder.", hint)
    if "days" in fields:
        reader.find("L107", (*path, "days"), "'days' belongs to Prometheus.", "Remove it.")
    spans = [key for key in ("turn", "stage", "duration") if key in fields]
    if spans and len(spans) < 3:
        what = f"{' and '.join(spans)} alone do not say where a span's duration is."
        reader.find("L107", path, what, "Name turn, stage and duration, or none of them.")
    return TurnFile(
        path=where,
        unit_ms=reader.above(path, fields, "unit_ms", 1.0, 1e6),
        cohorts=_cohorts(reader, path, fields),
        skipped=reader.flag(path, fields, "skipped"),
        **{
            key: reader.text(path, fields, key, required=False)
            for key in ("total", "cluster", "turn", "stage", "duration")
        },
    )


def telemetry(reader: LatencyFields, root: Mapping[str, Any]) -> Telemetry | None:
    """What Prometheus knows; None where the file says nothing."""
    if "telemetry" not in root:
        return None
    path: Path = ("telemetry",)
    known = [*_METRICS, "label", "unit_ms", "cohorts", "matchers", "service", "source"]
    fields = reader.mapping(path, root["telemetry"], known)
    named = {key: reader.text(path, fields, key, required=False) for key in _METRICS}
    for key, name in named.items():
        if name and not _METRIC.fullmatch(name):
            what = f"{name!r} is no name of a Prometheus metric."
            reader.find("L107", (*path, key), what, "Leave _bucket out, and name no labels.")
        elif name.endswith("_bucket"):
            reader.find("L107", (*path, key), f"{name!r} ends with _bucket.", "Write the histogram's name.")
    label = reader.text(path, fields, "label", required=False) or "stage"
    reader.label((*path, "label"), label)
    return Telemetry(
        label=label,
        unit_ms=reader.above(path, fields, "unit_ms", 1000.0, 1e6),
        cohorts=_cohorts(reader, path, fields),
        matchers=_matchers(reader, path, fields),
        service=reader.text(path, fields, "service", required=False),
        source=reader.text(path, fields, "source", required=False),
        **named,
    )


def _cohorts(reader: LatencyFields, path: Path, fields: Mapping[str, Any]) -> tuple[str, ...]:
    names = reader.words(path, fields, "cohorts", required=False)
    for name in names:
        reader.label((*path, "cohorts"), name)
    if len(names) > MOST_COHORTS or len(set(names)) < len(names):
        what = f"cohorts are {', '.join(names)}: each once, and at most {MOST_COHORTS}."
        reader.find("L107", (*path, "cohorts"), what, "Leave some out: every cell needs its own turns.")
    return names


def _matchers(reader: LatencyFields, path: Path, fields: Mapping[str, Any]) -> dict[str, str]:
    found = fields.get("matchers", {})
    path = (*path, "matchers")
    if not isinstance(found, dict):
        reader.find("L107", path, "matchers must be a mapping.", "Write `matchers: {service: chatbot}`.")
        return {}
    for name in found:
        reader.label((*path, name), name)
    return {name: reader.text(path, found, name) for name in found}


def thresholds(reader: LatencyFields, root: Mapping[str, Any], slo_ms: float) -> Thresholds:
    """What is watched, with AML-07's thresholds where the file says nothing."""
    path: Path = ("thresholds",)
    known = ["turn_p95", "turn_p99", "fallback", "errors", "cohort", "cold_start", "minutes"]
    fields = reader.mapping(path, root.get("thresholds", {}), known)
    usual = Thresholds(turn_p95=Limit(slo_ms, slo_ms))

    def limit(key: str, default: Limit, *, shares: bool = True) -> Limit:
        given = reader.mapping((*path, key), fields.get(key, {}), ["target", "alert"])
        return reader.limit((*path, key), given, default, shares=shares)

    return Thresholds(
        turn_p95=limit("turn_p95", usual.turn_p95, shares=False),
        turn_p99=limit("turn_p99", usual.turn_p99, shares=False),
        fallback=limit("fallback", usual.fallback),
        errors=limit("errors", usual.errors),
        cohort=limit("cohort", usual.cohort),
        cold_start=_cold_start(reader, (*path, "cold_start"), fields),
        minutes=reader.above(path, fields, "minutes", usual.minutes, 1440),
    )


def _cold_start(reader: LatencyFields, path: Path, fields: Mapping[str, Any]) -> ColdStart | None:
    if "cold_start" not in fields:
        return None
    given = reader.mapping(path, fields["cold_start"], ["stage", "above_ms", "target", "alert"])
    usual = ColdStart(reader.stage_name(path, given, "stage"))
    above = reader.ms(path, given, "above_ms", usual.above_ms)
    return ColdStart(usual.stage, above, reader.limit(path, given, usual.limit, shares=True))
