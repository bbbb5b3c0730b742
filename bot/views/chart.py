"""The chart of a look: z against its boundary, guardrails against their lines, cohorts against the floor."""

from collections.abc import Sequence

from bot.core.look import LookResult
from bot.core.registration import Registration
from bot.views import chart_cohorts, chart_lines
from bot.views.chart_boundary import BoundaryPanel
from bot.views.chart_paint import Panel, stacked
from bot.views.chart_steps import Seen, course_of
from bot.views.text import cut

ALT = 2000
"""Characters of alternative text (Slack)."""

_EDGE = 0.1
"""White above and below, inches."""


def png(registration: Registration, result: LookResult, history: Sequence[Seen]) -> bytes:
    """The chart as PNG; `history` has the z of every look so far in order, this one last."""
    return stacked(panels(registration, result, history), _EDGE)


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
