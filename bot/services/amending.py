"""Amending: a change of a registration is proposed with its reason, signed like the first, or withdrawn."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from bot.core import amending as rules
from bot.core.effect import Block, Post
from bot.core.inbound import Order, Press
from bot.core.launch import Amendment, Kind, Launch
from bot.core.permission import Act
from bot.errors import InputError, RefusedError, StaleError
from bot.services import (
    launch_cards,
    launches,
    locking,
    permissions,
    registering,
    reruns,
    seen_data,
    signing,
)
from bot.services.desk import Desk
from bot.services.look_record import registration_of
from bot.services.registering import Checked
from bot.store import experiments, outbox
from bot.views import amendment as views
from bot.views import launch_notes as notes
from bot.views.signing_actions import Text
from bot.views.text import escape, person

NOTHING = "nothing was amended"


@dataclass(frozen=True)
class Proposal:
    """A changed registration as somebody proposes it; `base` is the hash of what they changed, if known."""

    by: str
    text: str
    name: str
    reason: str
    breaking: bool
    base: str = ""


def view(session: Session, desk: Desk, by: str, channel: str, typed: str) -> Block:
    """The form of `/experiment amend [ID]`. Raises UserError when it may not be amended, or not by them."""
    permissions.require(session, desk, by, Act.AMEND)
    launch, _ = launches.meant(session, channel, typed)
    _refuse_now(launch)
    registered = experiments.load(session, launch.id)
    yaml = "" if registered is None else registered.text
    return {**views.form(launch, yaml), "private_metadata": f"{launch.id} {launch.sha256}"}


def check(fields: Mapping[str, str]) -> Mapping[str, str]:
    """What is wrong in the form, by field."""
    wrong = {}
    if not fields.get("yaml", "").strip() and not fields.get("file"):
        wrong["yaml"] = "Give the changed YAML here, or a file below."
    if not fields.get("reason", "").strip():
        wrong["reason"] = "Say why: whoever signs reads it."
    return wrong


def propose(session: Session, desk: Desk, experiment: str, proposal: Proposal, now: datetime) -> Launch:
    """Put a change on record and ask for its signatures; before the lock it is in force at once.

    Raises FaultyError when the text has errors, another UserError when it may not be amended so; nothing is
    written then.
    """
    permissions.require(session, desk, proposal.by, Act.AMEND)
    launch = launches.load(session, experiment)
    _refuse_now(launch)
    _refuse_empty(launch, proposal)
    checked = registering.check(desk, proposal.text, proposal.name, done=NOTHING)
    reruns.refuse(session, checked.registration)
    before = _before(session, launch, checked)
    touches = rules.touched(registration_of(before), checked.registration)
    if touches and not launch.judged:
        seen_data.refuse(session, checked.registration)
    breaking = proposal.breaking and bool(touches) and bool(launch.judged)
    stands = rules.obstacle(launch, touches, breaking=breaking)
    if stands:
        hint = "Mark it as breaking the plan, which every later verdict then says; or register a re-run."
        raise RefusedError(stands, f"{hint} `/experiment amend {launch.id}`")
    anew = rules.rewritten(launch, registration_of(before), checked.registration)
    if anew:
        raise RefusedError(anew, "Looks that were held stay in the plan; move only those to come.")
    checked = _as_known(session, launch, checked)
    experiments.propose(session, checked.version(before.channel, proposal.by, now))
    body = _body(launch, before.canonical, checked, proposal, touches, breaking)
    launch, _ = launches.note(session, launch.id, Kind.AMENDMENT, by=proposal.by, body=body, now=now)
    if launch.locked_at is None:
        launch = locking.enforce(session, desk, launch, now)
    elif launch.amendment is not None:
        launch_cards.post_amendment(session, desk, launch, launch.amendment, now)
    return signing.settle(session, desk, launch, now)


def withdraw(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """Answer [Withdraw] on an amendment's card."""
    del key
    wanted = Text.decode(press.value)
    launch = launches.load(session, wanted.experiment)
    if launch.amendment is None or launch.amendment.sha256 != wanted.sha256:
        raise StaleError(f"This amendment of {launch.id} is over: it was withdrawn, or is in force.")
    _withdraw(session, desk, launch, launch.amendment, press.by, now)


def withdraw_order(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """Take `/experiment withdraw [ID]`."""
    del key
    launch, _ = launches.meant(session, order.place.channel, order.text)
    if launch.amendment is None:
        raise StaleError(f"{launch.id} has no amendment to withdraw.")
    _withdraw(session, desk, launch, launch.amendment, order.by, now)


def _withdraw(
    session: Session, desk: Desk, launch: Launch, amendment: Amendment, by: str, now: datetime
) -> None:
    if by != amendment.by:
        permissions.require(session, desk, by, Act.WITHDRAW)
    body = {"sha256": amendment.sha256}
    launch, entry = launches.note(session, launch.id, Kind.WITHDRAWN, by=by, body=body, now=now)
    said = notes.withdrawn(launch, amendment, by, entry)
    thread = views.key(launch, amendment)
    key = f"launch/{launch.id}/{entry.number}/withdrawn"
    outbox.put(session, Post(key, launch.channel, said, thread), now=now)
    launch_cards.draw_amendment(session, desk, launch, amendment, notes.GIVEN_UP, now=now)
    launch_cards.draw(session, desk, launch, now=now)


def _refuse_now(launch: Launch) -> None:
    stands = rules.obstacle(launch, (), breaking=True)
    if stands:
        raise RefusedError(stands, "Register a re-run under a new id: `/experiment register`.")
    pending = launch.amendment
    if pending is not None:
        raise StaleError(
            f"An amendment of {launch.id} by {person(pending.by)} waits for signatures already.",
            f"Withdraw it first: `/experiment withdraw {launch.id}`.",
        )


def _refuse_empty(launch: Launch, proposal: Proposal) -> None:
    if not proposal.reason.strip():
        raise InputError("An amendment needs a reason: whoever signs reads it.", "Say why it changes.")
    if len(proposal.reason) > views.MOST_REASON:
        what = f"The reason has {len(proposal.reason)} characters; {views.MOST_REASON} is the most."
        raise InputError(what, "Be shorter.")
    if proposal.base and proposal.base != launch.sha256:
        raise StaleError(
            f"{launch.id} was amended while you wrote: it is {launch.sha256[:12]}… now, "
            f"and you changed {escape(proposal.base[:12])}….",
            f"Open `/experiment amend {launch.id}` again.",
        )


def _before(session: Session, launch: Launch, checked: Checked) -> experiments.Registered:
    """What is in force. Raises InputError when the text is not a change of it."""
    before = experiments.load(session, launch.id)
    if before is None:
        raise InputError(f"No experiment `{escape(launch.id, 80)}` is registered.", launches.known(session))
    if checked.registration.id != launch.id:
        raise InputError(
            f"The id may not change: the text says {checked.registration.id}, and this is {launch.id}.",
            "Register it under the new id instead, or put the id back.",
        )
    if checked.sha256 == before.sha256:
        raise InputError(
            f"This changes nothing: the content is that of registration {before.sha256[:12]}….",
            "Comments and formatting do not count.",
        )
    return before


def _as_known(session: Session, launch: Launch, checked: Checked) -> Checked:
    """The very text that had this hash before, comments and all, so that looks of then verify against it."""
    known = experiments.of_hash(session, launch.id, checked.sha256)
    return checked if known is None else checked.as_on_record(known)


def _body(
    launch: Launch,
    canonical: str,
    checked: Checked,
    proposal: Proposal,
    touches: tuple[str, ...],
    breaking: bool,
) -> dict[str, Any]:
    signoffs = dict.fromkeys([*launch.signoffs, *checked.registration.signoffs])
    return {
        "sha256": checked.sha256,
        "text_sha256": checked.text_sha256(),
        "reason": proposal.reason.strip(),
        "breaking": breaking,
        "diff": list(rules.difference(registering.content(canonical), checked.document.data)),
        "touches": list(touches),
        "signoffs": list(signoffs),
        "warnings": [one for one in checked.warnings if one not in launch.warnings],
    }
