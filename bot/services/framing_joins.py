"""What a framing leads to and what led to it: experiments, candidates, incidents; joined both ways."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlmodel import Session

from bot.core import framing_candidate, framing_draft
from bot.core.backlog import Item, Standing
from bot.core.candidate import Candidate, Proposal
from bot.core.do_clause import NotDoneError, parse
from bot.core.effect import Block, Ephemeral, Message
from bot.core.framing import Framing, Recommendation, number_of
from bot.core.framing_reader import Framed, read
from bot.core.inbound import Order, Place, Press, Submit
from bot.core.incident import Incident
from bot.core.permission import Act
from bot.core.registration import Registration
from bot.core.review import Outcome
from bot.core.thing import Thing, ThingKind
from bot.errors import InputError, StaleError
from bot.services import candidates, framing_deciding, framing_record, permissions
from bot.services.desk import Desk
from bot.store import candidates as candidate_store
from bot.store import experiments, framings, incidents, links, outbox, portfolios
from bot.views import framing_forms as forms
from bot.views import framing_words as words
from bot.views.framing_actions import meant_by
from bot.views.text import escape, slug

_NAMED: Final = re.compile(r"\bFRM-(\d{1,9})\b", re.IGNORECASE | re.ASCII)


def for_experiment(session: Session, value: str) -> dict[str, str]:
    """The fields of a new experiment's form, filled in from a decided framing; none where none is named.

    Raises InputError where it is not decided, or decides against doing anything now.
    """
    if not named(value):
        return {}
    framing = _decided(session, value)
    framed = _framed(framing)
    _does_something(framing, framed)
    return framing_draft.fields(framing, framed, slug(framing.title, 63))


def in_registration(session: Session, value: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """What a registration's form came to, with the parts that it does not ask for and the framing has."""
    if not named(value):
        return dict(data)
    framing = _decided(session, value)
    return framing_draft.completed(framing, _framed(framing), data)


def beginning(session: Session, text: str) -> tuple[str, dict[str, Any]]:
    """A registration as far as a decided framing says it: the framing's id, and the parts."""
    framing = _decided(session, text)
    framed = _framed(framing)
    _does_something(framing, framed)
    return framing.id, framing_draft.begun(framing, framed, slug(framing.title, 63))


def declared(session: Session, desk: Desk, registration: Registration, *, by: str, now: datetime) -> None:
    """A registration whose `artefacts.framing` names FRM-3 is joined with it."""
    number = number_of(registration.artefacts.get("framing", ""))
    framing = framings.load(session, number) if number else None
    if framing is not None:
        experiment = Thing(ThingKind.EXPERIMENT, registration.id)
        join(session, desk, framing, experiment, why="registered from it", by=by, now=now)


def supplied(session: Session, desk: Desk, text: str, experiment: str, *, by: str, now: datetime) -> str:
    """FRM-3 in place of a link to the customer letter: it is joined; returns its id."""
    framing, _ = framing_record.meant(session, text)
    framing_record.open_one(framing)
    thing = Thing(ThingKind.EXPERIMENT, experiment)
    join(session, desk, framing, thing, why="supplied for its launch", by=by, now=now)
    return framing.id


def join(
    session: Session, desk: Desk, framing: Framing, thing: Thing, *, why: str, by: str, now: datetime
) -> bool:
    """Join it with what it led to, or with the incident that led to it; False where that was so already."""
    pair = (thing, framing.thing) if thing.kind is ThingKind.INCIDENT else (framing.thing, thing)
    new = links.join(session, *pair, why=why, by=by, now=now)
    if new:
        framing_record.draw(session, desk, framing, now)
    return new


def press_propose(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """[Propose as candidate]."""
    number, _ = meant_by(press.value)
    _propose(session, desk, f"FRM-{number}", press.by, press.place, key, now)


def order_propose(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`/frame propose FRM-1`."""
    _propose(session, desk, order.text, order.by, order.place, key, now)


def _propose(session: Session, desk: Desk, text: str, by: str, place: Place, key: str, now: datetime) -> None:
    framing = _decided(session, text)
    framed = _framed(framing)
    _does_something(framing, framed)
    proposal = framing_candidate.proposal(framing, framed, by)
    item = candidates.propose(session, desk, proposal, now=now)
    framing_record.draw(session, desk, framing, now)
    said = _renewed(session, desk, framing, item, proposal, now)
    outbox.put(session, Ephemeral(f"{key}/answer", place.channel, by, Message(said), place.thread), now=now)


def _renewed(
    session: Session, desk: Desk, framing: Framing, item: Item, proposal: Proposal, now: datetime
) -> str:
    """Bring a candidate up to the edition in force, unless it was picked or dropped; say what it is now."""
    name = f"{item.id}, joined with {framing.id}: {escape(item.candidate.title, 150)}."
    if item.standing is Standing.DROPPED:
        said = escape(item.why, 300)
        return f"{name} It was dropped: {said}. `/portfolio take-up {item.id}` takes it up again."
    quarter = portfolios.picked_in(session, item.id)
    if quarter:
        return f"{name} It was picked for {quarter}, and stays as it was locked."
    earlier = [
        framing_candidate.proposal(framing, read(one.fields), proposal.by) for one in framing.editions[:-1]
    ]
    before = [_titled(one.candidate) for one in earlier if one.key == proposal.key]
    wanted = framing_candidate.renewed(item.candidate, before, _titled(proposal.candidate))
    if wanted == item.candidate:
        return f"{name} It is in the backlog."
    after = candidates.renew(session, desk, item, wanted, proposal.why, now)
    number = len(framing.editions)
    return f"{after.id} has what edition {number} of {framing.id} says: {escape(wanted.title, 150)}."


def _titled(candidate: Candidate) -> Candidate:
    return replace(candidate, title=candidates.titled(candidate.title))


def order_link(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`/frame link FRM-1 EXPERIMENT|INC-7|CAN-3`: what was made elsewhere is joined by hand."""
    permissions.require(session, desk, order.by, Act.SUPPLY)
    framing, rest = framing_record.meant(session, order.text)
    _link(session, desk, framing, rest, order.by, order.place, key, now)


def link_form(session: Session, desk: Desk, by: str, value: str, now: datetime) -> Block:
    """The form of [Join with…]."""
    del now
    permissions.require(session, desk, by, Act.SUPPLY)
    framing = framing_record.load(session, meant_by(value)[0], lock=False)
    return forms.link(framing_record.open_one(framing))


def link_submit(session: Session, desk: Desk, sent: Submit, key: str, now: datetime) -> None:
    """Join it, from the form."""
    permissions.require(session, desk, sent.by, Act.SUPPLY)
    framing = framing_record.load(session, meant_by(sent.value)[0])
    typed = sent.fields.get(forms.THING, "").strip()
    _link(session, desk, framing, typed, sent.by, sent.place, key, now)


def _link(
    session: Session,
    desk: Desk,
    framing: Framing,
    typed: str,
    by: str,
    place: Place,
    key: str,
    now: datetime,
) -> None:
    framing_record.open_one(framing)
    thing = _existing(session, typed)
    if not join(session, desk, framing, thing, why="joined by hand", by=by, now=now):
        raise StaleError(f"{framing.id} and `{escape(thing.id, 80)}` are joined already.")
    said = f"{framing.id} and `{escape(thing.id, 80)}` are joined; `/trace {framing.id}` shows both."
    effect = Ephemeral(f"{key}/answer", place.channel, by, Message(said), place.thread)
    outbox.put(session, effect, now=now)


def _existing(session: Session, text: str) -> Thing:
    thing = Thing.read(text) if text else None
    if thing is None or " " in thing.id:
        raise InputError(
            f"Read `{escape(text, 60)}` as what to join it with.",
            "Name an experiment's id, INC-7 or CAN-3, for example `/frame link FRM-1 us-mle-02-reranker`.",
        )
    match thing.kind:
        case ThingKind.EXPERIMENT:
            there = experiments.original(session, thing.id) is not None
        case ThingKind.INCIDENT:
            there = incidents.load(session, int(thing.id[4:])) is not None
        case ThingKind.CANDIDATE:
            there = candidate_store.load(session, int(thing.id[4:])) is not None
        case _:
            raise InputError(
                f"{thing.id} is a {thing.kind.value}, and a framing leads to experiments and candidates.",
                "Name an experiment's id, INC-7 or CAN-3.",
            )
    if not there:
        raise InputError(f"There is no {thing.kind.value} `{escape(thing.id, 80)}`.", "Nothing was joined.")
    return thing


def from_review(
    session: Session, desk: Desk, incident: Incident, outcome: Outcome, line: str, *, by: str, now: datetime
) -> None:
    """An incident's review that names FRM-3 as misframed is joined with it; a gap has it looked at again.

    Raises InputError where it names a framing that is not on record.
    """
    for number in dict.fromkeys(int(found[1]) for found in _NAMED.finditer(line)):
        framing = framing_record.load(session, number)
        thing = Thing(ThingKind.INCIDENT, incident.number)
        join(session, desk, framing, thing, why="named in its review", by=by, now=now)
        if outcome is Outcome.GAP:
            said = f"{incident.number}: {line}"
            framing_deciding.question(session, desk, framing, by=by, line=said, now=now)


def of_experiment(session: Session, experiment: str, intervention: str) -> tuple[str, str]:
    """What the check of a launch says of its framing: the decided one, or the one that is not yet."""
    framed = framing_record.linked(session, Thing(ThingKind.EXPERIMENT, experiment))
    alive = [one for one in framed if not one.dropped]
    for framing in reversed(alive):
        edition = framing.decided
        if edition is None:
            continue
        said = f"{framing.id} decided {edition.at.day} {edition.at:%b %Y} (ledger {edition.entry})"
        said += _other_do(_framed(framing), intervention)
        if framing.questioned:
            said += ", to be looked at again"
        return said, ""
    return ("", f"{alive[-1].id} is linked and not decided") if alive else ("", "")


def _other_do(framed: Framed, intervention: str) -> str:
    """That the registration does something else than the framing was decided on."""
    try:
        same = framed.do is None or parse(intervention).same_as(framed.do)
    except NotDoneError:
        same = False
    return "" if same or framed.do is None else f", which was decided on {framed.do.text}"


def named(value: str) -> bool:
    """Whether a form was opened from a framing, or with one typed behind the command."""
    return _NAMED.fullmatch(value.partition("/")[0].strip()) is not None


def _decided(session: Session, text: str) -> Framing:
    """The framing that is named. Raises InputError where it is not decided or given up."""
    framing, _ = framing_record.meant(session, text.partition("/")[0], lock=False)
    framing_record.open_one(framing)
    if framing.decided is None:
        raise InputError(
            f"{framing.id} is not decided yet.", f"Decide on it first: `/frame decide {framing.id}`."
        )
    return framing


def _framed(framing: Framing) -> Framed:
    """What was decided, not what is being written since."""
    return read(framing.decided.fields if framing.decided else framing.fields)


def _does_something(framing: Framing, framed: Framed) -> None:
    if framed.recommendation is Recommendation.NOT_NOW:
        again = f" until {words.date(framed.revisit)}" if framed.revisit else ""
        raise InputError(
            f"{framing.id} was decided “not now”{again}: there is nothing to test or to pick.",
            "Change the recommendation first, and decide on the next edition.",
        )
