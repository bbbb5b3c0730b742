"""The payloads Slack sends for commands, clicks and forms."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from bot.workspace import shapes
from bot.workspace.hub import Hub
from bot.workspace.installation import VERIFICATION_TOKEN
from bot.workspace.records import Channel, Command, Json, Message, User, View
from bot.workspace.seed import APP_ID

Payload: TypeAlias = dict[str, Any]
_DOMAIN = "local"


def command(
    hub: Hub, person: User, channel: Channel, registered: Command, text: str, thread_ts: str = ""
) -> Payload:
    """A slash command, with a fresh trigger_id and response_url."""
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": hub.workspace.team_id,
        "team_domain": _DOMAIN,
        "channel_id": channel.id,
        "channel_name": channel.name or "directmessage",
        "user_id": person.id,
        "user_name": person.name,
        "command": registered.name,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        "response_url": hub.responses.issue(person.id, channel.id, thread_ts=thread_ts),
        "trigger_id": hub.triggers.issue(person.id),
    }


def message_action(
    hub: Hub, person: User, message: Message, action: Json, values: Mapping[str, Any]
) -> Payload:
    """block_actions from a message."""
    channel = hub.workspace.channels[message.channel]
    threaded = {"thread_ts": message.thread_ts} if message.thread_ts else {}
    response_url = hub.responses.issue(
        person.id,
        channel.id,
        source=message.ts,
        thread_ts=message.thread_ts if message.is_reply else "",
    )
    shown = shapes.message(hub.workspace, message, hub.base_url)
    return {
        **_common(hub, person, "block_actions"),
        "container": {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": bool(message.ephemeral_to),
            **threaded,
        },
        "trigger_id": hub.triggers.issue(person.id),
        "channel": {"id": channel.id, "name": channel.name or "directmessage"},
        **({} if message.ephemeral_to else {"message": shown}),
        "state": {"values": values},
        "response_url": response_url,
        "actions": [action],
    }


def shortcut(hub: Hub, person: User, message: Message, callback_id: str) -> Payload:
    """message_action: an app's entry in a message's menu."""
    channel = hub.workspace.channels[message.channel]
    return {
        **_common(hub, person, "message_action"),
        "callback_id": callback_id,
        "action_ts": hub.workspace.clock.ts(),
        "trigger_id": hub.triggers.issue(person.id),
        "response_url": hub.responses.issue(person.id, channel.id, source=message.ts),
        "message_ts": message.ts,
        "channel": {"id": channel.id, "name": channel.name or "directmessage"},
        "message": shapes.message(hub.workspace, message, hub.base_url),
    }


def view_action(hub: Hub, person: User, view: View, action: Json, values: Mapping[str, Any]) -> Payload:
    """block_actions from a modal or Home tab."""
    return {
        **_common(hub, person, "block_actions"),
        "container": {"type": "view", "view_id": view.id},
        "trigger_id": hub.triggers.issue(person.id, view.id),
        "view": shapes.view(hub.workspace, view, values),
        "actions": [action],
    }


def submission(hub: Hub, person: User, view: View, values: Mapping[str, Any]) -> Payload:
    """view_submission; the files given in a form come with all there is to know of them."""
    return {
        **_common(hub, person, "view_submission"),
        "trigger_id": hub.triggers.issue(person.id, view.id),
        "view": shapes.view(hub.workspace, view, _with_files(hub, values)),
        "response_urls": _response_urls(hub, person, view, values),
    }


def closed(hub: Hub, person: User, view: View, *, cleared: bool) -> Payload:
    """view_closed."""
    return {
        **_common(hub, person, "view_closed"),
        "view": shapes.view(hub.workspace, view),
        "is_cleared": cleared,
    }


def _with_files(hub: Hub, values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        block: {action: _described(hub, held) for action, held in by_action.items()}
        for block, by_action in values.items()
    }


def _described(hub: Hub, held: Mapping[str, Any]) -> Mapping[str, Any]:
    """What an input holds; the ids of files replaced by all there is to know of them."""
    if held["type"] != "file_input":
        return held
    known = hub.workspace.files
    files = [
        shapes.file(hub.workspace, known[file["id"]], hub.base_url) if file["id"] in known else file
        for file in held["files"]
    ]
    return {**held, "files": files}


def _common(hub: Hub, person: User, kind: str) -> Payload:
    team = hub.workspace.team_id
    return {
        "type": kind,
        "user": {"id": person.id, "username": person.name, "name": person.name, "team_id": team},
        "api_app_id": APP_ID,
        "token": VERIFICATION_TOKEN,
        "team": {"id": team, "domain": _DOMAIN},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def _response_urls(hub: Hub, person: User, view: View, values: Mapping[str, Any]) -> list[Payload]:
    urls = []
    for block in view.blocks:
        element = block.get("element") or {}
        if not element.get("response_url_enabled"):
            continue
        held = values[block["block_id"]][element["action_id"]]
        channel = held.get("selected_conversation") or held.get("selected_channel")
        if channel in hub.workspace.channels:
            urls.append(
                {
                    "block_id": block["block_id"],
                    "action_id": element["action_id"],
                    "channel_id": channel,
                    "response_url": hub.responses.issue(person.id, channel),
                }
            )
    return urls
