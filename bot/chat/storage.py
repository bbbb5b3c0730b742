"""What the chat worker needs of the outbox, and of nothing else."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from bot.core.claimed import Claimed


class Storage(Protocol):
    """The outbox (bot/store/lanes.py); blocking, called in threads, raises StoreUnavailable."""

    def claim(self, now: datetime, lease: timedelta, busy: Collection[str] = ()) -> Claimed | None:
        """The next effect to deliver, not from a lane in `busy`."""

    def sent(self, claimed: Claimed, result: Mapping[str, str], now: datetime) -> bool:
        """Record that Slack has it; False when the lease was lost."""

    def retry(self, claimed: Claimed, at: datetime, error: str, *, doubt: bool = True) -> bool:
        """Give it and its lane back until `at`; `doubt` False when Slack surely did not take it."""

    def dead(self, claimed: Claimed, error: str, now: datetime) -> bool:
        """Give it up for good."""

    def note(self, claimed: Claimed, values: Mapping[str, Any]) -> bool:
        """Write down what a later attempt must know; False when the lease was lost."""

    def message(self, key: str) -> tuple[str, str] | None:
        """(channel id, ts) of the message posted under `key`."""

    def channel(self, reference: str) -> str | None:
        """The id behind a channel reference, when known."""

    def remember_channel(self, reference: str, channel: str) -> None:
        """Keep the id behind a channel reference."""

    def forget_channel(self, reference: str) -> None:
        """Look the reference up anew next time."""

    def upload(self, key: str) -> str | None:
        """The Slack file id of an upload's key."""

    def awaited(self, claimed: Claimed, kind: str, key: str) -> bool:
        """Whether the effect of this kind and key will be delivered before `claimed`."""

    def blob(self, name: str) -> bytes:
        """The bytes of an upload; KeyError when there are none."""
