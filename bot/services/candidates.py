"""Candidates of the backlog: proposed by people, framings, incidents and alarms; changed, dropped, shown."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Session

from bot.core.backlog import Item, Standing
from bot.core.candidate import Candidate, PreMortem, Proposal, Waiver
from bot.core.effect import Message, Post, Update
from bot.core.ledger import Entry
from bot.core.thing import Thing, ThingKind
from bot.errors import InputError, StaleError
from bot.services import permissions
from bot.services.desk import Desk
from bot.store import candidates, ledger, links, outbox, portfolios
from bot.views import candidate as views
from bot.views.text import escape, person

TITLE_MOST = 150


class Kind(StrEnum):
    """What the ledger says of a candidate; the comment names the body's fields."""

    WAIVED = "candidate_waived"  # title, why, edition
    PRE_MORTEM = "candidate_pre_mortem"  # title, risks [{risk, weeks}], contingency, edition


def propose(session: Session, desk: Desk, proposal: Proposal, *, now: datetime) -> Item:
    """Put a candidate into the backlog for something that led to it, once for each key; return it.

    Proposed again, the one that is there is returned as it stands, whatever became of it since. It is joined
    to its source either way, and its card is posted to the channel of launches when it is new.
    """
    candidate = replace(proposal.candidate, title=titled(proposal.candidate.title))
    new = candidates.add(session, candidate, why=proposal.why, by=proposal.by, once=proposal.key, now=now)
    item = new or candidates.once(session, proposal.key)
    if item is None:
        raise InputError("This candidate could not be kept.", "Propose it again with `/portfolio add`.")
    joined = False
    if proposal.source is not None:
        thing = Thing(ThingKind.CANDIDATE, item.id)
        why = "proposed as a candidate"
        joined = links.join(session, proposal.source, thing, why=why, by=proposal.by, now=now)
    if new is not None:
        post(session, desk, item, now)
    elif joined:
        draw(session, desk, item, now)
    return item


def titled(title: str) -> str:
    """A title as it is kept: one line that is not too long."""
    return " ".join(title.split())[:TITLE_MOST] or "A candidate without a title"


def renew(session: Session, desk: Desk, item: Item, candidate: Candidate, why: str, now: datetime) -> Item:
    """Keep what a later proposal of the same makes of it, and why that was proposed."""
    if (candidate, why) == (item.candidate, item.why):
        return item
    after = replace(item, candidate=candidate, why=why, edition=item.edition + 1, changed_at=now)
    candidates.save(session, after)
    draw(session, desk, after, now)
    return after


def add(
    session: Session,
    desk: Desk,
    candidate: Candidate,
    *,
    by: str,
    why: str = "",
    alias: str = "",
    now: datetime,
) -> Item:
    """Put a candidate into the backlog that somebody wrote; its card is posted."""
    item = candidates.add(session, candidate, why=why, by=by, alias=alias, now=now)
    if item is None:
        raise InputError("This candidate could not be kept.", "Try it again.")
    post(session, desk, item, now)
    return item


def change(session: Session, desk: Desk, item: Item, candidate: Candidate, now: datetime) -> Item:
    """Store a candidate as it is known now, as a new edition, unless nothing of it changed."""
    if candidate == item.candidate:
        return item
    after = replace(item, candidate=candidate, edition=item.edition + 1, changed_at=now)
    candidates.save(session, after)
    draw(session, desk, after, now)
    return after


def waive(session: Session, desk: Desk, item: Item, *, by: str, why: str, now: datetime) -> Item:
    """Take it on oneself, by name, that the quarter may not show its effect; the ledger keeps it."""
    waiver = Waiver(by, why)
    entry = note_waiver(session, item, waiver, by=by, now=now)
    after = change(session, desk, item, replace(item.candidate, waiver=waiver), now)
    said = f"{person(by)} takes it on themselves that the quarter may not show the effect: {escape(why, 500)}"
    note(session, desk, after, entry, said, now)
    return after


def note_waiver(session: Session, item: Item, waiver: Waiver, *, by: str, now: datetime) -> Entry:
    """Write a waiver into the ledger."""
    body = {"title": item.candidate.title, "why": waiver.why, "edition": item.edition + 1}
    return ledger.append(session, kind=Kind.WAIVED, subject=item.id, by=by, body=body, now=now)


def supply(session: Session, desk: Desk, item: Item, found: PreMortem, *, by: str, now: datetime) -> Item:
    """Keep its pre-mortem: named cost risks and what is done then; the ledger keeps it too."""
    risks = [{"risk": one.risk, "weeks": one.weeks} for one in found.risks]
    body: Mapping[str, Any] = {
        "title": item.candidate.title,
        "risks": risks,
        "contingency": found.contingency,
        "edition": item.edition + 1,
    }
    entry = ledger.append(session, kind=Kind.PRE_MORTEM, subject=item.id, by=by, body=body, now=now)
    after = change(session, desk, item, replace(item.candidate, pre_mortem=found), now)
    named = f"{len(risks)} cost risk{'' if len(risks) == 1 else 's'} named, and what is done then"
    said = f"Pre-mortem by {person(by)}: {named}."
    note(session, desk, after, entry, said, now)
    return after


def drop(session: Session, desk: Desk, item: Item, *, by: str, why: str, now: datetime) -> Item:
    """Take it out of the backlog, with the reason. Raises StaleError where it is out already."""
    if item.standing is Standing.DROPPED:
        raise StaleError(f"{item.id} was dropped already: {escape(item.why, 300)}")
    quarter = portfolios.picked_in(session, item.id)
    if quarter:
        raise StaleError(
            f"{item.id} was picked for {quarter}, and that is on record.",
            f"What becomes of it is said in `/portfolio retro {quarter}`.",
        )
    reason = f"{why} (said by {by})"
    after = replace(item, standing=Standing.DROPPED, why=reason, edition=item.edition + 1, changed_at=now)
    candidates.save(session, after)
    draw(session, desk, after, now)
    return after


def take_up(session: Session, desk: Desk, item: Item, *, by: str, now: datetime) -> Item:
    """Take it into the backlog again."""
    if item.standing is Standing.OPEN:
        raise StaleError(f"{item.id} is in the backlog already.")
    why = f"taken up again by {by}; before: {item.why}"
    after = replace(item, standing=Standing.OPEN, why=why, edition=item.edition + 1, changed_at=now)
    candidates.save(session, after)
    draw(session, desk, after, now)
    return after


def meant(session: Session, name: str, *, lock: bool = True) -> Item:
    """The candidate that a name means. Raises InputError where there is none, with what there is."""
    item = candidates.find(session, name, lock=lock) if name.strip() else None
    if item is None:
        known = candidates.every(session)
        listed = ", ".join(f"`{one.id}`" for one in known[:12])
        hint = f"In the backlog: {listed}." if listed else "The backlog is empty: `/portfolio add` begins it."
        said = f"There is no candidate `{escape(name, 60)}`." if name.strip() else "No candidate was named."
        raise InputError(said, hint)
    return item


def card_key(item: Item) -> str:
    """The key of its card, for ever."""
    return f"candidate/{item.id}/card"


def post(session: Session, desk: Desk, item: Item, now: datetime) -> None:
    """Post its card, unless it is there."""
    channel = desk.settings.channels.launches
    outbox.put(session, Post(card_key(item), channel, shown(session, item)), now=now)


def draw(session: Session, desk: Desk, item: Item, now: datetime) -> None:
    """Bring its card up to date, where it has one: what a file brings is shown together at first."""
    key, channel = card_key(item), desk.settings.channels.launches
    if key in outbox.posted(session, key):
        outbox.put(session, Update(key, channel, shown(session, item)), now=now)


def note(session: Session, desk: Desk, item: Item, entry: Entry, said: str, now: datetime) -> None:
    """Say an entry of the ledger under the card, with its number and hash."""
    post(session, desk, item, now)
    message = Message(f"{said} (ledger {entry.number} · head {entry.hash[:12]}…)")
    key = f"candidate/{item.id}/{entry.number}"
    outbox.put(session, Post(key, desk.settings.channels.launches, message, card_key(item)), now=now)


def shown(session: Session, item: Item) -> Message:
    """The card as it stands."""
    thing = Thing(ThingKind.CANDIDATE, item.id)
    every = links.of(session, thing)
    return views.card(
        item,
        led_by=[one.earlier for one in every if one.later == thing],
        led_to=[one.later for one in every if one.earlier == thing],
        picked=portfolios.picked_in(session, item.id),
    )


def require_active(session: Session, by: str) -> None:
    """Return unless the account was deactivated."""
    permissions.require_active(session, by, "change the backlog")
