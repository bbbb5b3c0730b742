"""GitHub: deployments that succeeded, published releases, pushes to the default branch, deploy workflows.

Other events are accepted and say nothing about a change. GitHub does not retry.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from bot.core.change import Change, ChangeKind
from bot.core.outside import kept
from handlers.changes.pushes import pushed_kind
from handlers.fields import inner, moment, text
from handlers.json_body import UnreadableError
from handlers.signatures import digest, hub_sha256

VENDOR = True
KEEP_HEADERS: tuple[str, ...] = ("x-github-event", "x-github-delivery")

_DEPLOYS = re.compile(r"deploy|release|rollout|roll-out|promote|publish", re.IGNORECASE)


def authentic(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> bool:  # noqa: ARG001 - one signature for all sources
    """`X-Hub-Signature-256`."""
    return hub_sha256(headers, body, secret)


def delivery_key(headers: Mapping[str, str], body: bytes, payload: object) -> str:  # noqa: ARG001 - one signature for all sources
    """GitHub's own delivery id."""
    return headers.get("x-github-delivery", "")[:200] or digest(body)


def parse(payload: object, headers: Mapping[str, str]) -> tuple[Change, ...]:
    """Return the change that the event is about, if it is about one.

    Raises:
        UnreadableError: no event is named, or a change has no time.

    """
    event = headers.get("x-github-event", "")
    if not event:
        raise UnreadableError("X-GitHub-Event is missing", "", "Send GitHub's own headers along.")
    if not isinstance(payload, dict):
        raise UnreadableError("not an object", "", "Set the webhook's content type to application/json.")
    read = _EVENTS.get(event)
    change = read(payload) if read else None
    return () if change is None else (change,)


def _deployment_status(payload: Mapping[str, Any]) -> Change | None:
    status, deployment = inner(payload, "deployment_status"), inner(payload, "deployment")
    if status.get("state") != "success":
        return None
    where = text(status, "environment") or text(deployment, "environment") or "an environment"
    return _change(
        payload,
        id=f"deployment_status/{status.get('id')}",
        kind=ChangeKind.CODE_DEPLOY,
        title=f"{_repository(payload)} deployed to {where}",
        at=_time(status, "/deployment_status", "created_at", "updated_at"),
        version=text(deployment, "sha")[:12],
        url=text(status, "environment_url", "target_url", "log_url"),
    )


def _release(payload: Mapping[str, Any]) -> Change | None:
    release = inner(payload, "release")
    if payload.get("action") != "published" or release.get("draft"):
        return None
    tag = text(release, "tag_name")
    return _change(
        payload,
        id=f"release/{release.get('id')}",
        kind=ChangeKind.CODE_DEPLOY,
        title=f"{_repository(payload)} released {text(release, 'name') or tag}",
        at=_time(release, "/release", "published_at", "created_at"),
        version=tag,
        url=text(release, "html_url"),
    )


def _push(payload: Mapping[str, Any]) -> Change | None:
    repository, head = inner(payload, "repository"), inner(payload, "head_commit")
    branch = text(repository, "default_branch", "master_branch")
    if payload.get("deleted") or payload.get("ref") != f"refs/heads/{branch}" or not head:
        return None
    pushed = {"pushed_at": repository.get("pushed_at"), "timestamp": head.get("timestamp")}
    subject = (text(head, "message") or "no message")[:100]
    return _change(
        payload,
        id=f"push/{text(payload, 'after')}",
        kind=pushed_kind(payload),
        title=f"{_repository(payload)} push to {branch}: {subject}",
        at=_time(pushed, "/head_commit", "pushed_at", "timestamp"),
        version=text(payload, "after")[:12],
        previous_version=text(payload, "before").strip("0")[:12],
        url=text(payload, "compare"),
    )


def _workflow_run(payload: Mapping[str, Any]) -> Change | None:
    run, workflow = inner(payload, "workflow_run"), inner(payload, "workflow")
    name = text(workflow, "name") or text(run, "name")
    finished = payload.get("action") == "completed" and run.get("conclusion") == "success"
    if not finished or not _DEPLOYS.search(f"{name} {text(workflow, 'path')}"):
        return None
    return _change(
        payload,
        id=f"workflow_run/{run.get('id')}/{run.get('run_attempt', 1)}",
        kind=ChangeKind.CODE_DEPLOY,
        title=f"{_repository(payload)} workflow {name}: {text(run, 'display_title')}".rstrip(": "),
        at=_time(run, "/workflow_run", "updated_at", "run_started_at", "created_at"),
        version=text(run, "head_sha")[:12],
        url=text(run, "html_url"),
    )


_EVENTS: Mapping[str, Callable[[Mapping[str, Any]], Change | None]] = {
    "deployment_status": _deployment_status,
    "release": _release,
    "push": _push,
    "workflow_run": _workflow_run,
}


def _change(payload: Mapping[str, Any], *, title: str, **fields: Any) -> Change:
    by = text(inner(payload, "sender"), "login") or text(inner(payload, "pusher"), "name")
    service = text(inner(payload, "repository"), "name")
    return Change(source="github", title=kept(title, 300), by=by, service=service, **fields)


def _repository(payload: Mapping[str, Any]) -> str:
    return text(inner(payload, "repository"), "full_name", "name") or "a repository"


def _time(fields: Mapping[str, Any], path: str, *keys: str) -> datetime:
    for key in keys:
        found = moment(fields.get(key))
        if found is not None:
            return found
    raise UnreadableError("no time that can be read", f"{path}/{keys[0]}", "Expected RFC 3339.")
