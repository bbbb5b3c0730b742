"""Readiness: the card of the eight rows, the forms that supply a document or waive a row, what is said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.core.effect import Block, Message
from bot.core.launch import Launch
from bot.core.ledger import Entry
from bot.core.readiness import DOCUMENTS, LONGEST_LINK, Row, plain
from bot.core.thing import Thing, ThingKind
from bot.views import text
from bot.views.decision_forms import field, modal, written
from bot.views.ledger import witness
from bot.views.readiness_actions import ReadinessAction, button
from bot.views.trace_actions import TraceAction
from bot.views.trace_actions import button as trace_button

ROW, DOCUMENT, LINK, REASON = "row", "document", "link", "reason"
REASON_LEAST = 20
REASON_MOST = 1000


@dataclass(frozen=True)
class Checked:
    """All that the card shows; `who` names, as mentions, those of each role that can bring a missing row.

    supplies, waives: whether the reader may, which is when the buttons are there.
    """

    launch: Launch
    rows: tuple[Row, ...]
    who: Mapping[str, str]
    supplies: bool = False
    waives: bool = False

    @property
    def missing(self) -> tuple[Row, ...]:
        """The rows that hold it back."""
        return tuple(row for row in self.rows if not row.settled)


def card(checked: Checked) -> Message:
    """The checklist: what holds the launch back, then every row with what is there or who can bring it."""
    launch, missing = checked.launch, checked.missing
    head = f"Ready: {settled(checked.rows)} of {len(checked.rows)} · {launch.title or launch.id}"
    said = _verdict(missing)
    blocks: list[Block] = [text.header(head), text.section(said)]
    blocks += [text.section(text.fit(_row(row))) for row in checked.rows]
    if checked.who:
        holders = [f"*{text.escape(role, 80)}*: {who}" for role, who in checked.who.items()]
        blocks.append(text.section(text.fit(holders)))
    buttons = [*_buttons(checked), *_of_the_chain(checked.launch)]
    if buttons:
        blocks.append({"type": "actions", "block_id": "readiness", "elements": buttons})
    rule = "The last stage (100 %) opens when every row is there, or waived by name in the ledger."
    blocks.append(text.context(f"{rule} `{launch.id}` · registration {launch.sha256[:12]}…"))
    return Message(text.escape(f"{head}. {said}", text.NOTIFICATION), tuple(blocks))


def settled(rows: Sequence[Row]) -> int:
    """How many rows do not hold it back."""
    return sum(row.settled for row in rows)


def _verdict(missing: Sequence[Row]) -> str:
    if not missing:
        return "✓ Nothing holds it back: every row is there or waived."
    names = ", ".join(row.id for row in missing)
    rest = "row holds" if len(missing) == 1 else "rows hold"
    said = f"✗ {len(missing)} {rest} it back from 100 %: {names}."
    return f"{said} Supply or waive each before the last stage."


def _buttons(checked: Checked) -> list[Block]:
    buttons = []
    if checked.supplies and any(row.wants for row in checked.missing):
        buttons.append(button("Supply…", ReadinessAction.SUPPLY, checked.launch.id))
    if checked.waives and checked.missing:
        buttons.append(button("Waive…", ReadinessAction.WAIVE, checked.launch.id))
    return buttons


def _of_the_chain(launch: Launch) -> list[Block]:
    """What shows each step's record: the whole history, and the document that tells it."""
    thing = Thing(ThingKind.EXPERIMENT, launch.id)
    return [
        trace_button("Trace it", TraceAction.SHOW, thing),
        trace_button("Draft the six-pager", TraceAction.DRAFT, thing),
    ]


def _row(row: Row) -> list[str]:
    """A row in one to three lines: its mark and words, what is there, which role can bring what is not."""
    name = f"*{row.id} {row.name}*"
    links = " · ".join(link(url, plain(document)) for document, url in row.links)
    there = " · ".join(filter(None, (text.escape(row.artefact, 600), links)))
    if row.present:
        return [f"✓ {name}: {there}"]
    why = text.escape(row.why, 600)
    partly = [f"There: {there}"] if there else []
    if row.waived is not None:
        by = text.person(row.waived.mark.by)
        at = text.when(row.waived.mark.at, style="{date_short_pretty}")
        reason = text.escape(row.waived.reason, 600)
        how = "approved by" if row.waived.override else "by"
        return [f"⚠ {name}: waived {how} {by}, {at}: “{reason}”", f"Missing: {why}", *partly]
    roles = " or ".join(text.escape(role, 80) for role in row.supply)
    return [f"✗ {name}: {why}", *partly, f"Who can {row.how}: {roles}"]


def link(url: str, label: str) -> str:
    """A link in mrkdwn; `url` has passed `is_link`, so it holds nothing that would end it."""
    return f"<{url.replace('&', '&amp;')}|{text.escape(label, 60)}>"


def supply_form(launch: Launch, wanted: Sequence[str], documents: Sequence[str]) -> Block:
    """The form of [Supply…]: which document, and where it is. `wanted` of the documents are missing."""
    options = [_option(one, f"{DOCUMENTS[one]} {plain(one)}") for one in documents]
    chosen = [one for one in options if one["value"] in wanted]
    select: dict[str, object] = {"type": "static_select", "options": options}
    if chosen:
        select["initial_option"] = chosen[0]
    where: dict[str, object] = {"type": "plain_text_input", "max_length": LONGEST_LINK}
    where["placeholder"] = {"type": "plain_text", "text": "https://…"}
    said = f"*{text.escape(launch.title or launch.id, 200)}*: the link goes into the ledger, with your name."
    return modal(
        "Supply a document",
        "Supply",
        [text.section(said), field(DOCUMENT, "Document", select), field(LINK, "Link", where)],
    )


def waive_form(launch: Launch, missing: Sequence[Row]) -> Block:
    """The form of [Waive…]: which row, and why it may be missing."""
    options = [_option(row.id, f"{row.id} {row.name}") for row in missing]
    select = {"type": "static_select", "options": options, "initial_option": options[0]}
    said = (
        f"*{text.escape(launch.title or launch.id, 200)}*: a waiver goes into the ledger, with your name and "
        "reason, and stays there."
    )
    why = written(REASON_LEAST, REASON_MOST)
    hint = f"At least {REASON_LEAST} characters: what is known instead, and until when."
    return modal(
        "Waive a row",
        "Waive",
        [
            text.section(said),
            field(ROW, "Row", select),
            field(REASON, "Why it may be missing", why, hint=hint),
        ],
    )


def supplied(launch: Launch, document: str, url: str, rows: Sequence[Row], entry: Entry) -> Message:
    """To the launch's channel."""
    name = f"{DOCUMENTS[document]} {plain(document)}"
    head = f"{name} supplied for {text.escape(launch.title or launch.id, 150)}"
    said = f"{head} by {text.person(entry.by)}: {link(url, plain(document))}. {_left(rows)}"
    return Message(f"{head}. {_left(rows)}", (text.section(said), text.context(witness(entry))))


def waived(launch: Launch, row: Row, reason: str, rows: Sequence[Row], entry: Entry) -> Message:
    """To the launch's channel."""
    head = f"{row.id} {row.name} waived for {text.escape(launch.title or launch.id, 150)}"
    because = f"“{text.escape(reason, 1500)}”\nMissing: {text.escape(row.why, 600)}"
    said = f"⚠ {head} by {text.person(entry.by)}: {because}. {_left(rows)}"
    return Message(f"{head}. {_left(rows)}", (text.section(said), text.context(witness(entry))))


def _left(rows: Sequence[Row]) -> str:
    missing = [row.id for row in rows if not row.settled]
    if not missing:
        return "Nothing holds it back from 100 % any more."
    return f"Still missing: {', '.join(missing)}."


def _option(value: str, label: str) -> dict[str, object]:
    return {"text": {"type": "plain_text", "text": text.plain(label, text.BUTTON)}, "value": value}
