"""What the flag system is told: an event of a launch, its body, its signature, and how the telling went.

The contract with whoever receives it at [flags] url. A POST of canonical JSON, the same bytes at every try:

    {"at": "2026-11-24T03:12:00+00:00", "by": "U0ENG", "cause": "person",
     "delivery": "reranker-l12.9.stage.5d1e0a2b9c4d", "event": "stage", "experiment": "reranker-l12",
     "head": "5d1e0a2b9c4d…", "ledger": 9, "previous": "1%", "stage": "10%", "stage_index": 1}

- X-Lookout-Signature is `v1=` and the hexadecimal HMAC-SHA256, by LOOKOUT_FLAGS_SECRET, of
  X-Lookout-Timestamp (Unix seconds, of this try), a full stop and the body as it came. Refuse one that
  differs, compared in constant time, and a timestamp more than 5 minutes off.
- X-Lookout-Delivery, in the body too, is for ever the same for one event: after a crash or a lost answer it
  comes again, so whoever has acted on it answers 2xx and does nothing.
- `paused` lasts until `resumed`, whatever comes between. `held` means no further until `released`, a later
  `stage` or a decision. `shipped` announces the stage for everybody where the launch has one, which is a
  `stage` of its own once somebody advances to it, and else means everybody. `stopped` means off.
- 2xx is taken. 408, 425, 429 and 5xx, no answer in time, and no connection are tried again, after 5 s at
  first and 15 min at last, or as Retry-After says up to an hour, for 6 hours. Any other answer, a redirect
  too, is final: people are told to do it by hand.
- The events of one launch come in their order, each only after the one before was taken or given up.
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
