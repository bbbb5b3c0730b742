"""The part of `lookout doctor` about people: who holds which role, and what nobody may do."""

from collections.abc import Iterable, Iterator, Mapping

from bot.chat.directory import Directory
from bot.commands.diagnosis import Diagnosis
from bot.core.permission import NEEDS
from bot.services.people import Found, look_up, references
from bot.settings import Settings
from bot.store.people import is_id

_NAMED = "Mend it in lookout.toml: a Slack id (U…), a user group's id (S…) or an e-mail address."


def roles(configured: Settings) -> Iterator[Diagnosis]:
    """Look everybody up whom lookout.toml names; without a token only what it names can be said."""
    named = references(configured)
    token = configured.slack_bot_token
    found = Found()
    if named and token is not None:
        with Directory(token.get_secret_value(), configured.slack_api_url) as directory:
            found = look_up(directory, named)
    yield from _references(named, found)
    held = {str(role): _people(who, found) for role, who in configured.roles.items()}
    for role, people in held.items():
        yield _counted(f"role {role}", people)
    for signoff, who in configured.signoffs.items():
        yield _counted(f"sign-off {signoff}", _people(who, found))
    yield from _nobody(held)


def _references(named: Mapping[str, tuple[str, ...]], found: Found) -> Iterator[Diagnosis]:
    """Everything that is not there, cannot be said, or is somebody who left."""
    for reference, uses in named.items():
        what = f"{', '.join(uses)}: {reference}"
        account = found.accounts.get(reference)
        if reference in found.unknown:
            yield Diagnosis(what, False, "Slack knows no such account, group or address", _NAMED)
        elif reference in found.failed:
            mend = "Whom it named last still count for a day. Check the token and its scopes."
            yield Diagnosis(what, None, f"could not be looked up: {found.failed[reference]}", mend)
        elif account is not None and account.gone:
            yield Diagnosis(what, None, "deactivated in Slack, so it holds nothing", "Name somebody else.")
        elif found.members.get(reference) == ():
            yield Diagnosis(what, None, "the group is empty", "Add its people in Slack.")


def _people(who: Iterable[str], found: Found) -> dict[str, str] | None:
    """Those behind references, by id; None where some of them are not known just now."""
    people: dict[str, str] = {}
    for reference in who:
        members = (reference,) if is_id(reference) else found.members.get(reference)
        if members is None and reference not in found.unknown:
            return None
        for one in members or ():
            account = found.accounts.get(one)
            if one not in found.unknown and not (account is not None and account.gone):
                people[one] = account.name if account is not None and account.name else one
    return people


def _counted(what: str, people: Mapping[str, str] | None) -> Diagnosis:
    if people is None:
        return Diagnosis(what, None, "who holds it cannot be said without asking Slack")
    if not people:
        return Diagnosis(what, None, "nobody holds it", "Name somebody in lookout.toml.")
    shown = sorted(people.values())
    rest = f" and {len(shown) - 5} more" if len(shown) > 5 else ""
    return Diagnosis(what, True, f"{', '.join(shown[:5])}{rest}")


def _nobody(held: Mapping[str, Mapping[str, str] | None]) -> Iterator[Diagnosis]:
    """What is refused to everybody, by the roles of which one would be needed."""
    lacking: dict[str, list[str]] = {}
    for act, needed in NEEDS.items():
        if all((role in held and held[role] == {}) or role not in held for role in needed):
            lacking.setdefault(" or ".join(needed), []).append(act.value)
    for roles_of, acts in lacking.items():
        mend = f"Name somebody under [roles] as {roles_of} in lookout.toml."
        yield Diagnosis("permissions", None, f"nobody may {', '.join(acts)}", mend)
