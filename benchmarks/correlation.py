"""How often the correlation of few experiments misleads: levels, coverage, and how often the gate is wrong.

`python benchmarks/correlation.py [--draws 20000]` prints a line for each question, with its standard error.
Seeds are fixed, so the same version prints the same numbers.
"""

import argparse
import math

import numpy as np

from bot.core.correlation import FLOOR
from bot.core.replay import TARGET
from bot.stats.correlation import Pearson, chance, pearson
from bot.stats.rank import Spearman, spearman
from bot.stats.undecided import Undecided

SEED = 20_210_504


def main() -> None:
    """Print every line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=20_000)
    draws = parser.parse_args().draws
    levels(draws)
    coverage(draws)
    gates(draws)


def levels(draws: int) -> None:
    """False positives at 5 %: six pairs without any relation."""
    chosen = np.random.default_rng(SEED)
    draws //= 4
    for name, freedom in (("normal", math.inf), ("Cauchy", 1.0)):
        by_order = by_t = 0
        for _ in range(draws):
            x, y = _alone(chosen, freedom), _alone(chosen, freedom)
            order, student = chance(x, y), pearson(x, y)
            if isinstance(order, Undecided) or isinstance(student, Undecided):
                raise AssertionError("continuous values vary")
            by_order += order.p <= 0.05
            by_t += student.p <= 0.05
        said = f"permutation {_share(by_order, draws)}, t {_share(by_t, draws)}"
        print(f"level 5 %, 6 pairs, {name}: {said}")


def coverage(draws: int) -> None:
    """Coverage of the 95 % intervals at a correlation of 0.6."""
    chosen, rank_truth = np.random.default_rng(SEED), 6 / math.pi * math.asin(0.3)
    for n in (6, 12, 24):
        fisher = bonett = 0
        for _ in range(draws // 20):
            x, y = _pairs(chosen, n, 0.6)
            one, two = pearson(x, y), spearman(x, y)
            fisher += isinstance(one, Pearson) and one.low <= 0.6 <= one.high
            bonett += isinstance(two, Spearman) and two.low <= rank_truth <= two.high
        said = f"Fisher {_share(fisher, draws // 20)}, Bonett-Wright {_share(bonett, draws // 20)}"
        print(f"coverage 95 %, {n} pairs at 0.6: {said}")


def gates(draws: int) -> None:
    """How often the point estimate of n experiments is below the gate, and above a replay's target."""
    chosen = np.random.default_rng(SEED)
    for true in (0.0, 0.41, 0.7):
        for n in (6, 12):
            found = [pearson(*_pairs(chosen, n, true)) for _ in range(draws)]
            rs = [one.r for one in found if isinstance(one, Pearson)]
            below, above = sum(r < FLOOR for r in rs), sum(r >= TARGET for r in rs)
            said = f"below {FLOOR:g} {_share(below, draws)}, from {TARGET:g} {_share(above, draws)}"
            print(f"true r {true:g}, {n} pairs: {said}")


def _alone(chosen: np.random.Generator, freedom: float) -> list[float]:
    drawn = chosen.standard_normal(6) if math.isinf(freedom) else chosen.standard_t(freedom, 6)
    return [float(one) for one in drawn]


def _pairs(chosen: np.random.Generator, n: int, r: float) -> tuple[list[float], list[float]]:
    x = chosen.standard_normal(n)
    return x.tolist(), (r * x + math.sqrt(1 - r * r) * chosen.standard_normal(n)).tolist()


def _share(count: int, of: int) -> str:
    p = count / of
    return f"{100 * p:.1f} % (se {100 * math.sqrt(p * (1 - p) / of):.1f})"


if __name__ == "__main__":
    main()
