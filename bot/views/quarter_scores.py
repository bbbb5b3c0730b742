"""The card of scores: candidates ranked by RICE within their unit, and what each could show and bring."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.core.effect import Block, Message
from bot.core.quarterly import Edition, Quarterly
from bot.views import text
from bot.views.portfolio_actions import PortfolioAction
from bot.views.quarter_notes import button, row

Scored = Mapping[str, Any]
GROUPS = 8
"""Units that are shown, the one with most candidates first."""


def card(kept: Quarterly, edition: Edition) -> Message:
    """Return the card, from what `lookout portfolio --json` would print."""
    result = edition.result
    groups = _groups(result["candidates"])
    units = len([unit for unit in groups if unit])
    count = len(result["candidates"])
    head = f"Scores for {kept.quarter}: {count} candidate{'' if count == 1 else 's'}"
    said = ("None of them can be ranked yet.", "All that can be ranked count the same unit.", _apart(units))[
        min(units, 2)
    ]
    blocks: list[Block] = [text.header(head), text.section(said)]
    ordered = sorted(groups.items(), key=lambda one: (not one[0], -len(one[1])))
    for unit, members in ordered[:GROUPS]:
        blocks.append(text.section(text.fit(_group(unit, members))))
    buttons = [] if kept.locked else [button("Pick", PortfolioAction.PICK, kept.quarter, primary=True)]
    if buttons:
        blocks.append(row("portfolio-scores", buttons))
    blocks.append(text.context(small_print(edition)))
    return Message(f"{head}. {said}", tuple(blocks))


def unit_words(unit: Mapping[str, Any] | None) -> str:
    """Return a unit in words: sessions x points."""
    if not unit:
        return ""
    family = f" of {text.escape(unit['family'], 60)}" if unit.get("family") else ""
    return f"{text.escape(unit['reach'], 60)} x {text.escape(unit['impact'], 60)}{family}"


def gain_words(gain: Mapping[str, float] | None) -> str:
    """Return an expected gain with its central 90 %."""
    if gain is None:
        return "unknown"
    return f"{short(gain['mean'])} ({short(gain['low'])} … {short(gain['high'])})"


def short(value: float) -> str:
    """Return a number in three significant digits: 200K, 1.67M, 39.4K."""
    sign, size = ("\u2212", -value) if value < 0 else ("", value)
    for least, letter in ((1e9, "B"), (1e6, "M"), (1e3, "K")):
        if size >= least * 0.9995:
            return f"{sign}{_three(size / least)}{letter}"
    return f"{sign}{_three(size)}" if size else "0"


def decimal(value: float) -> str:
    """Return a number with two decimals and a real minus sign."""
    return f"{value:.2f}".replace("-", "\u2212")


def power_words(one: Scored) -> str:
    """Return whether the quarter can show its effect."""
    if one["power"] is None:
        return "power unknown"
    trial = one["trial"] or {}
    late = "" if trial.get("fits", True) else ", its test does not fit into the quarter"
    return f"power {one['power']:.2f}{late}"


def small_print(edition: Edition) -> str:
    """Return what the figures rest on: seed, haircut, file and edition."""
    result = edition.result
    cut = result["haircut"]
    record = f" ({cut['tried']:g} on record)" if cut.get("tried") else " (no record yet)"
    return (
        f"{result['draws']:,} draws, seed {result['seed']} · confidence x {cut['factor']:.2f}{record} · "
        f"edition {edition.number} · file {edition.sha256[:12]}…"
    )


def _groups(candidates: Sequence[Scored]) -> dict[str, list[Scored]]:
    found: dict[str, list[Scored]] = {}
    for one in candidates:
        found.setdefault(unit_words(one["unit"]) if one["rank"] is not None else "", []).append(one)
    return found


def _apart(units: int) -> str:
    return (
        f"⚠ They count {units} different units, so there are {units} rankings: nobody has said what one is "
        "worth in another (`worths:` in a file does)."
    )


def _group(unit: str, members: Sequence[Scored]) -> list[str]:
    if not unit:
        return ["*Not ranked*", *(f"• `{one['id']}` {_title(one)}: {_why_not(one)}" for one in members)]
    ranked = sorted(members, key=lambda one: (one["rank"], one["id"]))
    lines = [line for one in ranked for line in _lines(one)]
    return [f"*{unit}*, by RICE", *lines]


def _lines(one: Scored) -> list[str]:
    rice = f"RICE {short(one['rice'])}"
    if one["rice_corrected"] is not None and one["rice_corrected"] != one["rice"]:
        rice += f", {short(one['rice_corrected'])} at the corrected effort"
    evoi = f" · EVOI {short(one['evoi'])}" if one["evoi"] else ""
    said = f"{one['rank']}. `{one['id']}` {_title(one)} · {rice}"
    more = f"    {power_words(one)} · gain {gain_words(one['expected_gain'])}{evoi}"
    bars = [
        f"    ✗ {text.escape(bar['reason'], 220)}. {text.escape(bar['mend'], 160)}"
        for bar in one["barred"][:2]
    ]
    return [said, more, *bars]


def _title(one: Scored) -> str:
    return text.escape(str(one["title"]), 90)


def _why_not(one: Scored) -> str:
    bars = [bar["reason"] for bar in one["barred"]]
    return text.escape(str(one.get("rice_reason") or "; ".join(bars) or "nothing can be computed"), 250)


def _three(size: float) -> str:
    return f"{size:,.0f}" if size >= 99.95 else f"{size:.3g}"
