"""LaunchDarkly: changes of flags and segments, which may arrive out of order."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.core.change import Change, ChangeKind
from bot.core.outside import kept
from handlers.fields import inner, moment, number, text
from handlers.json_body import UnreadableError
from handlers.signatures import digest, hex_sha256

VENDOR = True
KEEP_HEADERS: tuple[str, ...] = ()

_KINDS = {"flag", "segment"}
_MILLISECONDS = 1000


def authentic(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> bool:  # noqa: ARG001 - one signature for all sources
    """`X-LD-Signature`, an HMAC over the body in hex."""
    return hex_sha256(headers.get("x-ld-signature", ""), body, secret)


def delivery_key(headers: Mapping[str, str], body: bytes, payload: object) -> str:  # noqa: ARG001 - one signature for all sources
    """The audit entry's id."""
    return (text(payload, "_id") if isinstance(payload, dict) else "") or digest(body)


def parse(payload: object, headers: Mapping[str, str]) -> tuple[Change, ...]:  # noqa: ARG001 - one signature for all sources
    """Return the change of a flag or segment; nothing for members, tokens and the like.

    Raises:
        UnreadableError: a change without an id or a time.

    """
    if not isinstance(payload, dict):
        raise UnreadableError("not an object", "", "Expected a LaunchDarkly webhook.")
    kind = text(payload, "kind")
    if kind not in _KINDS:
        return ()
    if not text(payload, "_id"):
        raise UnreadableError("_id is missing", "/_id", "")
    milliseconds = number(payload.get("date"))
    at = None if milliseconds is None else moment(milliseconds / _MILLISECONDS)
    if at is None:
        raise UnreadableError("date cannot be read", "/date", "Expected milliseconds since 1970.")
    name = text(payload, "name") or text(inner(payload, "target"), "name") or f"a {kind}"
    verb = text(payload, "titleVerb") or "changed"
    environment = _environment(payload)
    return (
        Change(
            source="launchdarkly",
            id=text(payload, "_id"),
            kind=ChangeKind.CONFIG,
            title=kept(f"{kind} {name}: {verb}{f' in {environment}' if environment else ''}", 300),
            at=at,
            by=text(inner(payload, "member"), "email", "firstName"),
            url=_site(text(inner(inner(payload, "_links"), "site"), "href")),
        ),
    )


def _site(href: str) -> str:
    """Their link names no host."""
    return f"https://app.launchdarkly.com{href}" if href.startswith("/") else href


def _environment(payload: Mapping[str, Any]) -> str:
    """From "proj/default:env/production:flag/ranker"."""
    resources = inner(payload, "target").get("resources")
    first = resources[0] if isinstance(resources, list) and resources else ""
    parts = first.split(":") if isinstance(first, str) else []
    return next(
        (part.removeprefix("env/").partition(";")[0] for part in parts if part.startswith("env/")), ""
    )
