"""Argo CD: syncs that ended, as templates/argocd.yaml tells its notifications controller to send them."""

from collections.abc import Mapping
from datetime import datetime

from bot.core.change import Change, ChangeKind
from bot.core.outside import kept
from handlers.fields import moment, text
from handlers.json_body import UnreadableError
from handlers.signatures import bearer, digest

VENDOR = True
KEEP_HEADERS: tuple[str, ...] = ()


def authentic(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> bool:  # noqa: ARG001 - one signature for all sources
    """`Authorization: Bearer`, from the headers of the webhook service."""
    return bearer(headers, secret)


def delivery_key(headers: Mapping[str, str], body: bytes, payload: object) -> str:  # noqa: ARG001 - one signature for all sources
    """The body: three tries of one notification repeat it."""
    return digest(body)


def parse(payload: object, headers: Mapping[str, str]) -> tuple[Change, ...]:  # noqa: ARG001 - one signature for all sources
    """Return the sync as a change; nothing for one that failed and left what was there.

    Raises:
        UnreadableError: the body is not written as our template says.

    """
    hint = "Use the template in templates/argocd.yaml."
    if not isinstance(payload, dict):
        raise UnreadableError("not an object", "", hint)
    app, revision = text(payload, "app"), text(payload, "revision")
    if not app:
        raise UnreadableError("app is missing", "/app", hint)
    at = moment(payload.get("finished_at"))
    if at is None:
        raise UnreadableError("finished_at cannot be read", "/finished_at", hint)
    if text(payload, "phase") != "Succeeded":
        return ()
    to = text(payload, "namespace") or "its cluster"
    return (
        Change(
            source="argocd",
            id=f"{app}/{revision}/{at.isoformat()}",
            kind=ChangeKind.CODE_DEPLOY,
            title=kept(f"{app} synced to {to} ({text(payload, 'health') or 'health unknown'})", 300),
            at=at,
            by=text(payload, "by"),
            service=app,
            version=revision[:12],
            url=text(payload, "url"),
        ),
    )
