"""Stages: latency, errors and fallbacks of each stage of a turn, held against AML-07's alerts.

Each measure is a PromQL query that the playbook names; one that is not named is not asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.core.finding import Path
from bot.core.yaml_fields import Fields

FINDINGS = ("latency", "errors", "fallback", "cold_start", "split")

STAGE_P95_MS: Mapping[str, float] = {
    "parse": 35.0, "intent": 58.0, "retrieval": 257.0, "rerank": 280.0, "fm": 233.0, "format": 47.0,
}  # fmt: skip
"""By stage. AML-07 gives the reranker's: 280 ms of 240 allocated, a sixth more; the others get the same."""

LIMITS: Mapping[str, float] = {
    "turn_p95": 800.0, "turn_p99": 1800.0, "errors": 0.005, "fallback": 0.01, "cold_start": 0.15,
    "split": 0.20,
}  # fmt: skip
"""AML-07, "Alert": ms; fractions of requests or turns; of cohorts, how far one may be from the whole."""

MEASURES = ("latency", "turn_p95", "turn_p99", "errors", "fallback", "cold_start", "split")
SUSTAINED = 5.0
"""Minutes that a limit must have been passed for."""


@dataclass(frozen=True)
class Stages:
    """`queries` by measure; `label` tells stages apart; `limits` by measure, `stages` by stage in ms."""

    source: str = ""
    label: str = "stage"
    queries: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=lambda: LIMITS)
    stages: Mapping[str, float] = field(default_factory=lambda: STAGE_P95_MS)
    minutes: float = SUSTAINED


def read(fields: Fields, path: Path, item: Mapping[str, Any]) -> Stages:
    """Take the options from YAML."""
    item = fields.mapping(path, item, ["source", "label", "minutes", "limits", *MEASURES])
    limits, stages = _limits(fields, (*path, "limits"), item.get("limits", {}))
    label = fields.text(path, item, "label", required=False) or "stage"
    fields.label((*path, "label"), label)
    queries = {name: fields.text(path, item, name, required=False) for name in MEASURES}
    return Stages(
        source=fields.text(path, item, "source", required=False),
        label=label,
        queries={name: query for name, query in queries.items() if query},
        limits=limits,
        stages=stages,
        minutes=fields.number(path, item, "minutes", SUSTAINED, low=1.0, high=60.0),
    )


def _limits(fields: Fields, path: Path, item: object) -> tuple[Mapping[str, float], Mapping[str, float]]:
    given = fields.mapping(path, item, ["latency", *LIMITS])
    limits = {
        name: fields.number(path, given, name, limit, low=1e-6, high=1e6) for name, limit in LIMITS.items()
    }
    latency = given.get("latency", {})
    own = fields.mapping((*path, "latency"), latency, [*latency] if isinstance(latency, dict) else [])
    stages = {
        str(name): fields.number((*path, "latency"), own, name, 0.0, low=1e-3, high=1e6) for name in own
    }
    return limits, {**STAGE_P95_MS, **stages}
