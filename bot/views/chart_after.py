"""The chart of the check after a launch: the effect by days since exposure, its line, and what it was."""

import math
from typing import Any

from bot.core.after import After
from bot.core.figures import MINUS, signed
from bot.core.look import relative
from bot.stats.novelty import Point, line
from bot.stats.undecided import Undecided
from bot.views.chart import ALT
from bot.views.chart_paint import (
    BLUE,
    GREY,
    HEADING,
    INK,
    LEFT,
    PALE,
    RIGHT,
    TITLE,
    VERMILLION,
    WIDTH,
    Sheet,
    breadth,
    fitted,
    picture,
)
from bot.views.text import cut

LEAST = 2
"""Points below which there is nothing that looking shows better than reading."""

_EDGE, _PLOT, _AXIS, _LEGEND = 0.1, 2.1, 0.42, 0.36
"""Heights of the white, the plot, its axis and its legend, inches."""
_INSET = 0.58
_WIDE = 1.96
"""Standard errors in half a 95 % interval."""


def png(found: After) -> bytes | None:
    """The chart as PNG; None where fewer than two days have an effect."""
    if len(found.points) < LEAST:
        return None
    height = 2 * _EDGE + HEADING + _PLOT + _AXIS + _LEGEND
    return picture(height, lambda sheet: _draw(sheet, found))


def alt(found: After) -> str:
    """The chart in words."""
    first, last = found.points[0], found.points[-1]
    said = [
        f"{found.metric}, effect by days since exposure: {signed(first.effect)} on day {first.days}, "
        f"{signed(last.effect)} on day {last.days}, {len(found.points)} days in all."
    ]
    if found.launch.effect_rel is not None:
        said.append(f"At look {found.launch.look} it was {signed(found.launch.effect_rel)}.")
    now = relative(found.effect)[0]
    if found.against == "holdout" and now is not None:
        said.append(f"After the launch it is {signed(now)} against the holdout.")
    return cut(" ".join(said), ALT)


def _draw(sheet: Sheet, found: After) -> None:
    room = (WIDTH - 2 * LEFT) * 72 - breadth(": by days since exposure", bold=True, size=TITLE)
    name = fitted(found.metric, room, bold=True, size=TITLE)
    sheet.title(_EDGE, f"{name}: by days since exposure")
    axes = sheet.axes(_EDGE + HEADING, _PLOT, _INSET, RIGHT)
    low, high = _span(found)
    days = [one.days for one in found.points]
    margin = 0.03 * (max(days) - min(days) or 1)
    axes.set_xlim(min(days) - margin, max(days) + margin)
    axes.set_ylim(low, high)
    axes.yaxis.set_major_formatter(lambda y, _: _percent(y, high - low))
    axes.axhline(0, color=GREY, linewidth=0.8)
    axes.grid(axis="y", color=PALE, linewidth=0.7)
    _points(axes, found.points)
    _line(axes, found.points)
    was = found.launch.effect_rel
    if was is not None:
        axes.axhline(was, color=VERMILLION, linewidth=1.4, linestyle=(0, (4, 2)), zorder=2)
    below = _EDGE + HEADING + _PLOT
    sheet.text(WIDTH - RIGHT, below + _AXIS - 0.12, "days since exposure", color=GREY, ha="right")
    parts = ["dots: effect with its 95 % interval · line: fitted"]
    if was is not None:
        parts.append(f"dashes: {signed(was)}, measured at look {found.launch.look}")
    for number, said in enumerate(parts):
        sheet.text(LEFT, below + _AXIS + 0.08 + 0.18 * number, said, color=GREY)


def _points(axes: Any, points: tuple[Point, ...]) -> None:
    days, effects = [one.days for one in points], [one.effect for one in points]
    half = [_WIDE * math.sqrt(one.variance) for one in points]
    style = {"ecolor": GREY, "elinewidth": 1.0, "color": BLUE, "markersize": 4.5, "zorder": 3}
    axes.errorbar(days, effects, yerr=half, fmt="o", **style)


def _line(axes: Any, points: tuple[Point, ...]) -> None:
    found = line(points)
    if isinstance(found, Undecided):
        return
    first, last = points[0].days, points[-1].days
    steps = [first + (last - first) * step / 60 for step in range(61)]
    axes.plot(steps, [found.at(day) for day in steps], color=INK, linewidth=1.4, zorder=4)


def _span(found: After) -> tuple[float, float]:
    """From the lowest to the highest that is to be seen: nothing, the launch's effect, and most intervals.

    A day with few units has an interval that would flatten all others; it goes on beyond the edge.
    """
    wide = sorted(_WIDE * math.sqrt(one.variance) for one in found.points)
    usual = 2 * wide[len(wide) // 2]
    ends = [0.0, found.launch.effect_rel or 0.0]
    for one in found.points:
        half = min(_WIDE * math.sqrt(one.variance), usual)
        ends += [one.effect - half, one.effect + half]
    room = 0.06 * (max(ends) - min(ends) or 1.0)
    return min(ends) - room, max(ends) + room


def _percent(value: float, span: float) -> str:
    digits = 0 if span > 0.08 else 1 if span > 0.008 else 2
    shown = f"{value * 100:+.{digits}f} %".replace("-", MINUS)
    return "0 %" if abs(value) < span * 1e-6 else shown
