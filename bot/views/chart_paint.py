"""What the parts of a look's chart share: measures, colours, letters that can be drawn, names that fit.

Positions are in inches from the top left corner of the sheet, type in points. The sheet is 1080 pixels wide;
a phone shows it 390 wide, and 9 points then are 11 of its pixels.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from bot.stats.guardrail import Status
from bot.views.text import ELLIPSIS

WIDTH, DPI = 4.5, 240
"""Of the sheet, inches; and dots per inch: 1080 pixels."""

SIZE, TITLE = 9.0, 10.0
LEFT, RIGHT = 0.14, 0.14
"""Margins, inches."""

LINE, TRACK = 0.17, 0.175
"""Height of a row's words, and of the track under them, inches."""

HEADING, GAP = 0.28, 0.14
"""Height of a part's title, and space between two parts, inches."""

INK, GREY, PALE = "#111827", "#5B6470", "#E5E7EB"
BLUE, VERMILLION, ORANGE = "#0072B2", "#D55E00", "#9A6A00"
"""Okabe & Ito's colours, which colour-blind readers tell apart, the orange darker; shapes and words say the
same."""

RUST, OCHRE = "#AD4700", "#7D5500"
"""Vermillion and orange for words, dark enough to be read on white."""

STYLE = {
    Status.CLEAR: (BLUE, "o"),
    Status.UNPROVEN: (GREY, "s"),
    Status.NEAR_VETO: (ORANGE, "^"),
    Status.VETO: (VERMILLION, "X"),
    Status.UNDERPOWERED: (GREY, "o"),
    Status.UNDECIDED: (BLUE, "o"),
}
INKS = {Status.VETO: RUST, Status.NEAR_VETO: OCHRE, Status.UNDERPOWERED: GREY}
WORDS = {
    Status.CLEAR: "holds",
    Status.UNPROVEN: "not excluded yet",
    Status.NEAR_VETO: "near-veto",
    Status.VETO: "veto",
    Status.UNDERPOWERED: "under-powered",
    Status.UNDECIDED: "not judged",
}


class Panel(Protocol):
    """One part of the chart: its height in inches, and how it is drawn with its top edge at `top`."""

    @property
    def height(self) -> float:
        """Inches, title included."""

    def draw(self, sheet: "Sheet", top: float) -> None:
        """Draw it."""

    def words(self, room: int) -> str:
        """The same facts in words, of at most so many characters where it can leave some out."""


@dataclass(frozen=True)
class Sheet:
    """A white card of this height in inches."""

    figure: Any
    height: float

    def axes(self, top: float, height: float, left: float = LEFT, right: float = RIGHT) -> Any:
        """Axes without a frame, from margin to margin."""
        box = (
            left / WIDTH,
            1 - (top + height) / self.height,
            (WIDTH - left - right) / WIDTH,
            height / self.height,
        )
        axes = self.figure.add_axes(box)
        axes.spines[["top", "right", "bottom", "left"]].set_visible(False)
        axes.tick_params(length=0, labelsize=SIZE, pad=3)
        axes.set_axisbelow(True)
        return axes

    def text(self, x: float, y: float, said: str, **style: Any) -> None:
        """Words with their middle at `y`."""
        style = {"fontsize": SIZE, "color": INK, "va": "center"} | style
        self.figure.text(x / WIDTH, 1 - y / self.height, said, **style)

    def title(self, top: float, said: str) -> None:
        """The title of a part."""
        self.text(LEFT, top + HEADING / 2 - 0.02, said, fontsize=TITLE, fontweight="bold")

    def entry(self, y: float, entry: "Entry") -> None:
        """What was measured, and above or beside it of what, with their top edge at `y`."""
        whole = (WIDTH - LEFT - RIGHT) * 72
        self.text(LEFT, y + LINE / 2, fitted(entry.name, whole, bold=True), fontweight="bold")
        below = y + entry.height - LINE / 2
        self.text(WIDTH - RIGHT, below, entry.said, ha="right", color=entry.color)


def picture(height: float, draw: Callable[[Sheet], None]) -> bytes:
    """A sheet of this height in inches as PNG, undated and unversioned: one drawing, the same bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor="white")
    draw(Sheet(figure, height))
    FigureCanvasAgg(figure)
    out = io.BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def stacked(parts: Sequence[Panel], edge: float) -> bytes:
    """The parts below each other as PNG, with `edge` inches of white around."""

    def draw(sheet: Sheet) -> None:
        top = edge
        for part in parts:
            part.draw(sheet, top)
            top += part.height + GAP

    return picture(sum(part.height for part in parts) + GAP * (len(parts) - 1) + 2 * edge, draw)


@dataclass(frozen=True)
class Entry:
    """The words of one row: side by side, or one above the other where the name is long."""

    name: str
    said: str
    color: str = INK

    @property
    def height(self) -> float:
        """Inches."""
        room = (WIDTH - LEFT - RIGHT) * 72 - 8
        fits = breadth(drawn(self.name), bold=True) + breadth(self.said) <= room
        return LINE if fits else 2 * LINE


def listed(head: str, items: Sequence[str], left_out: int, room: int) -> str:
    """`head: a; b; and 3 more, in the matrix.`, with as many of the items as there is room for."""
    kept, size = [], len(head) + len("; and 999 more, in the matrix.") + 2
    for item in items:
        size += len(item) + 2
        if size > room:
            break
        kept.append(item)
    left_out += len(items) - len(kept)
    more = [f"and {left_out} more, in the matrix"] if left_out else []
    return f"{head}: {'; '.join([*kept, *more])}."


def fitted(name: str, points: float, *, bold: bool = False, size: float = SIZE) -> str:
    """A name as the font can draw it, cut so that it is no wider than this."""
    shown = drawn(name)
    if breadth(shown, bold=bold, size=size) <= points:
        return shown
    plain = drawable(name)
    short, long = 0, len(plain)
    while short < long:
        middle = (short + long + 1) // 2
        fits = breadth(_literal(plain[:middle]) + ELLIPSIS, bold=bold, size=size) <= points
        short, long = (middle, long) if fits else (short, middle - 1)
    return _literal(plain[:short].rstrip()) + ELLIPSIS


def drawn(name: str) -> str:
    """A name as the bundled font can draw it: no formulas, a box for what it has no glyph for."""
    return _literal(drawable(name))


def drawable(name: str) -> str:
    """A name with a box for every letter the font lacks."""
    return "".join(letter if _has(letter) else "\N{WHITE SQUARE}" for letter in name)


@lru_cache(maxsize=4096)
def breadth(said: str, *, bold: bool = False, size: float = SIZE) -> float:
    """How wide these words are, points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    if not said.strip():
        return 0.0
    font = FontProperties(size=size, weight="bold" if bold else "normal")
    return float(TextPath((0, 0), said, prop=font).get_extents().width)


def _literal(name: str) -> str:
    return name.replace("$", r"\$")


@lru_cache(maxsize=4096)
def _has(letter: str) -> bool:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    fonts = (get_font(findfont(FontProperties(weight=weight))) for weight in ("normal", "bold"))
    return letter.isprintable() and all(font.get_char_index(ord(letter)) for font in fonts)
