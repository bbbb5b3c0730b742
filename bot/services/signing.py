"""Signing: a person signs for a role they hold; the last signature locks the rule."""

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session

from bot.core import amending as rules
from bot.core.effect import Message, Post
from bot.core.inbound import Press
from bot.core.launch import Amendment, Kind, Launch
from bot.core.permission import Act
from bot.core.registration import Registration
from bot.errors import InputError, RefusedError, StaleError, UserError
from bot.services import launch_cards, launches, permissions, seen_data
from bot.services.desk import Desk
from bot.services.locking import enforce, lock, locked
from bot.services.look_record import registration_of
from bot.store import experiments, outbox, people
from bot.views import launch_notes as notes
from bot.views.amendment import key as amendment_key
from bot.views.signing_actions import Text
from bot.views.text import duration, escape, person


def sign(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """Answer [Sign as …]: sign the text that was shown, for a role that the person holds."""
    del key
    wanted = Text.decode(press.value)
    launch, paper = _meant(session, wanted, now)
    _refuse(session, desk, launch, paper, wanted.role, press.by, now)
    body = {"sha256": wanted.sha256, "role": wanted.role}
    launch, entry = launches.note(session, launch.id, Kind.SIGNED, by=press.by, body=body, now=now)
    left = _paper(launch).missing_signoffs
    said = notes.signed(press.by, wanted.role, left, entry)
    _say(session, launch, f"{entry.number}/signed", said, now)
    settle(session, desk, launch, now)


def acknowledge(session: Session, desk: Desk, press: Press, key: str, now: datetime) -> None:
    """Answer [Acknowledge …]: take on every warning of the text that was shown, by name."""
    del key
    permissions.require(session, desk, press.by, Act.ACKNOWLEDGE)
    wanted = Text.decode(press.value)
    launch, paper = _meant(session, wanted, now)
    _refuse_overtaken(session, launch, paper)
    codes = list(dict.fromkeys(one["code"] for one in paper.missing_acknowledgements))
    if not codes:
        marks = list(paper.acknowledged.values())
        who = f", {duration(now - marks[-1].at)} ago by {person(marks[-1].by)}" if marks else ""
        raise StaleError(f"Every warning is acknowledged already{who}.")
    body = {"sha256": wanted.sha256, "codes": codes}
    launch, entry = launches.note(session, launch.id, Kind.ACKNOWLEDGED, by=press.by, body=body, now=now)
    _say(session, launch, f"{entry.number}/acknowledged", notes.acknowledged(press.by, codes, entry), now)
    settle(session, desk, launch, now)


def settle(session: Session, desk: Desk, launch: Launch, now: datetime) -> Launch:
    """Lock the launch, or bring its amendment into force, once nothing is outstanding; draw the cards anew.

    Signatures of people who were deactivated meanwhile, or hold the role no more, are voided first and asked
    for again.
    """
    if launch.locked_at is not None and launch.amendment is None:
        return launch
    launch = _void(session, desk, launch, now)
    paper = _paper(launch)
    if not paper.missing_signoffs and not paper.missing_acknowledgements:
        return _in_force(session, desk, launch, now)
    launch_cards.draw(session, desk, launch, now=now)
    return launch


def open_to(session: Session, desk: Desk, launch: Launch, by: str, now: datetime) -> tuple[str, ...]:
    """The roles in which somebody could sign, as things are, what is to be signed; reads only."""
    paper, found = _paper(launch), []
    if not launch.open or (paper is launch and launch.locked_at is not None):
        return ()
    for role in paper.missing_signoffs:
        try:
            _refuse(session, desk, launch, paper, role, by, now)
        except UserError:
            continue
        found.append(role)
    return tuple(found)


def left(session: Session, desk: Desk, gone: Collection[str], now: datetime) -> None:
    """People were deactivated: what they signed and is not in force yet is asked for again at once.

    What is locked or in force stays so: they could sign when they did.
    """
    for launch in launches.running(session):
        if any(mark.by in gone for mark in _paper(launch).signatures.values()):
            settle(session, desk, launches.load(session, launch.id), now)


def _in_force(session: Session, desk: Desk, launch: Launch, now: datetime) -> Launch:
    amendment = launch.amendment
    if amendment is None:
        return lock(session, desk, launch, now)
    launch = enforce(session, desk, launch, now)
    launch_cards.draw_amendment(session, desk, launch, amendment, notes.IN_FORCE, now=now)
    return launch


def _void(session: Session, desk: Desk, launch: Launch, now: datetime) -> Launch:
    """Take out the signatures of people who have left or may not sign in that role any more, and say so."""
    gone, paper = people.deactivated(session), _paper(launch)
    for role, mark in paper.signatures.items():
        if mark.by in gone:
            why = "the account is deactivated in Slack"
        elif mark.by not in permissions.signers(session, desk, role):
            why = f"[signoffs] {role} in lookout.toml does not name them any more"
        else:
            continue
        body = {"sha256": paper.sha256, "role": role, "of": mark.by, "why": why}
        launch, entry = launches.note(session, launch.id, Kind.VOIDED, by="", body=body, now=now)
        said = notes.voided(launch, role, mark, entry)
        outbox.put(session, Post(f"launch/{launch.id}/{entry.number}/voided", launch.channel, said), now=now)
    return launch


def _say(session: Session, launch: Launch, what: str, said: Message, now: datetime) -> None:
    """Into the thread of the card on which it was pressed."""
    card = launch.card if launch.amendment is None else amendment_key(launch, launch.amendment)
    outbox.put(session, Post(f"launch/{launch.id}/{what}", launch.channel, said, card), now=now)


def _paper(launch: Launch) -> Launch | Amendment:
    """What is to be signed: the amendment where one is proposed, else the registration."""
    return launch.amendment or launch


def _meant(session: Session, wanted: Text, now: datetime) -> tuple[Launch, Launch | Amendment]:
    """The launch and what of it the person saw. Raises StaleError when that is not what is to be signed."""
    launch = launches.load(session, wanted.experiment)
    if not launch.open:
        raise StaleError(f"{launch.id} was decided or closed already: nothing is left to sign.")
    paper = _paper(launch)
    if paper.sha256 == wanted.sha256:
        if paper is launch and launch.locked_at is not None:
            ago = duration(now - launch.locked_at)
            raise StaleError(f"{launch.id} is locked since {ago}: every signature is there.")
        return launch, paper
    if wanted.sha256 == launch.sha256:
        raise StaleError(f"{launch.id} is signed; an amendment waits for signatures on a card of its own.")
    raise StaleError(
        f"This text of {launch.id} ({escape(wanted.sha256[:12])}…) is not the one to sign any more.",
        "Use the newest card of the experiment.",
    )


def _refuse(
    session: Session, desk: Desk, launch: Launch, paper: Launch | Amendment, role: str, by: str, now: datetime
) -> None:
    if by in people.deactivated(session):
        raise RefusedError(f"{person(by)} is deactivated in Slack and cannot sign.")
    name = escape(role, 80)
    if role not in paper.signoffs:
        raise InputError(f"{launch.id} asks for no signature as {name}.", "Use the newest card.")
    done = paper.signatures.get(role)
    if done is not None:
        raise StaleError(f"Signed as {name} already, {duration(now - done.at)} ago by {person(done.by)}.")
    _refuse_overtaken(session, launch, paper)
    may = permissions.signers(session, desk, role)
    if by not in may:
        who = f"Who may sign as {name}: {permissions.who_signs(session, desk, role)}."
        raise RefusedError(f"To sign as {name} takes a place under [signoffs] {name}.", who)
    _refuse_twice(desk, paper, role, by)
    _refuse_alone(paper, role, by, _who(tuple(one for one in may if one != by), name))


def _refuse_overtaken(session: Session, launch: Launch, paper: Launch | Amendment) -> None:
    """A look may have come since it was proposed, of this launch or at its data, so that it may not hold."""
    if isinstance(paper, Amendment):
        stands = rules.obstacle(launch, paper.touches, breaking=paper.breaking)
        if stands:
            raise StaleError(stands, "Withdraw this amendment.")
    if not launch.judged and (isinstance(paper, Launch) or paper.touches):
        seen_data.refuse(session, _said(session, launch, paper))


def _said(session: Session, launch: Launch, paper: Launch | Amendment) -> Registration:
    """The registration that is to be signed."""
    found = experiments.proposed(session, launch.id, paper.sha256) if paper is launch.amendment else None
    return registration_of(found) if found is not None else launches.registration(session, launch)


def _refuse_twice(desk: Desk, paper: Launch | Amendment, role: str, by: str) -> None:
    other = [signed for signed, mark in paper.signatures.items() if mark.by == by]
    if other and not desk.settings.launches.sign_several:
        raise RefusedError(
            f"You signed as {escape(other[0], 80)} already, and nobody signs for two roles.",
            f"Somebody else signs as {escape(role, 80)}; [launches] sign_several = true would allow it.",
        )


def _refuse_alone(paper: Launch | Amendment, role: str, by: str, who: str) -> None:
    """The author may be one of those who sign, never all of them."""
    author = paper.by if isinstance(paper, Amendment) else paper.author
    others = [mark.by for mark in paper.signatures.values() if mark.by != author]
    if by == author and not others and paper.missing_signoffs == (role,):
        raise RefusedError("You wrote this, and the author's signature alone does not lock it.", who)


def _who(may: tuple[str, ...], name: str) -> str:
    if may:
        return f"Who may sign as {name}: {', '.join(person(one) for one in may)}."
    return f'Nobody may yet: an admin writes {name} = ["U…"] under [signoffs] in lookout.toml.'


__all__ = ["acknowledge", "locked", "settle", "sign"]
