"""The past of an incident's metric: seven days, one day, one hour, with the onset and the changes over it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from statistics import median
from typing import Any

from bot.core.change import Change
from bot.core.metric_history import History, Span
from bot.views.chart_paint import (
    BLUE,
    GREY,
    HEADING,
    INK,
    LEFT,
    LINE,
    OCHRE,
    ORANGE,
    PALE,
    SIZE,
    TITLE,
    VERMILLION,
    WIDTH,
    Sheet,
    fitted,
)
from bot.views.text import clock_time, cut, number

_PLOT, _AXIS = 0.78, 0.27
_LEFT, _RIGHT = 0.62, 0.16
"""Inches: of a span's plot, of what stands under it, and beside it."""
_GAP = 2.5
"""A line is broken where so many steps are missing."""


@dataclass(frozen=True)
class HistoryPanel:
    """The three spans, one above the other, on one scale."""

    history: History

    @property
    def height(self) -> float:
        """Inches, title included."""
        return HEADING + len(self.history.spans) * (_PLOT + _AXIS) + LINE * len(self._legend)

    def draw(self, sheet: Sheet, top: float) -> None:
        """Draw it."""
        room = (WIDTH - 2 * LEFT) * 72
        sheet.title(top, fitted(self.history.title, room, bold=True, size=TITLE))
        at, limits = top + HEADING, self._limits
        for span in self.history.spans:
            sheet.text(LEFT, at + _PLOT / 2, span.name, fontweight="bold")
            axes = sheet.axes(at, _PLOT, _LEFT, _RIGHT)
            self._span(axes, span, limits)
            at += _PLOT + _AXIS
        for line in self._legend:
            sheet.text(LEFT, at + LINE / 2, fitted(line, room), color=OCHRE if line[0].isdigit() else GREY)
            at += LINE

    def words(self, room: int) -> str:
        """The same facts in words."""
        history = self.history
        said = [f"{cut(history.title, 80)} over {', '.join(_said(span) for span in history.spans)}"]
        if history.usual is not None:
            said.append(f"usual {number(history.usual)}")
        said.append(f"onset {clock_time(history.onset)}")
        said += [_named(place, change) for place, change in enumerate(history.changes, 1)]
        return cut(f"{'; '.join(said)}.", room)

    @property
    def _legend(self) -> list[str]:
        marks = [_named(place, change) for place, change in enumerate(self.history.changes, 1)]
        usual = "" if self.history.usual is None else f" · dashed: usual {number(self.history.usual)}"
        return [f"red: onset {clock_time(self.history.onset)}{usual}", *marks]

    @property
    def _limits(self) -> tuple[float, float]:
        values = [value for span in self.history.spans for _, value in span.points]
        values += [self.history.usual] if self.history.usual is not None else []
        return (min(values), max(values)) if values else (0.0, 1.0)

    def _span(self, axes: Any, span: Span, limits: tuple[float, float]) -> None:
        history, seconds = self.history, span.length.total_seconds()
        axes.set_xlim(-seconds, 0.01 * seconds)
        _, top = roomy(axes, limits)
        _frame(axes, limits)
        half = span.name.split()
        ticks = [f"\N{MINUS SIGN}{span.name}", f"\N{MINUS SIGN}{float(half[0]) / 2:g} {half[1]}", "now"]
        axes.set_xticks([-seconds, -seconds / 2, 0], ticks, color=GREY)
        if not span.points:
            said = fitted(span.reason or "no value", (WIDTH - _LEFT - _RIGHT) * 72)
            axes.text(0.5, 0.5, said, transform=axes.transAxes, ha="center", va="center", fontsize=SIZE)
            return
        if history.usual is not None:
            axes.axhline(history.usual, color=GREY, linewidth=1.0, linestyle=(0, (4, 2)))
        if history.bounds is not None:
            axes.axvspan(
                *(_ago(history, end) for end in history.bounds), color=VERMILLION, alpha=0.13, linewidth=0
            )
        axes.axvline(_ago(history, history.onset), color=VERMILLION, linewidth=1.3)
        self._changes(axes, seconds, top)
        times, values = broken([(_ago(history, at), value) for at, value in span.points])
        axes.plot(times, values, color=BLUE, linewidth=1.4)
        axes.plot([times[-1]], [values[-1]], color=BLUE, marker="o", markersize=4.5, clip_on=False)

    def _changes(self, axes: Any, seconds: float, top: float) -> None:
        for place, change in enumerate(self.history.changes, 1):
            at = _ago(self.history, change.at)
            if at < -seconds:
                continue
            axes.axvline(at, color=ORANGE, linewidth=1.1, linestyle=(0, (1, 1)))
            axes.text(at, top, str(place), color=OCHRE, fontsize=SIZE, ha="center", va="bottom")


def roomy(axes: Any, ends: tuple[float, float]) -> tuple[float, float]:
    """Let the axes show these values with some room above and below; where they then begin and end."""
    low, high = ends
    room = 0.12 * (high - low) or 0.05 * abs(high) or 1.0
    axes.set_ylim(low - room, high + room)
    return low - room, high + room


def short(value: float) -> str:
    """A number that fits beside a plot.

    >>> short(0.91234), short(1_080_000.0), short(-12345.0)
    ('0.912', '1.08M', '\N{MINUS SIGN}12.3k')
    """
    for unit, size in (("B", 1e9), ("M", 1e6), ("k", 1e4)):
        if abs(value) >= size:
            return f"{value / (1e3 if unit == 'k' else size):.3g}{unit}".replace("-", "\N{MINUS SIGN}")
    return f"{value:.3g}".replace("-", "\N{MINUS SIGN}")


def broken(points: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    """Times and values to plot, with a hole where points are missing."""
    steps = [later[0] - earlier[0] for earlier, later in pairwise(points)]
    usual = median(steps) if steps else 0.0
    times, values = [points[0][0]], [points[0][1]]
    for step, (at, value) in zip(steps, points[1:], strict=True):
        if step > _GAP * usual:
            times.append(at - step / 2)
            values.append(math.nan)
        times.append(at)
        values.append(value)
    return times, values


def _frame(axes: Any, marks: tuple[float, float]) -> None:
    """The lowest and the highest value beside the plot."""
    axes.set_yticks(list(marks), [short(mark) for mark in marks], color=INK)
    axes.set_facecolor("#FAFBFC")
    axes.spines["bottom"].set_visible(True)
    axes.spines["bottom"].set_color(PALE)


def _ago(history: History, moment: datetime) -> float:
    """Seconds from now, negative in the past."""
    return (moment - history.now).total_seconds()


def _named(place: int, change: Change) -> str:
    when = f"{change.at:%-d %b} {clock_time(change.at)}"
    return f"{place}: {change.kind.words} {cut(change.title, 60)}, {when}"


def _said(span: Span) -> str:
    if not span.points:
        return f"{span.name} unknown ({span.reason or 'no value'})"
    return f"{span.name} {number(span.points[0][1])} → {number(span.points[-1][1])}"
