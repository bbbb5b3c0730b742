"""What an administrator of the workspace does: accounts deactivated and activated, user groups changed."""

from collections.abc import Sequence
from dataclasses import replace

from bot.workspace.hub import Hub
from bot.workspace.records import User, UserGroup
from bot.workspace.refused import RefusedError


def set_active(hub: Hub, user: str, *, active: bool) -> User:
    """Activate or deactivate an account; the app hears of it when it changed. RefusedError for nobody."""
    person = hub.workspace.person(user)
    if person is None or person.is_bot:
        raise RefusedError(f"There is nobody called {user} here.")
    if person.deleted is not active:
        return person
    changed = hub.workspace.add_user(replace(person, deleted=not active))
    hub.events.user_changed(person.id)
    return changed


def set_group(hub: Hub, group: str, members: Sequence[str], handle: str = "") -> None:
    """Make a user group or change who is in it; without members it is gone. RefusedError for a stranger."""
    groups = hub.workspace.groups
    if not members:
        groups.pop(group, None)
        return
    unknown = [one for one in members if one not in hub.workspace.users]
    if unknown:
        raise RefusedError(f"There is nobody called {', '.join(unknown)} here.")
    before = groups.get(group) or UserGroup(group, handle or group.lower(), handle or group)
    groups[group] = replace(before, handle=handle or before.handle, members=tuple(members))
