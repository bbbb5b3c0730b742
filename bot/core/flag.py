"""What the flag system is told: an event of a launch, its body, its signature, and how the telling went.

The body is canonical JSON, so that one delivery has the same bytes at every try; the signature is over
`timestamp.body`, so that a body heard on the wire cannot be sent again much later.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

SIGNATURE = "v1"


class FlagEvent(StrEnum):
    """What happened to the launch."""

    STAGE = "stage"
    PAUSED = "paused"
    RESUMED = "resumed"
    HELD = "held"  # it goes no further for now
    RELEASED = "released"  # what held it is gone
    SHIPPED = "shipped"
    STOPPED = "stopped"


class Cause(StrEnum):
    """Why it happened, for a flag system that treats them differently."""

    PERSON = "person"
    CONDITION = "condition"  # one that aborts the stage came true: what people get is to be taken back
    DATA = "data"  # the split is wrong, nobody comes, or a condition cannot be read
    VETO = "veto"
    DECISION = "decision"


@dataclass(frozen=True)
class Delivery:
    """One thing to tell, known for ever by `delivery`.

    stage_index counts from 0 and is -1 before the first; previous is the stage before, where one was left. by
    is a Slack id, empty for Lookout itself; ledger and head name the entry that says so.
    """

    event: FlagEvent
    cause: Cause
    experiment: str
    stage: str
    stage_index: int
    previous: str
    by: str
    at: str
    ledger: int
    head: str

    @property
    def delivery(self) -> str:
        """The idempotency key: whoever has seen it need do nothing again."""
        return f"{self.experiment}.{self.ledger}.{self.event}.{self.head[:12]}"

    def body(self) -> bytes:
        """What is posted."""
        fields = {**self.to_json(), "delivery": self.delivery}
        return json.dumps(fields, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode()

    def to_json(self) -> dict[str, Any]:
        """As a slot keeps it."""
        return {**asdict(self), "event": str(self.event), "cause": str(self.cause)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Delivery":
        """Read it back."""
        return cls(**{**value, "event": FlagEvent(value["event"]), "cause": Cause(value["cause"])})


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """What X-Lookout-Signature says: `v1=` and the HMAC-SHA256 of `timestamp.body`, hexadecimal."""
    signed = f"{timestamp}.".encode() + body
    return f"{SIGNATURE}={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


class Telling(StrEnum):
    """How far the telling of one event is."""

    UNSET = "unset"  # no flag system is configured
    WAITING = "waiting"  # on its way
    FAILING = "failing"  # tried in vain, and tried again
    TOLD = "told"
    GIVEN_UP = "given up"  # refused, or tried for too long


@dataclass(frozen=True)
class Told:
    """The newest event and what became of it; said: what the flag system answered, or why not."""

    telling: Telling
    event: str = ""
    stage: str = ""
    at: datetime | None = None
    tries: int = 0
    said: str = ""
