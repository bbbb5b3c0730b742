"""How well the onset of an incident is dated from a metric's history, by simulation.

    python benchmarks/onset.py [--runs 400]

Six hours by the minute and seven days by ten minutes, as they are read from Prometheus: normal noise of sd 1
with a lag-1 correlation by the minute (rho), a daily course (its amplitude), and a drop of so many sd, so
many minutes ago, at once or over some minutes. Printed for each: how often an onset was dated, how often
the 95 % interval held the truth, the median and the 90th percentile of the error, and the interval's median
width, in minutes. The last rows have no drop: there "dated" is a false date. Seed 1.
"""

import argparse

import numpy as np

from bot.stats.onset import History, Onset, estimate

DAY = 86_400.0
NOW = 21 * DAY + 3 * 3600
CASES = [
    *((size, rho, ago, 0, 0.0) for size in (2.0, 4.0, 8.0) for rho in (0.0, 0.6) for ago in (8, 30, 90)),
    (6.0, 0.0, 60, 30, 0.0),
    (6.0, 0.6, 120, 90, 0.0),
    (6.0, 0.0, 30, 0, 4.0),
    (6.0, 0.6, 30, 0, 8.0),
    (6.0, 0.0, 1500, 0, 0.0),
    (0.0, 0.0, 30, 0, 0.0),
    (0.0, 0.6, 30, 0, 0.0),
    (0.0, 0.6, 30, 0, 5.0),
]
"""Size of the drop, rho, minutes ago, minutes it took, amplitude of the day."""


def wander(rng: np.random.Generator, points: int, rho: float) -> np.ndarray:
    errors, values = rng.standard_normal(points) * np.sqrt(1 - rho**2), np.empty(points)
    values[0] = rng.standard_normal()
    for at in range(1, points):
        values[at] = rho * values[at - 1] + errors[at]
    return values


def history(
    rng: np.random.Generator, began: float, case: tuple[float, float, int, int, float], *, step: int
) -> History:
    size, rho, _, ramp, season = case
    points = 361 if step == 60 else 1009
    times = NOW - np.arange(points - 1, -1, -1) * float(step)
    gone = np.clip((times - began) / (ramp * 60), 0, 1) if ramp else (times >= began).astype(float)
    course = season * np.sin(2 * np.pi * times / DAY)
    return History(times, wander(rng, points, rho if step == 60 else rho**10) + course - size * gone)


def row(case: tuple[float, float, int, int, float], runs: int) -> str:
    rng, errors, widths, covered = np.random.default_rng(1), [], [], 0
    for _ in range(runs):
        began = NOW - case[2] * 60 - rng.uniform(0, 60)
        found = estimate(
            history(rng, began, case, step=60), history(rng, began, case, step=600), direction=-1
        )
        if isinstance(found, Onset):
            covered += found.low <= began <= found.high
            errors.append(abs(found.at - began) / 60)
            widths.append((found.high - found.low) / 60)
    size, rho, ago, ramp, season = case
    said = f"{size:4.0f} {rho:4.1f} {ago:5d} {ramp:5d} {season:4.0f}   {len(errors) / runs:5.2f}"
    if not errors or size == 0:
        return said
    middle, far = np.median(errors), np.quantile(errors, 0.9)
    return f"{said}   {covered / len(errors):5.3f}   {middle:6.1f} {far:6.1f}   {np.median(widths):5.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=400)
    runs = parser.parse_args().runs
    print("  sd  rho   ago  over  day   dated   cover   median    p90   width")
    for case in CASES:
        print(row(case, runs), flush=True)


if __name__ == "__main__":
    main()
