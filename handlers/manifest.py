"""The Slack app manifest, made from the handlers that exist."""

from typing import Any

from handlers.events import EVENTS
from handlers.help import USAGE
from handlers.shortcuts import SHORTCUTS

SCOPES = {
    "app_mentions:read": "hear mentions",
    "channels:history": "look for a message whose fate is in doubt before sending it again; read marked ones",
    "channels:join": "answer in a public channel it was not invited to",
    "channels:manage": "create an incident's channel, set its topic, invite who must act",
    "channels:read": "find a channel by its name",
    "chat:write": "post and edit its cards",
    "commands": "slash commands",
    "files:read": "read registrations, portfolios, budgets, results; keep images of marked messages",
    "files:write": "upload charts and retrospectives",
    "groups:history": "as channels:history, in private channels it was invited to",
    "groups:read": "as channels:read, in private channels it was invited to",
    "im:write": "answer a person who is not in the channel they asked in",
    "pins:write": "pin an incident's or a launch's card",
    "reactions:read": "see the emoji that put a message into an incident's timeline",
    "usergroups:read": "know who is in a group that holds a role",
    "users:read": "show who did what, and who left",
    "users:read.email": "find the person behind an e-mail address that holds a role",
}
"""Every scope Lookout asks for, and the one thing it is for."""


def manifest(request_url: str = "") -> dict[str, Any]:
    """Return the manifest: Socket Mode, or HTTP mode at the public `request_url`."""
    endpoint = request_url.rstrip("/") + "/slack/events" if request_url else ""
    at = {"url": endpoint} if endpoint else {}
    events: dict[str, Any] = {"bot_events": list(EVENTS)}
    interactivity: dict[str, Any] = {"is_enabled": True}
    if endpoint:
        events["request_url"] = interactivity["request_url"] = endpoint
    return {
        "display_information": {
            "name": "Lookout",
            "description": "Walks product-ML incidents and judges pre-registered launches.",
            "background_color": "#1f3a4d",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": True,
            },
            "bot_user": {"display_name": "lookout", "always_online": True},
            "shortcuts": [
                {"name": name, "type": "message", "callback_id": callback, "description": says}
                for callback, name, says in SHORTCUTS
            ],
            "slash_commands": [
                {"command": f"/{name}", "description": says, "usage_hint": hint, "should_escape": False, **at}
                for name, (says, hint) in USAGE.items()
            ],
        },
        "oauth_config": {"scopes": {"bot": sorted(SCOPES)}},
        "settings": {
            "event_subscriptions": events,
            "interactivity": interactivity,
            "org_deploy_enabled": False,
            "socket_mode_enabled": not endpoint,
            "token_rotation_enabled": False,
        },
    }
