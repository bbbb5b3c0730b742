"""Effects as JSON and back, for the outbox."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from bot.core.effect import CreateChannel, Effect, Ephemeral, Message, Pin, Post, PublishHome, Update, Upload
from bot.store.columns import clean

_KINDS: dict[str, type[Effect]] = {
    "channel": CreateChannel,
    "post": Post,
    "update": Update,
    "ephemeral": Ephemeral,
    "upload": Upload,
    "pin": Pin,
    "home": PublishHome,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def kind_of(effect: Effect) -> str:
    """The name of the effect's kind: channel, post, update, ephemeral, upload, pin or home."""
    return _NAMES[type(effect)]


def key_of(effect: Effect) -> str:
    """The effect's key; a channel's is its reference."""
    return effect.channel if isinstance(effect, CreateChannel) else effect.key


def dump(effect: Effect) -> dict[str, Any]:
    """The effect as JSON, every string fit to be stored and sent."""
    cleaned = _clean(asdict(effect))
    assert isinstance(cleaned, dict)  # noqa: S101 - asdict gives a dict, _clean keeps it one
    return cleaned


def load(kind: str, data: Mapping[str, Any]) -> Effect:
    """The effect that `dump` wrote."""
    values = dict(data)
    if "message" in values:
        values["message"] = Message(values["message"]["text"], tuple(values["message"]["blocks"]))
    if "invite" in values:
        values["invite"] = tuple(values["invite"])
    return _KINDS[kind](**values)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {key: _clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(item) for item in value]
    return value
