"""Faults on request: what a network, a busy Slack or a lost answer does to an app."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

_FIELDS = frozenset({"method", "count", "status", "slow", "retry_after", "error", "then_fail"})


@dataclass(frozen=True)
class Fault:
    """What goes wrong with the next `count` calls that `method` (a glob) names; -1 for ever.

    In order: `slow` seconds pass; then one of `status` (an HTTP status without a JSON answer),
    `retry_after` (429 with that Retry-After, seconds), `error` (ok: false with this code), or `then_fail`
    (the thing is done, and the connection closes without an answer). Besides Web API methods, `method` may
    be "upload" (the upload URL), "response_url", or a kind of delivery to the app: "slash_commands",
    "interactive", "events_api", where `slow` delays the delivery and `then_fail` loses the app's ack.
    """

    method: str = "*"
    count: int = 1
    slow: float = 0.0
    status: int = 0
    retry_after: int | None = None
    error: str = ""
    then_fail: bool = False


def parse(body: Mapping[str, Any]) -> Fault:
    """A fault from its JSON; ValueError if a field is unknown or of the wrong kind."""
    unknown = set(body) - _FIELDS
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}; a fault has {', '.join(sorted(_FIELDS))}")
    retry_after = body.get("retry_after")
    return Fault(
        method=str(body.get("method", "*")),
        count=int(body.get("count", 1)),
        slow=float(body.get("slow", 0)),
        status=int(body.get("status", 0)),
        retry_after=None if retry_after is None else int(retry_after),
        error=str(body.get("error", "")),
        then_fail=bool(body.get("then_fail", False)),
    )


class Faults:
    """The faults that are waiting to happen, in the order they were asked for."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Let this go wrong from now on."""
        self._waiting.append(fault)

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self._waiting.clear()

    def take(self, method: str) -> Fault | None:
        """The fault that strikes this call, counted down by it."""
        for index, fault in enumerate(self._waiting):
            if fnmatchcase(method, fault.method):
                if fault.count == 1:
                    del self._waiting[index]
                elif fault.count > 1:
                    self._waiting[index] = replace(fault, count=fault.count - 1)
                return fault
        return None
