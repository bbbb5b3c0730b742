"""A thing's whole history: the card of what led to what, and the file with everything that happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from bot.core.effect import Block, Message
from bot.core.thing import Link, Thing, ThingKind
from bot.core.trace import Chain, Happening, Known
from bot.views import text
from bot.views.document import markdown
from bot.views.trace_actions import TraceAction, button

KINDS: Final[Mapping[ThingKind, str]] = {
    ThingKind.FRAMING: "framing",
    ThingKind.CANDIDATE: "candidate",
    ThingKind.PORTFOLIO: "portfolio",
    ThingKind.EXPERIMENT: "experiment",
    ThingKind.INCIDENT: "incident",
    ThingKind.BUDGET: "latency budget",
}
"""What each kind of thing is called."""

TOLD: Final = frozenset({ThingKind.EXPERIMENT, ThingKind.INCIDENT, ThingKind.PORTFOLIO})
"""Kinds of which a narrative can be drafted."""

_LINES: Final = 24
"""Happenings on the card; the file has all."""
_DAY: Final = "{date_short_pretty} {time}"


@dataclass(frozen=True)
class Traced:
    """A chain with what is known of each of its things."""

    chain: Chain
    known: Mapping[Thing, Known]

    @property
    def start(self) -> Known:
        """What is known of the thing that was asked about."""
        return self.known[self.chain.start]

    @property
    def happenings(self) -> tuple[Happening, ...]:
        """Everything that happened to any of them, and what was joined, the oldest first."""
        every = [one for known in self.known.values() for one in known.happenings]
        every += [_joined(link) for link in self.chain.links]
        return tuple(sorted(every, key=lambda one: (one.at, one.thing)))


def card(traced: Traced, *, chart: str = "") -> Message:
    """The card: where the thing stands, what led to what, the last things that happened.

    chart: the key of the uploaded picture, empty for none.
    """
    chain, start = traced.chain, traced.start
    head = f"Trace · {chain.start.id}" + (f" · {start.title}" if start.title else "")
    said = _verdict(traced)
    blocks: list[Block] = [text.header(head), text.section(said)]
    if chart:
        image = {"type": "image", "slack_file": {"id": f"upload:{chart}"}, "alt_text": alt(traced)}
        blocks.append(image)
    blocks.append(text.section(text.fit(["*What led to what*", *_things(traced)])))
    shown = [one for one in traced.happenings if one.milestone]
    left_out = len(traced.happenings) - len(shown[-_LINES:])
    lines = [_line(one, chain.start) for one in shown[-_LINES:]] or ["Nothing on record yet."]
    blocks += [text.section(part) for part in _parts(["*What happened*, the newest last", *lines])]
    blocks.append({"type": "actions", "block_id": "trace", "elements": _buttons(traced)})
    blocks.append(text.context(_small(traced, left_out)))
    return Message(f"{text.escape(head, 200)}. {said}", tuple(blocks))


def alt(traced: Traced) -> str:
    """The picture in words: every thing with what it led to."""
    chain = traced.chain
    if not chain.links:
        return f"{chain.start.id}: nothing is joined with it."
    parts = []
    for thing in chain.things:
        after = [link.later.id for link in chain.after(thing)]
        if after:
            parts.append(f"{thing.id} led to {', '.join(after)}")
    return text.cut(f"{'; '.join(parts)}.", 1900)


def history(traced: Traced, names: Mapping[str, str], now: datetime) -> str:
    """Everything that happened, as Markdown; `names` are people's by Slack id."""
    chain = traced.chain
    lines = [
        f"# The history of {markdown(chain.start.id)}",
        "",
        f"{_plain_verdict(traced)} Drawn from the record on {now.astimezone(UTC):%Y-%m-%d %H:%M} UTC.",
        "",
        "| thing | what | where it stands |",
        "|---|---|---|",
    ]
    for thing in chain.things:
        known = traced.known[thing]
        what = f"{KINDS[thing.kind]}{f': {markdown(known.title)}' if known.title else ''}"
        lines.append(f"| {markdown(thing.id)} | {what} | {markdown(known.state) or 'not on record'} |")
    lines += ["", "| UTC | thing | who | what | record |", "|---|---|---|---|---|"]
    for one in traced.happenings:
        who = markdown(names.get(one.by, one.by)) if one.by else "Lookout"
        at = f"{one.at.astimezone(UTC):%Y-%m-%d %H:%M}"
        lines.append(f"| {at} | {markdown(one.thing.id)} | {who} | {markdown(one.what)} | {one.record} |")
    return "\n".join(lines) + "\n"


def _joined(link: Link) -> Happening:
    why = f": {link.why}" if link.why else ""
    return Happening(link.at, link.earlier, f"led to {link.later.id}{why}", link.by)


def _plain_verdict(traced: Traced) -> str:
    chain, start = traced.chain, traced.start
    state = start.state or "not on record under that name, and known from what it is joined with"
    parts = [f"{chain.start.id}: {state}."]
    before = [link.earlier.id for link in chain.before(chain.start)]
    after = [link.later.id for link in chain.after(chain.start)]
    if before:
        parts.append(f"It came from {', '.join(before)}.")
    if after:
        parts.append(f"It led to {', '.join(after)}.")
    if not before and not after:
        parts.append("Nothing is joined with it.")
    return " ".join(parts)


def _verdict(traced: Traced) -> str:
    return text.escape(_plain_verdict(traced), 1500)


def _things(traced: Traced) -> list[str]:
    """A line for each thing: what it is, where it stands, what it led to and why."""
    chain, lines = traced.chain, []
    for thing in chain.things:
        known = traced.known[thing]
        title = f" {text.escape(known.title, 80)}" if known.title else ""
        mark = " (this one)" if thing == chain.start and len(chain.things) > 1 else ""
        state = text.escape(known.state, 120) or "? not on record"
        lines.append(f"*{text.escape(thing.id, 80)}* {KINDS[thing.kind]}{title}{mark} · {state}")
        for link in chain.after(thing):
            back = ", which it came from" if link in chain.back else ""
            why = f": {text.escape(link.why, 100)}" if link.why else ""
            lines.append(f"    → {text.escape(link.later.id, 80)}{back}{why}")
    if chain.left_out:
        lines.append(f"and {chain.left_out} more beyond these")
    return lines


def _line(one: Happening, start: Thing) -> str:
    """A line, with the name of the thing where it is another one than the card is about."""
    who = text.person(one.by) if one.by else "Lookout"
    record = f" · {one.record}" if one.record.startswith("ledger") else ""
    what = text.escape(one.what, 180)
    name = "" if one.thing == start else f"*{text.escape(one.thing.id, 60)}* "
    return f"{text.when(one.at, style=_DAY)} · {name}{who}: {what}{record}"


def _parts(lines: Sequence[str]) -> list[str]:
    """The lines in as few texts as sections hold."""
    parts: list[str] = []
    for line in lines:
        if parts and len(parts[-1]) + 1 + len(line) <= text.SECTION:
            parts[-1] += f"\n{line}"
        else:
            parts.append(line)
    return parts


def _buttons(traced: Traced) -> list[Block]:
    start = traced.chain.start
    buttons = []
    if start.kind in TOLD and traced.start.state:
        buttons.append(button(f"Draft {start.id}'s narrative", TraceAction.DRAFT, start))
    near = [link.earlier for link in traced.chain.before(start)]
    near += [link.later for link in traced.chain.after(start)]
    buttons += [button(f"Trace {one.id}", TraceAction.SHOW, one) for one in dict.fromkeys(near[:4])]
    return [*buttons, button("Join with…", TraceAction.JOIN, start)]


def _small(traced: Traced, left_out: int) -> str:
    things, happened = len(traced.chain.things), len(traced.happenings)
    said = f"{things} thing{'' if things == 1 else 's'}, {happened} happenings"
    rest = f"; {left_out} of them only in the file in this thread" if left_out else ""
    return f"{said}{rest}. Ledger entries can be checked with `lookout verify`."
