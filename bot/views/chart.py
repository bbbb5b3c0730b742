"""The chart of a look: z against its boundary, guardrails against their lines, cohorts against the floor."""

import io
from collections.abc import Sequence

from bot.core.look import LookResult
from bot.core.registration import Registration
from bot.views import chart_cohorts, chart_lines
from bot.views.chart_boundary import BoundaryPanel
from bot.views.chart_paint import DPI, GAP, WIDTH, Panel, Sheet
from bot.views.chart_steps import Seen, course_of
from bot.views.text import cut

ALT = 2000
"""Characters of alternative text (Slack)."""

_EDGE = 0.1
"""White above and below, inches."""


def png(registration: Registration, result: LookResult, history: Sequence[Seen]) -> bytes:
    """The chart as PNG; `history` has the z of every look so far in order, this one last."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    parts = panels(registration, result, history)
    height = sum(part.height for part in parts) + GAP * (len(parts) - 1) + 2 * _EDGE
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor="white")
    sheet, top = Sheet(figure, height), _EDGE
    for part in parts:
        part.draw(sheet, top)
        top += part.height + GAP
    FigureCanvasAgg(figure)
    out = io.BytesIO()
    # No date, no version: the same look gives the same bytes.
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def alt(registration: Registration, result: LookResult, history: Sequence[Seen]) -> str:
    """The chart in words."""
    said, parts = "", panels(registration, result, history)
    for number, part in enumerate(parts):
        room = (ALT - len(said)) // (len(parts) - number) if number else ALT
        said = f"{said} {part.words(room - 1)}".lstrip()
    return cut(said, ALT)


def panels(registration: Registration, result: LookResult, history: Sequence[Seen]) -> list[Panel]:
    """The parts that have something to show, from the top."""
    first: Panel = BoundaryPanel(course_of(registration, result, history))
    if result.verdict == "invalid":
        return [first]
    rest = (chart_lines.panel(result), chart_cohorts.panel(registration, result))
    return [first, *(part for part in rest if part is not None)]


__all__ = ["Seen", "alt", "panels", "png"]
