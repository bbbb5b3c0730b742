"""The chart of offline against online: each experiment by both deltas, and the correlation as it rolled."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.core.correlation import FLOOR, Correlation, Pair
from bot.core.figures import signed
from bot.views.chart import ALT
from bot.views.chart_paint import (
    BLUE,
    GREY,
    HEADING,
    LINE,
    PALE,
    RIGHT,
    SIZE,
    VERMILLION,
    Sheet,
    drawn,
    picture,
)
from bot.views.text import cut

LEAST = 3
"""Experiments below which reading the card is quicker than looking."""
_EDGE, _PLOT, _ROLL, _AXIS, _INSET = 0.1, 2.1, 1.0, 0.42, 0.62
_NAMED = 8
"""Experiments that are named in the plot."""
_NAME = 18

Rolling = Sequence[tuple[datetime, float]]


def png(pairs: Sequence[Pair], rolling: Rolling) -> bytes | None:
    """The chart as PNG; None where there are too few experiments to draw."""
    if len(pairs) < LEAST:
        return None
    rolls = len(rolling) > 1
    height = 2 * _EDGE + HEADING + _PLOT + _AXIS + LINE + (HEADING + _ROLL + _AXIS if rolls else 0)

    def draw(sheet: Sheet) -> None:
        sheet.title(_EDGE, "What moved offline and online")
        _scatter(sheet.axes(_EDGE + HEADING, _PLOT, _INSET, RIGHT), pairs)
        below = _EDGE + HEADING + _PLOT + _AXIS
        said = "○ same way   ✕ not the same way"
        sheet.text(_INSET, below + LINE / 2, drawn(said), color=GREY)
        if rolls:
            top = below + LINE
            sheet.title(top, f"Correlation of the 90 days before; dashed: {FLOOR:g}")
            _rolled(sheet.axes(top + HEADING, _ROLL, _INSET, RIGHT), rolling)

    return picture(height, draw)


def alt(found: Correlation, rolling: Rolling) -> str:
    """The chart in words."""
    pairs = found.longest.inside
    agreeing = sum(one.agrees for one in pairs)
    said = [f"{len(pairs)} experiments by offline and online delta, {agreeing} moved the same way."]
    off = [
        f"{one.experiment} {signed(one.offline)} and {signed(one.online)}" for one in pairs if not one.agrees
    ]
    if off:
        said.append(f"Not the same way: {'; '.join(off)}.")
    if rolling:
        said.append(f"The rolling correlation went from {rolling[0][1]:.2f} to {rolling[-1][1]:.2f}.")
    return cut(" ".join(said), ALT)


def _scatter(axes: Any, pairs: Sequence[Pair]) -> None:
    xs, ys = [100 * one.offline for one in pairs], [100 * one.online for one in pairs]
    axes.axhline(0, color=GREY, linewidth=0.9)
    axes.axvline(0, color=GREY, linewidth=0.9)
    axes.grid(color=PALE, linewidth=0.8)
    axes.set_xlim(*_room(xs))
    axes.set_ylim(*_room(ys))
    for same, color, marker in ((True, BLUE, "o"), (False, VERMILLION, "X")):
        own = [at for at, one in enumerate(pairs) if one.agrees is same]
        axes.plot(
            [xs[at] for at in own], [ys[at] for at in own], linestyle="none", marker=marker, markersize=6,
            color=color,
        )  # fmt: skip
    middle = sum(axes.get_xlim()) / 2
    for at, one in enumerate(pairs[:_NAMED]):
        side = "left" if xs[at] < middle else "right"
        axes.annotate(
            drawn(cut(one.experiment, _NAME)), (xs[at], ys[at]), fontsize=7, color=GREY,
            xytext=(6 if side == "left" else -6, 4), textcoords="offset points", ha=side,
        )  # fmt: skip
    axes.set_xlabel("offline, %", fontsize=SIZE, color=GREY, labelpad=1)
    axes.set_ylabel("online, %", fontsize=SIZE, color=GREY, labelpad=2)


def _rolled(axes: Any, rolling: Rolling) -> None:
    axes.set_ylim(-1.05, 1.05)
    axes.set_yticks([-1, 0, FLOOR, 1], ["\N{MINUS SIGN}1", "0", f"{FLOOR:g}", "1"])
    axes.axhline(FLOOR, color=GREY, linewidth=1.0, linestyle=(0, (4, 3)))
    axes.axhline(0, color=PALE, linewidth=0.9)
    start = rolling[0][0]
    days = [(at - start).total_seconds() / 86_400 for at, _ in rolling]
    values = [r for _, r in rolling]
    axes.step(days, values, where="post", color=BLUE, linewidth=1.5)
    last = values[-1]
    color, marker = (VERMILLION, "X") if last < FLOOR else (BLUE, "o")
    axes.plot([days[-1]], [last], color=color, marker=marker, markersize=6, clip_on=False)
    axes.set_xlim(0, max(days[-1], 1.0) * 1.02)
    ends = [f"{start:%-d %b}", f"{rolling[-1][0]:%-d %b}"]
    axes.set_xticks([0, days[-1] or 1.0], ends, color=GREY, fontsize=SIZE)
    for label, side in zip(axes.get_xticklabels(), ("left", "right"), strict=True):
        label.set_ha(side)


def _room(values: Sequence[float]) -> tuple[float, float]:
    """Ends that show every value and zero, with room around."""
    low, high = min([*values, 0.0]), max([*values, 0.0])
    room = 0.16 * (high - low) or 1.0
    return low - room, high + room
