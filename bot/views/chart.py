"""The chart of a look: z against its boundary over the looks, and every line with what was measured."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.core.figures import bound, level, p_is, signed
from bot.core.look import CohortResult, GuardrailResult, LookResult
from bot.core.registration import Registration
from bot.stats.guardrail import Judgement, Status, Threshold
from bot.stats.undecided import Undecided
from bot.views.text import cut

INK = "#111827"
BLUE, VERMILLION, ORANGE, GREY, PALE = "#0072B2", "#D55E00", "#B07C00", "#6B7280", "#E5E7EB"
"""Okabe & Ito's colours, which colour-blind readers tell apart; shapes and words say the same."""

_STYLE = {
    Status.CLEAR: (BLUE, "o"),
    Status.UNPROVEN: (GREY, "s"),
    Status.NEAR_VETO: (ORANGE, "^"),
    Status.VETO: (VERMILLION, "X"),
    Status.UNDERPOWERED: (GREY, "."),
}
_WORDS = {
    Status.CLEAR: "holds",
    Status.UNPROVEN: "not excluded yet",
    Status.NEAR_VETO: "near-veto",
    Status.VETO: "veto",
    Status.UNDERPOWERED: "under-powered",
}
WIDTH, DPI = 4.5, 240
"""Inches and dots per inch: 1080 pixels wide; a phone shows 9 points of it as 10 of its pixels."""

MOST_ROWS = 14


@dataclass(frozen=True)
class Seen:
    """The z of one look, the newest last."""

    look: int
    day: float
    z: float


@dataclass(frozen=True)
class Row:
    """One line and what was measured, as shares of the allowed change: 0 is the control, 1 the line."""

    label: str
    figure: str
    status: Status
    at: float
    low: float
    high: float


def png(registration: Registration, result: LookResult, history: Sequence[Seen]) -> bytes:
    """The chart as PNG; `history` has the z of every look so far in order, this one last."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = lines(registration, result)
    heights = [2.4, 0.4 * len(rows) + 0.75] if rows else [2.4]
    figure = Figure(figsize=(WIDTH, sum(heights) + 0.2), dpi=DPI, facecolor="white", layout="constrained")
    panels = figure.subplots(len(heights), 1, gridspec_kw={"height_ratios": heights}, squeeze=False)[:, 0]
    _boundary_panel(panels[0], registration, result, history)
    if rows:
        _lines_panel(panels[1], rows)
    FigureCanvasAgg(figure)
    out = io.BytesIO()
    # No date, no version: the same look gives the same bytes.
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def alt(registration: Registration, result: LookResult, history: Sequence[Seen]) -> str:
    """The chart in words."""
    plan = result.plan
    steps = [
        f"look {one.look} on day {one.day:g}: z {one.z:+.2f}, boundary ±{_z(plan.z[one.look - 1])}"
        for one in history
    ]
    effect = result.primary.effect
    now = (
        ""
        if isinstance(effect, Undecided) or result.verdict == "invalid"
        else f" ({p_is(effect.p)}, asked below {bound(result.primary.boundary_p)})"
    )
    drawn = f"{'; '.join(steps)}{now}" if steps else "Nothing is drawn: the data cannot be judged"
    parts = [f"{registration.primary.metric} against its boundary. {drawn}."]
    rows = lines(registration, result)
    if rows:
        parts.append(
            "Lines: " + "; ".join(f"{row.label} {row.figure}, {_WORDS[row.status]}" for row in rows) + "."
        )
    return cut(" ".join(parts), 2000)


def lines(registration: Registration, result: LookResult) -> list[Row]:
    """Guardrails, then the cohorts of single dimensions, each with its interval as a share of its room."""
    rows = [_guardrail_row(one) for one in result.guardrails]
    rows += [_cohort_row(registration, one) for one in result.cohorts if "," not in one.cohort]
    return [row for row in rows if row is not None][:MOST_ROWS]


def _guardrail_row(one: GuardrailResult) -> Row | None:
    if isinstance(one.effect, Undecided):
        return None
    control = 0.0 if one.threshold.relative else one.effect.control.mean
    return _row(one.metric, one.threshold, one.judgement, control)


def _cohort_row(registration: Registration, one: CohortResult) -> Row | None:
    limit = registration.cohorts.max_relative_regression
    if limit is None or isinstance(one.effect, Undecided):
        return None
    harm = "decrease" if registration.primary.direction == "increase" else "increase"
    threshold = Threshold("max_relative_regression", limit, "decrease" if harm == "decrease" else "increase")
    return _row(one.cohort, threshold, one.judgement, 0.0)


def _row(label: str, threshold: Threshold, judgement: Judgement, control: float) -> Row | None:
    room = threshold.limit - control
    if judgement.measured is None or judgement.interval is None or room == 0:
        return None
    ends = [(end - control) / room for end in judgement.interval]
    at = (judgement.measured - control) / room
    if threshold.relative:
        figure = f"{signed(judgement.measured)}, line {signed(threshold.limit)}"
    else:
        sign = "≤" if threshold.kind == "max" else "≥"
        figure = f"{level(judgement.measured)} {sign} {level(threshold.limit)}"
    return Row(label, figure, judgement.status, at, min(ends), max(ends))


def _boundary_panel(
    axes: Any, registration: Registration, result: LookResult, history: Sequence[Seen]
) -> None:
    plan, days = result.plan, [float(day) for day in registration.looks]
    for one in history:
        days[one.look - 1] = one.day
    days = days[: len(plan.z)]
    top = _top(plan.z, history)
    bounds = [min(z, 2 * top) for z in plan.z]
    for sign in (1, -1):
        edge = [sign * z for z in bounds]
        axes.plot(days, edge, color=VERMILLION, linewidth=1.4, marker="_", markersize=12, markeredgewidth=2)
        axes.fill_between(days, edge, sign * 2 * top, color=VERMILLION, alpha=0.08, linewidth=0)
    axes.axhline(0, color=GREY, linewidth=0.8)
    axes.plot(
        [one.day for one in history],
        [one.z for one in history],
        color=BLUE,
        linewidth=1.6,
        marker="o",
        markersize=6,
    )
    if history:
        _label(axes, history[-1], last=history[-1].look == len(plan.z))
    for sign in (1, -1):
        axes.text(days[-1], sign * (top - 0.35), "stop  ", ha="right", va="center", color=VERMILLION)
    axes.set_ylim(-top, top)
    margin = 0.06 * (days[-1] - days[0] or 1)
    axes.set_xlim(days[0] - margin, days[-1] + margin)
    axes.set_xticks(days, [f"look {n}\nday {day:g}" for n, day in enumerate(days, start=1)])
    axes.set_ylabel("z of the effect")
    axes.set_title(
        f"{_drawn(registration.primary.metric, 32)} against its boundary",
        loc="left",
        fontsize=9.5,
        fontweight="bold",
    )
    _bare(axes)


def _label(axes: Any, newest: Seen, *, last: bool) -> None:
    """The newest z beside its point, on the side away from the boundary it may meet."""
    inwards = -16 if newest.z >= 0 else 9
    axes.annotate(
        f"z {newest.z:+.2f}".replace("-", "\N{MINUS SIGN}"),
        (newest.day, newest.z),
        textcoords="offset points",
        xytext=(-4 if last else 4, inwards),
        ha="right" if last else "left",
        color=BLUE,
        fontweight="bold",
    )


def _lines_panel(axes: Any, rows: Sequence[Row]) -> None:
    left, right = -1.5, 2.0
    for y, row in enumerate(rows):
        _track(axes, y, left, right)
        color, marker = _STYLE[row.status]
        low, high = max(left, row.low), min(right, row.high)
        axes.plot([low, high], [y, y], color=color, linewidth=2.4, solid_capstyle="butt")
        for end, beyond, tip in ((left, row.low < left, "<"), (right, row.high > right, ">")):
            if beyond:
                axes.plot([end], [y], color=color, marker=tip, markersize=6, clip_on=False, zorder=4)
        if left <= row.at <= right:
            axes.plot([row.at], [y], color=color, marker=marker, markersize=7, linestyle="none")
        said = f"{row.figure} · {_WORDS[row.status]}"
        _beside(axes, y - 0.42, _drawn(row.label, 40 - len(said) // 2), said)
    axes.set_yticks([])
    axes.set_ylim(len(rows) - 0.65, -0.8)
    axes.set_xlim(left, right)
    axes.set_xticks([-1, 0, 1, 1.75], ["better", "no change", "the line", "worse"])
    axes.set_title("How much of the allowed change is used up", loc="left", fontsize=9.5, fontweight="bold")
    _bare(axes)
    axes.grid(visible=False)
    axes.spines[["left", "bottom"]].set_visible(False)


def _track(axes: Any, y: float, left: float, right: float) -> None:
    """What a row's interval lies on: no change at 0, the line at 1, and what is beyond it."""
    low, high = y - 0.2, y + 0.2
    axes.fill_between([left, 1], low, high, color=PALE, alpha=0.5, linewidth=0)
    axes.fill_between([1, right], low, high, color=VERMILLION, alpha=0.14, linewidth=0)
    axes.vlines(0, low, high, color=GREY, linewidth=1)
    axes.vlines(1, low, high, color=VERMILLION, linewidth=1.8)


def _beside(axes: Any, y: float, label: str, said: str) -> None:
    """What a row is and what was measured, above its interval."""
    where = axes.get_yaxis_transform()
    style: dict[str, Any] = {"va": "center", "fontsize": 8.5, "color": INK, "transform": where, "zorder": 3}
    axes.text(0.0, y, label, fontweight="bold", **style)
    axes.text(1.0, y, said, ha="right", **style)


def _bare(axes: Any) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.grid(axis="x", color=PALE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelsize=9)


def _drawn(name: str, most: int) -> str:
    """A name as the bundled font can draw it: no formulas, a box for what it has no glyph for."""
    shown = "".join(character if ord(character) < 0x0600 else "\N{WHITE SQUARE}" for character in name)
    return cut(shown, most).replace("$", r"\$")


def _top(bounds: Sequence[float], history: Sequence[Seen]) -> float:
    finite = [z for z in bounds if z < 9]
    return max([*finite, *(abs(one.z) for one in history), 2.5]) + 0.7


def _z(z: float) -> str:
    return "none" if z > 1e300 else f"{z:.2f}"
