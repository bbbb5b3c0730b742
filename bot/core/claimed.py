"""An effect taken from the outbox to be delivered, and how its storage fails."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.core.effect import Effect
from bot.errors import LookoutError


@dataclass(frozen=True)
class Claimed:
    """An effect on its way to Slack, held by one worker until `lease_until`.

    `tries` counts this attempt too. `doubt` says that an earlier attempt may have reached Slack without the
    answer being recorded. `first_try` is when it was first claimed. `note` is what earlier attempts wrote
    down (see Outbox.note). `fence` grows with every claim: a worker that lost its lease cannot record
    anything.
    """

    id: int
    effect: Effect
    lane: str
    created_at: datetime
    lease_until: datetime
    tries: int
    fence: int
    first_try: datetime
    doubt: bool = False
    note: Mapping[str, Any] = field(default_factory=dict)


class StoreUnavailable(LookoutError):  # noqa: N818 - a state of the database, said as one
    """The database did not answer or refused; nothing was changed. Try again."""
