"""The chart of incidents: how long each took to be localized and mitigated, with the targets as lines."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.core.incident_metrics import (
    LOCALIZE_TARGET,
    RECOVER_TARGET,
    ROLLED_BACK_TARGET,
    Counted,
    Metrics,
)
from bot.views.chart import ALT
from bot.views.chart_paint import BLUE, GREY, HEADING, PALE, RIGHT, SIZE, VERMILLION, Sheet, picture
from bot.views.text import cut, duration

LEAST = 3
"""Incidents below which reading the card is quicker than looking."""
_EDGE, _PLOT, _AXIS, _LEGEND = 0.1, 1.35, 0.3, 0.3
"""Heights of the white, a plot, its axis, and the legend of both, inches."""
_PART = HEADING + _PLOT + _AXIS
_INSET = 0.62
_FLOOR, _CEILING = 1.0, 60 * 24 * 14.0
"""Minutes: the ends of the scale; what lies outside is drawn at the end."""
_TICKS = (
    (1, "1 min"),
    (5, "5 min"),
    (15, "15 min"),
    (30, "30 min"),
    (60, "1 h"),
    (240, "4 h"),
    (1440, "1 d"),
    (10080, "7 d"),
)


def png(found: Metrics) -> bytes | None:
    """The chart as PNG; None where there are too few to draw."""
    if len(_drawable(found)) < LEAST:
        return None
    return picture(2 * (_EDGE + _PART) + _LEGEND, lambda sheet: _draw(sheet, found))


def alt(found: Metrics) -> str:
    """The chart in words."""
    said = ["Each incident by day."]
    for name, value in (("localized", _localize), ("mitigated", _recover)):
        spans = sorted(span for one in found.counted if (span := value(one)) is not None)
        if spans:
            said.append(
                f"{len(spans)} {name}, the quickest after {duration(spans[0])}, "
                f"the slowest after {duration(spans[-1])}."
            )
    said.append("Lines: 15 min to localize; 30 min to mitigate by rolling back, 4 h otherwise.")
    return cut(" ".join(said), ALT)


def _draw(sheet: Sheet, found: Metrics) -> None:
    _panel(sheet, _EDGE, "Time to localize", found, _localize, (LOCALIZE_TARGET,))
    _panel(sheet, _EDGE + _PART, "Time to mitigate", found, _recover, (ROLLED_BACK_TARGET, RECOVER_TARGET))
    _legend(sheet, _EDGE + 2 * _PART)


def _localize(one: Counted) -> timedelta | None:
    return one.localize


def _recover(one: Counted) -> timedelta | None:
    return one.recover


def _drawable(found: Metrics) -> Sequence[Counted]:
    return [one for one in found.counted if one.localize is not None or one.recover is not None]


def _panel(
    sheet: Sheet,
    top: float,
    title: str,
    found: Metrics,
    value: Callable[[Counted], timedelta | None],
    targets: Sequence[timedelta],
) -> None:
    sheet.title(top, title)
    axes = sheet.axes(top + HEADING, _PLOT, _INSET, RIGHT)
    axes.set_yscale("log")
    drawn = [(one, span) for one in found.counted if (span := value(one)) is not None]
    heights = [min(max(span.total_seconds() / 60, _FLOOR), _CEILING) for _, span in drawn]
    highest = max([*heights, targets[-1].total_seconds() / 60])
    axes.set_ylim(_FLOOR * 0.8, highest * 1.6)
    named = {target.total_seconds() / 60 for target in targets}
    shown = [(at, word) for at, word in _TICKS if _FLOOR * 0.8 <= at <= highest * 1.6]
    ticks = [(at, word) for at, word in shown if at in named or at not in (15, 30)]
    axes.set_yticks([at for at, _ in ticks], [word for _, word in ticks])
    axes.minorticks_off()
    axes.grid(axis="y", color=PALE, linewidth=0.8)
    for target in targets:
        axes.axhline(target.total_seconds() / 60, color=GREY, linewidth=1.0, linestyle=(0, (4, 3)))
    for fast, color, marker in ((True, BLUE, "o"), (False, VERMILLION, "^")):
        own = [
            (one, high) for (one, _), high in zip(drawn, heights, strict=True) if one.roll_back_first is fast
        ]
        axes.plot(
            [one.incident.detected_at for one, _ in own],
            [high for _, high in own],
            linestyle="none",
            marker=marker,
            markersize=5,
            color=color,
        )
    _days(axes, found.since, found.until)


def _legend(sheet: Sheet, top: float) -> None:
    """What the marks stand for, and the lines."""
    axes = sheet.axes(top, _LEGEND)
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    for x, color, marker, said in (
        (0.02, BLUE, "o", "rolled back first"),
        (0.42, VERMILLION, "^", "other categories"),
    ):
        axes.plot([x], [0.5], linestyle="none", marker=marker, markersize=5, color=color)
        axes.text(x + 0.03, 0.5, said, fontsize=SIZE, va="center")
    axes.plot([0.79, 0.86], [0.5, 0.5], color=GREY, linewidth=1.0, linestyle=(0, (4, 3)))
    axes.text(0.88, 0.5, "target", fontsize=SIZE, va="center")


def _days(axes: Any, since: datetime, until: datetime) -> None:
    """The days at the ends and in the middle."""
    middle = since + (until - since) / 2
    axes.set_xlim(since, until)
    axes.set_xticks([since, middle, until], [f"{day:%-d %b}" for day in (since, middle, until)])
    left, _, right = axes.get_xticklabels()
    left.set_horizontalalignment("left")
    right.set_horizontalalignment("right")
    axes.tick_params(axis="x", labelsize=SIZE)
