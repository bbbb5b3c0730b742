"""The first part of a look's chart: z against its boundary over the looks, with what each look spends."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from bot.core.figures import MINUS, bound, plain
from bot.views.chart_paint import (
    BLUE,
    GREY,
    HEADING,
    INK,
    LEFT,
    PALE,
    RUST,
    SIZE,
    TITLE,
    VERMILLION,
    WIDTH,
    Sheet,
    breadth,
    fitted,
)
from bot.views.chart_steps import Course, Step, short_alpha, signed_z

_PLOT, _LINE = 2.0, 0.165
_LEFT, _RIGHT, _MARGIN = 0.42, 0.2, 0.09
"""Inches beside the plot; and the share of the days' span left free before the first and after the last."""
_HIGHEST = 6.5
"""A z beyond this is drawn at the edge, with its figure."""


@dataclass(frozen=True)
class BoundaryPanel:
    """z against the boundary."""

    course: Course

    @property
    def height(self) -> float:
        """Inches, title included."""
        rows = math.ceil(len(self.course.told) / 2)
        return HEADING + _PLOT + (0.88 if self._roomy else 0.68 + _LINE * rows)

    def draw(self, sheet: Sheet, top: float) -> None:
        """Draw it."""
        course, edge = self.course, self._top
        room = (WIDTH - 2 * LEFT) * 72 - breadth(": z against its boundary", bold=True, size=TITLE)
        sheet.title(top, f"{fitted(course.metric, room, bold=True, size=TITLE)}: z against its boundary")
        axes = sheet.axes(top + HEADING, _PLOT, _LEFT, _RIGHT)
        axes.set_xlim(*self._days)
        axes.set_ylim(-edge, edge)
        axes.set_yticks([tick for tick in range(-8, 9, 2) if abs(tick) < edge])
        axes.yaxis.set_major_formatter(lambda y, _: f"{y:+.0f}".replace("-", MINUS) if y else "0")
        axes.axhline(0, color=GREY, linewidth=0.8)
        for day in _thinned(course.steps):
            axes.axvline(day, color=PALE, linewidth=0.7, zorder=0)
        self._regions(axes, edge)
        self._path(axes, edge)
        if course.trouble:
            _say(axes, 0.5, 0.5 - 0.18 * course.sign, course.trouble, INK, "center")
        if self._roomy:
            _labels(axes, course.steps)
        else:
            self._table(sheet, axes, top + HEADING + _PLOT)
        said = f"spent: alpha used up by then, of {plain(course.alpha)}"
        if not self._roomy and course.left_out:
            said += f" · {course.left_out} more looks in the plan"
        sheet.text(LEFT, top + self.height - 0.1, said, color=GREY)

    def words(self, room: int) -> str:
        """The same facts in words."""
        del room  # it comes first, and its looks are few enough
        return self.course.words()

    @property
    def _days(self) -> tuple[float, float]:
        first, last = self.course.steps[0].day, self.course.steps[-1].day
        margin = _MARGIN * (last - first or 1)
        return first - margin, last + margin

    @property
    def _roomy(self) -> bool:
        """Whether what each look asks can stand under it without touching its neighbours."""
        start, end = self._days
        points = (WIDTH - _LEFT - _RIGHT) * 72 / (end - start)
        places = [(step.day - start) * points for step in self.course.steps]
        halves = [max(breadth(line) for line in _lines(step)) / 2 for step in self.course.steps]
        apart = [b - a for a, b in pairwise(places)]
        needed = [a + b + 7 for a, b in pairwise(halves)]
        outside = _RIGHT * 72 - 4 + places[-1] + (end - self.course.steps[-1].day) * points
        fits = places[-1] + halves[-1] <= outside
        return fits and all(have >= need for have, need in zip(apart, needed, strict=True))

    @property
    def _top(self) -> float:
        """The largest |z| the plot shows."""
        steps = self.course.steps
        bounds = [step.bound for step in steps if step.bound is not None and step.bound <= _HIGHEST]
        seen = [abs(step.z) for step in steps if step.z is not None and abs(step.z) <= _HIGHEST]
        return max([*bounds, *seen, 2.5]) + 0.9

    def _regions(self, axes: Any, edge: float) -> None:
        """Where the plan stops: beyond the boundary, and, where it has one, on the wrong side of futility."""
        course = self.course
        judged = [step for step in course.steps if step.bound is not None]
        days, bounds = [s.day for s in judged], [min(s.bound or 0.0, 3 * edge) for s in judged]
        if len(days) == 1:  # a single look has no line: a short one
            days, bounds = [days[0] - 0.04, days[0] + 0.04], bounds * 2
        for sign in (course.sign,) if course.one_sided else (1, -1):
            line = [sign * z for z in bounds]
            axes.plot(days, line, color=VERMILLION, linewidth=1.4)
            _ticks(axes, [s.day for s in judged], [sign * min(s.bound or 0.0, 3 * edge) for s in judged])
            axes.fill_between(days, line, sign * 3 * edge, color=VERMILLION, alpha=0.09, linewidth=0)
            said = "stop: shown" if sign == course.sign else "stop: the wrong way"
            if not any(step.z is not None and sign * step.z > edge for step in course.steps):
                _say(axes, 0.985, 0.5 + sign * 0.455, said, RUST, "right")
        self._futility(axes, edge, judged)

    def _futility(self, axes: Any, edge: float, judged: Sequence[Step]) -> None:
        known, sign = [step for step in judged if math.isfinite(step.futility)], self.course.sign
        if not known:
            return
        days, line = [s.day for s in known], [sign * s.futility for s in known]
        axes.plot(days, line, color=GREY, linewidth=1.4, linestyle=(0, (4, 2)), marker="_", markersize=9)
        far = [-sign * 3 * edge] * len(known)
        if not self.course.one_sided:  # down to the boundary on that side, which has its own colour
            far = [-sign * min(s.bound or 0.0, 3 * edge) for s in known]
        axes.fill_between(days, line, far, color=GREY, alpha=0.16, linewidth=0)
        style = {"color": GREY, "fontsize": SIZE, "va": "center", "zorder": 5}
        place, offset = (known[-1].day, sign * known[-1].futility), (7, -sign * 7)
        axes.annotate("stop: futile", place, textcoords="offset points", xytext=offset, **style)

    def _path(self, axes: Any, edge: float) -> None:
        """The z of the looks held: filled for planned ones, hollow for peeks, at the edge when beyond it."""
        seen = [(s, max(-edge, min(edge, s.z))) for s in self.course.steps if s.z is not None]
        if not seen:
            return
        axes.plot([s.day for s, _ in seen], [y for _, y in seen], color=BLUE, linewidth=1.6, zorder=3)
        for step, y in seen:
            beyond = abs(step.z or 0.0) > edge
            marker = ("^" if y > 0 else "v") if beyond else "o"
            style = {"markerfacecolor": BLUE if step.look else "white", "markeredgewidth": 1.6}
            axes.plot(
                [step.day], [y], color=BLUE, marker=marker, markersize=7, clip_on=False, zorder=4, **style
            )
        self._newest(axes, *seen[-1])

    def _newest(self, axes: Any, step: Step, y: float) -> None:
        """The newest z beside its point, where it covers neither a boundary nor the path."""
        said = f"z {signed_z(step.z or 0.0)}" + ("" if step.look else ", a peek")
        across, up = self._free_place(step.day, y, breadth(said, bold=True, size=SIZE + 0.5))
        axes.annotate(
            said,
            (step.day, y),
            textcoords="offset points",
            xytext=(across, up),
            ha="left" if across > 0 else "right",
            va="center",
            color=BLUE,
            fontsize=SIZE + 0.5,
            fontweight="bold",
            zorder=6,
            bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 0.8},
        )

    def _free_place(self, day: float, y: float, width: float) -> tuple[float, float]:
        """How far from a point its words go, points: of some places the first that is free, or the freest."""
        start, end = self._days
        across, up = (WIDTH - _LEFT - _RIGHT) * 72 / (end - start), _PLOT * 72 / (2 * self._top)
        inwards = -1 if y > 0 else 1
        after = [(8, 11 * inwards), (8, -11 * inwards), (8, 20 * inwards)]
        before = [(-6, 12 * inwards), (-6, -12 * inwards), (-6, 24 * inwards)]
        places = after if (end - day) * across > width + 10 else before
        best = (-1.0, places[0])
        for place in places:
            middle = day + (place[0] + (width / 2 if place[0] > 0 else -width / 2)) / across
            height = y + place[1] / up
            gap = min([abs(height - line) * up for line in self._lines_at(middle)], default=99.0)
            inside = abs(height) * up < _PLOT * 36 - 6
            if inside and gap > best[0]:
                best = (min(gap, 9.0), place)
        return best[1]

    def _lines_at(self, day: float) -> list[float]:
        """The boundaries and their names, the futility bound and the path at a day."""
        course, signs = self.course, (self.course.sign,) if self.course.one_sided else (1, -1)
        judged = [(s.day, min(s.bound, 99.0)) for s in course.steps if s.bound is not None]
        found = [sign * z for sign in signs for z in _between(judged, day)]
        futile = [(s.day, course.sign * s.futility) for s in course.steps if math.isfinite(s.futility)]
        seen = [(s.day, s.z) for s in course.steps if s.z is not None]
        start, end = self._days
        named = [sign * 0.91 * self._top for sign in signs if day > end - 0.4 * (end - start)]
        return [*found, *_between(futile, day), *_between(seen, day), *named]

    def _table(self, sheet: Sheet, axes: Any, top: float) -> None:
        """Where looks are too close for words under each: days under the axis, the rest in two columns."""
        days = _thinned(self.course.steps)
        axes.set_xticks(days, [f"{day:g}" for day in days])
        sheet.text(LEFT, top + 0.115, "day", color=GREY)
        told, half = self.course.told, math.ceil(len(self.course.told) / 2)
        for index, step in enumerate((None, *told[:half], None, *told[half:])):
            column, row = divmod(index, half + 1)
            y, x = top + 0.37 + _LINE * row, LEFT + column * (WIDTH - 2 * LEFT + 0.16) / 2
            cells = ("look", "day", "p below", "spent") if step is None else _cells(step)
            color = INK if step is not None and step.held else GREY
            sheet.text(x, y, cells[0], color=color, fontweight="bold" if color == INK else "normal")
            for right, cell in zip((0.56, 1.42, 2.0), cells[1:], strict=True):
                sheet.text(x + right, y, cell, ha="right", color=color)


def _ticks(axes: Any, days: Sequence[float], line: Sequence[float]) -> None:
    style = {
        "linestyle": "none",
        "marker": "_",
        "markersize": 11 if len(days) <= 20 else 5,
        "markeredgewidth": 2.2,
    }
    axes.plot(days, line, color=VERMILLION, **style)


def _say(axes: Any, x: float, y: float, said: str, color: str, ha: str) -> None:
    style = {"va": "center", "fontsize": SIZE, "transform": axes.transAxes, "zorder": 5}
    style["bbox"] = {"facecolor": "white", "alpha": 0.5, "edgecolor": "none", "pad": 0.8}
    axes.text(x, y, said, ha=ha, color=color, **style)


def _labels(axes: Any, steps: Sequence[Step]) -> None:
    """What each look asks and has spent, under it."""
    axes.set_xticks(
        [step.day for step in steps], ["\n".join(_lines(step)) for step in steps], linespacing=1.25
    )
    for step, label in zip(steps, axes.get_xticklabels(), strict=True):
        label.set_color(INK if step.held else GREY)


def _lines(step: Step) -> tuple[str, str, str, str]:
    return step.name, f"day {step.day:g}", step.asks, step.spends


def _cells(step: Step) -> tuple[str, str, str, str]:
    """A look as a row of the table."""
    name, day = f"{step.look}" if step.look else "peek", f"{step.day:g}"
    if step.bound is None:
        return name, day, "no verdict", ""
    asks = "cannot stop" if step.bound > 1e300 else (bound(step.p) if step.p >= 1e-6 else "< 0.000001")
    return name, day, asks, short_alpha(step.spent)


def _thinned(steps: Sequence[Step]) -> list[float]:
    """Days of looks, the last one and as many of the others as do not touch; the newest first."""
    days = [step.day for step in steps]
    least = 0.075 * (days[-1] - days[0])
    kept: list[float] = [days[-1]]
    for day in reversed(days[:-1]):
        if kept[-1] - day >= least:
            kept.append(day)
    return kept


def _between(points: Sequence[tuple[float, float]], x: float) -> list[float]:
    """The height of a line through these points at `x`; empty beside it."""
    for (left, low), (right, high) in pairwise(points):
        if left <= x <= right:
            return [low + (high - low) * (x - left) / (right - left)]
    return []
