"""A triage tree as a picture: its questions from top to bottom, each answer with where it leads.

A row is an answer; leaves at which one rolls back first are green, those that escalate red, and both say so.
"""

from dataclasses import dataclass
from io import BytesIO
from typing import Any, Literal, TypeAlias

from bot.core.playbook import Choice, Leaf, Playbook, Question
from bot.views.chart_paint import GREY, INK, PALE, drawn, fitted

Format: TypeAlias = Literal["png", "svg"]

_WIDTH, _DPI = 9.0, 150
_MARGIN, _ROW, _GAP, _HEAD = 0.2, 0.25, 0.12, 0.42
"""Inches: around the sheet; of an answer; between questions; of the title."""
_LABEL, _GOAL = 0.75, 3.1
"""Where answers and what they lead to begin, inches from the left."""
_SIZE = 9.0
_COLOURS = {"acts": "#DBE7F7", "rolls back": "#CDECCD", "escalates": "#F7D9D6", "asks": PALE}


@dataclass(frozen=True)
class _Row:
    """A question (without a goal) or one of its answers, with its top edge in inches."""

    top: float
    said: str
    goal: str = ""
    kind: str = "asks"


def tree_picture(playbook: Playbook, form: Format = "png") -> bytes:
    """Return the picture; the same tree gives the same bytes."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows, height = _rows(playbook)
    with mpl.rc_context({"svg.hashsalt": "lookout", "svg.fonttype": "path"}):
        figure = Figure(figsize=(_WIDTH, height), dpi=_DPI, facecolor="white")
        FigureCanvasAgg(figure)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, _WIDTH), ylim=(height, 0))
        axes.set_axis_off()
        title = fitted(playbook.title, (_WIDTH - 2 * _MARGIN) * 72, bold=True, size=_SIZE + 3)
        _text(axes, _MARGIN, _MARGIN + _HEAD / 2 - 0.08, title, weight="bold", size=_SIZE + 3)
        _spine(axes, rows)
        for row in rows:
            _draw(axes, row)
        out = BytesIO()
        metadata = {"Software": None} if form == "png" else {"Date": None, "Creator": "lookout"}
        figure.savefig(out, format=form, metadata=metadata)
    return out.getvalue()


def _rows(playbook: Playbook) -> tuple[list[_Row], float]:
    """Every row from the top, and the height of the sheet."""
    top = _MARGIN + _HEAD
    rows: list[_Row] = []
    places: list[Question | Leaf] = [*playbook.questions.values()]
    places += [leaf for leaf in playbook.leaves.values() if leaf.choices]
    for place in places:
        said = f"{place.number}. {place.ask}" if isinstance(place, Question) else place.action
        rows.append(_Row(top, said))
        top += _ROW
        for choice in place.choices:
            rows.append(_answer(playbook, choice, top))
            top += _ROW
        top += _GAP
    return rows, top - _GAP + _MARGIN


def _answer(playbook: Playbook, choice: Choice, top: float) -> _Row:
    goal = playbook.at(choice.to)
    if isinstance(goal, Question):
        return _Row(top, choice.label, f"step {goal.number}: {goal.name}", "asks")
    kind = "acts" if goal.localized else "escalates"
    if playbook.rolls_back(goal.id):
        kind = "rolls back"
    number = f"category {goal.category}" if goal.localized else "not localized"
    first = ", roll back first" if kind == "rolls back" else ""
    return _Row(top, choice.label, f"{number}{first}: {goal.action}", kind)


def _spine(axes: Any, rows: list[_Row]) -> None:
    """The line on the left that goes from question to question."""
    asked = [row.top for row in rows if not row.goal]
    x = _MARGIN + 0.15
    axes.plot([x, x], [asked[0] + _ROW / 2, asked[-1] + _ROW / 2], color=GREY, linewidth=1, zorder=0)


def _draw(axes: Any, row: _Row) -> None:
    middle = row.top + _ROW / 2
    if not row.goal:
        room = (_WIDTH - 2 * _MARGIN - 0.2) * 72
        _box(axes, _MARGIN, row.top, _WIDTH - 2 * _MARGIN, PALE)
        _text(axes, _MARGIN + 0.1, middle, fitted(row.said, room, bold=True), weight="bold")
        return
    _text(axes, _LABEL, middle, fitted(row.said, (_GOAL - _LABEL - 0.5) * 72))
    axes.annotate(
        "", (_GOAL - 0.05, middle), (_GOAL - 0.4, middle), arrowprops={"arrowstyle": "->", "color": GREY}
    )
    room = _WIDTH - _MARGIN - _GOAL
    if row.kind == "asks":
        _text(axes, _GOAL + 0.08, middle, drawn(row.goal), color=GREY)
        return
    _box(axes, _GOAL, row.top, room, _COLOURS[row.kind])
    _text(axes, _GOAL + 0.08, middle, fitted(row.goal, (room - 0.16) * 72))


def _box(axes: Any, x: float, top: float, width: float, colour: str) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((x, top + 0.02), width, _ROW - 0.04, facecolor=colour, edgecolor="none"))


def _text(axes: Any, x: float, y: float, said: str, **style: Any) -> None:
    axes.text(x, y, said, **{"fontsize": style.pop("size", _SIZE), "color": INK, "va": "center"} | style)
