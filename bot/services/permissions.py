"""Whether somebody may do something: roles and sign-offs of lookout.toml, people as Slack last named them."""

from collections.abc import Iterable, Sequence

from sqlmodel import Session

from bot.core.permission import NEEDS, Act
from bot.errors import RefusedError
from bot.services.desk import Desk
from bot.store import people
from bot.views.text import person


def require(session: Session, desk: Desk, by: str, act: Act) -> None:
    """Return when `by` may. Raises RefusedError, which says which role is needed and who holds it."""
    needed = NEEDS[act]
    if by in people.deactivated(session):
        raise RefusedError(f"{person(by)} is deactivated in Slack and cannot {act.value}.")
    if any(by in holders(session, desk, role) for role in needed):
        return
    who = "; ".join(f"{role}: {_named(holders(session, desk, role))}" for role in needed)
    raise RefusedError(f"To {act.value} takes the role {' or '.join(needed)}.", f"Who holds it: {who}.")


def holders(session: Session, desk: Desk, role: str) -> tuple[str, ...]:
    """The Slack ids of everybody who holds a role of [roles], without those who left."""
    return _people(session, dict(desk.settings.roles).get(role, ()))  # type: ignore[call-overload]


def signers(session: Session, desk: Desk, signoff: str) -> tuple[str, ...]:
    """The Slack ids of everybody who may sign as `signoff` of [signoffs], without those who left."""
    return _people(session, desk.settings.signoffs.get(signoff, ()))


def roles_of(session: Session, desk: Desk, by: str) -> tuple[str, ...]:
    """Every role somebody holds; everybody is at least a viewer."""
    held = [str(role) for role in desk.settings.roles if by in holders(session, desk, str(role))]
    return tuple(dict.fromkeys([*held, "viewer"]))


def mentions(session: Session, desk: Desk, *roles: str) -> str:
    """Whom to call, as mentions: the holders of the first of the roles that anybody holds; else its name."""
    for role in roles:
        found = holders(session, desk, role) or signers(session, desk, role)
        if found:
            return " ".join(person(one) for one in found)
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


def _named(ids: tuple[str, ...]) -> str:
    return ", ".join(person(one) for one in ids) or "nobody yet; an admin names them under [roles]"
