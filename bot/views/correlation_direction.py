"""That offline and online effects point different ways, as people read it."""

from bot.core.correlation import AGREEING, TOO_FEW, Correlation
from bot.core.effect import Block, Message
from bot.core.ledger import Entry
from bot.stats.correlation import Pearson
from bot.views import text
from bot.views.correlation import moved, verdict
from bot.views.correlation_actions import CorrelationAction, button
from bot.views.ledger import witness


def alert(found: Correlation, entry: Entry) -> Message:
    """Too few of the last experiments moved the same way."""
    last = len(found.last)
    head = f"Offline and online point different ways · {last - found.agreeing} of the last {last}"
    known = isinstance(found.longest.found, Pearson)
    gate = f"The gate reads the correlation, and stays as it is: {verdict(found)}." if known else ""
    said = (
        f"⚠ {found.agreeing} of the last {last} experiments moved the same way offline and online; at least "
        f"{AGREEING} should, below {TOO_FEW} is an alert. {gate}"
    )
    apart = [one for one in found.last if not one.agrees]
    blocks: list[Block] = [
        text.header(head),
        text.section(said),
        text.section(text.fit([f"⚠ `{text.escape(one.experiment, 80)}` {moved(one)}" for one in apart])),
        text.section("Next: [Diagnose] walks the five causes with their evidence."),
        {"type": "actions", "elements": [button("Diagnose", CorrelationAction.DIAGNOSE, style="primary")]},
        text.context(f"{witness(entry)} · told once, until {TOO_FEW} agree again"),
    ]
    return Message(f"{head}. {said}", tuple(blocks))


def ended(found: Correlation, entry: Entry) -> Message:
    """Enough of them agree again."""
    said = (
        f"✓ {found.agreeing} of the last {len(found.last)} experiments moved the same way offline and "
        f"online: no longer below {TOO_FEW}; at least {AGREEING} should."
    )
    return Message(said, (text.section(said), text.context(witness(entry))))
