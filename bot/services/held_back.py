"""Alerts that open no incident: held until a threshold is reached, or until what silences them ends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlmodel import Session

from bot.core.alert import Alert
from bot.core.grouping import GroupRule
from bot.core.held import OVERTAKEN, Cause, Held
from bot.core.incident import Event, Incident
from bot.services.incident_cards import record
from bot.store import held_alerts
from bot.store.incident_alerts import Key
from bot.views import alert_news, text


@dataclass
class Holding:
    """What is held of the alerts in hand: read once, changed in memory, written once."""

    session: Session
    now: datetime
    held: dict[Key, Held]
    changed: set[Key] = field(default_factory=set)
    freed: set[Key] = field(default_factory=set)
    groups: dict[str, dict[Key, Held]] = field(default_factory=dict)

    def of(self, alert: Alert) -> Held | None:
        """The alert as it is held; None where it is not."""
        return self.held.get((alert.source, alert.key))

    def since(self, alert: Alert) -> datetime | None:
        """When a held alert was first heard to fire; a resolve that came before it does not count."""
        held = self.of(alert)
        return held.first_at if held is not None and held.cause is not Cause.EARLY else None

    def keep(self, alert: Alert, cause: Cause, by: str, group: str, until: datetime) -> Held:
        """Hold the alert for this cause; what is known of it from before goes along."""
        before = self.of(alert)
        if before is None or before.cause is Cause.EARLY:
            fired = (self.now,) if alert.firing else ()
            held = Held(alert, cause, by, group, until, self.now, self.now, fired)
        else:
            held = replace(before.again(alert, self.now), cause=cause, by=by, group=group, until=until)
        self._put(held)
        return held

    def resolve(self, alert: Alert) -> None:
        """A resolve of something held is noted; one of something never heard is remembered for a while."""
        before = self.of(alert)
        if before is None:
            self.keep(alert, Cause.EARLY, "", "", self.now + OVERTAKEN)
        else:
            self._put(before.again(alert, self.now))

    def count(self, alert: Alert, rule: GroupRule, group: str) -> Sequence[Held] | None:
        """Hold the alert under the rule's threshold; all that waited once it is reached, None before that."""
        if group not in self.groups:
            self.groups[group] = held_alerts.waiting(self.session, group, self.now - rule.within)
            for key, one in self.groups[group].items():
                self.held.setdefault(key, one)
        held = self.keep(alert, Cause.THRESHOLD, rule.name, group, self.now + rule.within)
        waiting = self.groups[group] | {(alert.source, alert.key): held}
        since = self.now - rule.within
        if sum(one.firings(since) for one in waiting.values()) < rule.after:
            return None
        del self.groups[group]
        return tuple(sorted(waiting.values(), key=lambda one: one.first_at))

    def free(self, alert: Alert) -> None:
        """Hold the alert no longer."""
        key = (alert.source, alert.key)
        if self.held.pop(key, None) is not None:
            self.changed.discard(key)
            self.freed.add(key)

    def save(self) -> None:
        """Write what has changed."""
        held_alerts.drop(self.session, sorted(self.freed - self.changed))
        held_alerts.save(self.session, [self.held[key] for key in sorted(self.changed)])

    def _put(self, held: Held) -> None:
        key = (held.alert.source, held.alert.key)
        self.held[key] = held
        self.changed.add(key)
        if held.cause is Cause.THRESHOLD and held.group in self.groups:
            self.groups[held.group][key] = held


def threshold(rule: GroupRule) -> str:
    """The threshold of a rule in words."""
    return f"rule {rule.name}: {rule.after} firings within {text.duration(rule.within)}"


def show(session: Session, incident: Incident, held: Sequence[Held], rule: GroupRule, now: datetime) -> None:
    """Show what was held before the incident was opened."""
    why = threshold(rule)
    said = f"{len(held)} alert{'' if len(held) == 1 else 's'} had been held back ({why})"
    detail: Mapping[str, object] = {"alerts": [one.alert.key for one in held[:100]], "rule": rule.name}
    record(
        session,
        incident,
        Event(now, "held_back", said, detail=detail),
        alert_news.held_back(held, why),
        now=now,
    )
