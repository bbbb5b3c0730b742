"""Taking fields out of a webhook's JSON: strictly where a person wrote the sender, tolerantly for vendors."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.core.outside import kept
from handlers.json_body import UnreadableError

MAX_TEXT = 1000
"""Characters kept of one label, annotation or title; the delivery itself is kept raw."""
MAX_LABELS = 64

RECEIVED = "(received)"
"""Among the kept headers: when the delivery came in, for senders that say no time. No header is named so."""


class Strict:
    """Reads one object whose sender can be corrected: every fault names the field and what to write."""

    def __init__(self, payload: object, path: str = "") -> None:
        if not isinstance(payload, dict):
            raise UnreadableError(f"{_kind(payload)} instead of an object", path, "Send one JSON object.")
        self._fields: Mapping[str, Any] = payload
        self._path = path

    def required(self, key: str) -> str:
        """A text that must be there."""
        value = self.text(key)
        if not value:
            hint = f'Send "{key}" as a text that is not empty.'
            raise UnreadableError(f"{key} is missing or empty", self._pointer(key), hint)
        return value

    def text(self, key: str) -> str:
        """A text; empty where absent or null."""
        value = self._fields.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            hint = f'Send "{key}" as a text.'
            raise UnreadableError(f"{key} is {_kind(value)}, not a text", self._pointer(key), hint)
        return kept(value, MAX_TEXT)

    def one_of(self, key: str, words: tuple[str, ...]) -> str:
        """One of the known words, which must be there."""
        value = self.required(key)
        if value not in words:
            hint = f"Send one of: {', '.join(words)}."
            raise UnreadableError(f"{key} is {kept(value, 40)!r}", self._pointer(key), hint)
        return value

    def number(self, key: str) -> float | None:
        """A number; None where absent or null."""
        value = self._fields.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not _finite(value):
            hint = f'Send "{key}" as a number, or leave it out.'
            raise UnreadableError(f"{key} is {_kind(value)}, not a number", self._pointer(key), hint)
        return float(value)

    def moment(self, key: str) -> datetime | None:
        """An RFC 3339 time with its zone; None where absent or null."""
        text = self.text(key)
        if not text:
            return None
        moment = _moment(text)
        if moment is None or moment.tzinfo is None:
            hint = "Send RFC 3339 with a zone, for example 2026-11-23T02:34:00Z."
            raise UnreadableError(f"{key} is {kept(text, 40)!r}", self._pointer(key), hint)
        return moment

    def required_moment(self, key: str) -> datetime:
        """An RFC 3339 time that must be there."""
        self.required(key)
        moment = self.moment(key)
        assert moment is not None  # noqa: S101 - required() refused the empty text just above
        return moment

    def texts(self, key: str) -> dict[str, str]:
        """An object of texts; empty where absent or null."""
        value = self._fields.get(key)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise UnreadableError(
                f"{key} is {_kind(value)}, not an object", self._pointer(key), "Send an object."
            )
        for name, item in value.items():
            if not isinstance(item, str):
                path = f"{self._pointer(key)}/{_escaped(name)}"
                raise UnreadableError(f"{_kind(item)} instead of a text", path, "Send texts only.")
        return texts(value)

    def _pointer(self, key: str) -> str:
        return f"{self._path}/{_escaped(key)}"


def texts(value: object) -> dict[str, str]:
    """Whatever can be kept of a vendor's labels: texts and numbers, cleaned, at most 64 of them."""
    if not isinstance(value, dict):
        return {}
    found: dict[str, str] = {}
    for name, item in list(value.items())[:MAX_LABELS]:
        if isinstance(item, str | int | float):
            found[kept(str(name), 200)] = kept(str(item), MAX_TEXT)
    return found


def text(fields: Mapping[str, Any], *keys: str) -> str:
    """The first of the fields that is a text and not empty, cleaned; else empty."""
    for key in keys:
        value = fields.get(key)
        if isinstance(value, str) and value.strip():
            return kept(value, MAX_TEXT)
    return ""


def inner(fields: object, key: str) -> Mapping[str, Any]:
    """The object under `key`; empty where it is none."""
    value = fields.get(key) if isinstance(fields, dict) else None
    return value if isinstance(value, dict) else {}


def moment(value: object) -> datetime | None:
    """A vendor's time: RFC 3339 or seconds since 1970; None where it cannot be read or means "never"."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e11:
        return datetime.fromtimestamp(value, UTC)
    found = _moment(value) if isinstance(value, str) else None
    if found is None or found.year < 1970:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def number(value: object) -> float | None:
    """A number, also where it comes as text; None for anything else, NaN and infinity included."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        found = float(value.replace("\u2212", "-") if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def _moment(value: str) -> datetime | None:
    """The time, if it is one also in UTC: the last hours of the year 9999 are not."""
    try:
        found = datetime.fromisoformat(value.strip())
        return found if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _kind(value: object) -> str:
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")
