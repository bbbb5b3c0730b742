"""Makes this folder's registrations and tables from the ASOS Digital Experiments Dataset.

Origin: Liu, Cardoso, Couturier & McCoy (2021), "Datasets for Online Controlled Experiments", NeurIPS 2021
Datasets and Benchmarks; OSF 64jsb; licence CC BY 4.0. Kept here: of twelve experiments the rows of five days
each, in long form, the figures as they are.

Usage: python tests/data/asos/make.py asos_digital_experiments_dataset.parquet
"""

import sys
from pathlib import Path

import pandas as pd

HERE = Path(__file__).parent
EXPERIMENTS, LOOKS = 12, 5
WITHOUT_VARIANCE = "ee6ff7"
"""An experiment with a sound split whose early rows have no variance; taken besides the first twelve."""

YAML = """\
# Made by make.py from the ASOS Digital Experiments Dataset (Liu et al. 2021, CC BY 4.0).
id: asos-{id}
title: ASOS experiment {id}
owner: asos
hypothesis:
  intervention: do(variant = 1)
  h0: the variant changes nothing
  h1: the variant raises metric 1 per user
  disconfirming: [metric 1 does not rise]
arms: {{control: c, treatment: t}}
allocation: 0.5
horizon_days: {horizon}
data:
  kind: summary
  path: {id}.csv
  columns: {{day: time_since_start, n: count}}
metrics:
  m1: {{kind: proportion}}
  m2: {{kind: mean}}
  m3: {{kind: mean}}
  m4: {{kind: mean}}
primary:
  metric: m1
  direction: increase
  baseline: {baseline:.6f}
  sd: {sd:.6f}
  mde: {{relative: 0.01}}
sequential:
  looks: [{looks}]
  spending: obrien-fleming
guardrails:
  - {{metric: m2, max_relative_regression: 0.02}}
  - {{metric: m3, max_relative_regression: 0.02}}
  - {{metric: m4, max_relative_regression: 0.02}}
"""


def main(source: str) -> None:
    """Write one CSV and one YAML per experiment."""
    every = pd.read_parquet(source)
    first = every[(every.variant_id == 1) & (every.time_since_start % 1 == 0)]
    made = 0
    for name, rows in first.groupby("experiment_id"):
        days = _days(rows)
        if len(days) < LOOKS or (made >= EXPERIMENTS and name != WITHOUT_VARIANCE):
            continue
        _write(str(name), rows[rows.time_since_start.isin(days)], days)
        made += 1


def _days(rows: pd.DataFrame) -> list[int]:
    """Five whole days, evenly spaced, on which all four metrics have a row."""
    counted = rows.groupby("time_since_start").metric_id.nunique()
    whole = [int(day) for day in counted[counted == 4].index if day >= 1]
    if len(whole) < LOOKS:
        return []
    step = (len(whole) - 1) / (LOOKS - 1)
    return [whole[round(step * number)] for number in range(LOOKS)]


def _write(name: str, rows: pd.DataFrame, days: list[int]) -> None:
    arms = []
    for arm in ("c", "t"):
        part = rows[["time_since_start", "metric_id"]].copy()
        part["arm"], part["metric"] = arm, "m" + rows.metric_id.astype(str)
        part["count"] = rows[f"count_{arm}"].astype("int64")
        part["mean"], part["variance"] = rows[f"mean_{arm}"], rows[f"variance_{arm}"]
        arms.append(part.drop(columns="metric_id"))
    long = pd.concat(arms).sort_values(["time_since_start", "metric", "arm"])
    long.to_csv(HERE / f"{name}.csv", index=False)
    base = rows[(rows.metric_id == 1) & (rows.time_since_start == days[0])].iloc[0]
    text = YAML.format(
        id=name,
        horizon=days[-1],
        looks=", ".join(map(str, days)),
        baseline=base.mean_c,
        sd=base.variance_c**0.5,
    )
    (HERE / f"{name}.yaml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
