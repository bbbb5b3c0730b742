"""A chain of things as a picture: what led to what, from top to bottom, the thing asked about outlined."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.core.thing import Link, Thing, ThingKind
from bot.views.chart_paint import BLUE, GREY, INK, LEFT, RIGHT, SIZE, WIDTH, Sheet, fitted, picture
from bot.views.trace import KINDS, Traced

_BESIDE = 2
"""Boxes side by side: a phone shows the sheet 390 pixels wide."""
_BOX, _GAP, _BETWEEN, _EDGE = 0.52, 0.3, 0.16, 0.16
"""Inches: a box's height, space between rows and between boxes, and around all."""
_FILL: Mapping[ThingKind, str] = {
    ThingKind.FRAMING: "#FBF0D9",
    ThingKind.CANDIDATE: "#E4F1E4",
    ThingKind.PORTFOLIO: "#DDEFEC",
    ThingKind.EXPERIMENT: "#DBE7F7",
    ThingKind.INCIDENT: "#F7D9D6",
    ThingKind.BUDGET: "#E9E3F2",
}


@dataclass(frozen=True)
class _Box:
    """Where a thing is drawn: left and top edge and width, inches."""

    x: float
    top: float
    width: float

    @property
    def middle(self) -> float:
        """Inches from the left."""
        return self.x + self.width / 2


def png(traced: Traced) -> bytes:
    """Return the picture; the same chain gives the same bytes."""
    boxes, height = _placed(traced)
    return picture(height, lambda sheet: _draw(sheet, traced, boxes))


def _placed(traced: Traced) -> tuple[dict[Thing, _Box], float]:
    """Every thing's box, and the height of the sheet."""
    chain, top = traced.chain, _EDGE
    boxes: dict[Thing, _Box] = {}
    room = WIDTH - LEFT - RIGHT
    for rank in sorted(set(chain.rank.values())):
        row = [thing for thing in chain.things if chain.rank[thing] == rank]
        for start in range(0, len(row), _BESIDE):
            beside = row[start : start + _BESIDE]
            width = (room - _BETWEEN * (_BESIDE - 1)) / _BESIDE if len(row) > 1 else room * 0.72
            whole = width * len(beside) + _BETWEEN * (len(beside) - 1)
            x = LEFT + (room - whole) / 2
            for place, thing in enumerate(beside):
                boxes[thing] = _Box(x + place * (width + _BETWEEN), top, width)
            top += _BOX + (_GAP if start + _BESIDE >= len(row) else _BETWEEN / 2)
    return boxes, top - _GAP + _EDGE


def _draw(sheet: Sheet, traced: Traced, boxes: Mapping[Thing, _Box]) -> None:
    axes = sheet.figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, WIDTH), ylim=(sheet.height, 0))
    axes.set_axis_off()
    for link in traced.chain.links:
        _arrow(axes, boxes, link, leads_back=link in traced.chain.back)
    for thing, box in boxes.items():
        _box(axes, traced, thing, box)


def _arrow(axes: Any, boxes: Mapping[Thing, _Box], link: Link, *, leads_back: bool) -> None:
    here, there = boxes[link.earlier], boxes[link.later]
    style = {"arrowstyle": "-|>", "color": GREY, "linewidth": 1.1, "shrinkA": 0, "shrinkB": 1}
    if leads_back:
        start = (here.x + here.width, here.top + _BOX / 2)
        end = (there.x + there.width, there.top + _BOX / 2)
        style |= {"linestyle": (0, (3, 2)), "connectionstyle": "arc3,rad=0.25"}
    else:
        start, end = (here.middle, here.top + _BOX), (there.middle, there.top)
    axes.annotate("", end, start, arrowprops=style, zorder=0)


def _box(axes: Any, traced: Traced, thing: Thing, box: _Box) -> None:
    from matplotlib.patches import FancyBboxPatch

    asked = thing == traced.chain.start
    shape = FancyBboxPatch(
        (box.x + 0.03, box.top + 0.03), box.width - 0.06, _BOX - 0.06,
        boxstyle="round,pad=0.03,rounding_size=0.06",
        facecolor=_FILL[thing.kind], edgecolor=BLUE if asked else "none", linewidth=1.8,
    )  # fmt: skip
    axes.add_patch(shape)
    known, room = traced.known[thing], (box.width - 0.2) * 72
    name = fitted(thing.id, room, bold=True)
    axes.text(box.x + 0.1, box.top + 0.17, name, fontsize=SIZE, fontweight="bold", color=INK, va="center")
    what = f"{KINDS[thing.kind]}: {known.title or known.state or 'not on record'}"
    said = fitted(what, room, size=SIZE - 0.5)
    axes.text(box.x + 0.1, box.top + 0.36, said, fontsize=SIZE - 0.5, color=INK, va="center")
