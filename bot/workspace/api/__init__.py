"""The Web API: every method this workspace knows, by Slack's name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from bot.workspace.api import chat, conversations, files, history, marks, team, validate, views
from bot.workspace.api.call import Call, Shape

SPECIAL: Final = 0  # no tier of its own: Slack sets a limit it does not publish


@dataclass(frozen=True)
class Method:
    """How a method is answered, its rate-limit tier, and the scopes of which one is needed."""

    run: Callable[[Call], Shape]
    tier: int
    scopes: tuple[str, ...] = ()


_HISTORY: Final = ("channels:history", "im:history")
_READ: Final = ("channels:read", "im:read")
_JOIN: Final = ("channels:join",)
_MANAGE: Final = ("channels:manage", "channels:write")

METHODS: Final[Mapping[str, Method]] = {
    "api.test": Method(team.api_test, 4),
    "apps.connections.open": Method(team.connections_open, SPECIAL),
    "auth.test": Method(team.auth_test, SPECIAL),
    "blocks.validate": Method(validate.validate, SPECIAL),
    "bots.info": Method(team.bot_info, 3, ("users:read",)),
    "chat.delete": Method(chat.delete, 3, ("chat:write",)),
    "chat.getPermalink": Method(chat.get_permalink, SPECIAL),
    "chat.postEphemeral": Method(chat.post_ephemeral, 4, ("chat:write",)),
    "chat.postMessage": Method(chat.post_message, SPECIAL, ("chat:write",)),
    "chat.update": Method(chat.update, 3, ("chat:write",)),
    "conversations.archive": Method(conversations.archive, 2, _MANAGE),
    "conversations.create": Method(conversations.create, 2, _MANAGE),
    "conversations.history": Method(history.history, 3, _HISTORY),
    "conversations.info": Method(conversations.info, 3, _READ),
    "conversations.invite": Method(conversations.invite, 3, ("channels:write.invites", *_MANAGE)),
    "conversations.join": Method(conversations.join, 3, _JOIN),
    "conversations.leave": Method(conversations.leave, 3, _MANAGE),
    "conversations.list": Method(conversations.list_, 2, _READ),
    "conversations.members": Method(conversations.members, 4, _READ),
    "conversations.open": Method(conversations.open_, 3, ("im:write",)),
    "conversations.rename": Method(conversations.rename, 2, _MANAGE),
    "conversations.replies": Method(history.replies, 3, _HISTORY),
    "conversations.setPurpose": Method(conversations.set_purpose, 2, ("channels:write.topic", *_MANAGE)),
    "conversations.setTopic": Method(conversations.set_topic, 2, ("channels:write.topic", *_MANAGE)),
    "conversations.unarchive": Method(conversations.unarchive, 2, _MANAGE),
    "files.completeUploadExternal": Method(files.complete_upload_external, 4, ("files:write",)),
    "files.getUploadURLExternal": Method(files.get_upload_url_external, 4, ("files:write",)),
    "files.info": Method(files.info, 4, ("files:read",)),
    "files.list": Method(files.list_, 3, ("files:read",)),
    "pins.add": Method(marks.pin, 2, ("pins:write",)),
    "pins.list": Method(marks.pins, 2, ("pins:read",)),
    "pins.remove": Method(marks.unpin, 2, ("pins:write",)),
    "reactions.add": Method(marks.react, 3, ("reactions:write",)),
    "reactions.get": Method(marks.reactions, 3, ("reactions:read",)),
    "reactions.remove": Method(marks.unreact, 2, ("reactions:write",)),
    "team.info": Method(team.team_info, 3, ("team:read",)),
    "usergroups.list": Method(team.user_groups, 2, ("usergroups:read",)),
    "usergroups.users.list": Method(team.user_group_users, 2, ("usergroups:read",)),
    "users.conversations": Method(team.user_conversations, 3, _READ),
    "users.info": Method(team.user_info, 4, ("users:read",)),
    "users.list": Method(team.users, 2, ("users:read",)),
    "users.lookupByEmail": Method(team.user_by_email, 3, ("users:read.email",)),
    "views.open": Method(views.open_, 4),
    "views.publish": Method(views.publish, 4),
    "views.push": Method(views.push, 4),
    "views.update": Method(views.update, 4),
}
