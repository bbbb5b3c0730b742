"""MLflow 3: model versions, the aliases that point at them, prompt versions and theirs.

Tags, and names that are new, change nothing that runs.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from bot.core.change import Change, ChangeKind
from bot.core.mlflow_change import alias_change, version_change
from handlers.fields import inner, moment, text
from handlers.json_body import UnreadableError
from handlers.signatures import digest, same, timely

VENDOR = True
KEEP_HEADERS: tuple[str, ...] = ("x-mlflow-delivery-id",)

_VERSIONS: Mapping[str, ChangeKind] = {
    "model_version": ChangeKind.MODEL,
    "prompt_version": ChangeKind.PROMPT,
}
_ALIASES: Mapping[str, ChangeKind] = {
    "model_version_alias": ChangeKind.MODEL,
    "prompt_alias": ChangeKind.PROMPT,
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
    if entity not in (*_VERSIONS, *_ALIASES) or action not in _ACTIONS:
        return ()
    data, at = inner(payload, "data"), moment(payload.get("timestamp"))
    name, version, alias = text(data, "name"), text(data, "version"), text(data, "alias")
    if not name:
        raise UnreadableError("data.name is missing", "/data/name", "")
    if at is None:
        raise UnreadableError("the timestamp cannot be read", "/timestamp", "Expected RFC 3339.")
    gone = action == "deleted"
    if entity in _ALIASES:
        return (alias_change(_ALIASES[entity], name, alias or "?", "" if gone else version, at),)
    return (version_change(_VERSIONS[entity], name, version, at, deleted=gone),)
