"""Type-I errors and coverage by simulation: what Lookout promises against what happens.

    python benchmarks/simulation.py [--replications 20000] [--seed 1] [--only NAME ...]

Experiments whose truth is known go through the product's own functions. Each row says how often something
happened, how often it should, and how many standard errors lie between: `=` (unwritten) is to be met within 3
of them, `<=` only not passed. Users are as many as the methods need for what they promise: Welch's t is exact
enough with a handful of normal units, all else is right for large samples, and the trials say what they take
(1,000 users an arm for skewed means, 5,000 for a p95). Of 100 rows one lies beyond 3 by chance in about one
run of four; a wrong formula shows in every run. Exit code 1 when a row is not ok. 20,000 replications take
about twenty minutes of one core.
"""

import argparse
import sys
import time
import zlib

import numpy as np
from trials import TRIALS

HEAD = f"{'what':<66}{'nominal':>9}  {'seen':>8} {'s.e.':>8} {'z':>6}"


def main() -> int:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--replications", type=int, default=20_000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument(
        "--only", action="append", choices=sorted(TRIALS), metavar="NAME", help=", ".join(TRIALS)
    )
    chosen = options.parse_args()
    print(f"{chosen.replications:,} replications, seed {chosen.seed}\n\n{HEAD}")
    wrong = total = 0
    start = time.perf_counter()
    for name in chosen.only or TRIALS:
        # A trial's numbers do not depend on which trials run before it.
        rng = np.random.default_rng([chosen.seed, zlib.crc32(name.encode())])
        for row in TRIALS[name](rng, chosen.replications):
            total, wrong = total + 1, wrong + (not row.ok)
            bound = "" if row.bound == "=" else row.bound
            print(
                f"{row.what:<66}{bound:>2}{row.nominal:7.5f}  {row.seen:8.5f} {row.se:8.5f} {row.z:+6.2f}"
                f"{'' if row.ok else '  NOT OK'}",
                flush=True,
            )
    print(f"\n{total - wrong} of {total} rows within 3 standard errors ({time.perf_counter() - start:.0f} s)")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
