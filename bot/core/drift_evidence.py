"""What feature distributions say: which have moved further than they do from day to day."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bot.core import chart_spec
from bot.core.chart_spec import Bar
from bot.core.figures import share
from bot.core.found import Found, clear, suspect, unknown
from bot.core.histogram import ALL, Bins, Counts, Histograms
from bot.stats.drift import Drift, drift, spread
from bot.stats.undecided import Undecided

SEED = 20240229
"""Of the thinning of larger days: the same counts give the same answer."""
SHOWN = 3
"""Features named in a line of their own; more are counted."""
SINGLED_OUT = 1.5
"""A single cell counts from so many times its limit on: there are many of them."""


@dataclass(frozen=True)
class Moved:
    """A column as judged, of everything and by cell; `words` say how it moved."""

    name: str
    bins: Bins
    whole: Drift | Undecided
    cells: Mapping[str, Drift]

    @property
    def drifted(self) -> bool:
        """Whether the whole drifted."""
        return isinstance(self.whole, Drift) and self.whole.drifted

    @property
    def drifted_cells(self) -> tuple[str, ...]:
        """The cells that drifted, furthest first."""
        off = [cell for cell, one in self.cells.items() if one.distances[0].times > SINGLED_OUT]
        return tuple(sorted(off, key=lambda cell: -self.cells[cell].distances[0].times))

    @property
    def worst(self) -> Drift | None:
        """The drift to speak of: of the whole, or of the cell that is furthest off."""
        if self.drifted or not self.drifted_cells:
            return self.whole if isinstance(self.whole, Drift) else None
        return self.cells[self.drifted_cells[0]]


def judge(seen: Histograms, *, least: float) -> tuple[Moved, ...]:
    """Each column against its reference days; the furthest over its limit first."""
    found = []
    for name, bins in seen.bins.items():
        cells = {
            cell: _drift(counts, bins, least) for (one, cell), counts in seen.counts.items() if one == name
        }
        whole = cells.pop(ALL)
        known = {cell: one for cell, one in cells.items() if isinstance(one, Drift)}
        found.append(Moved(name, bins, whole, known))
    return tuple(sorted(found, key=_furthest))


def read_features(seen: Histograms, *, least: float, by: str, when: str, source: str) -> Sequence[Found]:
    """The lines: each drifted feature, how many are as usual, and which are unknown with their reasons."""
    judged = judge(seen, least=least)
    more = {"source": source, "query": seen.text}
    off = [one for one in judged if one.drifted or one.drifted_cells]
    known = [one for one in judged if isinstance(one.whole, Drift)]
    lines = [
        suspect(f"{describe(one, by)}; {when}", "drifted", chart=bars_of(one, by), **more)
        for one in off[:SHOWN]
    ]
    if len(off) > SHOWN:
        rest = ", ".join(one.name for one in off[SHOWN:])
        lines.append(suspect(f"{len(off) - SHOWN} more drifted, less far: {rest}", "drifted", **more))
    steady = [one for one in known if one not in off]
    if steady and not off:
        line = f"{_features(len(steady))} as usual, furthest {nearest(steady[0])}; {when}"
        lines.append(clear(line, chart=_limits(judged), **more))
    unheard = dict(seen.missing) | {
        one.name: one.whole.reason for one in judged if isinstance(one.whole, Undecided) and one not in off
    }
    if unheard:
        lines.append(unknown(_missing(unheard), **more))
    return lines


def describe(one: Moved, by: str) -> str:
    """How a column moved: in words, then its distances, the first one with its limit."""
    worst = one.worst
    assert worst is not None  # noqa: S101 - asked of what was judged
    return f"{one.name}{_where(one, by)} {_course(worst, one.bins)}: {_distances(worst)}"


def nearest(one: Moved) -> str:
    """A column that is as usual: how far it is from its limit."""
    assert isinstance(one.whole, Drift)  # noqa: S101 - asked of what was judged
    first = one.whole.distances[0]
    limit = f"at most {_figure(first.limit)} from {one.whole.days} days"
    return f"{one.name}, {first.name} {_figure(first.value)} of {limit}"


def bars_of(one: Moved, by: str) -> Mapping[str, object]:
    """The bins that moved most, now beside usual, in their order; shares in percent."""
    worst = one.worst
    assert worst is not None  # noqa: S101 - asked of what was judged
    now, usual = _shares(worst.now), _shares(worst.usual)
    names = one.bins.names
    most = sorted(range(len(names)), key=lambda at: -abs(now[at] - usual[at]))[: chart_spec.MAX_ROWS]
    kept = [at for at in sorted(most) if now[at] or usual[at]]
    far = max(abs(now[at] - usual[at]) for at in kept)
    rows = [
        Bar(names[at], 100 * now[at], usual=100 * usual[at], off=abs(now[at] - usual[at]) > far / 2)
        for at in kept
    ]
    return chart_spec.bars(f"{one.name}{_where(one, by)}: share of rows, now beside usual", rows, unit="%")


def _drift(counts: Counts, bins: Bins, least: float) -> Drift | Undecided:
    width = len(bins.names)
    now = np.array(counts.get(0, (0.0,) * width))
    days = [np.array(counts[ago]) for ago in sorted(counts) if ago]
    edges = None if bins.edges is None or len(bins.edges) < 2 else np.array(bins.edges)
    apart = 1 if edges is not None else 0
    return drift(now, days, rng=np.random.default_rng(SEED), least=least, edges=edges, apart=apart)


def _furthest(one: Moved) -> tuple[float, str]:
    worst = one.worst
    return (-worst.distances[0].times if worst else 0.0, one.name)


def _where(one: Moved, by: str) -> str:
    """The cells to look at: those that drifted, where it is not everything."""
    cells = one.drifted_cells
    if not cells or len(cells) == len(one.cells):
        return ""
    rest = f" and {len(cells) - SHOWN} more" if len(cells) > SHOWN else ""
    only = "" if one.drifted else " alone"
    return f" (in {by} {', '.join(cells[:SHOWN])}{rest}{only})"


def _course(one: Drift, bins: Bins) -> str:
    """In words: the mean of numbers, or the share of what moved most."""
    now, usual = _shares(one.now), _shares(one.usual)
    # Of two that moved as far, the one that grew.
    at = max(
        range(len(now)), key=lambda bin_: (round(abs(now[bin_] - usual[bin_]), 9), now[bin_] - usual[bin_])
    )
    moved = f"“{bins.names[at]}” {share(usual[at])} → {share(now[at])}"
    # Outside the edges a mean would be that of the edges, and nulls have none.
    if bins.edges is None or len(bins.edges) < 2 or at in (0, len(bins.edges), len(now) - 1):
        return moved
    first, second = _mean(one.usual, bins.edges), _mean(one.now, bins.edges)
    if first is None or second is None:
        return moved
    return f"mean {first:.3g} → {second:.3g}"


def _mean(counts: Sequence[float], edges: Sequence[float]) -> float | None:
    """The mean of numbers by bin, those outside the edges at them."""
    numbers = np.array(counts[: len(edges) + 1])
    if not numbers.sum() > 0 or isinstance(spread(numbers, np.array(edges)), Undecided):
        return None
    middles = [edges[0], *((low + high) / 2 for low, high in pairwise(edges)), edges[-1]]
    return float(numbers @ np.array(middles) / numbers.sum())


def _distances(one: Drift) -> str:
    first, *rest = one.distances
    head = f"{first.name} {_figure(first.value)} (limit {_figure(first.limit)} from {one.days} days)"
    return ", ".join([head, *(f"{other.name} {_figure(other.value)}" for other in rest)])


def _figure(value: float) -> str:
    return f"{value:.2g}" if 0 < value < 0.1 else f"{value:.2f}"


def _shares(counts: Sequence[float]) -> list[float]:
    total = math.fsum(counts)
    return [count / total for count in counts]


def _limits(judged: Sequence[Moved]) -> Mapping[str, object]:
    rows = [
        Bar(one.name, 100 * one.whole.distances[0].times, limit=100, off=one.drifted)
        for one in judged
        if isinstance(one.whole, Drift)
    ]
    return chart_spec.bars("Drift of each feature, of what a day may differ", rows, unit="%")


def _features(number: int) -> str:
    return "1 feature is" if number == 1 else f"{number} features are"


def _missing(unheard: Mapping[str, str]) -> str:
    """Which are unknown; those with the same reason together."""
    reasons: dict[str, list[str]] = {}
    for name, reason in unheard.items():
        reasons.setdefault(reason, []).append(name)
    return "; ".join(f"{', '.join(names)}: {reason}" for reason, names in reasons.items())
