"""An override's review: the form it is written in, the card a director answers on, what is said of it."""

from collections.abc import Mapping
from datetime import date

from bot.core.effect import Block, Message
from bot.core.figures import weekday
from bot.core.launch import Launch, Override
from bot.core.ledger import Entry
from bot.core.outside import clean
from bot.core.veto_plan import Review, ReviewField
from bot.views import text
from bot.views.decision_actions import DecisionAction, Pick, button
from bot.views.decision_forms import REASON, field, modal, written
from bot.views.ledger import witness

FIELD_MOST = 2500
"""Characters of a field of the review: with its label it fits a section of the card."""
EXPIRES = "expires"
RETROSPECTIVE = "retrospective"


def form(said: str, review: Review, days: Mapping[str, tuple[date, date]]) -> Block:
    """The form. The days between which a date may lie stand in its field's name, so that it checks itself."""
    blocks: list[Block] = [text.section(said)]
    for one in review.fields:
        hint = f"{one.hint} At least {one.least} characters.".strip()
        blocks.append(field(asked(one), one.label, written(one.least, FIELD_MOST), hint=hint))
    labels = {
        EXPIRES: "The override ends with",
        RETROSPECTIVE: "It is looked back on",
    }
    for name, (first, last) in days.items():
        picker = {"type": "datepicker", "initial_date": last.isoformat()}
        hint = f"From {weekday(first)} to {weekday(last)}."
        blocks.append(field(f"{name}:{first}:{last}", labels[name], picker, hint=hint))
    return modal("Request an override", "Request", blocks)


def asked(one: ReviewField) -> str:
    """The name of a field of the review: it holds how long an answer must be."""
    return f"review:{one.id}:{one.least}"


def faults(fields: Mapping[str, str]) -> dict[str, str]:
    """Dates that do not lie between the days their field names, answers shorter than theirs asks."""
    wrong = {}
    for name, value in fields.items():
        kind, _, span = name.partition(":")
        first, _, last = span.partition(":")
        if kind in (EXPIRES, RETROSPECTIVE) and not first <= value <= last:
            wrong[name] = f"Choose a day from {first} to {last}."
        elif kind == "review" and len(clean(value)) < int(last):
            wrong[name] = f"This needs at least {last} characters; it has {len(clean(value))}."
        elif kind == RETROSPECTIVE and value < entered(fields, EXPIRES):
            wrong[name] = "It is looked back on when it has ended, not before."
    return wrong


def entered(fields: Mapping[str, str], kind: str) -> str:
    """What was entered into the date field of that kind."""
    return next((value for name, value in fields.items() if name.partition(":")[0] == kind), "")


def refusal_form(override: Override) -> Block:
    """The form of [Refuse…]."""
    said = f"The override asked for by {text.person(override.by)} is refused; the veto stands."
    return modal("Refuse the override", "Refuse", [text.section(said), field(REASON, "Why", written(5))])


def card(launch: Launch, override: Override, entry: Entry, labels: Mapping[str, str], asked: str) -> Message:
    """The review as a card, as it stands; `asked` are the directors who may answer."""
    head = f"Override requested: {launch.title or launch.id}"
    lead = (
        f"Asked for by {text.person(override.by)} against the veto of record {override.record}. It would end "
        f"with {weekday(override.expires)} and be looked back on {weekday(override.retrospective)}."
    )
    answered = _answer(override)
    expected = answered or (
        f"*{asked}: approve or refuse.* It takes a director other than {text.person(override.by)}; "
        "without it the veto stands."
    )
    blocks: list[Block] = [text.header(head), text.section(f"{expected}\n{lead}")]
    for name, said in override.fields.items():
        label = text.escape(labels.get(name, name), 100)
        blocks.append(text.section(f"*{label}*\n{text.escape(said, 2800)}"))
    if override.pending and launch.open:
        pick = Pick(launch.id, override.record, override.id)
        refuse = button("Refuse…", DecisionAction.REFUSE, pick)
        approve = button("Approve", DecisionAction.APPROVE, pick, style="danger")
        blocks.append({"type": "actions", "block_id": "override", "elements": [refuse, approve]})
    blocks.append(text.context(f"`{launch.id}` · {override.id} · {witness(entry)}"))
    notice = f"{text.escape(head, 300)}. {answered or lead}"
    return Message(notice, tuple(blocks))


def _answer(override: Override) -> str:
    if override.ended is not None:
        return f"*Ended* {text.when(override.ended, style='{date_short_pretty} {time}')}."
    for word, mark in (("Approved", override.approved), ("Refused", override.refused)):
        if mark is not None:
            when = text.when(mark.at, style="{date_short_pretty} {time}")
            return f"*{word}* by {text.person(mark.by)}, {when}."
    return ""


def approved(launch: Launch, override: Override, entry: Entry) -> Message:
    """The news that a director approved."""
    by = text.person(override.approved.by) if override.approved else "nobody"
    return _news(
        launch,
        entry,
        f"*Override approved* by {by}, asked for by {text.person(override.by)}. It ends with "
        f"{weekday(override.expires)}; nothing has shipped yet. "
        f"{text.escape(launch.title or launch.id, 200)} can ship under it from its decision card.",
    )


def refused(launch: Launch, override: Override, entry: Entry) -> Message:
    """The news that a director refused."""
    by = text.person(override.refused.by) if override.refused else "nobody"
    why = text.escape(str(entry.body.get("why", "")), 1000)
    name = text.escape(launch.title or launch.id, 200)
    return _news(launch, entry, f"*Override refused* by {by}: {why} The veto of {name} stands.")


def ended(launch: Launch, override: Override, entry: Entry, owner: str) -> Message:
    """The news that an override ended; when the launch shipped under it, its owner is called."""
    name = text.escape(launch.title or launch.id, 200)
    decision = launch.decision
    if decision is None or decision.override != override.id:
        how = "unused" if override.approved else "and no director answered it"
        said = f"*Override ended* with {weekday(override.expires)}, {how}. {name}: the veto stands."
        return _news(launch, entry, said)
    held = f" It is held at {text.escape(launch.stage_name, 80)} again." if launch.stage >= 0 else ""
    return _news(
        launch,
        entry,
        f"*Override ended: {name} runs against the rule without one.*{held} {owner}: roll it back, or "
        f"register a re-run. Its retrospective is due {weekday(override.retrospective)}.",
    )


def retrospective(launch: Launch, override: Override, labels: Mapping[str, str], owner: str) -> Message:
    """The reminder of the retrospective, with its outline: what was believed, and what to find out."""
    name = text.escape(launch.title or launch.id, 200)
    lines = [f"*Retrospective of the override is due today: {name}.* {owner} {text.person(override.by)}"]
    lines.append("What the review said, to be held against what happened:")
    lines += [
        f"• {text.escape(labels.get(field_id, field_id), 100)}: “{text.escape(said, 300)}”"
        for field_id, said in override.fields.items()
    ]
    lines.append("• Where is the line that vetoed now, and where is the primary?")
    lines.append("• Was the rollback's trigger reached, and did somebody watch it?")
    lines.append("• Was the rule right? What should the next registration declare?")
    return Message(lines[0], (text.section(text.fit(lines)), text.context(f"`{launch.id}` · {override.id}")))


def _news(launch: Launch, entry: Entry, said: str) -> Message:
    return Message(said, (text.section(said), text.context(f"`{launch.id}` · {witness(entry)}")))
