"""The card of a quarter's pick: what is picked and why, what limits it, and what stands beside it."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.core.effect import Block, Message
from bot.core.quarterly import Edition, Quarterly
from bot.views import text
from bot.views.portfolio_actions import PortfolioAction
from bot.views.quarter_notes import button, link, row
from bot.views.quarter_scores import Scored, decimal, gain_words, power_words, short, small_print, unit_words

MOST_LEFT = 7
"""Candidates that are not picked and said why, those that RICE ranks first."""
REDUNDANT = 0.7
"""Above this rank correlation the framework adds little (AML-02)."""


def card(kept: Quarterly, edition: Edition, experiments: Mapping[str, Sequence[str]]) -> Message:
    """Return the card; `experiments` are those that the picked became, by candidate, once it is locked."""
    result, by_id = edition.result, {one["id"]: one for one in edition.result["candidates"]}
    found = result["pick"]
    head = _head(kept, edition, found)
    blocks: list[Block] = [text.header(head), text.section(text.fit(_verdict(kept, edition)))]
    picked = [_picked(by_id[name], experiments.get(name, ())) for name in edition.picked if name in by_id]
    if picked:
        blocks.append(text.section(text.fit([line for lines in picked for line in lines])))
    blocks += text.listed("*Not picked*", _left(result["candidates"], edition.picked))
    blocks += text.listed("*What limits it*", _limits(found))
    blocks += text.listed("*Beside it*", _beside(edition))
    buttons = _buttons(kept, edition, experiments)
    if buttons:
        blocks.append(row("portfolio-pick", buttons))
    where = f"ledger {kept.locked_entry} · " if kept.locked else ""
    blocks.append(text.context(where + small_print(edition)))
    return Message(head, tuple(blocks))


def _head(kept: Quarterly, edition: Edition, found: Mapping[str, Any]) -> str:
    if kept.locked:
        return f"Locked for {kept.quarter}: {', '.join(edition.picked)}"
    if not found["feasible"]:
        return f"No pick for {kept.quarter}: {text.cut(str(found['infeasible'][0]), 90)}"
    return f"Proposed for {kept.quarter}: {', '.join(edition.picked)}"


def _verdict(kept: Quarterly, edition: Edition) -> list[str]:
    found, unit = edition.result["pick"], unit_words(edition.result["unit"])
    if not found["feasible"]:
        said = ["Nothing can be picked. What forbids it:"]
        return [*said, *(f"✗ {text.escape(str(one), 500)}" for one in found["infeasible"])]
    capacity = edition.file.get("capacity") or {}
    room, slots = capacity.get("engineer_weeks"), capacity.get("slots", 3)
    weeks = (
        f"{found['engineer_weeks']:.0f}" + (f" of {room:g}" if room is not None else "") + " engineer-weeks"
    )
    gain = gain_words({**edition.result["beside"]["pick"]["gain"], "mean": found["expected"]})
    lines = [
        f"Expected {gain} {unit} in the quarter, and learning worth {short(found['learning'])}.",
        f"It takes {weeks} and {found['slots']:g} of {slots} slots.",
    ]
    if kept.locked:
        lines.insert(
            0, "✓ Locked, by the ledger. Status comes after week 6, the retrospective after week 12."
        )
    elif edition.gut is None:
        lines.append("Next: the pick by gut feel, then [Lock…] before the quarter begins.")
    else:
        lines.append("Next: [Lock…] before the quarter begins; until then every change makes a new edition.")
    return lines


def _picked(one: Scored, experiments: Sequence[str]) -> list[str]:
    rank = f"rank {one['rank']} by RICE" if one["rank"] is not None else "not ranked"
    evoi = f" · EVOI {short(one['evoi'])}" if one["evoi"] else ""
    head = f"✓ `{one['id']}` {text.escape(str(one['title']), 110)} · {rank}"
    became = f" · tested by {', '.join(f'`{name}`' for name in experiments[:2])}" if experiments else ""
    lines = [f"{head}{became}", f"    {power_words(one)} · gain {gain_words(one['expected_gain'])}{evoi}"]
    lines += [
        f"    teaches: {_decision(choice)}" for choice in one["decisions"][:2] if choice["value"] is not None
    ]
    swing = one.get("otherwise")
    if swing is not None and swing["loses"] is not None:
        instead = f", and {', '.join(swing['instead'])} would come" if swing["instead"] else ""
        lines.append(f"    without it the total loses {short(swing['loses'])}{instead}")
    return lines


def _decision(choice: Mapping[str, Any]) -> str:
    return (
        f"{text.escape(str(choice['what']), 160)}, for {choice['horizon_quarters']:g} quarters, from "
        f"{choice['threshold']:g} up (prior {choice['prior_mean']:.2g} ± {choice['prior_sd']:.2g}; "
        f"{100 * choice['p_changes']:.0f} % that it changes the decision)"
    )


def _left(candidates: Sequence[Scored], picked: Sequence[str]) -> list[str]:
    """Who is not picked, and why: a rule first, else what picking it would lose."""
    lines = []
    for one in sorted(candidates, key=lambda each: (each["rank"] is None, each["rank"] or 0)):
        if one["id"] in picked:
            continue
        name = f"• `{one['id']}` {text.escape(str(one['title']), 70)}"
        swing = one.get("otherwise")
        if one["barred"]:
            lines.append(f"{name}: ✗ {text.escape(one['barred'][0]['reason'], 220)}")
        elif swing is not None and swing["loses"] is not None:
            instead = f" in place of {', '.join(swing['instead'])}" if swing["instead"] else ""
            lines.append(f"{name}: taking it{instead} would lose {short(swing['loses'])}")
        else:
            lines.append(f"{name}: it does not fit")
    more = len(lines) - MOST_LEFT
    return [*lines[:MOST_LEFT], *([f"and {more} more, on the card of scores"] if more > 0 else [])]


def _limits(found: Mapping[str, Any]) -> list[str]:
    lines = []
    for one in found["bindings"][:4]:
        enters = f" ({', '.join(one['enters'][:4])} would come in)" if one["enters"] else ""
        lines.append(f"• {text.escape(one['limit'], 120)}: {short(one['gains'])} more{enters}")
    return lines


def _beside(edition: Edition) -> list[str]:
    beside, gut = edition.result["beside"], edition.gut
    plain = beside["plain_rice"]
    ids = ", ".join(plain["ids"]) or "ranks none"
    lines = [f"• plain RICE: {ids}, expected {gain_words(plain['gain'])}{_bars(plain)}"]
    lines += _without_learning(edition.result["pick"])
    if gut is None or beside["gut_feel"] is None:
        return [*lines, "• ⚠ gut feel: none on record, and nothing is locked without one"]
    felt, seen = beside["gut_feel"], " after the pick was shown" if gut.seen else ""
    lines.append(
        f"• gut feel of {text.person(gut.by)}{seen}: {', '.join(gut.picked)}, expected "
        f"{gain_words(felt['gain'])}{_bars(felt)}"
    )
    if beside["p_better"] is not None:
        lines.append(f"• the pick gains more than gut feel with probability {beside['p_better']:.2f}")
    return [*lines, _rho(beside["spearman"])]


def _without_learning(found: Mapping[str, Any]) -> list[str]:
    """The pick by gain alone where it is another one, and from where on learning decides."""
    alone = found.get("without_learning") or []
    if not found["feasible"] or set(alone) == set(found["ids"]):
        return []
    holds = f"; the pick holds while learning counts at least {found['holds_from']:.2f} of what is computed"
    return [f"• by gain alone: {', '.join(alone) or 'none'}{holds if found.get('holds_from') else ''}"]


def _bars(rival: Mapping[str, Any]) -> str:
    return f" ({', '.join(rival['barred'])} barred by a rule)" if rival.get("barred") else ""


def _rho(found: Mapping[str, Any]) -> str:
    if found["rho"] is None:
        return f"• ? rank correlation of gut feel and RICE: {text.escape(str(found['reason']), 200)}"
    ends = "" if found["low"] is None else f" ({decimal(found['low'])} … {decimal(found['high'])})"
    said = f"Spearman's rho of gut feel with RICE {decimal(found['rho'])}{ends}, n = {found['n']}"
    if found["adds_little"]:
        return f"• ⚠ {said}, above {REDUNDANT}: the framework adds little to what people feel"
    return f"• {said}, not above {REDUNDANT}: the framework adds something"


def _buttons(
    kept: Quarterly, edition: Edition, experiments: Mapping[str, Sequence[str]]
) -> list[dict[str, object]]:
    if kept.locked:
        return [link(name) for name in edition.picked if not experiments.get(name)][:4]
    felt = edition.gut is not None
    ready = felt and edition.result["pick"]["feasible"]
    buttons = [button("Gut feel…", PortfolioAction.GUT, kept.quarter, primary=not felt)]
    if ready:
        buttons.insert(0, button("Lock…", PortfolioAction.LOCK, kept.quarter, primary=True))
    buttons.append(button("Pick again", PortfolioAction.PICK, kept.quarter))
    return [*buttons, button("Scores", PortfolioAction.SCORE, kept.quarter)]
