"""CloudEvents in any of HTTP's three modes, and CDEvents in them or bare.

CDEvents of services that were deployed, upgraded, rolled back or removed are changes, and so is an event
whose data are written as the generic change; others are taken and say nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from bot.core.change import Change, ChangeKind
from bot.core.outside import kept
from handlers.fields import inner, moment, text
from handlers.json_body import UnreadableError
from handlers.signatures import bearer, digest

VENDOR = True
KEEP_HEADERS: tuple[str, ...] = ("ce-id", "ce-source", "ce-type", "ce-time", "ce-subject", "ce-specversion")
MAX_EVENTS = 1000

_CDEVENTS = "dev.cdevents.service."
_VERBS = {
    "deployed": "deployed",
    "upgraded": "upgraded",
    "rolledback": "rolled back",
    "removed": "removed",
    "published": "published",
}


def authentic(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> bool:  # noqa: ARG001 - one signature for all sources
    """`Authorization: Bearer`."""
    return bearer(headers, secret)


def delivery_key(headers: Mapping[str, str], body: bytes, payload: object) -> str:
    """Source and id, which identify an event; a batch is known by its body."""
    attributes = _attributes(payload, headers) if isinstance(payload, dict) else {}
    named = text(attributes, "id") and text(attributes, "source")
    return f"{text(attributes, 'source')}\n{text(attributes, 'id')}" if named else digest(body)


def parse(payload: object, headers: Mapping[str, str]) -> tuple[Change, ...]:
    """Return the changes among the events.

    Raises:
        UnreadableError: not an event, or a change without its time.

    """
    if isinstance(payload, list):
        events = [_event(item, {}, f"/{index}") for index, item in enumerate(payload[:MAX_EVENTS])]
    else:
        events = [_event(payload, headers, "")]
    return tuple(change for change in events if change is not None)


def _event(payload: object, headers: Mapping[str, str], path: str) -> Change | None:
    if not isinstance(payload, dict):
        raise UnreadableError("not an object", path, "Expected a CloudEvent.")
    attributes = _attributes(payload, headers)
    kind, name = text(attributes, "type"), text(attributes, "id")
    if not kind or not name:
        raise UnreadableError("no event: type or id is missing", f"{path}/type", "Expected a CloudEvent.")
    data = payload if _binary(headers) else payload.get("data", payload if "context" in payload else None)
    if not isinstance(data, dict):
        return None
    at = moment(data.get("at")) or moment(attributes.get("time") or attributes.get("timestamp"))
    change = _service(kind, data) if kind.startswith(_CDEVENTS) else _generic(data)
    if change is None:
        return None
    if at is None:
        raise UnreadableError("no time that can be read", f"{path}/time", "Expected RFC 3339.")
    identity = f"{text(attributes, 'source')}/{name}"[:200]
    return Change(source="cloudevents", id=identity, at=at, **change)


def _attributes(payload: Mapping[str, Any], headers: Mapping[str, str]) -> Mapping[str, Any]:
    """From the headers in binary mode, from CDEvents' context where they come bare, else from the event."""
    if _binary(headers):
        return {name[3:]: unquote(headers[name]) for name in KEEP_HEADERS if name in headers}
    return inner(payload, "context") or payload


def _binary(headers: Mapping[str, str]) -> bool:
    return "ce-type" in headers


def _service(kind: str, data: Mapping[str, Any]) -> dict[str, Any] | None:
    verb = _VERBS.get(kind.removeprefix(_CDEVENTS).partition(".")[0])
    subject = inner(data, "subject")
    if verb is None:
        return None
    content, name = inner(subject, "content"), text(subject, "id") or "a service"
    environment = text(inner(content, "environment"), "id")
    artefact = unquote(text(content, "artifactId")).rpartition("@")
    return {
        "kind": ChangeKind.CODE_DEPLOY,
        "title": kept(f"{name} {verb}{f' in {environment}' if environment else ''}", 300),
        "service": name,
        "version": artefact[2].removeprefix("sha256:")[:12],
        "url": text(subject, "source") if text(subject, "source").startswith("https://") else "",
    }


def _generic(data: Mapping[str, Any]) -> dict[str, Any] | None:
    kind, title = text(data, "kind"), text(data, "title")
    if kind not in set(ChangeKind) or not title:
        return None
    names = ("by", "service", "version", "previous_version", "url")
    texts = {name: text(data, name) for name in names}
    return {
        "kind": ChangeKind(kind),
        "title": kept(title, 300),
        "ended_at": moment(data.get("ended_at")),
        **texts,
    }
