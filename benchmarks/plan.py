"""How long a plan takes: `lookout plan` with its start-up, and the boundaries alone.

    python benchmarks/plan.py [--runs 7]

The registration has the design's four looks, three guardrails and eighteen cohorts; the boundaries are for 14
daily looks. Each figure is the fastest of the runs: what else the computer does only adds. Expect the command
below 1 s and the boundaries below 20 ms on one core.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.stats.plan_power import inflation
from bot.stats.sequential import boundaries

LOOKOUT = Path(sys.executable).with_name("lookout")

REGISTRATION = """\
id: benchmark-plan
hypothesis: {intervention: do(reranker = L12), h0: the rate stays, disconfirming: [the rate does not rise]}
arms: {control: l6, treatment: l12}
horizon_days: 14
traffic: {eligible_per_day: 200000}
data: {path: exposure.parquet, unit: user_id, arm: arm, day: day}
metrics:
  rate: {kind: mean, column: rate, covariate: rate_pre}
  csat: {kind: mean, column: csat}
  spam: {kind: proportion, column: spam}
  latency: {kind: quantile, column: latency, q: 0.95}
primary: {metric: rate, baseline: 0.183, sd: 0.142, mde: {relative: 0.03}, cuped: {variance_reduction: 0.5}}
sequential: {looks: [4, 7, 11, 14], spending: obrien-fleming}
guardrails:
  - {metric: csat, max_relative_regression: 0.01}
  - {metric: spam, max_relative_increase: 0.05}
  - {metric: latency, max: 800}
cohorts:
  dimensions: {locale: [en, jp, mixed], tenure: [new, returning], device: [mobile, desktop, app]}
  max_relative_regression: 0.03
"""


def fastest(run: Callable[[], object], runs: int) -> float:
    """Seconds of the fastest run."""
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def command(folder: str) -> None:
    """One process, from its start to its end."""
    file = Path(folder) / "plan.yaml"
    file.write_text(REGISTRATION, encoding="utf-8")
    done = subprocess.run([LOOKOUT, "plan", file], capture_output=True, text=True, check=False)
    assert "10,502.88" in done.stdout or "10,503" in done.stdout, done.stdout + done.stderr


def main() -> None:
    """Time and print."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--runs", type=int, default=7)
    runs = options.parse_args().runs
    daily = [day / 14 for day in range(1, 15)]
    with TemporaryDirectory() as folder:
        whole = fastest(lambda: command(folder), runs)
    bare = fastest(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True), runs)
    print(f"{'lookout plan, start-up included':<44}{whole:9.3f} s   bar 1 s")
    print(f"{'    of which Python itself':<44}{bare:9.3f} s")
    for name, rule in (("O'Brien-Fleming", "obrien-fleming"), ("exact Pocock", "exact-pocock")):
        seconds = fastest(lambda rule=rule: boundaries(daily, 0.05, rule), runs)
        print(f"{f'boundaries of 14 looks, {name}':<44}{1000 * seconds:8.2f} ms   bar 20 ms")
    plan = boundaries(daily)
    print(f"{'their inflation at power .8':<44}{1000 * fastest(lambda: inflation(plan, 0.8), runs):8.2f} ms")


if __name__ == "__main__":
    main()
