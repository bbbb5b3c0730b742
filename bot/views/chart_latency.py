"""Pictures of a simulated budget: the waterfall of a slow turn, how turns are spread, the what-ifs."""

from typing import TYPE_CHECKING, Any

from bot.core.latency_result import REST, Estimate, Fit, Method, Scenario, Simulation, StageResult
from bot.views.chart_evidence import ALT
from bot.views.chart_paint import (
    BLUE,
    GREY,
    HEADING,
    INK,
    LEFT,
    LINE,
    ORANGE,
    PALE,
    RUST,
    SIZE,
    TITLE,
    VERMILLION,
    WIDTH,
    Sheet,
    fitted,
    picture,
)
from bot.views.latency_words import answer, headline, ms, part, q_name, span
from bot.views.text import cut

if TYPE_CHECKING:
    from bot.stats.tail import Level

_EDGE, _ROW, _BAR, _AXIS, _PLOT = 0.1, 0.4, 0.13, 0.3, 1.5
"""White around; a stage's row and its bar; an axis; a plot: inches."""
_RIGHT = 0.24
"""White to the right of a plot, for half a label of its axis."""
MOST_ROWS = 16
"""Stages, or what-ifs, that are drawn."""


def waterfall(found: Simulation, scenario: Scenario | None = None) -> bytes | None:
    """Each stage from its beginning to its end, in turns about as long as the SLO's quantile, as PNG.

    scenario: one of the what-ifs, else the pipeline as it is. None where there are no turns.
    """
    shown = scenario or found.now
    stages = [stage for stage in shown.stages if stage.near is not None and stage.begins is not None]
    if not stages:
        return None
    stages = stages[:MOST_ROWS]
    height = 2 * _EDGE + HEADING + _ROW * len(stages) + _AXIS + LINE * 2
    return picture(height, lambda sheet: _waterfall(sheet, found, shown, stages))


def _waterfall(sheet: Sheet, found: Simulation, scenario: Scenario, stages: list[StageResult]) -> None:
    q, slo = found.slo_quantile, found.budget.slo.ms
    title = "A slow turn, stage by stage" if scenario.what_if is None else _first_up(scenario.what_if.title)
    sheet.title(_EDGE, fitted(title, (WIDTH - 2 * LEFT) * 72, bold=True, size=TITLE))
    top = _EDGE + HEADING
    axes = sheet.axes(top, _ROW * len(stages), LEFT, _RIGHT)
    ends = [(stage.begins or 0.0) + (stage.near or 0.0) for stage in stages]
    right = max(slo, *ends) * 1.04
    axes.set_xlim(0, right)
    axes.set_ylim(_ROW * len(stages), 0)
    axes.set_yticks([])
    _grid(axes, right)
    path = set(scenario.path)
    for row, stage in enumerate(stages):
        begins, near = stage.begins or 0.0, stage.near or 0.0
        y = _ROW * row + LINE + _BAR / 2 + 0.02
        decides = stage.name in path
        _mark(axes, slo, y)
        axes.barh(
            y, max(near, right * 0.002), left=begins, height=_BAR, color=BLUE if decides else PALE,
            edgecolor=BLUE, linewidth=0.8,
        )  # fmt: skip
        _row_words(sheet, found, stage, top + _ROW * row + LINE / 2, near)
    foot = top + _ROW * len(stages) + _AXIS
    estimate = scenario.estimate(scenario.judged)
    told = f"mean of turns around the {q_name(q)}" + (f", {ms(estimate.at(q).ms)}" if estimate else "")
    sheet.text(LEFT, foot + LINE / 2, f"{told} · red: SLO of {ms(slo)}", color=GREY)
    if any(stage.name not in path for stage in stages):
        sheet.text(LEFT, foot + 1.5 * LINE, "outlined: beside the longest path", color=GREY)
    else:
        sheet.text(LEFT, foot + 1.5 * LINE, "right: that mean, and the stage's own p95", color=GREY)


def _row_words(sheet: Sheet, found: Simulation, stage: StageResult, y: float, near: float) -> None:
    """A stage's name, and what it takes; its p95 in rust where it is above its allocation."""
    budget = found.budget.stage(stage.name)
    name = "in no stage" if stage.name == REST else budget.said if budget else stage.name
    p95 = stage.levels[1]
    allocated = budget.allocated_p95_ms if budget else None
    over = allocated is not None and p95.low is not None and p95.low > allocated
    said = f"{ms(near)} · p95 {ms(p95.ms)}"
    said += f" of {ms(allocated)}" if allocated is not None else ""
    said += ", assumed" if stage.assumed else ""
    room = (WIDTH - 2 * LEFT) * 72 - 6.0 * len(said) * SIZE / 11
    sheet.text(LEFT, y, fitted(name, max(room, 60), bold=True), fontweight="bold")
    sheet.text(WIDTH - LEFT, y, said, ha="right", color=RUST if over else INK)


def distribution(found: Simulation) -> bytes | None:
    """How long turns take, whole and by independent stages, with the SLO and the sum of quantiles, as PNG."""
    if not found.now.shapes:
        return None
    height = 2 * _EDGE + HEADING + _PLOT + _AXIS + LINE * 4
    return picture(height, lambda sheet: _distribution(sheet, found))


def _distribution(sheet: Sheet, found: Simulation) -> None:
    q, slo = found.slo_quantile, found.budget.slo.ms
    sheet.title(_EDGE, "How long turns take")
    axes = sheet.axes(_EDGE + HEADING, _PLOT, LEFT, _RIGHT)
    shapes = found.now.shapes
    right = max(slo * 1.12, *(one.start + one.width * len(one.shares) for one in shapes.values()))
    axes.set_xlim(0, right)
    axes.set_yticks([])
    _grid(axes, right)
    peak = 0.0
    for method, one in shapes.items():
        heights = [share / one.width for share in one.shares]
        edges = [one.start + one.width * at for at in range(len(heights) + 1)]
        peak = max(peak, *heights)
        if method is Method.WHOLE or Method.WHOLE not in shapes:
            axes.stairs(heights, edges, fill=True, color=BLUE, alpha=0.3)
            axes.stairs(heights, edges, color=BLUE, linewidth=1.2)
        else:
            axes.stairs(heights, edges, color=GREY, linewidth=1.2, linestyle=(0, (3, 2)))
    axes.set_ylim(0, peak * 1.08)
    axes.axvline(slo, color=VERMILLION, linewidth=1.4)
    foot = _EDGE + HEADING + _PLOT + _AXIS
    keys = [
        (Method.WHOLE, BLUE, "-", "filled"), (Method.INDEPENDENT, GREY, (0, (3, 2)), "dashed"),
        (Method.ADDITIVE, ORANGE, (0, (1, 1.5)), "dotted"),
    ]  # fmt: skip
    row = 0
    for method, color, dash, word in keys:
        estimate = found.now.estimates.get(method)
        if not isinstance(estimate, Estimate):
            continue
        level = estimate.at(q)
        axes.axvline(level.ms, color=color, linewidth=1.4, linestyle=dash)
        shown = "filled" if method is Method.INDEPENDENT and Method.WHOLE not in shapes else word
        said = f"{method.value} ({shown}): {q_name(q)} {ms(level.ms)} {span(level)}"
        sheet.text(LEFT, foot + LINE * (row + 0.5), said, color=color)
        row += 1
    estimate = found.now.estimate(found.now.judged)
    over = f"; {part(estimate.over.value)} of turns beyond" if estimate and estimate.over else ""
    sheet.text(LEFT, foot + LINE * (row + 0.5), f"SLO (red): {q_name(q)} of {ms(slo)}{over}", color=RUST)


def compared(found: Simulation) -> bytes | None:
    """The SLO's quantile of each what-if with its interval, as PNG; None where there are none."""
    rows = [(one, level) for one in (found.now, *found.what_ifs) if (level := _judged(found, one))]
    if len(rows) < 2:
        return None
    height = 2 * _EDGE + HEADING + _ROW * len(rows[:MOST_ROWS]) + _AXIS + LINE
    return picture(height, lambda sheet: _compared(sheet, found, rows[:MOST_ROWS]))


def _compared(sheet: Sheet, found: Simulation, rows: "list[tuple[Scenario, Level]]") -> None:
    q, slo = found.slo_quantile, found.budget.slo.ms
    sheet.title(_EDGE, f"What if: {q_name(q)} of a turn")
    top = _EDGE + HEADING
    axes = sheet.axes(top, _ROW * len(rows), LEFT, _RIGHT)
    values = [slo, *(end for _, one in rows for end in (one.low or one.ms, one.high or one.ms))]
    room = (max(values) - min(values)) * 0.08 or 1.0
    axes.set_xlim(min(values) - room, max(values) + room)
    axes.set_ylim(_ROW * len(rows), 0)
    axes.set_yticks([])
    axes.grid(axis="x", color=PALE, linewidth=0.7)
    axes.xaxis.set_major_formatter(lambda x, _: ms(x))
    axes.locator_params(axis="x", nbins=5)
    colors = {Fit.FITS: BLUE, Fit.OPEN: ORANGE, Fit.OVER: VERMILLION}
    for row, (scenario, level) in enumerate(rows):
        y, color = _ROW * row + LINE + 0.09, colors[scenario.fit]
        _mark(axes, slo, y)
        axes.plot([level.low or level.ms, level.high or level.ms], [y, y], color=color, linewidth=2)
        axes.plot([level.ms], [y], color=color, marker="o", markersize=5, clip_on=False)
        name = "as it is" if scenario.what_if is None else scenario.what_if.title
        said = f"{ms(level.ms)}, {scenario.fit.value}" if scenario.what_if else ms(level.ms)
        at = top + _ROW * row + LINE / 2
        width = (WIDTH - 2 * LEFT) * 72 - 6.0 * len(said) * SIZE / 11
        sheet.text(LEFT, at, fitted(name, width, bold=True), fontweight="bold")
        sheet.text(WIDTH - LEFT, at, said, ha="right", color=RUST if scenario.fit is Fit.OVER else INK)
    foot = top + _ROW * len(rows) + _AXIS
    sheet.text(LEFT, foot + LINE / 2, f"with 95 % intervals · red: SLO of {ms(slo)}", color=GREY)


def alt(found: Simulation) -> str:
    """The pictures in words."""
    said = [headline(found)]
    near = [f"{one.name} {ms(one.near)}" for one in found.now.stages if one.near is not None]
    if near:
        said.append(f"In turns around the {q_name(found.slo_quantile)}: {', '.join(near)}.")
    return cut(" ".join([*said, *(answer(found, one) for one in found.what_ifs)]), ALT)


def _judged(found: Simulation, scenario: Scenario) -> "Level | None":
    estimate = None if scenario.judged is Method.ADDITIVE else scenario.estimate(scenario.judged)
    return estimate.at(found.slo_quantile) if estimate else None


def _mark(axes: Any, slo: float, y: float) -> None:
    """The SLO beside a bar, and not through the words above it."""
    axes.vlines(slo, y - _BAR * 0.7, y + _BAR * 0.7, color=VERMILLION, linewidth=1.4)


def _grid(axes: Any, right: float) -> None:
    """Milliseconds below, from 0."""
    axes.grid(axis="x", color=PALE, linewidth=0.7)
    axes.xaxis.set_major_formatter(lambda x, _: ms(x) if x else "0")
    axes.locator_params(axis="x", nbins=5)
    axes.set_xlim(0, right)


def _first_up(text: str) -> str:
    return text[:1].upper() + text[1:]
