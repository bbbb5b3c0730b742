"""The card of a quarter looked back on: realised against predicted, targets and alerts, the next haircut."""

from collections.abc import Callable, Container, Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.core.effect import Block, Message
from bot.core.quarterly import Quarterly
from bot.views import chart_reliability as reliability
from bot.views import text
from bot.views.portfolio_actions import PortfolioAction
from bot.views.quarter_notes import button, row
from bot.views.quarter_scores import gain_words, short

Shape = Mapping[str, Any]
MOST = 8
"""Buttons that ask."""
_MARKS = {"met": "✓ met", "missed": "⚠ missed", "alert": "✗ alert", "unknown": "? unknown"}


def card(
    kept: Quarterly,
    shape: Shape,
    titles: Mapping[str, str],
    lacks: Sequence[str],
    witness: str,
    *,
    chart: str = "",
) -> Message:
    """Return the card; `lacks` is what nobody has said yet, `witness` the ledger's number and hash.

    chart: the key of the upload that shows the reliability curve.
    """
    head = f"Looking back on {kept.quarter}: {_verdict(shape)}"
    blocks: list[Block] = [text.header(head)]
    if lacks:
        said = [
            f"⚠ It lacks {len(lacks)} thing{'' if len(lacks) == 1 else 's'}:",
            *(f"• {one}" for one in lacks),
        ]
        blocks.append(text.section(text.fit(said)))
    blocks += text.listed("*Predicted and realised*", [_row(one, titles) for one in shape["rows"]])
    blocks += text.listed("*Targets of the portfolio*", [_target(one) for one in shape["targets"]])
    blocks += text.listed("*Gut feel instead*", _gut(shape, titles))
    blocks += text.listed("*Confidence*", _confidence(shape))
    if chart:
        picture, words = {"id": f"upload:{chart}"}, reliability.alt(shape["reliability"])
        blocks.append({"type": "image", "slack_file": picture, "alt_text": words})
    blocks.append(row("portfolio-retro", _buttons(kept, shape, lacks)))
    entry = witness or (
        f"on record at ledger {kept.reviewed_entry}" if kept.reviewed_entry else "not on record yet"
    )
    small = f"locked at ledger {kept.locked_entry} · {entry} · gains are reach x impact over a quarter"
    return Message(head, (*blocks, text.context(small)))


def reminder(
    quarter: str, lacks: Sequence[str], who: str, number: int, most: int, following: datetime | None
) -> Message:
    """Return the reminder of what a retrospective lacks."""
    last = (
        "the last one"
        if following is None
        else f"the next {text.when(following, style='{date_short_pretty}')}"
    )
    lines = [f"{who}: the retrospective of {quarter} lacks", *(f"• {one}" for one in lacks[:8])]
    buttons = [
        button("Efforts…", PortfolioAction.EFFORTS, quarter, primary=True),
        button("Snooze 7 days", PortfolioAction.SNOOZE, quarter),
        button("No more reminders", PortfolioAction.DISMISS, quarter),
    ]
    small = text.context(f"reminder {number} of {most}, {last}")
    said = f"The retrospective of {quarter} lacks {len(lacks)} thing{'' if len(lacks) == 1 else 's'}."
    return Message(said, (text.section(text.fit(lines)), row("portfolio-remind", buttons), small))


def _verdict(shape: Shape) -> str:
    realised = shape["realised"]
    if realised is None:
        return "not known yet"
    predicted = shape["predicted"]
    ratio = f", {100 * realised / predicted:.0f} % of it" if predicted > 0 else ""
    return f"{short(realised)} realised of {short(predicted)} predicted{ratio}"


def _row(one: Shape, titles: Mapping[str, str]) -> str:
    mark = {True: "✓ lasted", False: "✗ did not", None: "? open"}[one["succeeded"]]
    came = "nobody knows yet" if one["realised"] is None else short(one["realised"])
    record = f" ({one['record']})" if one["record"] else ""
    weeks = "" if one["weeks_ratio"] is None else f" · {one['weeks_ratio']:.1f} times the weeks estimated"
    said = "" if one["confidence"] is None else f" · stated at {one['confidence']:.2f}"
    name = f"`{one['id']}` {text.escape(titles.get(one['id'], ''), 80)}"
    return f"• {mark} · {name}: {came}{record} of {gain_words(one['predicted'])}{said}{weeks}"


def _target(one: Shape) -> str:
    mark = _MARKS[one["standing"]]
    if one["value"] is None:
        return (
            f"• {mark} · {one['name']}: {text.escape(str(one['value_reason']), 200)}; target {one['target']}"
        )
    said = amount(one["name"])
    ends = "" if one["low"] is None else f" ({said(one['low'])} … {said(one['high'])})"
    return (
        f"• {mark} · {one['name']} {said(one['value'])}{ends}; target {one['target']}, alert {one['alert']}"
    )


def amount(name: str) -> Callable[[float], str]:
    """Return how a target's figure is said: a rate in percent, a gap in points, a ratio with two decimals."""
    if name.startswith("hit rate"):
        return lambda value: f"{100 * value:.0f} %"
    if "stated confidence" in name:
        return lambda value: f"{100 * value:+.0f} points".replace("-", "\u2212")
    return lambda value: f"{value:.2f}"


def _gut(shape: Shape, titles: Mapping[str, str]) -> list[str]:
    if not shape["gut_feel"]:
        return []
    run = {one["id"] for one in shape["rows"]}
    rows = [
        f"• `{one['id']}` {text.escape(titles.get(one['id'], ''), 80)}: {_came(one, run)}"
        for one in shape["gut_feel"]
    ]
    total = shape["gut_feel_realised"]
    if total is None:
        return [
            *rows,
            f"? what it would have brought: {text.escape(str(shape['gut_feel_realised_reason']), 200)}",
        ]
    return [*rows, f"altogether {short(total)}"]


def _came(one: Shape, run: Container[str]) -> str:
    if one["realised"] is not None:
        return f"{short(one['realised'])} realised"
    return "nobody knows yet" if one["id"] in run else "not run, so nobody knows"


def _confidence(shape: Shape) -> list[str]:
    lines = [
        f"• stated {one['stated']:.2f}, came true {one['observed']:.2f} "
        f"({one['low']:.2f} … {one['high']:.2f}), {one['succeeded']} of {one['tried']}"
        for one in shape["reliability"]
    ]
    brier = shape["brier"]
    if brier is None:
        lines.append(f"• ? Brier score: {text.escape(str(shape['brier_reason']), 200)}")
    else:
        p = "" if brier["p"] is None else f", p = {brier['p']:.2f} that confidences hold"
        lines.append(f"• Brier score {brier['score']:.3f} (0.25 is a coin), {brier['tried']} on record{p}")
    before, after = shape["haircut_before"]["factor"], shape["haircut_after"]["factor"]
    moved = "stays at" if round(before, 2) == round(after, 2) else f"moves from {before:.2f} to"
    return [*lines, f"• the haircut {moved} {after:.2f}: what confidences are multiplied by next"]


def _buttons(kept: Quarterly, shape: Shape, lacks: Sequence[str]) -> list[dict[str, object]]:
    buttons = [button("Efforts…", PortfolioAction.EFFORTS, kept.quarter, primary=bool(lacks))]
    for one in [*shape["rows"], *shape["gut_feel"]]:
        action = f"{PortfolioAction.OUTCOME}:{one['id']}"
        known = one["succeeded"] is not None or any(each["action_id"] == action for each in buttons)
        if not known and len(buttons) < MOST:
            asks = button(
                f"What became of {one['id']}…", PortfolioAction.OUTCOME, f"{kept.quarter} {one['id']}"
            )
            buttons.append(asks | {"action_id": action})
    label = "Put on record" if kept.reviewed_entry is None else "Put on record again"
    return [*buttons, button(label, PortfolioAction.REVIEW, kept.quarter, primary=not lacks)]
