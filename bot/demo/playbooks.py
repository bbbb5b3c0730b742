"""The demo's playbooks: the shipped ones, and where their checks look in the demo's warehouse and metrics."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from bot.demo import metrics
from bot.settings import shipped

FOLDER = "playbooks"

FILLED: Mapping[str, str] = {
    "upstream_feed: {kind: upstream}": "upstream_feed: {kind: upstream, source: warehouse, table: titles, "
    "time: loaded_at, columns: [price, kind], "
    "schema: {title_id: int64, loaded_at: 'timestamp(6)', price: float64, kind: string}}",
    "feature_drift: {kind: drift}": "feature_drift: {kind: drift, source: warehouse, table: scored, "
    "time: scored_at, by: shard, features: [embedding_norm, bm25, doc_age_days, popularity, locale]}",
    "eval_set_age: {kind: eval_set}": "eval_set_age: {kind: eval_set, source: warehouse, "
    "table: eval_queries, segment: query_class, catalog: {table: catalog}, "
    "production: {table: queries, time: asked_at}}",
    "click_positions: {kind: clicks}": "click_positions: {kind: clicks, source: warehouse, table: clicks, "
    "time: clicked_at, device: device}",
    "traffic_sources: {kind: traffic}": "traffic_sources: {kind: traffic, source: warehouse, "
    "table: sessions, time: started_at, channel: source}",
    "cohorts: {kind: cohorts}": f"cohorts: {{kind: cohorts, metric: '{metrics.BY_COHORT}'}}",
    "shards: {kind: shards}": f"shards: {{kind: shards, metric: '{metrics.BY_SHARD}'}}",
    "stages: {kind: stages}": f"stages: {{kind: stages, latency: {metrics.STAGE_P95}, "
    f"errors: {metrics.STAGE_ERRORS}, fallback: {metrics.STAGE_FALLBACKS}, turn_p95: {metrics.TURN_P95}}}",
}
"""What is written in the place of each check as it is shipped."""


def write(folder: Path) -> Path:
    """Copy the shipped playbooks and fill their checks in; where they are now."""
    there = folder / FOLDER
    shutil.copytree(shipped("playbooks"), there)
    for file in there.glob("*.yaml"):
        text = file.read_text(encoding="utf-8")
        for bare, filled in FILLED.items():
            text = text.replace(f"  {bare}", f"  {filled}")
        file.write_text(text, encoding="utf-8")
    return there
