"""Whether somebody may do something: roles and sign-offs of lookout.toml, people as Slack last named them."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.core.permission import NEEDS, Act
from bot.errors import RefusedError
from bot.services.desk import Desk
from bot.store import people
from bot.views.people import doubt
from bot.views.text import escape, person

OLD = timedelta(hours=1)
"""From this age on of what Slack last said of a group or address, people are told how old it is."""


def require(session: Session, desk: Desk, by: str, act: Act) -> None:
    """Return when `by` may. Raises RefusedError, which says which role is needed and who holds it."""
    needed = NEEDS[act]
    require_active(session, by, act.value)
    if any(by in holders(session, desk, role) for role in needed):
        return
    who = "; ".join(f"{role}: {who_holds(session, desk, role)}" for role in needed)
    raise RefusedError(f"To {act.value} takes the role {' or '.join(needed)}.", f"Who holds it: {who}.")


def require_active(session: Session, by: str, what: str = "do anything here") -> None:
    """Return unless the account of `by` was deactivated. Raises RefusedError."""
    if by in people.deactivated(session):
        raise RefusedError(f"{person(by)} is deactivated in Slack and cannot {what}.")


def who_holds(session: Session, desk: Desk, role: str) -> str:
    """Who holds a role of [roles], as mentions; of a group that is not read or not known it says so."""
    references = _references(desk, role)
    return _who(session, references, holders(session, desk, role), f"[roles] {role}")


def who_signs(session: Session, desk: Desk, signoff: str) -> str:
    """Who may sign as `signoff`, as mentions; of a group that is not read or not known it says so."""
    references = desk.settings.signoffs.get(signoff, ())
    return _who(session, references, signers(session, desk, signoff), f"[signoffs] {escape(signoff, 80)}")


def may(session: Session, desk: Desk, by: str, act: Act) -> bool:
    """Whether somebody may do it, for showing only what they can use."""
    if by in people.deactivated(session):
        return False
    return any(by in holders(session, desk, role) for role in NEEDS[act])


def signs_as(session: Session, desk: Desk, by: str) -> tuple[str, ...]:
    """Every sign-off that somebody may give."""
    return tuple(name for name in desk.settings.signoffs if by in signers(session, desk, name))


def holders(session: Session, desk: Desk, role: str) -> tuple[str, ...]:
    """The Slack ids of everybody who holds a role of [roles], without those who left."""
    return _people(session, _references(desk, role))


def signers(session: Session, desk: Desk, signoff: str) -> tuple[str, ...]:
    """The Slack ids of everybody who may sign as `signoff` of [signoffs], without those who left."""
    return _people(session, desk.settings.signoffs.get(signoff, ()))


def roles_of(session: Session, desk: Desk, by: str) -> tuple[str, ...]:
    """Every role somebody holds; everybody is at least a viewer."""
    held = [str(role) for role in desk.settings.roles if by in holders(session, desk, str(role))]
    return tuple(dict.fromkeys([*held, "viewer"]))


def called(session: Session, desk: Desk, role: str) -> tuple[str, ...]:
    """Whom a page of a role mentions: a group as itself, an address as its person once that is known."""
    gone, found = people.deactivated(session), []
    for reference in _references(desk, role) or desk.settings.signoffs.get(role, ()):
        behind = people.members(session, reference) if "@" in reference else ()
        found += [one for one in behind or (reference,) if one not in gone]
    return tuple(dict.fromkeys(found))


def doubts(session: Session, desk: Desk, now: datetime) -> tuple[str, ...]:
    """What is not known, or not lately, of the people behind the roles and sign-offs."""
    found = []
    for one in dict.fromkeys(
        one for held in (*desk.settings.roles.values(), *desk.settings.signoffs.values()) for one in held
    ):
        standing, at = people.standing(session, one), people.read_at(session, one)
        if standing != "read" or (at is not None and now - at >= OLD):
            found.append(doubt(one, standing, at))
    return tuple(found)


def mentions(session: Session, desk: Desk, *roles: str) -> str:
    """Whom to call, as mentions: the holders of the first of the roles that anybody holds.

    Else the groups that hold one of them, and else the roles' names.
    """
    for role in roles:
        found = holders(session, desk, role) or signers(session, desk, role)
        if found:
            return " ".join(person(one) for one in found)
    unread = [one for role in roles for one in _references(desk, role) if one.startswith("S")]
    if unread:
        return " ".join(person(one) for one in dict.fromkeys(unread))
    return f"(nobody is configured as {' or '.join(roles)})"


def first_held(session: Session, desk: Desk, roles: Sequence[str]) -> str:
    """Who has a task: the only holder of the first of these roles that anybody holds, else that role."""
    for role in roles:
        found = holders(session, desk, role) or signers(session, desk, role)
        if found:
            return found[0] if len(found) == 1 else role
    return roles[0] if roles else "owner"


def _people(session: Session, references: Iterable[str]) -> tuple[str, ...]:
    gone = people.deactivated(session)
    found = (one for reference in references for one in people.members(session, reference))
    return tuple(one for one in dict.fromkeys(found) if one not in gone)


def _references(desk: Desk, role: str) -> tuple[str, ...]:
    """How lookout.toml names the holders of a role."""
    named = next((held for name, held in desk.settings.roles.items() if name == role), ())
    return tuple(named)


def _who(session: Session, references: Iterable[str], ids: tuple[str, ...], table: str) -> str:
    parts = [person(one) for one in ids]
    for one in references:
        standing = people.standing(session, one)
        if standing != "read":
            parts.append(doubt(one, standing, people.read_at(session, one)))
    return ", ".join(parts) or f"nobody yet; an admin names them under {table} in lookout.toml"
