"""The dashboard's picture: the metric's past, and under it the charts of what is suspect.

A chart is JSON as `bot.core.chart_spec` makes it; what is not understood is left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.core.metric_history import History
from bot.views.chart_history import HistoryPanel, broken, roomy, short
from bot.views.chart_paint import (
    BLUE,
    GREY,
    HEADING,
    INK,
    LEFT,
    LINE,
    PALE,
    RIGHT,
    RUST,
    TITLE,
    VERMILLION,
    WIDTH,
    Entry,
    Panel,
    Sheet,
    fitted,
    stacked,
)
from bot.views.text import cut, number

KINDS = ("line", "bars")
"""The charts that can be drawn."""
ALT = 1000
"""Characters of alternative text (Slack, of a file)."""

_EDGE, _PLOT, _AXIS, _LEFT, _BAR = 0.1, 0.9, 0.24, 0.62, 0.17
"""White around, a line's plot and its axis, what stands beside it, a bar: inches."""


def png(history: History | None, charts: Sequence[Mapping[str, Any]]) -> bytes:
    """The picture as PNG; the same facts give the same bytes."""
    return stacked(panels(history, charts), _EDGE)


def alt(history: History | None, charts: Sequence[Mapping[str, Any]]) -> str:
    """The picture in words."""
    parts = panels(history, charts)
    return cut(" ".join(part.words(ALT // len(parts)) for part in parts), ALT)


def panels(history: History | None, charts: Sequence[Mapping[str, Any]]) -> list[Panel]:
    """The parts that have something to show, from the top."""
    parts: list[Panel] = [HistoryPanel(history)] if history is not None and history.known else []
    for chart in charts:
        if chart.get("kind") == "line" and chart.get("points"):
            parts.append(LinePanel(chart))
        elif chart.get("kind") == "bars" and chart.get("rows"):
            parts.append(BarsPanel(chart))
    return parts


@dataclass(frozen=True)
class LinePanel:
    """A line over time, with what is usual."""

    chart: Mapping[str, Any]

    @property
    def height(self) -> float:
        """Inches, title included."""
        return HEADING + _PLOT + _AXIS

    def draw(self, sheet: Sheet, top: float) -> None:
        """Draw it."""
        sheet.title(top, fitted(_title(self.chart), (WIDTH - 2 * LEFT) * 72, bold=True, size=TITLE))
        axes = sheet.axes(top + HEADING, _PLOT, _LEFT, RIGHT)
        points = [(float(at), float(value)) for at, value in self.chart["points"] if value is not None]
        values = [*(value for _, value in points), *self._usual]
        if not points:
            return
        low, high = min(values), max(values)
        roomy(axes, (low, high))
        axes.set_yticks([low, high], [short(low), short(high)], color=INK)
        axes.set_facecolor("#FAFBFC")
        if self.chart.get("band"):
            axes.axhspan(*self._usual[:2], color=PALE, linewidth=0)
        elif self._usual:
            axes.axhline(self._usual[0], color=GREY, linewidth=1.0, linestyle=(0, (4, 2)))
        times, heights = broken(points)
        axes.plot(times, heights, color=BLUE, linewidth=1.4)
        axes.plot([times[-1]], [heights[-1]], color=BLUE, marker="o", markersize=4.5, clip_on=False)
        days = (points[-1][0] - points[0][0]) / 86400
        ago = f"\N{MINUS SIGN}{days:.0f} d" if days >= 2 else f"\N{MINUS SIGN}{days * 24:.0f} h"
        axes.set_xticks([times[0], times[-1]], [ago, "last"], color=GREY)

    def words(self, room: int) -> str:
        """The same facts in words."""
        values = [value for _, value in self.chart["points"] if value is not None]
        usual = f", usual {' to '.join(number(value) for value in self._usual)}" if self._usual else ""
        last = _figure(values[-1], self.chart) if values else "no value"
        return cut(f"{_title(self.chart)}: last {last}{usual}.", room)

    @property
    def _usual(self) -> list[float]:
        band, usual = self.chart.get("band"), self.chart.get("usual")
        ends = list(band) if band else [usual]
        return [float(end) for end in ends if end is not None]


@dataclass(frozen=True)
class BarsPanel:
    """Bars, each beside what is usual (a black tick) or allowed (a red one)."""

    chart: Mapping[str, Any]

    @property
    def height(self) -> float:
        """Inches, title included."""
        rows = sum(_entry(row, self.chart).height + _BAR for row in self._rows)
        return HEADING + rows + (LINE if self.chart.get("more") else 0.0)

    def draw(self, sheet: Sheet, top: float) -> None:
        """Draw it."""
        sheet.title(top, fitted(_title(self.chart), (WIDTH - 2 * LEFT) * 72, bold=True, size=TITLE))
        ends = [
            row[key] for row in self._rows for key in ("value", "usual", "limit") if row.get(key) is not None
        ]
        low, high = min([0.0, *ends]), max([0.0, *ends])
        at = top + HEADING
        for row in self._rows:
            entry = _entry(row, self.chart)
            sheet.entry(at, entry)
            axes = sheet.axes(at + entry.height, _BAR - 0.06)
            axes.set_xlim(low, (high or 1.0) if high > low else low + 1.0)
            axes.set_ylim(0, 1)
            axes.set_xticks([])
            axes.set_yticks([])
            _bar(axes, row)
            at += entry.height + _BAR
        if self.chart.get("more"):
            sheet.text(LEFT, at + LINE / 2, f"and {self.chart['more']} more", color=GREY)

    def words(self, room: int) -> str:
        """The same facts in words."""
        said = [f"{row['name']} {_entry(row, self.chart).said}" for row in self._rows]
        return cut(f"{_title(self.chart)}: {'; '.join(said)}.", room)

    @property
    def _rows(self) -> Sequence[Mapping[str, Any]]:
        rows: Sequence[Mapping[str, Any]] = self.chart["rows"]
        return rows


def _bar(axes: Any, row: Mapping[str, Any]) -> None:
    axes.set_facecolor(PALE)
    color = VERMILLION if row.get("off") else BLUE
    if row.get("value") is not None:
        axes.barh([0.5], [row["value"]], height=1.0, color=color, linewidth=0)
    for key, ink in (("usual", INK), ("limit", VERMILLION)):
        if row.get(key) is not None:
            axes.axvline(row[key], color="white", linewidth=4.0)
            axes.axvline(row[key], color=ink, linewidth=2.0, clip_on=False)


def _entry(row: Mapping[str, Any], chart: Mapping[str, Any]) -> Entry:
    value = "no value" if row.get("value") is None else _figure(row["value"], chart)
    parts = [value]
    parts += [f"usual {_figure(row['usual'], chart)}"] if row.get("usual") is not None else []
    parts += [f"limit {_figure(row['limit'], chart)}"] if row.get("limit") is not None else []
    said = ", ".join(parts) + (" · off" if row.get("off") else "")
    return Entry(str(row["name"]), said, RUST if row.get("off") else INK)


def _figure(value: float, chart: Mapping[str, Any]) -> str:
    unit = chart.get("unit") or ""
    return f"{number(value)} {unit}".rstrip()


def _title(chart: Mapping[str, Any]) -> str:
    return str(chart.get("title") or "Evidence")
