"""A Slack app manifest, as far as a workspace needs it: commands, scopes, event subscriptions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.workspace.records import Command, Shortcut

ALWAYS_SUBSCRIBED = frozenset({"app_mention", "message.im"})


@dataclass(frozen=True)
class Manifest:
    """What the app declared.

    `name` is its bot's; `shortcuts` are those on messages. `scopes` is None when none were declared: then
    nothing is refused for want of one; `events` names the bot events it subscribes to ("app_mention",
    "message.channels", ...). `messages` says whether the app may write direct messages: its Messages tab is
    on.
    """

    name: str = "Lookout"
    commands: tuple[Command, ...] = ()
    shortcuts: tuple[Shortcut, ...] = ()
    scopes: frozenset[str] | None = None
    events: frozenset[str] = ALWAYS_SUBSCRIBED
    messages: bool = True

    def allows(self, *scopes: str) -> bool:
        """Whether one of these scopes was granted, or none need be."""
        return self.scopes is None or not scopes or any(scope in self.scopes for scope in scopes)


def parse(manifest: Mapping[str, Any]) -> Manifest:
    """Read an app manifest (the JSON form). ValueError, naming the field, if it is not one."""
    if not isinstance(manifest.get("display_information"), Mapping):
        raise ValueError("not an app manifest: display_information is missing")
    features = _part(manifest, "features")
    settings = _part(manifest, "settings")
    scopes = _part(_part(manifest, "oauth_config"), "scopes").get("bot")
    events = _part(settings, "event_subscriptions").get("bot_events")
    return Manifest(
        name=str(manifest["display_information"].get("name", "App")),
        commands=tuple(command(item) for item in features.get("slash_commands") or ()),
        shortcuts=_shortcuts(features.get("shortcuts") or ()),
        scopes=None if scopes is None else frozenset(scopes),
        events=frozenset(events or ()),
        messages=bool(_part(features, "app_home").get("messages_tab_enabled", True)),
    )


def command(item: Mapping[str, Any]) -> Command:
    """One slash command, in the manifest's words; `name` is taken for `command` too."""
    name = str(item.get("command") or item.get("name") or "")
    if not name.strip("/"):
        raise ValueError(f"a slash command without a name: {dict(item)}")
    return Command(
        name="/" + name.lstrip("/"),
        description=str(item.get("description", "")),
        usage_hint=str(item.get("usage_hint", "")),
        should_escape=bool(item.get("should_escape", False)),
    )


def _shortcuts(items: Sequence[Mapping[str, Any]]) -> tuple[Shortcut, ...]:
    found = []
    for item in items:
        callback_id, name = str(item.get("callback_id") or ""), str(item.get("name") or "")
        if not callback_id or not name:
            raise ValueError(f"a shortcut without a name or callback_id: {dict(item)}")
        if item.get("type") == "message":
            found.append(Shortcut(callback_id, name, str(item.get("description", ""))))
    return tuple(found)


def _part(parent: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    value = parent.get(field) or {}
    if not isinstance(value, Mapping):
        raise ValueError(f"not an app manifest: {field} must be an object")
    return value
