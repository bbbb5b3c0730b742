"""What is known of an eval set: its age against the catalog's turnover, its mix against production's."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import numpy as np

from bot.core import chart_spec
from bot.core.chart_spec import Bar
from bot.core.checks.eval_set import EvalSet
from bot.core.figures import share, weekday
from bot.core.found import Found, clear, suspect, unknown
from bot.stats.drift import FEWEST_ROWS, kl

Counts: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]
"""Rows by segment."""
MOST_SEGMENTS = 50
"""Most frequent segments that are told apart; the others count together."""
OTHER = "other"
DAY = 86400


@dataclass(frozen=True)
class Turnover:
    """How many items a catalog has, and how many of them are newer than the eval set."""

    name: str
    items: int
    newer: int


def age(
    built: datetime | None, rows: int, turnover: Turnover | None, options: EvalSet, now: datetime
) -> Found:
    """How old the set is, and how much of the catalog it cannot know; `turnover` None where none is known."""
    if not rows:
        return unknown(f"eval set: {options.table.name} has no rows")
    if built is None:
        return unknown(f"eval set: no row of {options.table.name} says when it was made ({options.built})")
    days = (now - built).total_seconds() / DAY
    if days < 0:
        return unknown(
            f"eval set: built on {weekday(built.date())}, which is in the future: {options.built}?"
        )
    said = f"eval set of {rows:,} rows, {_days(days)} old"
    if options.max_age_days and days > options.max_age_days:
        return suspect(f"{said}, {_days(options.max_age_days)} at most", "age")
    if turnover is None:
        if options.max_age_days:
            return clear(f"{said}, {_days(options.max_age_days)} at most")
        return unknown(f"{said}; no catalog to hold it against: name it under `catalog` of the check")
    if not turnover.items:
        return unknown(f"{said}; {turnover.name} has no rows to hold it against")
    newer = turnover.newer / turnover.items
    most = share(options.max_turnover)
    line = f"{said}; {share(newer)} of {turnover.name} is newer than the set, {most} at most"
    return suspect(line, "age") if newer > options.max_turnover else clear(line)


def mix(evaluated: Mapping[str, float], produced: Mapping[str, float], options: EvalSet) -> Found:
    """KL(eval || production) by segment, less what chance gives, against its limit.

    A sample of n rows over k segments is (k - 1) / 2n from its own source by chance (Wilks 1938, 2 n KL is
    chi-square with k - 1 degrees of freedom); of two samples each adds its own.
    """
    rows, asked = math.fsum(evaluated.values()), math.fsum(produced.values())
    if rows < FEWEST_ROWS or asked < FEWEST_ROWS:
        what = f"{rows:.0f} rows in the set and {asked:.0f} in production"
        return unknown(f"eval mix: {what} have a {options.segment}, {FEWEST_ROWS} each are needed")
    names, p, q = beside(evaluated, produced)
    by_chance = (len(names) - 1) / 2 * (1 / rows + 1 / asked)
    far = max(0.0, kl(p, q) - by_chance)
    shares = {name: (p[at] / rows, q[at] / asked) for at, name in enumerate(names)}
    apart = sorted(names, key=lambda name: -abs(shares[name][0] - shares[name][1]))
    worst = apart[0]
    said = (
        f"eval mix: KL(eval‖production) {far:.2g} over {options.days} days, {options.max_kl:.2g} at most; "
        f"most apart “{worst}”, {share(shares[worst][0])} of the set, {share(shares[worst][1])} of production"
    )
    bars = [
        Bar(
            name,
            100 * shares[name][0],
            usual=100 * shares[name][1],
            off=name == worst and far > options.max_kl,
        )
        for name in apart
    ]
    chart = chart_spec.bars(f"Share by {options.segment}: the set beside production", bars, unit="%")
    if far > options.max_kl:
        return suspect(said, "mix", chart=chart)
    return clear(said, chart=chart)


def beside(evaluated: Mapping[str, float], produced: Mapping[str, float]) -> tuple[list[str], Counts, Counts]:
    """The most frequent segments of either, and the rows of both by them; the others count as one."""
    names = _segments(evaluated, produced)
    return names, _gathered(evaluated, names), _gathered(produced, names)


def _segments(evaluated: Mapping[str, float], produced: Mapping[str, float]) -> list[str]:
    """The most frequent in either, and the others as one."""
    whole = [math.fsum(evaluated.values()), math.fsum(produced.values())]
    known = {*evaluated, *produced}

    def size(name: str) -> float:
        return max(evaluated.get(name, 0.0) / whole[0], produced.get(name, 0.0) / whole[1])

    most = sorted(known, key=lambda name: (-size(name), name))[:MOST_SEGMENTS]
    return most if len(most) == len(known) else [*most, OTHER]


def _gathered(counts: Mapping[str, float], names: list[str]) -> Counts:
    rest = math.fsum(value for name, value in counts.items() if name not in names)
    return np.array([counts.get(name, 0.0) + (rest if name == OTHER else 0.0) for name in names])


def _days(days: float) -> str:
    return f"{days * 24:.0f} h" if days < 2 else f"{days:.0f} d"
