"""The launch of the whole-life test: its registration, and data that continue twice and then ship."""

from pathlib import Path

import numpy as np

ID = "ranker-v2"
HORIZON, AFTER = 14, 31
"""Days of the experiment, and days after it that there are data of."""

REGISTRATION = f"""\
id: {ID}
title: Ranker v2
owner: applied-ml
hypothesis:
  intervention: do(ranker = v2)
  h0: v2 gives the same or a worse useful-answer rate than v1
  h1: v2 lifts the useful-answer rate
  prior_evidence: ["NDCG@10 on golden-500 is 6 % higher offline"]
  disconfirming: ["csat falls by 5 % or more"]
  prior_probability: 0.7
population: users with a search, in no other experiment
arms: {{control: v1, treatment: v2}}
horizon_days: {HORIZON}
traffic: {{eligible_per_day: 580}}
data: {{path: ranker.parquet, unit: user_id, arm: arm, day: day}}
metrics:
  useful_answer_rate: {{kind: mean, column: useful_answer_rate}}
  csat: {{kind: mean, column: csat}}
primary: {{metric: useful_answer_rate, baseline: 0.2, sd: 0.14, mde: {{relative: 0.05}}}}
sequential: {{looks: [4, 9, 14], spending: obrien-fleming}}
guardrails:
  - {{metric: csat, max_relative_regression: 0.05}}
cohorts:
  dimensions: {{locale: [en, jp]}}
  shares: {{locale: {{en: 0.6, jp: 0.4}}}}
  max_relative_regression: 0.1
  min_adequacy: 0.2
offline: {{metric: NDCG@10, delta: 0.06, eval_set: golden-500, built: 2026-10-19}}
evidence_gate: {{min_correlation: 0.5, correlation: 0.68}}
rollout_metrics:
  p99_latency_ms: {{source: prom, query: turn_latency_ms_bucket}}
rollout:
  - {{stage: 1%, days: 1, abort_if: ["p99_latency_ms > 1500"]}}
  - {{stage: 10%, days: 2, abort_if: ["p99_latency_ms > 1500", "csat < -20 %"]}}
  - {{stage: 50%, days: 11, abort_if: ["p99_latency_ms > 1500"]}}
  - {{stage: 100%, abort_if: ["p99_latency_ms > 1500"]}}
schedule: {{at: "09:00", zone: Asia/Tokyo}}
artefacts:
  framing: https://wiki.example.com/ranker/customer-letter
  portfolio: https://wiki.example.com/portfolio
  correlation: https://wiki.example.com/offline-online
  load_test: https://wiki.example.com/ranker/load-test
  fallback: flag ranker_v2 off sends everybody back to v1
  dashboard: https://grafana.example.com/d/ranker
  monitors: https://grafana.example.com/alerting/ranker
  runbook: https://wiki.example.com/runbooks/ranker
signoffs: [pm, em, applied_ml]
"""


def write(folder: Path, *, lift: float = 0.042) -> None:
    """Users of every day, a few rows each; after the experiment one in three is kept on the control."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(20261123)
    users = 580 * HORIZON + 200 * AFTER
    first = np.repeat(np.arange(1, HORIZON + AFTER + 1), [580] * HORIZON + [200] * AFTER)
    treated = rng.random(users) < np.where(first <= HORIZON, 0.5, 0.67)
    rate = np.clip(rng.normal(0.2 * (1 + lift * treated), 0.14), 0, 1)
    rows = np.repeat(np.arange(users), 1 + (np.arange(users) % 2))
    day = first[rows] + np.concatenate([[False], rows[1:] == rows[:-1]])
    table = {
        "user_id": rows,
        "arm": np.where(treated, "v2", "v1")[rows],
        "day": np.minimum(day, HORIZON + AFTER),
        "locale": np.where(rng.random(users) < 0.6, "en", "jp")[rows],
        "useful_answer_rate": rate[rows],
        "csat": np.clip(rng.normal(4.2, 0.9, users), 1, 5)[rows],
    }
    pq.write_table(pa.table(table), folder / "ranker.parquet")
