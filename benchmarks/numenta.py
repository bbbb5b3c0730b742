"""The score of the Numenta Anomaly Benchmark (Lavin and Ahmad 2015), of a detector's scores on its files.

Every record outside a labelled window that scores at least the threshold costs, the less the closer it
follows a window; the earliest in a window earns, the more the earlier it is; a window without one costs. The
threshold is the best one over the whole corpus. 0 is what a detector earns that never speaks, 100 a perfect
one.
"""

import csv
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

PROBATION, PROBATION_LONGEST = 0.15, 5000
"""Share of a file, up to so many records of it, that is not scored."""
STANDARD = {"tpWeight": 1.0, "fpWeight": 0.11, "fnWeight": 1.0}
"""The standard profile."""


@dataclass(frozen=True)
class File:
    """One file of the corpus: windows are (first, last) numbers of records."""

    name: str
    times: tuple[datetime, ...]
    values: tuple[float, ...]
    windows: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Scored:
    """score: normalised; threshold: the best one; hit: windows in which something was said, of `windows`;
    false: records outside them at which something was said."""

    score: float
    threshold: float
    hit: int
    windows: int
    false: int


def read(checkout: Path) -> list[File]:
    """Read the corpus from a checkout of github.com/numenta/NAB."""
    labels = json.loads((checkout / "labels" / "combined_windows.json").read_text())
    return [_file(checkout / "data" / name, name, windows) for name, windows in sorted(labels.items())]


def score(
    files: Sequence[File],
    detector: Callable[[File], Sequence[float]],
    weights: Mapping[str, float] = STANDARD,
) -> Scored:
    """Return the normalised score of a detector, whose scores are the higher the odder a record is."""
    records = [record for file in files for record in _records(file, detector(file), weights)]
    windows = {window for _, _, window in records if window is not None}
    null = -weights["fnWeight"] * len(windows)
    perfect = weights["tpWeight"] * len(windows)
    best = Scored(0.0, math.inf, 0, len(windows), 0)
    earned, false, cost = dict.fromkeys(windows, -weights["fnWeight"]), 0, 0.0
    hit: set[str] = set()
    for threshold, group in groupby(sorted(records, key=lambda one: -one[0]), key=lambda one: one[0]):
        for _, weight, window in group:
            if window is None:
                false, cost = false + 1, cost + weight
            else:
                hit.add(window)
                earned[window] = max(earned[window], weight)
        total = 100 * (sum(earned.values()) + cost - null) / (perfect - null)
        if total > best.score:
            best = Scored(total, threshold, len(hit), len(windows), false)
    return best


def scaled(position: float) -> float:
    """2 sigmoid(-5 y) - 1 at a position relative to a window's end, in its widths; far behind it -1.

    >>> round(scaled(-1.0), 5), scaled(0.0), scaled(3.0)
    (0.98661, 0.0, -1.0)
    """
    return -1.0 if position >= 3.0 else 2 / (1 + math.exp(5 * position)) - 1


def _records(
    file: File, scores: Sequence[float], weights: Mapping[str, float]
) -> list[tuple[float, float, str | None]]:
    """(the detector's score, what it weighs, its window) of each record that is scored."""
    probation = min(math.floor(PROBATION * len(file.times)), PROBATION * PROBATION_LONGEST)
    found, before = [], None
    windows = list(file.windows)
    for number in range(len(file.times)):
        while windows and number > windows[0][1]:
            before = windows.pop(0)
        inside = bool(windows) and windows[0][0] <= number
        if inside:
            first, last = windows[0]
            position = -(last - number + 1) / (last - first + 1)
            weight = scaled(position) * weights["tpWeight"] / scaled(-1.0)
        else:
            behind = 3.0 if before is None else (number - before[1]) / max(before[1] - before[0], 1)
            weight = scaled(behind) * weights["fpWeight"]
        if number >= probation:
            window = f"{file.name}|{windows[0][0]}" if inside else None
            found.append((float(scores[number]), weight, window))
    return found


def _file(path: Path, name: str, windows: Sequence[Sequence[str]]) -> File:
    with path.open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    times = tuple(datetime.fromisoformat(row["timestamp"]) for row in rows)
    place = {at: number for number, at in enumerate(times)}
    limits = [(place[datetime.fromisoformat(a)], place[datetime.fromisoformat(b)]) for a, b in windows]
    return File(name, times, tuple(float(row["value"]) for row in rows), tuple(sorted(limits)))
