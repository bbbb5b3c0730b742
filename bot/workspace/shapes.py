"""What things look like in Slack's JSON."""

from collections.abc import Mapping
from typing import Any

from bot.workspace.records import Channel, File, Message, User, UserGroup, View
from bot.workspace.seed import APP_ID
from bot.workspace.state import Workspace

Shape = dict[str, Any]


def user(workspace: Workspace, person: User) -> Shape:
    """A user, as `users.info` gives it."""
    return {
        "id": person.id,
        "team_id": workspace.team_id,
        "name": person.name,
        "deleted": person.deleted,
        "real_name": person.real_name,
        "tz": person.tz,
        "is_bot": person.is_bot,
        "is_app_user": False,
        "is_admin": False,
        "is_owner": False,
        "is_restricted": False,
        "updated": 0,
        "profile": {
            "real_name": person.real_name,
            "display_name": person.name,
            "title": person.title,
            "email": person.email,
            "team": workspace.team_id,
            **({"bot_id": person.bot_id, "api_app_id": APP_ID} if person.is_bot else {}),
        },
    }


def group_members(workspace: Workspace, group: UserGroup) -> list[str]:
    """Who is in a user group; a deactivated account is in none."""
    return [one for one in group.members if one in workspace.users and not workspace.users[one].deleted]


def user_group(workspace: Workspace, group: UserGroup) -> Shape:
    """A user group, as `usergroups.list` gives it."""
    members = group_members(workspace, group)
    return {
        "id": group.id,
        "team_id": workspace.team_id,
        "is_usergroup": True,
        "name": group.name,
        "handle": group.handle,
        "users": members,
        "user_count": str(len(members)),
        "date_delete": 0,
    }


def channel(workspace: Workspace, value: Channel, viewer: str) -> Shape:
    """A conversation, as `conversations.info` gives it to `viewer`."""
    common: Shape = {
        "id": value.id,
        "created": value.created,
        "updated": value.created * 1000,
        "is_im": value.is_im,
        "is_archived": value.archived,
        "context_team_id": workspace.team_id,
    }
    if value.is_im:
        other = next((member for member in value.members if member != viewer), viewer)
        return {**common, "user": other, "is_user_deleted": False, "is_open": True, "priority": 0}
    return {
        **common,
        "name": value.name,
        "name_normalized": value.name,
        "creator": value.creator,
        "is_channel": True,
        "is_group": False,
        "is_mpim": False,
        "is_private": False,
        "is_general": value.name == "general",
        "is_shared": False,
        "is_ext_shared": False,
        "is_org_shared": False,
        "is_member": viewer in value.members,
        "num_members": len(value.members),
        "topic": {"value": value.topic, "creator": "", "last_set": 0},
        "purpose": {"value": value.purpose, "creator": "", "last_set": 0},
        "previous_names": [],
    }


def file(workspace: Workspace, value: File, base_url: str) -> Shape:
    """A file, as `files.info` gives it; its private URL wants the bot's token."""
    url = f"{base_url}/files/{value.id}/{value.name}"
    return {
        "id": value.id,
        "created": value.created,
        "timestamp": value.created,
        "name": value.name,
        "title": value.title,
        "mimetype": value.mimetype,
        "filetype": value.name.rpartition(".")[2] or "text",
        "size": value.size,
        "user": value.user,
        "user_team": workspace.team_id,
        "mode": "hosted",
        "is_external": False,
        "is_public": bool(value.channels),
        "url_private": url,
        "url_private_download": url + "?download=1",
        "permalink": url,
        "channels": list(value.channels),
        "groups": [],
        "ims": [],
        "shares": shares(workspace, value),
        **({"alt_txt": value.alt_txt} if value.alt_txt else {}),
    }


def shares(workspace: Workspace, value: File) -> Shape:
    """Where a file was shared: the messages that carry it, by channel."""
    public: Shape = {}
    for where in value.channels:
        carriers = [m for m in workspace.messages(where) if value.id in m.files]
        public[where] = [
            {"ts": m.ts, **({"thread_ts": m.thread_ts} if m.thread_ts else {}), "reply_count": 0}
            for m in carriers
        ]
    return {"public": public} if public else {}


def message(workspace: Workspace, value: Message, base_url: str, *, with_metadata: bool = True) -> Shape:
    """A message, as `conversations.history` gives it."""
    shape: Shape = {
        "type": "message",
        "user": value.user,
        "ts": value.ts,
        "text": value.text,
        "team": workspace.team_id,
    }
    optional: Mapping[str, Any] = {
        "subtype": value.subtype,
        "blocks": [dict(block) for block in value.blocks],
        "edited": {"user": value.user, "ts": value.edited} if value.edited else None,
        "metadata": value.metadata if with_metadata else None,
        "files": [file(workspace, workspace.files[id_], base_url) for id_ in value.files],
        "reactions": [
            {"name": name, "users": list(users), "count": len(users)}
            for name, users in value.reactions.items()
        ],
        "pinned_to": [value.channel] if value.pinned else [],
    }
    shape.update({name: part for name, part in optional.items() if part})
    if value.bot_id:
        shape.update(bot_id=value.bot_id, app_id=APP_ID, bot_profile=bot_profile(workspace, value))
    if value.thread_ts:
        shape.update(thread_fields(workspace, value))
    return shape


def bot_profile(workspace: Workspace, value: Message) -> Shape:
    """Who the app is, beside its message."""
    person = workspace.users.get(value.user)
    return {
        "id": value.bot_id,
        "app_id": APP_ID,
        "name": person.real_name if person else "App",
        "deleted": False,
        "team_id": workspace.team_id,
    }


def thread_fields(workspace: Workspace, value: Message) -> Shape:
    """The thread a message is in; on its parent, how long it has become."""
    if value.is_reply:
        parent = workspace.message(value.channel, value.thread_ts)
        return {"thread_ts": value.thread_ts, "parent_user_id": parent.user if parent else ""}
    replies = [
        m
        for m in workspace.messages(value.channel)
        if m.thread_ts == value.ts and m.is_reply and not m.ephemeral_to
    ]
    users = list(dict.fromkeys(m.user for m in replies))
    return {
        "thread_ts": value.ts,
        "reply_count": len(replies),
        "reply_users": users[:5],
        "reply_users_count": len(users),
        "latest_reply": replies[-1].ts if replies else "",
        "is_locked": False,
        "subscribed": False,
    }


def view(workspace: Workspace, value: View, state: Mapping[str, Any] | None = None) -> Shape:
    """A view, as `views.open` and the interactions give it; `state` holds what its inputs hold."""
    payload = value.payload
    return {
        "id": value.id,
        "team_id": workspace.team_id,
        "type": payload.get("type", "modal"),
        "blocks": [dict(block) for block in value.blocks],
        "private_metadata": payload.get("private_metadata") or "",
        "callback_id": payload.get("callback_id") or "",
        "external_id": payload.get("external_id") or "",
        "state": {"values": state or {}},
        "hash": value.hash,
        "title": payload.get("title"),
        "submit": payload.get("submit"),
        "close": payload.get("close"),
        "clear_on_close": bool(payload.get("clear_on_close")),
        "notify_on_close": bool(payload.get("notify_on_close")),
        "submit_disabled": bool(payload.get("submit_disabled")),
        "previous_view_id": value.previous_id,
        "root_view_id": value.root_id,
        "app_id": APP_ID,
        "app_installed_team_id": workspace.team_id,
        "bot_id": workspace.users[workspace.bot].bot_id,
    }
