"""The card of a review: what it still needs, its milestones, checks and action items; and its reminders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from bot.core.effect import Block, Message
from bot.core.figures import weekday
from bot.core.incident import Incident
from bot.core.review import MILESTONES, ActionItem, Check, Outcome, Review, blockers, milestones
from bot.core.thing import Thing, ThingKind
from bot.views import text
from bot.views.review_actions import About, ReviewAction, button
from bot.views.trace_actions import TraceAction
from bot.views.trace_actions import button as trace_button

_ITEMS: Final = 5
"""Action items on the card; `/incidents actions` shows all."""
_MARKS: Final = {Outcome.FINE: "✓ fine", Outcome.GAP: "⚠ a gap", Outcome.UNKNOWN: "? open"}
GAPS: Final = {
    Check.RECOVERY: "Mend what has not recovered",
    Check.CORRELATION: "Schedule the rebuild of the offline harness",
    Check.FRAMING: "Update the framing artefacts",
    Check.PORTFOLIO: "Propose for next quarter's portfolio",
}
"""What a gap that a check found asks for."""
_DAY: Final = "{date_short_pretty}"


@dataclass(frozen=True)
class Reviewed:
    """All that the card shows; `called` is whom to ask where nobody owns it yet, as mentions.

    `led` says what each check led to, by name: FRM-1, CAN-9.
    """

    incident: Incident
    review: Review
    items: tuple[ActionItem, ...]
    zone: ZoneInfo
    called: str
    led: Mapping[Check, tuple[str, ...]] = field(default_factory=dict)

    @property
    def due(self) -> date:
        """The local day by which it is due."""
        return self.review.due.astimezone(self.zone).date()


def card(shown: Reviewed) -> Message:
    """The card as it stands."""
    incident, review = shown.incident, shown.review
    state = f"published, edition {review.edition}" if review.published else f"due {weekday(shown.due)}"
    if review.closed:
        state = "waits: the incident is open again"
    head = f"{incident.number} · retrospective · {state}"
    said = _expected(shown)
    blocks: list[Block] = [
        text.header(head),
        text.section(said),
        text.section(f"*Milestones* (steps 0 to 2, AML-08)\n{_milestones(incident, review)}"),
        *(_check(review, check, shown.led.get(check, ())) for check in Check),
        *_items(shown.items),
    ]
    if not review.closed:
        blocks += _buttons(shown)
    small = f"{text.escape(incident.title, 150)} · {_reviewers(review)}"
    blocks.append(text.context(small))
    return Message(f"{head}. {said}", tuple(blocks))


def _expected(shown: Reviewed) -> str:
    """Who has it, and what is still to be done."""
    review = shown.review
    if review.closed:
        return "Nothing is expected of you until it is resolved again."
    owner = text.person(review.owner) if review.owner else f"nobody yet; {shown.called}: [Take it over]"
    lines = [f"Owner: {owner}."]
    page = f"<{review.link}|the page>" if review.link else "the page is in the incidents channel"
    if review.published and review.published_at is not None:
        who = text.person(review.published_by)
        return f"{lines[0]} Published {text.when(review.published_at, style=_DAY)} by {who}: {page}."
    if review.edition:
        lines.append(f"Edition {review.edition} is published ({page}); what was changed since is not.")
    todo = blockers(shown.incident, review, shown.items)
    lines.append(f"To publish: {'; '.join(todo)}." if todo else "Everything is there: publish it.")
    return " ".join(lines)


def _milestones(incident: Incident, review: Review) -> str:
    known, parts = milestones(incident, review), []
    for name in MILESTONES:
        at = known[name]
        if at is None:
            parts.append(f"? {name}: not on record")
        else:
            given = review.given.get(name)
            tail = f", given by {text.person(given.by)}" if given and given.at == at else ""
            parts.append(f"✓ {name} {text.when(at, style='{date_short_pretty} {time}')}{tail}")
    return " · ".join(parts)


def _check(review: Review, check: Check, led: Sequence[str]) -> Block:
    found = review.checks.get(check)
    mark = _MARKS[found.outcome if found else Outcome.UNKNOWN]
    who = f" ({text.person(found.by)})" if found and found.by else ""
    line = f"\n{text.escape(found.line, 600)}{who}" if found and found.line else ""
    to = f"\n→ {', '.join(text.escape(one, 40) for one in led)}" if led else ""
    section = dict(text.section(f"{mark} · *{check.ask}* (step {check.step}){line}{to}"))
    if not review.closed:
        label = "Answer…" if found is None or found.outcome is Outcome.UNKNOWN else "Change…"
        about = About(review.incident, check.value)
        section["accessory"] = button(label, ReviewAction.CHECK, about)
    return section


def _items(items: Sequence[ActionItem]) -> list[Block]:
    """The open ones first, by their day."""
    left = sorted((one for one in items if one.open), key=lambda one: (one.due, one.number))
    over = len(items) - len(left)
    if not items:
        return [text.section("*Action items*\nNone yet.")]
    blocks: list[Block] = [text.section(f"*Action items* · {len(left)} open, {over} done or dropped")]
    for item in left[:_ITEMS]:
        section = dict(text.section(item_line(item)))
        about = About(item.incident, str(item.number))
        section["accessory"] = button("Done", ReviewAction.ITEM_DONE, about)
        blocks.append(section)
    if len(left) > _ITEMS:
        blocks.append(text.context(f"And {len(left) - _ITEMS} more: `/incidents actions`."))
    return blocks


def item_line(item: ActionItem) -> str:
    """An action item on a line."""
    owner = text.person(item.owner) if item.owner else "⚠ nobody yet"
    state = f"due {weekday(item.due)}"
    if item.done_at is not None:
        state = f"✓ done {text.when(item.done_at, style=_DAY)} by {text.person(item.done_by)}"
    if item.dropped:
        state = f"dropped: {text.escape(item.dropped, 200)}"
    return f"{item.number}. {text.escape(item.title, 500)} · {owner} · {state}"


def _buttons(shown: Reviewed) -> list[Block]:
    about = About(shown.incident.id)
    ready = not blockers(shown.incident, shown.review, shown.items)
    write = [
        button("Write…", ReviewAction.WRITE, about),
        button("Milestones…", ReviewAction.MILESTONES, about),
        button("Add an action item…", ReviewAction.ADD_ITEM, about),
        button("Check again", ReviewAction.RECHECK, about),
    ]
    if any(item.open for item in shown.items):
        write.append(button("Change an item…", ReviewAction.CHANGE_ITEM, about))
    finish = [
        button("Take it over", ReviewAction.OWN, about),
        button("Ask for reviews…", ReviewAction.ASK, about),
        button("I have read it", ReviewAction.REVIEWED, about),
        trace_button(f"Trace {shown.incident.number}", TraceAction.SHOW, _thing(shown.incident)),
        trace_button("Draft the paragraph", TraceAction.DRAFT, _thing(shown.incident)),
    ]
    if ready and not shown.review.published:
        finish.insert(0, button("Publish", ReviewAction.PUBLISH, about, style="primary"))
    return [
        {"type": "actions", "block_id": "review_write", "elements": write},
        {"type": "actions", "block_id": "review_finish", "elements": finish},
    ]


def _thing(incident: Incident) -> Thing:
    return Thing(ThingKind.INCIDENT, incident.number)


def _reviewers(review: Review) -> str:
    if not review.reviewers:
        return "nobody was asked to review it yet"
    parts = [
        f"{text.person(who)} {'✓ has read it' if at else '? has not read it'}"
        for who, at in review.reviewers.items()
    ]
    return text.fit(["reviewers: " + ", ".join(parts)], 1500)


def settled(item: ActionItem) -> str:
    """What became of an item."""
    return item_line(item)


def asked(incident: Incident, review: Review, who: Sequence[str], by: str) -> Message:
    """People are asked to review it."""
    named = ", ".join(text.person(one) for one in who)
    said = (
        f"{named}: {text.person(by)} asks you to review the retrospective of *{incident.number}* "
        f"{text.escape(incident.title, 150)}. Read the draft in this channel, say what is missing, then "
        "press [I have read it] or type `/incidents reviewed`."
    )
    about = About(review.incident)
    buttons = {"type": "actions", "block_id": "asked", "elements": [
        button("I have read it", ReviewAction.REVIEWED, about, style="primary")
    ]}  # fmt: skip
    return Message(said, (text.section(said), buttons))


def listing(shown: Sequence[tuple[Incident, ActionItem]]) -> Message:
    """Action items, of one incident or of all."""
    if not shown:
        return text.message("No action item is open.")
    lines = [f"{len(shown)} action item{'' if len(shown) == 1 else 's'}:"]
    lines += [f"*{incident.number}* {item_line(item)}" for incident, item in shown]
    return text.message(text.fit(lines))
