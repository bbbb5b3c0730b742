"""Short messages about a quarter's portfolio: what a file brought, what was locked, what is asked for."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.core.effect import Block, Message
from bot.core.ledger import Entry
from bot.views import text
from bot.views.ledger import witness
from bot.views.portfolio_actions import PortfolioAction


def imported(
    quarter: str, name: str, by: str, counts: tuple[int, int, int], warnings: Sequence[str]
) -> Message:
    """Say what a file brought; `counts` of candidates that are new, changed, as they were."""
    new, changed, same = counts
    said = f"✓ {new} new, {changed} changed and {same} unchanged candidates for {quarter}"
    head = f"{said}, from {text.escape(name, 150)} by {text.person(by)}."
    lines = [head, *(f"⚠ {text.escape(one, 300)}" for one in warnings)]
    buttons = [
        button("Score", PortfolioAction.SCORE, quarter, primary=True),
        button("Pick", PortfolioAction.PICK, quarter),
    ]
    return Message(f"{said}.", (text.section(text.fit(lines)), row("portfolio-imported", buttons)))


def locked(
    quarter: str, entry: Entry, titles: Mapping[str, str], *, first: datetime, late: bool, overruled: str
) -> Message:
    """Say that a portfolio is locked, by whom and on what, with the ledger's number and hash."""
    body = entry.body
    picked = [f"`{name}` {text.escape(titles.get(name, ''), 120)}" for name in body["picked"]]
    when = "⚠ Locked late: the quarter began" if late else "✓ Locked before the quarter begins"
    rho = body.get("rho")
    agreement = "" if rho is None else f" · Spearman's rho with gut feel {rho:.2f}"
    lines = [
        f"{when} ({text.when(first, style='{date_short_pretty}')}), by {text.person(entry.by)}.",
        f"Picked: {'; '.join(picked) or 'nothing'}.",
        f"Gut feel was {', '.join(body['gut']['picked'])}, said {text.person(body['gut']['by'])}"
        + (", after the computed pick was shown." if body["gut"]["seen"] else ", before the pick was shown."),
        f"It is not the computed pick: {text.escape(overruled, 600)}" if overruled else "",
        f"Why it is late: {text.escape(str(body.get('late') or ''), 600)}" if late else "",
        "Next: link each to its registration; status comes after week 6, the retrospective after week 12.",
    ]
    small = f"file {body['sha256'][:12]}… · edition {body['edition']}{agreement} · {witness(entry)}"
    head = f"Portfolio of {quarter} locked: {', '.join(body['picked']) or 'nothing'}"
    blocks: list[Block] = [text.header(head), text.section(text.fit([line for line in lines if line]))]
    return Message(head, (*blocks, text.context(small)))


def button(label: str, action: PortfolioAction, value: str, *, primary: bool = False) -> dict[str, object]:
    """Return a button."""
    shape: dict[str, object] = {
        "type": "button",
        "action_id": action.value,
        "text": {"type": "plain_text", "text": text.plain(label, text.BUTTON), "emoji": False},
        "value": value,
    }
    return shape | ({"style": "primary"} if primary else {})


def link(candidate: str) -> dict[str, object]:
    """Return the button that links a candidate with its registration."""
    return button(f"Link {candidate}…", PortfolioAction.LINK, candidate) | {
        "action_id": f"{PortfolioAction.LINK}:{candidate}"
    }


def row(name: str, buttons: Sequence[dict[str, object]]) -> Block:
    """Return a row of buttons."""
    return {"type": "actions", "block_id": name, "elements": list(buttons)}
