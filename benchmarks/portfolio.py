"""How long a portfolio takes, and whether its expectations are what simulated quarters bring.

    python benchmarks/portfolio.py [--runs 7] [--quarters 200000] [--seed 1]

Three figures. The command `lookout portfolio` on the reference's twelve candidates, with its start-up: the
fastest of the runs, below 2 s on one core, and its ratio to `python -c pass`. The expected gain of four
candidates against as many simulated quarters, in which users are counted one arm at a time (binomial
counts, a pooled z test) instead of taken from a normal power curve: the difference in simulation errors,
within 4. And the value of information of a spike and a lognormal, against simulated experiments decided by
the exact posterior mean: within 4 errors too.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from scipy import special

from bot.core.candidate_trial import Trial
from bot.core.candidate_value import Estimate
from bot.core.portfolio import per_quarter
from bot.core.portfolio_reader import read_portfolio
from bot.core.portfolio_score import Score, score
from bot.stats.posterior import Belief, lognormal, points
from bot.stats.value_of_information import of_points

LOOKOUT = Path(sys.executable).with_name("lookout")
TWELVE = Path(__file__).parents[1] / "bot" / "demo" / "data" / "portfolios" / "aml_02.yaml"


def fastest(command: list[str], runs: int) -> float:
    """Seconds of the fastest run of a process."""
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def quarters(found: Score, count: int, seed: int) -> tuple[float, float]:
    """The mean gain of simulated quarters of a candidate with a rate for a metric, and its error."""
    one, value = found.candidate, found.value
    belief, trial = value.belief, value.trial
    assert isinstance(belief, Belief)
    assert isinstance(trial, Trial)
    assert one.reach is not None
    assert one.impact is not None
    assert one.impact.baseline is not None
    rng = np.random.default_rng(seed)
    exists = rng.random(count) < belief.confidence
    mu, sigma = lognormal(belief.size, belief.spread)
    size = np.where(exists, np.exp(rng.normal(mu, sigma, count)), 0.0)
    weeks = belief.weeks * np.exp(rng.normal(0.0, belief.sigma, count))
    n, base = round(trial.per_arm), one.impact.baseline
    there = np.minimum(base + size / 100, 1.0)
    control, treatment = rng.binomial(n, base, count) / n, rng.binomial(n, there) / n
    pooled = (control + treatment) / 2
    z = (treatment - control) / np.sqrt(2 * pooled * (1 - pooled) / n)
    gain = size * per_quarter(one.reach) * (z > special.ndtri(0.975)) * (weeks <= value.room)
    return float(gain.mean()), float(gain.std()) / count**0.5


def information(count: int, seed: int) -> tuple[float, float, float]:
    """What the result on AML-02's #3 is worth by quadrature; by simulation; and the simulation's error."""
    belief, error, threshold = Belief(0.28, 10, 1.2, 0.6, 18, 0.2), 0.341, 0.6
    effects, weights = points(belief)
    rng = np.random.default_rng(seed)
    paid = []
    for _ in range(0, count, 2000):
        truth = rng.choice(effects, 2000, p=weights)
        seen = rng.normal(truth, error)
        likely = np.exp(-0.5 * ((seen[:, None] - effects) / error) ** 2) * weights
        posterior = likely @ effects / likely.sum(axis=1)
        paid.append(np.where(posterior > threshold, truth - threshold, 0.0))
    whole = np.concatenate(paid)
    known = of_points(effects, weights, error, threshold).sample
    return known, float(whole.mean()), float(whole.std()) / len(whole) ** 0.5


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--quarters", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    empty = fastest([sys.executable, "-c", "pass"], asked.runs)
    taken = fastest([str(LOOKOUT), "portfolio", str(TWELVE)], asked.runs)
    print(f"lookout portfolio, twelve candidates: {taken:.2f} s, {taken / empty:.0f} times an empty Python")
    portfolio, _ = read_portfolio(TWELVE.read_text(encoding="utf-8"), name=TWELVE.name)
    assert portfolio is not None
    scored = score(portfolio, seed=asked.seed)
    for name in ("#2", "#3", "#4", "#10"):
        found = scored.score(name)
        gain = found.value.gain
        assert isinstance(gain, Estimate)
        mean, error = quarters(found, asked.quarters, asked.seed + int(name[1:]))
        off = (gain.mean - mean) / (gain.error**2 + error**2) ** 0.5
        print(
            f"{name}: expected {gain.mean:,.0f}, {asked.quarters:,} quarters {mean:,.0f}: {off:+.1f} errors"
        )
    known, mean, error = information(asked.quarters // 10, asked.seed)
    off = (known - mean) / error
    print(f"value of information: {known:.4f} points, simulated {mean:.4f}: {off:+.1f} errors")


if __name__ == "__main__":
    main()
