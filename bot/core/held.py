"""Alerts that opened no incident, and why: kept until they may, or until nothing is to be done about them."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.core.alert import Alert, same_episode

OVERTAKEN = timedelta(minutes=10)
"""A firing that comes so long after its own resolve was overtaken by it on the way."""

MOST_FIRINGS = 1000
"""Firings of one alert that are remembered: no threshold is higher."""


class Cause(StrEnum):
    """Why an alert is held."""

    THRESHOLD = "threshold"
    SILENCE = "silence"
    WINDOW = "window"
    EARLY = "early"
    """Its resolve came before it."""
    RELEASED = "released"
    """What held it has just ended; it is about to be taken in again."""


@dataclass(frozen=True)
class Held:
    """One alert as last heard, and what holds it.

    `by` is the silence's number, the window's or the rule's name; `group` the key of the incident it would
    be in; `until` when what holds it ends. `fired` are the moments at which it began to fire, as heard.
    """

    alert: Alert
    cause: Cause
    by: str
    group: str
    until: datetime
    first_at: datetime
    last_at: datetime
    fired: tuple[datetime, ...] = ()

    def again(self, alert: Alert, now: datetime) -> "Held":
        """The same alert heard once more: a repeat of one firing, another firing, or a resolve."""
        repeat = self.alert.firing and same_episode(self.alert.started_at, alert.started_at)
        fired = self.fired if repeat or not alert.firing else (*self.fired, now)[-MOST_FIRINGS:]
        return replace(self, alert=alert, last_at=now, fired=fired)

    def firings(self, since: datetime) -> int:
        """How often it began to fire after `since`."""
        return sum(moment > since for moment in self.fired)


def overtaken(before: Held | None, alert: Alert, now: datetime) -> bool:
    """Whether a firing is over already, because its resolve was heard first."""
    if before is None or before.cause is not Cause.EARLY or now - before.last_at > OVERTAKEN:
        return False
    ended = before.alert.ended_at or before.last_at
    return alert.started_at is not None and alert.started_at <= ended
