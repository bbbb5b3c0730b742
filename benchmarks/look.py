"""What a look costs, beside a bare scan and beside what others would do: python benchmarks/look.py

Seven tests (five Welch means, one with CUPED, one ratio by the delta method) in 27 slices, which are the
crossings of three dimensions of three values each; two arms. A Parquet file holds eight metric columns, four
group columns and a unit column, one row per user; a second file, by day, holds 14 rows per user.

Every contender runs in a process of its own, so that its peak memory is its own. What is timed is the
quickest of three runs after a first one: imports are excluded, and so is what engines do once. The first run,
imports included, is printed as `cold`; opening the file and building the queries belong to each run of ours.
`cpu` are the seconds of all cores, which other work on the machine changes less. `scan` is DuckDB reading the
same thirteen columns with the cheapest aggregate that looks at every value (sum of the metrics, max of the
rest); the twelve without the unit column, which a look reads to find repeated units, are measured too.
A look is `observe` and `analyse`, as `lookout look` calls them, with every check of the rows. It reads the
parts of a file, four at most, on as many cores.

Parquet lies in the page cache. Run it on a machine that does nothing else, and run it twice.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

GROUPS = {
    "locale": ("en", "jp", "mixed"),
    "tenure": ("new", "returning", "old"),
    "device": ("mobile", "desktop", "app"),
}
ARMS = ("control", "treatment")
MEANS = ("m0", "m1", "m2", "m3", "m4")
METRIC_COLUMNS = (*MEANS, "pre", "useful", "turns")
ROW_GROUP, CHUNK, DAYS = 122_880, 1_000_000, 14
RUNS = 3
"""Timed runs of one process, of which the quickest counts."""


def main() -> None:
    """Print one table per size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--users", type=float, nargs="+", default=[1e5, 1e6, 1e7], help="sizes, e.g. 1e5 1e6")
    parser.add_argument("--days-users", type=float, nargs="*", default=[1e5, 1e6], help="sizes by day")
    parser.add_argument("--only", nargs="+", default=list(CONTENDERS), choices=list(CONTENDERS))
    parser.add_argument("--one", nargs=2, metavar=("CONTENDER", "FILE"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(measure(*asked.one)))
        return
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; best of {RUNS} runs, imports excluded\n")
    with tempfile.TemporaryDirectory() as folder:
        for users in map(int, asked.users):
            report(write(Path(folder), users), f"{users:,} users, one row each", asked.only)
        for users in map(int, asked.days_users):
            daily = [name for name in asked.only if name in DAILY]
            report(write_days(Path(folder), users), f"{users:,} users, {DAYS} rows each", daily)


def report(file: Path, title: str, contenders: list[str]) -> None:
    """Run every contender and print its figures and what they are of the scan's and of ours."""
    print(f"{title} ({file.stat().st_size / 1e6:,.0f} MB)")
    found = {}
    for name in contenders:
        command = [sys.executable, "-W", "ignore", __file__, "--one", name, str(file)]
        ran = subprocess.run(command, check=False, capture_output=True, text=True)
        if ran.returncode:
            print(f"  {CONTENDERS[name][0]:<44} failed: {ran.stderr.strip().splitlines()[-1][:80]}")
            continue
        found[name] = json.loads(ran.stdout.splitlines()[-1])
    look, scan = found.get("look"), found.get("scan")
    for name, one in found.items():
        line = f"  {CONTENDERS[name][0]:<44} {one['seconds']:8.3f} s  cpu {one['cpu']:7.3f} s"
        line += f"  cold {one['cold']:6.2f} s  {one['peak']:6.0f} MB"
        if scan:
            line += f"  {one['seconds'] / scan['seconds']:7.2f} x scan"
        if look and name != "look":
            line += f"  {one['seconds'] / look['seconds']:7.2f} x look"
        print(line)
    file.unlink()
    print()


def measure(name: str, file: str) -> dict[str, float]:
    """One contender in this process: seconds, CPU seconds, seconds of the first run, peak megabytes."""
    began = time.perf_counter()
    run: Callable[[], object] = CONTENDERS[name][1](Path(file))
    run()
    cold, best, cpu = time.perf_counter() - began, float("inf"), float("inf")
    for _ in range(1 if cold > 60 else RUNS):
        wall, used = time.perf_counter(), time.process_time()
        run()
        best, cpu = min(best, time.perf_counter() - wall), min(cpu, time.process_time() - used)
    return {"seconds": best, "cpu": cpu, "cold": cold, "peak": peak()}


def peak() -> float:
    """The most memory this process has held, MB. On Linux getrusage() begins with the parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return int(lines["VmHWM"].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def columns(users: Any, seed: int) -> dict[str, Any]:
    """Columns of a chunk of users."""
    rng, n = np.random.default_rng(seed), len(users)

    def pick(values: tuple[str, ...]) -> Any:
        codes = pa.array(rng.integers(0, len(values), n), pa.int8())
        return pa.DictionaryArray.from_arrays(codes, pa.array(values)).cast(pa.string())

    before = rng.normal(5, 2, n)
    turns = rng.poisson(5, n) + 1
    found = {"user_id": users, "arm": pick(ARMS), **{name: pick(values) for name, values in GROUPS.items()}}
    found |= {"m0": 0.7 * before + rng.normal(0, 1, n), "pre": before}
    found |= {name: rng.gamma(2, 3, n) for name in MEANS[1:]}
    return found | {"turns": turns, "useful": rng.binomial(turns, 0.4)}


def write(folder: Path, users: int) -> Path:
    """One row per user."""
    file, writer = folder / f"users-{users}.parquet", None
    for number, first in enumerate(range(0, users, CHUNK)):
        table = pa.table(columns(np.arange(first, min(first + CHUNK, users)), number))
        writer = writer or pq.ParquetWriter(file, table.schema)
        writer.write_table(table, row_group_size=ROW_GROUP)
    assert writer is not None
    writer.close()
    return file


def write_days(folder: Path, users: int) -> Path:
    """One row per user and day, by day, as a pipeline would append it."""
    file, writer = folder / f"days-{users}.parquet", None
    who = columns(np.arange(users), 0)
    fixed = {name: who[name] for name in ("user_id", "arm", *GROUPS, "pre")}
    for day in range(1, DAYS + 1):
        now = {name: value for name, value in columns(np.arange(users), day).items() if name not in fixed}
        table = pa.table({**fixed, "day": np.full(users, day), **now})
        writer = writer or pq.ParquetWriter(file, table.schema)
        writer.write_table(table, row_group_size=ROW_GROUP)
    assert writer is not None
    writer.close()
    return file


def registration(file: Path) -> dict[str, Any]:
    """Seven metrics, six of them guardrails, in 27 cohorts."""
    means = {name: {"kind": "mean"} for name in MEANS}
    lines = [{"metric": name, "max_relative_regression": 0.02} for name in (*MEANS, "ratio")]
    data = {"path": file.name, "unit": "user_id", "arm": "arm"}
    return {
        "id": "benchmark",
        "arms": {"control": ARMS[0], "treatment": ARMS[1]},
        "horizon_days": DAYS,
        "data": data | ({"day": "day"} if file.name.startswith("days") else {}),
        "metrics": {
            **means,
            "adjusted": {"kind": "mean", "column": "m0", "covariate": "pre"},
            "ratio": {"kind": "ratio", "numerator": "useful", "denominator": "turns"},
        },
        "primary": {"metric": "adjusted", "baseline": 3.5, "sd": 1.7, "mde": {"relative": 0.01}},
        "sequential": {"looks": [DAYS // 2, DAYS]},
        "guardrails": lines,
        "cohorts": {
            "dimensions": {name: list(values) for name, values in GROUPS.items()},
            "max_relative_regression": 0.03,
        },
    }


def look(file: Path) -> Callable[[], object]:
    """Ours."""
    from bot.core.analysis import analyse
    from bot.core.registration import load
    from bot.sources.samples import observe

    plan = load(registration(file))

    def run() -> object:
        seen = observe(plan, day=DAYS, sources={}, root=file.parent)
        return analyse(plan, "0" * 64, seen, look=2)

    return run


def analysed(file: Path) -> Callable[[], object]:
    """Ours once the cells are there."""
    from bot.core.analysis import analyse
    from bot.core.registration import load
    from bot.sources.samples import observe

    plan = load(registration(file))
    seen = observe(plan, day=DAYS, sources={}, root=file.parent)
    return lambda: analyse(plan, "0" * 64, seen, look=2)


def scan(file: Path, threads: int | None = None, *, unit: bool = True) -> Callable[[], object]:
    """DuckDB reading the same columns, or all but that of the unit."""
    import duckdb

    connection = duckdb.connect(config={} if threads is None else {"threads": threads})
    sums = [f"sum({name})" for name in METRIC_COLUMNS]
    tops = [f"max({name})" for name in ("arm", *GROUPS, *(["user_id"] if unit else []))]
    # The file's own statistics would answer max() without reading.
    connection.execute("SET disabled_optimizers = 'statistics_propagation'")
    query = f"SELECT {', '.join([*sums, *tops])} FROM read_parquet(?)"
    return lambda: connection.execute(query, [str(file)]).fetchall()


def natural(file: Path) -> Callable[[], object]:
    """tea-tasting over Ibis and DuckDB: one experiment, and a filter for every slice."""
    import ibis
    import tea_tasting as tt

    table = ibis.duckdb.connect().read_parquet(str(file)).mutate(variant=ibis._.arm)
    experiment = tt.Experiment(
        {
            **{name: tt.Mean(name) for name in MEANS},
            "adjusted": tt.Mean("m0", covariate="pre"),
            "ratio": tt.RatioOfMeans("useful", "turns"),
        }
    )

    def run() -> object:
        slices = [
            (table.locale == one) & (table.tenure == two) & (table.device == three)
            for one, two, three in product(*GROUPS.values())
        ]
        return [experiment.analyze(table.filter(where), control=ARMS[0]) for where in slices]

    return run


def pandas(file: Path, *, grouped: bool = False) -> Callable[[], object]:
    """pandas and scipy: read, and test the rows of every slice, found by a filter or by grouping once."""
    import pandas as pd
    from scipy import stats

    def ratio(part: Any) -> tuple[float, float]:
        x, y = part.useful.to_numpy(), part.turns.to_numpy()
        r, n = x.mean() / y.mean(), len(x)
        return r, float(np.var((x - r * y) / y.mean(), ddof=1)) / n

    def tests(part: Any) -> list[float]:
        control, treatment = (part[part.arm == arm] for arm in ARMS)
        found = [stats.ttest_ind(treatment[m], control[m], equal_var=False).pvalue for m in MEANS]
        theta = np.cov(part.m0, part.pre)[0, 1] / part.pre.var()
        adjusted = [one.m0 - theta * one.pre for one in (treatment, control)]
        found.append(stats.ttest_ind(*adjusted, equal_var=False).pvalue)
        (top, above), (low, below) = ratio(treatment), ratio(control)
        return [*found, 2 * stats.norm.sf(abs(top - low) / np.sqrt(above + below))]

    def run() -> object:
        frame = pd.read_parquet(file, columns=["arm", *GROUPS, *METRIC_COLUMNS])
        if grouped:
            return [tests(part) for _, part in frame.groupby(list(GROUPS))]
        return [
            tests(frame[(frame.locale == one) & (frame.tenure == two) & (frame.device == three)])
            for one, two, three in product(*GROUPS.values())
        ]

    return run


CONTENDERS: dict[str, tuple[str, Callable[[Path], Callable[[], object]]]] = {
    "scan": ("DuckDB, bare scan, its own threads", scan),
    "scan1": ("DuckDB, bare scan, one thread", lambda file: scan(file, 1)),
    "scan12": ("DuckDB, bare scan without the unit", lambda file: scan(file, unit=False)),
    "look": ("Lookout, observe and analyse", look),
    "analyse": ("  of it analyse", analysed),
    "tea-tasting": ("tea-tasting on Ibis + DuckDB, 27 filters", natural),
    "pandas": ("pandas + scipy, 27 filters", pandas),
    "pandas-groups": ("pandas + scipy, groupby", lambda file: pandas(file, grouped=True)),
}
DAILY = ("scan", "scan1", "scan12", "look", "analyse")

if __name__ == "__main__":
    main()
