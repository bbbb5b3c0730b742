"""trigger_ids: a short-lived permission to open a modal on someone's screen, good for one use."""

import secrets
from dataclasses import dataclass
from typing import Final

from bot.workspace.clock import monotonic
from bot.workspace.rules import Rules

_KEPT: Final = 10_000  # the oldest are forgotten beyond this many


@dataclass
class Trigger:
    """Whose click it was, and in which view, if it was in one."""

    user: str
    view_id: str
    until: float
    used: bool = False


class Triggers:
    """The trigger_ids given out."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._all: dict[str, Trigger] = {}

    def issue(self, user: str, view_id: str = "") -> str:
        """A new trigger_id for something this person just did."""
        now = monotonic()
        trigger_id = f"{int(now * 1e6)}.{secrets.randbelow(10**10)}.{secrets.token_hex(16)}"
        while len(self._all) >= _KEPT:
            del self._all[next(iter(self._all))]
        self._all[trigger_id] = Trigger(user, view_id, now + self.rules.trigger)
        return trigger_id

    def use(self, trigger_id: str) -> Trigger | str:
        """The trigger, used up by this; or Slack's error code if it can open nothing."""
        trigger = self._all.get(trigger_id)
        if trigger is None:
            return "invalid_trigger_id"
        if trigger.used:
            return "exchanged_trigger_id"
        if monotonic() > trigger.until:
            return "expired_trigger_id"
        trigger.used = True
        return trigger
