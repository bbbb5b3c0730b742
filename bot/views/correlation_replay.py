"""What a replay came to, as people read it."""

from bot.core.effect import Block, Message
from bot.core.figures import p_is, signed
from bot.core.ledger import Entry
from bot.core.replay import FORWARD, LEAST, TARGET, Outcome, Replay, Replayed
from bot.stats.correlation import Pearson
from bot.stats.permutation import Permuted
from bot.stats.rank import Spearman
from bot.stats.undecided import Undecided
from bot.views import text
from bot.views.correlation import coefficient, spoken
from bot.views.ledger import witness

_MOST = 12
"""Experiments on the card, and names of those that are missing."""


def card(found: Replay, entry: Entry, *, chart: str = "", alt: str = "") -> Message:
    """The verdict, why, and what comes next."""
    head = _head(found)
    blocks: list[Block] = [
        text.header(head),
        text.section(_next(found)),
        text.section(text.fit(_figures(found))),
        text.section(
            text.fit([_row(one) for one in found.replayed[:_MOST]] or ["No experiment was joined."])
        ),
    ]
    left = len(found.replayed) - _MOST
    if left > 0:
        blocks.append(text.section(f"And {left} more, in the ledger's entry."))
    if found.missing:
        names = ", ".join(f"`{text.escape(one, 80)}`" for one in found.missing[:_MOST])
        more = f" and {len(found.missing) - _MOST} more" if len(found.missing) > _MOST else ""
        blocks.append(
            text.section(
                f"? Left out, no online delta on record: {names}{more}. `/correlation record` adds it."
            )
        )
    if chart:
        blocks.append({"type": "image", "slack_file": {"id": f"upload:{chart}"}, "alt_text": alt})
    by = f"replayed by {text.person(entry.by)}"
    blocks.append(text.context(f"{witness(entry)} · {by} · target {TARGET:g}, from {LEAST} experiments on"))
    return Message(f"{head}. {_next(found)}", tuple(blocks))


def _head(found: Replay) -> str:
    if isinstance(found.new, Undecided):
        return "Replay: UNDECIDED · no correlation"
    r = coefficient(found.new.r)
    match found.outcome:
        case Outcome.ADOPT:
            return f"Replay: ADOPT · r {r}, at least {TARGET:g}"
        case Outcome.ITERATE:
            return f"Replay: ITERATE · r {r}, below {TARGET:g}"
        case _:
            return f"Replay: UNDECIDED · r {r} over {found.new.n} experiments"


def _next(found: Replay) -> str:
    match found.outcome:
        case Outcome.ADOPT:
            sure = (
                f"Even the lower end of its interval reaches {TARGET:g}."
                if found.proven
                else f"Its interval reaches below {TARGET:g}, so the replay alone does not prove it."
            )
            return (
                f"The new harness may be used. {sure} It was chosen knowing these experiments: the next "
                f"{FORWARD} must hold too, and `/correlation status` counts them. The gate now reads past "
                "experiments as it scored them, without those that it did not score."
            )
        case Outcome.ITERATE:
            return (
                "The new harness does not predict what happened online well enough. Keep the gate as it is, "
                "look at the experiments marked ⚠, change the harness and replay it again."
            )
        case _:
            return (
                f"Nothing is decided: {text.escape(found.why_undecided, 300)}. Score more past experiments."
            )


def _figures(found: Replay) -> list[str]:
    old, new = found.agreeing
    lines = [f"*New harness* {_r(found.new)}", f"*Old harness*, same experiments: {_r(found.old)}"]
    if isinstance(found.chance, Permuted):
        lines.append(f"By chance alone: {p_is(found.chance.p)} ({found.chance.how})")
    if isinstance(found.ranked, Spearman):
        lines.append(f"Spearman {coefficient(found.ranked.rho)}, {p_is(found.ranked.p)}")
    lines.append(f"Direction: {new} of {len(found.replayed)} right, the old harness {old}")
    return lines


def _r(found: Pearson | Undecided) -> str:
    return f"r {spoken(found)}" if isinstance(found, Pearson) else f"? {text.escape(found.reason, 200)}"


def _row(one: Replayed) -> str:
    mark = "✓ right" if one.after * one.online > 0 else "⚠ wrong"
    return (
        f"{mark} · `{text.escape(one.experiment, 80)}` offline {signed(one.before)} → {signed(one.after)}, "
        f"online {signed(one.online)}"
    )
