"""The reliability curve: how often confidences came true, beside the line on which they hold."""

from collections.abc import Mapping, Sequence
from typing import Any

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

_EDGE, _PLOT, _AXIS, _INSET = 0.1, 2.6, 0.42, 0.62
_ROOM = 0.05
"""Beyond 0 and 1, so that what lies on the edge is seen whole."""
_FAR = 0.72
"""Stated confidence from which a point's words stand on its left."""

Point = Mapping[str, Any]
"""stated, observed, low, high (0 to 1), tried, succeeded, as `lookout portfolio --json` prints it."""


def png(curve: Sequence[Point]) -> bytes | None:
    """The chart as PNG; None where nothing is on record."""
    if not curve:
        return None
    height = 2 * _EDGE + HEADING + _PLOT + _AXIS + 2 * LINE

    def draw(sheet: Sheet) -> None:
        sheet.title(_EDGE, "How often confidences came true")
        _points(sheet.axes(_EDGE + HEADING, _PLOT, _INSET, RIGHT), curve)
        below = _EDGE + HEADING + _PLOT + _AXIS + LINE / 2
        sheet.text(_INSET, below, "dashed: as often as stated; bars: 95 % intervals", color=GREY)
        sheet.text(_INSET, below + LINE, drawn("○ the bar reaches the line   ✕ it does not"), color=GREY)

    return picture(height, draw)


def alt(curve: Sequence[Point]) -> str:
    """The chart in words."""
    said = [
        f"stated {one['stated']:.2f}, came true {one['observed']:.2f} ({one['low']:.2f} to "
        f"{one['high']:.2f}), {one['succeeded']} of {one['tried']}"
        for one in curve
    ]
    return cut(f"How often confidences came true: {'; '.join(said)}.", ALT)


def _points(axes: Any, curve: Sequence[Point]) -> None:
    ticks = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    axes.set_xlim(-_ROOM, 1 + _ROOM)
    axes.set_ylim(-_ROOM, 1 + _ROOM)
    axes.set_xticks(ticks, [f"{one:g}" for one in ticks])
    axes.set_yticks(ticks, [f"{one:g}" for one in ticks])
    axes.grid(color=PALE, linewidth=0.8)
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1.0, linestyle=(0, (4, 3)))
    axes.plot([one["stated"] for one in curve], [one["observed"] for one in curve], color=BLUE, linewidth=1.0)
    for one in curve:
        stated, observed = one["stated"], one["observed"]
        holds = one["low"] <= stated <= one["high"]
        color, marker = (BLUE, "o") if holds else (VERMILLION, "X")
        axes.plot([stated, stated], [one["low"], one["high"]], color=color, linewidth=1.5)
        axes.plot([stated], [observed], color=color, marker=marker, markersize=6, clip_on=False)
        side = -1 if stated > _FAR else 1
        axes.annotate(
            f"{one['succeeded']} of {one['tried']}", (stated, observed), fontsize=7, color=GREY, va="center",
            xytext=(7 * side, 0), textcoords="offset points", ha="right" if side < 0 else "left",
        )  # fmt: skip
    axes.set_xlabel("stated confidence", fontsize=SIZE, color=GREY, labelpad=1)
    axes.set_ylabel("share that came true", fontsize=SIZE, color=GREY, labelpad=2)
