"""The third part of a look's chart: each cohort's relative effect, with the floor none may fall through."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.core.figures import interval, share, signed
from bot.core.look import CohortResult, LookResult, relative
from bot.core.registration import Registration
from bot.core.verdict_words import cohort_line
from bot.stats.effect import Interval
from bot.stats.guardrail import Status
from bot.stats.undecided import Undecided
from bot.views.chart_lines import bar
from bot.views.chart_paint import (
    BLUE,
    GREY,
    HEADING,
    INK,
    INKS,
    LEFT,
    LINE,
    PALE,
    RUST,
    TITLE,
    TRACK,
    VERMILLION,
    WIDTH,
    WORDS,
    Entry,
    Sheet,
    breadth,
    fitted,
    listed,
)
from bot.views.text import cut

MOST_COHORTS = 10
"""Drawn; the matrix has the rest."""

_AXIS, _FLOOR, _MIDDLE = 0.22, 0.18, 0.085
_LOUD = (Status.VETO, Status.NEAR_VETO)


@dataclass(frozen=True)
class Cohort:
    """One cohort: relative effect with its interval, fractions; None where there is no figure.

    adequacy: of the units needed; pooled: the estimate partially pooled with the other cohorts'.
    """

    name: str
    status: Status
    effect: float | None
    ends: Interval | None
    adequacy: float | None = None
    pooled: float | None = None

    def said(self, *, floor: bool, drawn: bool = False) -> str:
        """What was measured, and what that means; shorter where it is drawn."""
        if self.effect is None or self.ends is None:
            return "no figure"
        figure = f"{signed(self.effect)} {interval(self.ends)}"
        if self.status is Status.UNDERPOWERED:
            have = "" if self.adequacy is None else share(self.adequacy, 0)
            if drawn or not have:
                return f"{figure} · under-powered{f' ({have})' if have else ''}"
            return f"{figure} · under-powered, {have} of the units needed"
        if self.status is Status.UNDECIDED and not floor:
            return figure
        return f"{figure} · {WORDS[self.status]}"


@dataclass(frozen=True)
class CohortPanel:
    """The forest plot; overall: the effect of all, floor: the relative effect at which a cohort is harmed."""

    metric: str
    overall: Cohort | None
    cohorts: tuple[Cohort, ...]
    floor: float | None
    more: int = 0

    @property
    def height(self) -> float:
        """Inches, title included."""
        notes = LINE * sum((self._pooled, self.more > 0))
        return HEADING + self._head + self._body + _AXIS + notes

    @property
    def _head(self) -> float:
        return 0.0 if self.floor is None else _FLOOR

    @property
    def _body(self) -> float:
        return sum(self._entry(row).height + TRACK for row in self._rows)

    def draw(self, sheet: Sheet, top: float) -> None:
        """Draw it."""
        room = (WIDTH - 2 * LEFT) * 72 - breadth("Cohorts: effect on ", bold=True, size=TITLE)
        sheet.title(top, f"Cohorts: effect on {fitted(self.metric, room, bold=True, size=TITLE)}")
        start, shown = top + HEADING + self._head, self._shown()
        axes = sheet.axes(start, self._body)
        axes.set_xlim(*shown)
        axes.set_ylim(self._body, 0)
        axes.set_yticks([])
        _ticks(axes, shown)
        if self.floor is not None:
            self._name_floor(sheet, self.floor, shown, start - 0.1)
        offset = 0.0
        for row in self._rows:
            sheet.entry(start + offset, self._entry(row))
            offset += self._entry(row).height + TRACK
            self._row(axes, row, offset - TRACK + _MIDDLE, shown)
        y = start + self._body + _AXIS + 0.09
        if self._pooled:
            sheet.text(LEFT, y, "upright stroke: pulled towards the others, as far as they agree", color=GREY)
        if self.more:
            y = top + self.height - 0.08
            sheet.text(LEFT, y, f"and {self.more} more, in the matrix", color=GREY)

    def words(self, room: int) -> str:
        """The same facts in words."""
        floored = self.floor is not None
        head = f"Cohorts, floor {signed(self.floor)}" if self.floor is not None else "Cohorts"
        said = [f"{cut(one.name, 60)} {one.said(floor=floored)}{_pooled_words(one)}" for one in self.cohorts]
        if self.overall is not None:
            said.insert(0, f"all together {self.overall.said(floor=False)}")
        return listed(head, said, self.more, room)

    def _entry(self, row: Cohort) -> Entry:
        floored = self.floor is not None and row is not self.overall
        return Entry(row.name, row.said(floor=floored, drawn=True), INKS.get(row.status, INK))

    @property
    def _rows(self) -> Sequence[Cohort]:
        return self.cohorts if self.overall is None else (self.overall, *self.cohorts)

    @property
    def _pooled(self) -> bool:
        return any(one.pooled is not None for one in self.cohorts)

    def _shown(self) -> tuple[float, float]:
        """Ends of the axis: what is evidence fits; of wide intervals, as much as leaves that legible."""
        rows = [one for one in self._rows if one.effect is not None and one.ends is not None]
        firm = [one for one in rows if one.status is not Status.UNDERPOWERED] or rows
        fixed = [0.0, *([] if self.floor is None else [self.floor])]
        fixed += [one.effect for one in firm if one.effect is not None]
        low, high = min(fixed), max(fixed)
        wide = max(high - low, 0.002)
        reach = [end for one in firm for end in one.ends or ()]
        reach += [one.effect for one in rows if one.effect is not None]
        low, high = max(min(low, *reach), low - 1.5 * wide), min(max(high, *reach), high + 1.5 * wide)
        margin = 0.06 * max(high - low, 0.002)
        return low - margin, high + margin

    def _name_floor(self, sheet: Sheet, floor: float, shown: tuple[float, float], y: float) -> None:
        """The floor's name, above its line."""
        place = (floor - shown[0]) / (shown[1] - shown[0])
        x = LEFT + place * (WIDTH - 2 * LEFT)
        ha = "left" if place < 0.25 else ("right" if place > 0.75 else "center")
        sheet.text(x, y, f"floor {signed(floor)}", ha=ha, color=RUST)

    def _row(self, axes: Any, row: Cohort, y: float, shown: tuple[float, float]) -> None:
        if row.effect is None or row.ends is None:
            return
        self._track(axes, y, shown)
        ends = (row.ends[0], row.effect, row.ends[1])
        if row is self.overall:
            _diamond(axes, y, ends, shown)
            return
        bar(axes, y, ends, row.status, shown)
        if row.pooled is not None and shown[0] <= row.pooled <= shown[1]:
            axes.plot([row.pooled], [y], color=INK, marker="|", markersize=11, markeredgewidth=1.6, zorder=6)

    def _track(self, axes: Any, y: float, shown: tuple[float, float]) -> None:
        """What an interval lies on: no change, the effect of all, the floor and what lies beyond it."""
        low, high = y - 0.07, y + 0.07
        axes.fill_between(shown, low, high, color=PALE, alpha=0.55, linewidth=0, zorder=0)
        axes.vlines(0, low, high, color=GREY, linewidth=1, zorder=1)
        if self.overall is not None and self.overall.effect is not None:
            axes.vlines(self.overall.effect, low, high, color=BLUE, linewidth=1, linestyle=":", zorder=1)
        if self.floor is None:
            return
        far = shown[0] if self.floor < 0 else shown[1]
        beyond = sorted((far, self.floor))
        axes.fill_between(beyond, low, high, color=VERMILLION, alpha=0.15, linewidth=0, zorder=0)
        axes.vlines(self.floor, low, high, color=VERMILLION, linewidth=2, zorder=1)


def panel(registration: Registration, result: LookResult) -> CohortPanel | None:
    """The part; None when there is no cohort with a figure."""
    cohorts = [_cohort(one, registration.cohorts.min_adequacy) for one in result.cohorts]
    if not any(one.effect is not None for one in cohorts):
        return None
    floor = None
    if registration.cohorts.max_relative_regression is not None:
        floor = cohort_line(registration).limit
    value, ends = relative(result.primary.effect)
    overall = None if value is None else Cohort("all together", Status.UNDECIDED, value, ends)
    chosen = _chosen(cohorts)
    return CohortPanel(registration.primary.metric, overall, chosen, floor, len(cohorts) - len(chosen))


def _cohort(one: CohortResult, least: float) -> Cohort:
    value, ends = relative(one.effect)
    status = one.judgement.status
    if status is Status.UNDECIDED and one.adequacy is not None and one.adequacy < least:
        status = Status.UNDERPOWERED  # without a floor nothing is judged, and too few are too few
    pooled = None if isinstance(one.shrunk, Undecided) else one.shrunk[0]
    return Cohort(one.cohort, status, value, ends, one.adequacy, pooled)


def _chosen(cohorts: Sequence[Cohort]) -> tuple[Cohort, ...]:
    """Those worth the room, in their order: over the line first, then single dimensions, then the rest."""

    def rank(one: Cohort) -> tuple[bool, bool, bool, bool]:
        crossing, weak = "," in one.name, one.status is Status.UNDERPOWERED
        return one.status not in _LOUD, one.effect is None, crossing, weak

    wanted = [one for one in cohorts if "," not in one.name or one.status in _LOUD]
    kept = {id(one) for one in sorted(wanted, key=rank)[:MOST_COHORTS]}
    return tuple(one for one in cohorts if id(one) in kept)


def _diamond(axes: Any, y: float, ends: tuple[float, float, float], shown: tuple[float, float]) -> None:
    """The effect of all: as wide as its interval."""
    low, at, high = (max(shown[0], min(shown[1], end)) for end in ends)
    axes.fill([low, at, high, at], [y, y - 0.075, y, y + 0.075], color=BLUE, linewidth=0, zorder=4)


def _ticks(axes: Any, shown: tuple[float, float]) -> None:
    """Round percentages, four or five of them, none cut by an edge."""
    width = shown[1] - shown[0]
    step = 10 ** math.floor(math.log10(width / 3))
    step *= next(factor for factor in (1, 2, 5, 10) if width / (step * factor) <= 5)
    first, last = math.ceil((shown[0] + 0.06 * width) / step), math.floor((shown[1] - 0.06 * width) / step)
    places = [step * number for number in range(first, last + 1)]
    digits = max(0, -math.floor(math.log10(step * 100) + 1e-9))
    axes.set_xticks(places, [signed(at, digits) if at else "0" for at in places], color=GREY)


def _pooled_words(one: Cohort) -> str:
    return "" if one.pooled is None else f", pooled {signed(one.pooled)}"
