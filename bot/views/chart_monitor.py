"""The picture of a monitor's past: the metric of the whole, and every chart against its thresholds."""

import io
from datetime import datetime
from typing import Any

import numpy as np

from bot.core.monitor import Alarm, Level, Monitor, Seasonal
from bot.core.monitor_replay import Replay
from bot.views.chart_paint import BLUE, GREY, INK, ORANGE, PALE, VERMILLION, fitted

_WIDTH, _HEIGHT, _DPI = 9.0, 5.6, 120
"""Inches and dots per inch: 1080 pixels wide."""
_NAMED = 3
"""Cells that are drawn in colours of their own."""
_COLOURS = (VERMILLION, BLUE, ORANGE)


def png(monitor: Monitor, replay: Replay) -> bytes:
    """The picture as PNG; the same replay gives the same bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH, _HEIGHT), dpi=_DPI, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[2, 3])
    times = [replay.start + (row + 1) * monitor.step for row in range(len(replay.values))]
    _metric(above, monitor, replay, times)
    _charts(below, monitor, replay, times)
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=9)
        axes.grid(axis="y", color=PALE)
        axes.set_axisbelow(True)
        for alarm in replay.alarms:
            if alarm.level is Level.PAGE:
                axes.axvline(_number(alarm.at), color=VERMILLION, linewidth=0.8, alpha=0.6)
    out = io.BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def _metric(axes: Any, monitor: Monitor, replay: Replay, times: list[datetime]) -> None:
    """The whole, hour by hour and over a day."""
    moments = [_number(at) for at in times]
    axes.plot(moments, replay.values, color=PALE, linewidth=0.6)
    if len(replay.values) >= 24:
        axes.plot(moments, _daily(replay.values), color=INK, linewidth=1.2)
    axes.set_title(
        fitted(f"{monitor.title}, everything (a day's mean; pages are marked)", 560, bold=True, size=10),
        loc="left", fontsize=10, fontweight="bold",
    )  # fmt: skip
    if np.isfinite(replay.values).any():
        low, high = np.nanpercentile(replay.values, [1, 99])
        room = (high - low) * 0.3 or abs(high) * 0.1 or 1.0
        axes.set_ylim(low - room, high + room)


def _charts(axes: Any, monitor: Monitor, replay: Replay, times: list[datetime]) -> None:
    """Every chart in grey, those that raised something in colours; page and ticket as lines."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    moments = [_number(at) for at in times]
    named = _loudest(replay)
    for number, cell in enumerate(replay.charts):
        if cell not in named:
            axes.plot(moments, replay.scores[:, number], color=GREY, linewidth=0.4, alpha=0.4)
    for cell, colour in zip(named, _COLOURS, strict=False):
        label = fitted(monitor.name_of(cell), 300)
        axes.plot(
            moments, replay.scores[:, replay.charts.index(cell)], color=colour, linewidth=1.2, label=label
        )
    axes.plot(moments, replay.thresholds, color=VERMILLION, linewidth=1.0, linestyle="--", label="page")
    if isinstance(monitor.method, Seasonal):
        axes.axhline(monitor.method.ticket_h, color=ORANGE, linewidth=1.0, linestyle=":", label="ticket")
    title = "CUSUM of each chart, in standard deviations"
    axes.set_title(title, loc="left", fontsize=10, fontweight="bold")
    axes.legend(loc="upper left", fontsize=8, frameon=False, ncols=2)
    axes.set_ylim(0, max(float(replay.thresholds.max()), float(np.nanmax(replay.scores, initial=0.0))) * 1.4)
    locator = AutoDateLocator()  # type: ignore[no-untyped-call]  # matplotlib types none of its dates
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]  # the same


def _loudest(replay: Replay) -> list[Any]:
    """The cells with alarms, pages and high scores first."""
    ranked = sorted(replay.alarms, key=_rank)
    return list(dict.fromkeys(alarm.cell for alarm in ranked))[:_NAMED]


def _rank(alarm: Alarm) -> tuple[bool, float]:
    return (alarm.level is not Level.PAGE, -alarm.score)


def _daily(values: Any) -> Any:
    """The mean of the last 24 hours that were seen."""
    seen = np.isfinite(values)
    sums, counts = (np.cumsum(part) for part in (np.where(seen, values, 0.0), seen.astype(float)))
    sums[24:], counts[24:] = sums[24:] - sums[:-24], counts[24:] - counts[:-24]
    return np.divide(sums, counts, out=np.full(len(values), np.nan), where=counts > 0)


def _number(at: datetime) -> float:
    from matplotlib.dates import date2num

    return float(date2num(at.replace(tzinfo=None)))  # type: ignore[no-untyped-call]  # the same
