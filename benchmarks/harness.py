"""How often the intervals of a harness hold the truth.

    python benchmarks/harness.py [RUNS]

Logs under a uniform policy over 34 items, evaluated for a policy that prefers a few of them, at click rates
like those of the Open Bandit sample, with a wrong reward model; one world has sessions. Beside Hall's
intervals (`bot.stats.moments`) stands the plain one, the estimate and 1.96 standard errors either way. Of
2,000 logs of each world Hall's hold the truth in .943 to .972, the plain ones in .914 to .948.
"""

import sys
from dataclasses import dataclass

import numpy as np

from bot.stats.moments import Estimate, Sums
from bot.stats.off_policy import Weights, off_policy

ITEMS = 34
ALPHA = 0.05


@dataclass(frozen=True)
class World:
    """rows: of a log; rate: of clicks; spread: how even the target policy is; cluster: rows of a session."""

    name: str
    rows: int
    rate: float
    spread: float = 0.5
    cluster: int = 1


WORLDS = (
    World("2,000 rows at 5 %", 2_000, 0.05),
    World("10,000 rows at .5 %", 10_000, 0.005),
    World("3,000 rows at .5 %", 3_000, 0.005),
    World("10,000 rows at .25 %", 10_000, 0.0025),
    World("10,000 rows at .5 %, policies alike", 10_000, 0.005, 5.0),
    World("4,000 rows at 5 %, sessions of 4", 4_000, 0.05, 0.5, 4),
)


def main(runs: int) -> None:
    """Print a line for each world and estimator."""
    print(f"{runs:,} logs each; 95 % intervals, 34 items, uniform logging policy")
    for world in WORLDS:
        for name, (held, plain, below, above, undecided) in tally(world, runs).items():
            told = runs - undecided
            print(
                f"{world.name:<38} {name:<6} holds {held / told:.3f} (too low {below / told:.3f}, too high "
                f"{above / told:.3f}), plain {plain / told:.3f}, undecided {undecided / runs:.3f}"
            )


def tally(world: World, runs: int) -> dict[str, list[int]]:
    """Of each estimator: intervals that hold the truth, plain ones, those below it and above it, and none."""
    rng = np.random.default_rng(20261123)
    rates = np.clip(rng.beta(2, 2 / world.rate - 2, ITEMS), 0, 1)
    policy = rng.dirichlet(np.full(ITEMS, world.spread))
    truth = float(policy @ rates)
    model = np.full(ITEMS, world.rate) * rng.uniform(0.5, 1.5, ITEMS)  # wrong
    counts = {name: [0, 0, 0, 0, 0] for name in ("ips", "snips", "dr")}
    for _ in range(runs):
        sessions = world.rows // world.cluster
        shown = rng.integers(0, ITEMS, world.rows)
        mood = np.repeat(rng.gamma(2, 0.5, sessions), world.cluster) if world.cluster > 1 else 1.0
        reward = (rng.random(world.rows) < np.clip(rates[shown] * mood, 0, 1)).astype(float)
        weight = policy[shown] * ITEMS
        columns = [
            np.ones(world.rows), weight, weight * reward, reward, np.full(world.rows, policy @ model),
            weight * (reward - model[shown]),
        ]  # fmt: skip
        units = np.stack(columns, axis=1).reshape(sessions, world.cluster, 6).sum(axis=1)
        rewarded = float(((weight > 0) & (reward > 0)).sum())
        total, squares = float(weight.sum()), float(weight @ weight)
        weights = Weights(world.rows, total, squares, float(weight.max()), rewarded=rewarded, least=0.0)
        found = off_policy(Sums.of_rows(units), weights)
        for name, count in counts.items():
            one = getattr(found, name)
            if not isinstance(one, Estimate):
                count[4] += 1
                continue
            count[0] += one.low <= truth <= one.high
            count[1] += abs(one.value - truth) < 1.96 * one.se
            count[2] += one.high < truth
            count[3] += one.low > truth
    return counts


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
