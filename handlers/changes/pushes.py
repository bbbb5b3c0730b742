"""What a push changed, by the paths it touched."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from bot.core.change import ChangeKind

_KINDS: tuple[tuple[re.Pattern[str], ChangeKind], ...] = (
    (re.compile(r"(^|/)prompts?(/|\.|-templates?/)", re.IGNORECASE), ChangeKind.PROMPT),
    (re.compile(r"(^|/)(migrations?|schemas?)/", re.IGNORECASE), ChangeKind.SCHEMA),
    (re.compile(r"(^|/)(conf|config|configs|flags)(/|\.)", re.IGNORECASE), ChangeKind.CONFIG),
    (re.compile(r"(^|/)(frontend|web|ui)/", re.IGNORECASE), ChangeKind.FRONTEND),
    (re.compile(r"(^|/)(terraform|k8s|helm|infra)/", re.IGNORECASE), ChangeKind.INFRA),
)
"""What a push changed, where all of its paths agree; a push that mixes is a code deploy."""


def pushed_kind(payload: Mapping[str, Any]) -> ChangeKind:
    """The kind that all paths of a push's commits agree on, as GitHub and GitLab list them."""
    kinds = {
        next((kind for pattern, kind in _KINDS if pattern.search(path)), ChangeKind.CODE_DEPLOY)
        for path in _paths(payload)
    }
    return kinds.pop() if len(kinds) == 1 else ChangeKind.CODE_DEPLOY


def _paths(payload: Mapping[str, Any]) -> Iterable[str]:
    commits = payload.get("commits")
    for commit in commits if isinstance(commits, list) else ():
        for key in ("added", "modified", "removed"):
            value = commit.get(key) if isinstance(commit, dict) else None
            yield from (path for path in value if isinstance(path, str)) if isinstance(value, list) else ()
