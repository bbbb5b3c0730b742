"""GitLab: deployments that succeeded, releases, pushes to the default branch, feature flags.

Other events are accepted and say nothing about a change.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from bot.core.change import Change, ChangeKind
from bot.core.outside import kept
from handlers.changes.pushes import pushed_kind
from handlers.fields import RECEIVED, inner, moment, text
from handlers.json_body import UnreadableError
from handlers.signatures import digest, same

VENDOR = True
KEEP_HEADERS: tuple[str, ...] = (RECEIVED, "x-gitlab-event-uuid", "idempotency-key")

_OFFSET = re.compile(r"\s+(?=[+-]\d\d:?\d\d$)")
_UTC = re.compile(r"\s+UTC$")


def authentic(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> bool:  # noqa: ARG001 - one signature for all sources
    """`X-Gitlab-Token`."""
    return same(headers.get("x-gitlab-token", ""), secret)


def delivery_key(headers: Mapping[str, str], body: bytes, payload: object) -> str:  # noqa: ARG001 - one signature for all sources
    """GitLab's own key, which a retry repeats."""
    return headers.get("idempotency-key") or headers.get("x-gitlab-event-uuid") or digest(body)


def parse(payload: object, headers: Mapping[str, str]) -> tuple[Change, ...]:
    """Return the change that the event is, if it is one.

    Raises:
        UnreadableError: an event of a kind that is a change, without its time.

    """
    if not isinstance(payload, dict):
        raise UnreadableError("not an object", "", "Expected a GitLab webhook.")
    read = _EVENTS.get(text(payload, "object_kind"))
    change = read(payload, headers) if read else None
    return () if change is None else (change,)


def _deployment(payload: Mapping[str, Any], headers: Mapping[str, str]) -> Change | None:
    del headers
    if text(payload, "status") != "success":
        return None
    environment = text(payload, "environment") or "an environment"
    return _change(
        payload,
        id=f"deployment/{payload.get('deployment_id')}",
        kind=ChangeKind.CODE_DEPLOY,
        title=f"{_project(payload)} deployed to {environment}: {text(payload, 'commit_title')}".rstrip(": "),
        at=_time(payload, "status_changed_at"),
        version=text(payload, "short_sha"),
        url=text(payload, "deployable_url", "commit_url"),
    )


def _release(payload: Mapping[str, Any], headers: Mapping[str, str]) -> Change | None:
    del headers
    if text(payload, "action") != "create":
        return None
    tag = text(payload, "tag")
    return _change(
        payload,
        id=f"release/{payload.get('id')}",
        kind=ChangeKind.CODE_DEPLOY,
        title=f"{_project(payload)} released {text(payload, 'name') or tag}",
        at=_time(payload, "released_at", "created_at"),
        version=tag,
        url=text(payload, "url"),
    )


def _push(payload: Mapping[str, Any], headers: Mapping[str, str]) -> Change | None:
    branch = text(inner(payload, "project"), "default_branch")
    after = text(payload, "after")
    if not after.strip("0") or payload.get("ref") != f"refs/heads/{branch}":
        return None
    commits = payload.get("commits")
    last = commits[-1] if isinstance(commits, list) and commits and isinstance(commits[-1], dict) else {}
    subject = (text(last, "title", "message") or "no message").splitlines()[0][:100]
    at = moment(headers.get(RECEIVED)) or _when(last.get("timestamp"))
    if at is None:
        raise UnreadableError("no time that can be read", "/commits", "Expected a commit with a timestamp.")
    return _change(
        payload,
        id=f"push/{payload.get('project_id')}/{after}",
        kind=pushed_kind(payload),
        title=f"{_project(payload)} push to {branch}: {subject}",
        at=at,
        version=after[:12],
        previous_version=text(payload, "before").strip("0")[:12],
        url=text(last, "url"),
    )


def _feature_flag(payload: Mapping[str, Any], headers: Mapping[str, str]) -> Change | None:
    """The event says what the flag is now, not when it became so: that is when we heard of it."""
    flag = inner(payload, "object_attributes")
    at, name = moment(headers.get(RECEIVED)), text(flag, "name")
    if at is None or not name:
        return None
    state = "on" if flag.get("active") is True else "off"
    return _change(
        payload,
        id=f"feature_flag/{flag.get('id')}/{at.isoformat()}",
        kind=ChangeKind.CONFIG,
        title=f"{_project(payload)} flag {name} is {state}",
        at=at,
        version=state,
        url=text(payload, "user_url"),
    )


_EVENTS: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, str]], Change | None]] = {
    "deployment": _deployment,
    "release": _release,
    "push": _push,
    "feature_flag": _feature_flag,
}


def _change(payload: Mapping[str, Any], *, title: str, **fields: Any) -> Change:
    by = text(inner(payload, "user"), "username", "name") or text(payload, "user_username", "user_name")
    service = text(inner(payload, "project"), "path_with_namespace", "name").rpartition("/")[2]
    return Change(source="gitlab", title=kept(title, 300), by=by, service=service, **fields)


def _project(payload: Mapping[str, Any]) -> str:
    return text(inner(payload, "project"), "path_with_namespace", "name") or "a project"


def _time(fields: Mapping[str, Any], *keys: str) -> datetime:
    for key in keys:
        found = _when(fields.get(key))
        if found is not None:
            return found
    raise UnreadableError("no time that can be read", f"/{keys[0]}", "Expected a time with its zone.")


def _when(value: object) -> datetime | None:
    """GitLab writes "2021-04-28 21:50:00 +0200" and "2023-01-10 13:50:54 UTC" beside RFC 3339."""
    return moment(_OFFSET.sub("", _UTC.sub("Z", value))) if isinstance(value, str) else moment(value)
