"""The charts of a monitor, hour by hour: clipped CUSUMs of innovations, and the effect of the last day.

S = max(0, S + s u - k) for a change in direction s; S is in standard deviations, and 0 while nothing changes.
What is carried from hour to hour is a `State`; it is a value, and small.
"""

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bot.stats.monitor import Floats, Residuals

Ints: TypeAlias = NDArray[np.int64]

K = 0.5
"""Slack, in standard deviations: half the shift that is looked for."""
DAY = 24
"""Hours over which an effect is measured."""
ENOUGH = 12
"""Hours of the last day that a chart must have seen for its effect to count."""


@dataclass(frozen=True)
class State:
    """Where the charts stand after an hour.

    sums: S by direction and chart; since: hours since S was last 0, as its change began so long ago. last:
    residuals of the newest hour. deviation, expected, size: of the last hours, at most a day's, newest last.
    """

    sums: Floats
    since: Ints
    last: Floats
    deviation: Floats
    expected: Floats
    size: Floats

    def without(self, charts: NDArray[np.bool_]) -> "State":
        """The same, with the sums of these charts begun anew."""
        return replace(
            self,
            sums=np.where(charts, 0.0, self.sums),
            since=np.where(charts, 0, self.since).astype(np.int64),
        )

    def effect(self, hours: int = DAY, least: int = ENOUGH) -> Floats:
        """The relative effect over the last hours by chart; NaN where too few of them were seen."""
        deviation, expected = self.deviation[-hours:], self.expected[-hours:]
        seen = np.isfinite(deviation) & np.isfinite(expected)
        whole = np.where(seen, expected, 0.0).sum(axis=0)
        part = np.where(seen, deviation, 0.0).sum(axis=0)
        fine = (seen.sum(axis=0) >= least) & (whole > 0)
        effect: Floats = np.divide(part, whole, out=np.full(len(whole), np.nan), where=fine)
        return effect


def begin(charts: int, directions: int) -> State:
    """The state before the first hour."""
    nothing = np.empty((0, charts))
    return State(
        np.zeros((directions, charts)),
        np.zeros((directions, charts), dtype=np.int64),
        np.full(charts, np.nan),
        nothing,
        nothing,
        nothing,
    )


def step(
    state: State, seen: Residuals, hour: int, directions: tuple[int, ...], highest: float = np.inf
) -> State:
    """Take in one hour; directions: -1 for a fall, 1 for a rise, a row of `sums` each.

    highest: where sums stop to grow, so that they come down again when what raised them is over.
    """
    signs = np.array(directions, dtype=float)[:, None]
    moved = state.sums + signs * seen.innovation[hour] - K
    sums = np.where(np.isfinite(moved), np.clip(moved, 0.0, highest), state.sums)  # unseen: no change
    return State(
        sums=sums,
        since=np.where(sums > 0, state.since + 1, 0).astype(np.int64),
        last=seen.residual[hour],
        deviation=np.vstack([state.deviation, seen.deviation[hour]])[-DAY:],
        expected=np.vstack([state.expected, seen.expected[hour]])[-DAY:],
        size=np.vstack([state.size, seen.size[hour]])[-DAY:],
    )
