"""What goes to the app, and what comes back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Kind = Literal["slash_commands", "interactive", "events_api"]


@dataclass(frozen=True)
class Envelope:
    """One delivery. `attempt` counts redeliveries from 0; `reason` says why there was one."""

    id: str
    kind: Kind
    payload: Mapping[str, Any]
    accepts_response: bool = False
    attempt: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Answer:
    """What came of a delivery.

    `ok` if the app acknowledged in time; `payload` is what it said with the ack. Otherwise `reason` is one
    of "timeout", "http_error", "connection_failed". `seconds` is how long it took. `no_retry` when the app
    asked not to be told again.
    """

    ok: bool
    payload: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    seconds: float = 0.0
    no_retry: bool = False


class Transport(Protocol):
    """A way to the app: Socket Mode or HTTP."""

    async def send(self, envelope: Envelope, patience: float) -> Answer:
        """Deliver, and wait at most `patience` seconds for the ack."""
        ...

    async def close(self) -> None:
        """Let go of every connection."""
        ...
