"""MLflow 3: model versions, the aliases that point at them, prompt versions and theirs.

Tags and new registered models change nothing that runs.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from bot.core.change import Change, ChangeKind
from bot.core.outside import kept
from handlers.fields import inner, moment, text
from handlers.json_body import UnreadableError
from handlers.signatures import digest, same, timely

VENDOR = True
KEEP_HEADERS: tuple[str, ...] = ("x-mlflow-delivery-id",)

_KINDS: Mapping[str, tuple[ChangeKind, str]] = {
    "model_version": (ChangeKind.MODEL, "Model"),
    "model_version_alias": (ChangeKind.MODEL, "Model"),
    "prompt_version": (ChangeKind.PROMPT, "Prompt"),
    "prompt": (ChangeKind.PROMPT, "Prompt"),
    "prompt_alias": (ChangeKind.PROMPT, "Prompt"),
}
_ACTIONS = {"created", "deleted"}


def authentic(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> bool:
    """`X-MLflow-Signature: v1,BASE64` over "id.time.body", of at most five minutes ago."""
    sent, name = headers.get("x-mlflow-timestamp", ""), headers.get("x-mlflow-delivery-id", "")
    signed = f"{name}.{sent}.".encode("latin-1", "replace") + body
    mark = base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
    return timely(sent, now) and same(headers.get("x-mlflow-signature", ""), f"v1,{mark}")


def delivery_key(headers: Mapping[str, str], body: bytes, payload: object) -> str:  # noqa: ARG001 - one signature for all sources
    """MLflow's own delivery id, which its three tries repeat."""
    return headers.get("x-mlflow-delivery-id") or digest(body)


def parse(payload: object, headers: Mapping[str, str]) -> tuple[Change, ...]:  # noqa: ARG001 - one signature for all sources
    """Return the change; nothing for tags and registrations.

    Raises:
        UnreadableError: a change without a name or a time.

    """
    if not isinstance(payload, dict):
        raise UnreadableError("not an object", "", "Expected an MLflow webhook.")
    entity, action = text(payload, "entity"), text(payload, "action")
    if entity not in _KINDS or action not in _ACTIONS:
        return ()
    data, at = inner(payload, "data"), moment(payload.get("timestamp"))
    name, version, alias = text(data, "name"), text(data, "version"), text(data, "alias")
    if not name:
        raise UnreadableError("data.name is missing", "/data/name", "")
    if at is None:
        raise UnreadableError("the timestamp cannot be read", "/timestamp", "Expected RFC 3339.")
    kind, noun = _KINDS[entity]
    return (
        Change(
            source="mlflow",
            id=f"{entity}/{name}/{alias or version}/{at.isoformat()}"[:200],
            kind=kind,
            title=kept(f"{noun} {name}: {_words(action, alias, version)}", 300),
            at=at,
            service=name,
            version=version,
        ),
    )


def _words(action: str, alias: str, version: str) -> str:
    if alias and action == "created":
        return f"alias {alias} now points at version {version or '?'}"
    if alias:
        return f"alias {alias} removed"
    return f"version {version or '?'} {'registered' if action == 'created' else 'deleted'}"
