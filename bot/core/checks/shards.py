"""Shards: recall by shard, where it is declared: one shard sinks out of sight in the total."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.core.checks.cohorts import MOVED, NOISE
from bot.core.finding import Path
from bot.core.yaml_fields import Fields

FINDINGS = ("shard", "all")
"""A shard or a few of them are off, or nearly all are."""


@dataclass(frozen=True)
class Shards:
    """`metric` has one series a shard, told apart by `label`; `query` is PromQL that gives the same."""

    source: str = ""
    metric: str = ""
    query: str = ""
    label: str = "shard"
    moved: float = MOVED
    noise: float = NOISE


def read(fields: Fields, path: Path, item: Mapping[str, Any]) -> Shards:
    """Take the options from YAML."""
    item = fields.mapping(path, item, ["source", "metric", "query", "label", "moved", "noise"])
    label = fields.text(path, item, "label", required=False) or "shard"
    fields.label((*path, "label"), label)
    return Shards(
        source=fields.text(path, item, "source", required=False),
        metric=fields.text(path, item, "metric", required=False),
        query=fields.text(path, item, "query", required=False),
        label=label,
        moved=fields.number(path, item, "moved", MOVED, low=0.001, high=1.0),
        noise=fields.number(path, item, "noise", NOISE, low=0.0, high=20.0),
    )
