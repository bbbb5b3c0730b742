"""The living card of a framing, the news of its decision, and the list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bot.core.effect import Block, Message
from bot.core.framing import Edition, F, Framing, Recommendation, Step
from bot.core.framing_check import Lack, missing, remarks
from bot.core.framing_reader import Framed, read
from bot.core.ledger import Entry
from bot.core.thing import Thing
from bot.views import framing_words as words
from bot.views import text
from bot.views.framing_actions import FramingAction, Style, button
from bot.views.ledger import witness

MOST_LISTED = 30


@dataclass(frozen=True)
class Shown:
    """All that the card shows. led_to, came_from: what it is joined with; reminded: when it comes back."""

    framing: Framing
    today: date
    led_to: tuple[Thing, ...] = ()
    came_from: tuple[Thing, ...] = ()
    reminded: datetime | None = None

    @property
    def framed(self) -> Framed:
        """What is written now."""
        return read(self.framing.fields)

    @property
    def lacks(self) -> tuple[Lack, ...]:
        """What keeps what is written now from being decided."""
        return missing(self.framed, self.today)


def card(shown: Shown) -> Message:
    """The card as it stands; edited in place."""
    framing, framed = shown.framing, shown.framed
    head = f"{framing.id} · {framing.title}"
    lead = _lead(shown)
    blocks: list[Block] = [text.header(head), text.section(lead)]
    settled = framing.decided is not None and not framing.changed and not framing.questioned
    blocks += [text.section(one) for one in _said(framed, short=settled)]
    notes = [f"⚠ {text.escape(one, 600)}" for one in remarks(framed)]
    if notes:
        blocks.append(text.section(text.fit(notes)))
    if framing.dropped:
        return Message(f"{text.escape(head, 300)}. {lead}", (*blocks[:2], text.context(_small(shown))))
    blocks.append({"type": "actions", "block_id": "framing", "elements": _buttons(shown)})
    blocks.append(text.context(_small(shown)))
    return Message(f"{text.escape(head, 300)}. {lead}", tuple(blocks))


def _lead(shown: Shown) -> str:
    """Verdict first, then what is asked of the reader."""
    framing, edition = shown.framing, shown.framing.decided
    if framing.dropped:
        return f"Given up: {text.escape(framing.dropped, 500)}"
    lines = []
    if edition is not None:
        lines.append(_decided(edition))
        if framing.questioned:
            lines.append(f"⚠ To be looked at again: {text.escape(framing.questioned, 600)}")
        if framing.changed:
            lines.append(f"Changed since, not decided: {_missing(shown)}")
        return "\n".join(lines)
    return f"*Draft.* {_missing(shown)}"


def _decided(edition: Edition) -> str:
    framed = read(edition.fields)
    name = framed.recommendation.words.upper() if framed.recommendation else "DECIDED"
    again = words.revisited(framed)
    when = text.when(edition.at, style="{date_short_pretty}")
    return f"*{name}* · decided by {text.person(edition.by)} {when}" + (f" · {again}." if again else ".")


def _missing(shown: Shown) -> str:
    lacks = shown.lacks
    if not lacks:
        return "✓ Nothing is missing: it can be decided."
    pages = sorted({one.step.number for one in lacks})
    count = f"{len(lacks)} thing{'' if len(lacks) == 1 else 's'}"
    said = text.escape(words.lacking(lacks, 3), 700)
    return f"{count} missing on {len(pages)} of {len(Step)} pages: {said}."


def _said(framed: Framed, *, short: bool) -> list[str]:
    """The sections between the lead and the buttons; what is not written is left out.

    short: of one that is decided, whose document has the rest.
    """
    esc = text.escape
    sections = []
    if framed.text(F.WHY):
        chosen = framed.recommendation.words if framed.recommendation else "recommendation open"
        sections.append(f"*{esc(chosen[:1].upper() + chosen[1:])}:* {esc(framed.text(F.WHY), 800)}")
    if framed.text(F.HEURISTIC) or framed.text(F.ML):
        lines = [esc(one, 500) for one in [*words.options(framed), words.worth(framed), words.order(framed)]]
        sections.append(text.fit([one for one in lines if one]))
    if framed.text(F.STAGE1) or framed.text(F.STAGE2):
        named = [f"{place}. {esc(one, 500)}" for place, one in enumerate(words.stages(framed), 1)]
        sections.append(text.fit(["*Two questions, in this order*", *named]))
    return [*sections, *_letter(framed, short=short), *_claim(framed, short=short)]


def _letter(framed: Framed, *, short: bool) -> list[str]:
    esc = text.escape
    if not (framed.text(F.WORDS) or framed.text(F.WHO)):
        return []
    source = f" ({esc(framed.text(F.WORDS_FROM), 200)})" if framed.text(F.WORDS_FROM) else ""
    letter = [f"*{esc(framed.text(F.WHO), 200) or 'Customer'}*{source}"]
    letter += [f"“{esc(framed.text(F.WORDS), 200 if short else 500)}”"] if framed.text(F.WORDS) else []
    if framed.text(F.STAY) and not short:
        letter.append(f"Would have stayed: {esc(framed.text(F.STAY), 400)}")
    return [text.fit(letter)]


def _claim(framed: Framed, *, short: bool) -> list[str]:
    esc = text.escape
    claim = [f"*Intervention* {esc(framed.do.whole, 400)}"] if framed.do else []
    claimed = _CLAIMED[:2] if short else _CLAIMED
    claim += [f"*{name}* {esc(framed.text(field), 400)}" for name, field in claimed if framed.text(field)]
    if framed.prior is not None:
        claim.append(f"Prior probability {framed.prior:g} · {_evidence(framed)}")
    takes = words.takes(framed)
    claim += [esc(takes)] if takes else []
    return [text.fit(claim)] if claim else []


def _evidence(framed: Framed) -> str:
    pieces, against = len(framed.evidence), len(framed.disconfirming)
    bare = sum(not one.source for one in framed.evidence)
    sources = "each with its source" if not bare else f"{bare} without a source"
    said = f"{pieces} piece{'' if pieces == 1 else 's'} of evidence, {sources}" if pieces else "no evidence"
    return f"{said} · {against} that would count against it"


_CLAIMED = (("H1", F.H1), ("Cohort", F.COHORT), ("Lagging", F.LAGGING), ("Leading", F.LEADING))


def _buttons(shown: Shown) -> list[Block]:
    """What is next is coloured: go on writing, decide, or register what was decided on."""
    framing, lacks, edition = shown.framing, shown.lacks, shown.framing.decided
    first = lacks[0].step if lacks else Step.LETTER
    draft = edition is None or framing.changed or bool(framing.questioned)
    found = []
    if draft and not lacks:
        found.append(button("Decide…", FramingAction.DECIDE, framing, style="primary"))
    style: Style = "primary" if edition is None and lacks else ""
    label = "Continue" if style else "Change…"
    found.append(button(label, FramingAction.WRITE, framing, step=first, style=style))
    if edition is not None and read(edition.fields).recommendation is not Recommendation.NOT_NOW:
        style = "" if draft or shown.led_to else "primary"
        found.append(button("Register an experiment…", FramingAction.REGISTER, framing, style=style))
        found.append(button("Propose as candidate", FramingAction.PROPOSE, framing))
        found.append(button("Join with…", FramingAction.LINK, framing))
    found.append(button("Document", FramingAction.DOCUMENT, framing))
    return [*found, button("Give up…", FramingAction.DROP, framing)]


def _small(shown: Shown) -> str:
    framing, edition = shown.framing, shown.framing.decided
    parts = [f"by {text.person(framing.author)}"]
    if shown.came_from:
        parts.append(f"from {_things(shown.came_from)}")
    if shown.led_to:
        parts.append(f"led to {_things(shown.led_to)}")
    if shown.reminded is not None:
        parts.append(f"reminder {text.when(shown.reminded, style='{date_short_pretty} {time}')}")
    if edition is not None:
        parts.append(f"edition {edition.number} · {edition.sha256[:12]}…")
        parts.append(f"ledger {edition.entry} · head {edition.head[:12]}…")
    return " · ".join(parts)


def _things(things: Sequence[Thing]) -> str:
    return ", ".join(f"`{text.escape(one.id, 80)}`" for one in things[:10])


def decided(framing: Framing, edition: Edition, entry: Entry) -> Message:
    """The news of a decision, in the card's thread and the channel."""
    framed = read(edition.fields)
    name = framed.recommendation.words.upper() if framed.recommendation else "DECIDED"
    again = words.revisited(framed)
    said = f"*{name}* · {framing.id} {text.escape(framing.title, 200)}, decided by {text.person(edition.by)}."
    lines = [said, text.escape(framed.text(F.WHY), 800), text.escape(words.worth(framed), 500)]
    if edition.why:
        lines.append(f"Edition {edition.number}: {text.escape(edition.why, 500)}")
    if again:
        lines.append(f"It is {again}.")
    blocks = (
        text.section(text.fit([one for one in lines if one])),
        text.context(f"edition {edition.number} · {edition.sha256[:12]}… · {witness(entry)}"),
    )
    return Message(said, blocks)


def questioned(framing: Framing, line: str, by: str, entry: Entry) -> Message:
    """The news that it should be looked at again; it stays in force until it is decided anew."""
    said = (
        f"⚠ {framing.id} {text.escape(framing.title, 200)} is to be looked at again: {text.escape(line, 600)}"
    )
    found = [button("Change…", FramingAction.WRITE, framing, step=Step.HYPOTHESIS, style="primary")]
    stands = "What was decided stands until it is decided anew." if framing.decided else ""
    blocks: tuple[Block, ...] = (
        text.section(text.fit([one for one in (said, stands) if one])),
        {"type": "actions", "block_id": "questioned", "elements": found},
        text.context(f"said by {text.person(by)} · {witness(entry)}" if by else witness(entry)),
    )
    return Message(said, blocks)


def listed(framings: Sequence[Framing], today: date) -> Message:
    """The list: what waits for somebody first, then what is decided, then what was given up."""
    if not framings:
        return text.message("No framing is on record. `/frame new` begins one.")
    waiting = [one for one in framings if not one.dropped and (one.decided is None or one.questioned)]
    settled = [one for one in framings if not one.dropped and one not in waiting]
    dropped = [one for one in framings if one.dropped]
    lines = [_line(one, today) for one in [*waiting, *settled, *dropped][:MOST_LISTED]]
    more = len(framings) - MOST_LISTED
    if more > 0:
        lines.append(f"(and {more} more)")
    said = f"{len(waiting)} to be decided, {len(settled)} decided, {len(dropped)} given up."
    return Message(f"Framings: {said}", (text.section(f"*Framings*\n{said}"), text.section(text.fit(lines))))


def _line(framing: Framing, today: date) -> str:
    edition, title = framing.decided, text.escape(framing.title, 120)
    if framing.dropped:
        return f"`{framing.id}` given up · {title}"
    if edition is None:
        lacks = missing(read(framing.fields), today)
        left = f"{len(lacks)} missing" if lacks else "✓ to be decided"
        return f"`{framing.id}` draft, {left} · {title}"
    framed = read(edition.fields)
    name = framed.recommendation.words if framed.recommendation else "decided"
    again = f", {words.revisited(framed)}" if framed.revisit and framed.revisit > today else ""
    asked = " · ⚠ questioned" if framing.questioned else " · changed since" if framing.changed else ""
    return f"`{framing.id}` {name}{again}{asked} · {title}"
