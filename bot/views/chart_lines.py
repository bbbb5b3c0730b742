"""The second part of a look's chart: every guardrail's effect and interval against its threshold.

Guardrails are in milliseconds, fractions and points, so each is drawn in shares of its own room: 0 is the
control, 1 the line.
"""

from dataclasses import dataclass
from typing import Any

from bot.core.figures import interval, level, signed
from bot.core.look import GuardrailResult, LookResult
from bot.core.verdict_words import line_of
from bot.stats.guardrail import WORST_FIRST, Status
from bot.stats.undecided import Undecided
from bot.views.chart_paint import (
    GREY,
    HEADING,
    INK,
    INKS,
    LEFT,
    LINE,
    PALE,
    RUST,
    STYLE,
    TRACK,
    VERMILLION,
    WORDS,
    Entry,
    Sheet,
    listed,
)
from bot.views.text import cut

MOST_GUARDRAILS = 8
"""Drawn; the matrix has the rest."""

_AXIS, _MIDDLE = 0.22, 0.085
"""Height of the axis, and how far the middle of a track is under the words, inches."""

_LOW, _HIGH, _FAR = -1.5, 2.0, 4.0
"""Where the axis begins, where it ends, and how far it goes for an estimate beyond the line."""


@dataclass(frozen=True)
class Row:
    """One line and what was measured, as shares of the allowed change; None where there is no figure."""

    label: str
    figure: str
    status: Status
    ends: tuple[float, float, float] | None
    """Low end, estimate, high end."""

    @property
    def said(self) -> str:
        """What was measured, and what that means."""
        return f"{self.figure} · {WORDS[self.status]}" if self.figure else WORDS[self.status]

    @property
    def entry(self) -> Entry:
        """Its words."""
        return Entry(self.label, self.said, INKS.get(self.status, INK))


@dataclass(frozen=True)
class LinesPanel:
    """The guardrails; more: how many are not drawn."""

    rows: tuple[Row, ...]
    more: int = 0

    @property
    def height(self) -> float:
        """Inches, title included."""
        return HEADING + self._body + _AXIS + (LINE if self.more else 0.0)

    @property
    def _body(self) -> float:
        return sum(row.entry.height + TRACK for row in self.rows)

    def draw(self, sheet: Sheet, top: float) -> None:
        """Draw it."""
        sheet.title(top, "Guardrails: how much of the allowed change is used")
        axes, high = sheet.axes(top + HEADING, self._body), self._high
        axes.set_xlim(_LOW, high)
        axes.set_ylim(self._body, 0)
        offset = 0.0
        for row in self.rows:
            sheet.entry(top + HEADING + offset, row.entry)
            offset += row.entry.height + TRACK
            if row.ends is not None:
                _track(axes, offset - TRACK + _MIDDLE, high)
                bar(axes, offset - TRACK + _MIDDLE, row.ends, row.status, (_LOW, high))
        axes.set_yticks([])
        worse = high - 0.08 * (high - _LOW)
        axes.set_xticks([-1, 0, 1, worse], ["better", "no change", "the line", "worse"], color=GREY)
        axes.get_xticklabels()[2].set_color(RUST)
        if self.more:
            sheet.text(LEFT, top + self.height - 0.08, f"and {self.more} more, in the matrix", color=GREY)

    def words(self, room: int) -> str:
        """The same facts in words."""
        return listed(
            "Guardrails", [f"{cut(row.label, 60)} {row.said}" for row in self.rows], self.more, room
        )

    @property
    def _high(self) -> float:
        """Where the axis ends: the estimates fit, within reason."""
        return max([_HIGH, *(min(row.ends[1] + 0.3, _FAR) for row in self.rows if row.ends is not None)])


def bar(
    axes: Any,
    y: float,
    ends: tuple[float, float, float],
    status: Status,
    shown: tuple[float, float],
) -> None:
    """An interval with its estimate; an arrow where it goes on beyond what is shown."""
    color, marker = STYLE[status]
    left, right = shown
    low, at, high = ends
    span = [max(left, min(low, right)), min(right, max(high, left))]
    axes.plot(span, [y, y], color=color, linewidth=2.2, solid_capstyle="butt", zorder=2)
    for end, beyond, tip in ((left, low < left, "<"), (right, high > right, ">")):
        if beyond:
            axes.plot([end], [y], color=color, marker=tip, markersize=6, clip_on=False, zorder=4)
    if left <= at <= right:
        hollow = "white" if status is Status.UNDERPOWERED else color
        axes.plot(
            [at],
            [y],
            color=color,
            marker=marker,
            markersize=6.5,
            markerfacecolor=hollow,
            markeredgewidth=1.4,
            linestyle="none",
            zorder=5,
            clip_on=False,
        )


def panel(result: LookResult) -> LinesPanel | None:
    """The part; None when no guardrail was judged."""
    if not result.guardrails:
        return None
    chosen = result.guardrails
    if len(chosen) > MOST_GUARDRAILS:
        worst = sorted(chosen, key=lambda one: WORST_FIRST.index(one.judgement.status))
        chosen = tuple(worst[:MOST_GUARDRAILS])
    rows = tuple(guardrail_row(one) for one in chosen)
    return LinesPanel(rows, len(result.guardrails) - len(rows))


def guardrail_row(one: GuardrailResult) -> Row:
    """One guardrail as shares of its room."""
    judged, line = one.judgement, one.threshold
    if isinstance(one.effect, Undecided) or judged.measured is None or judged.interval is None:
        return Row(one.metric, "", judged.status, None)
    control = 0.0 if line.relative else one.effect.control.mean
    room = line.limit - control
    shown = signed(judged.measured) if line.relative else level(judged.measured)
    low, high = judged.interval
    span = interval(judged.interval) if line.relative else f"({level(low)} … {level(high)})"
    figure = f"{shown} {span}, line {line_of(line)}"
    if room == 0 or (room > 0) != (line.harm == "increase"):
        return Row(one.metric, figure, judged.status, None)  # the control itself is beyond the line
    ends = sorted((end - control) / room for end in judged.interval)
    return Row(one.metric, figure, judged.status, (ends[0], (judged.measured - control) / room, ends[1]))


def _track(axes: Any, y: float, right: float) -> None:
    """What an interval lies on: no change at 0, the line at 1, and what is beyond it."""
    low, high = y - 0.07, y + 0.07
    axes.fill_between([_LOW, 1], low, high, color=PALE, alpha=0.55, linewidth=0, zorder=0)
    axes.fill_between([1, right], low, high, color=VERMILLION, alpha=0.15, linewidth=0, zorder=0)
    axes.vlines(0, low, high, color=GREY, linewidth=1, zorder=1)
    axes.vlines(1, low, high, color=VERMILLION, linewidth=2, zorder=1)
