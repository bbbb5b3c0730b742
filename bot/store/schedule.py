"""When a recurring job is due: every day at a local time, or every so often."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from bot.errors import ConfigError

_EPOCH = datetime(2000, 1, 3, tzinfo=UTC)  # a Monday


class Moment(NamedTuple):
    """A due moment and the key of its slot."""

    slot: str
    due: datetime


@dataclass(frozen=True)
class Daily:
    """Every day at `at` in `zone`, or on some `weekdays` (0 is Monday; none named means all).

    The slot is the zone, the local date and the local time, not the moment: where the clock goes back, a time
    that comes twice is meant once (its first); where it goes forward, a time that is left out is meant by as
    much later. Missed days are caught up one by one, or with `latest_only` only the last of them.
    """

    at: time
    zone: str
    weekdays: tuple[int, ...] = ()
    latest_only: bool = False

    def after(self, moment: datetime) -> Moment:
        """The first due moment later than `moment`."""
        zone = _zone(self.zone)
        day = moment.astimezone(zone).date() - timedelta(days=1)
        while not (self._on(day) and self._due(day, zone) > moment):
            day += timedelta(days=1)
        return Moment(f"{day}T{self.at:%H:%M}[{self.zone}]", self._due(day, zone))

    def latest(self, first: datetime, now: datetime) -> Moment:
        """The last due moment not after `now`, starting from the due moment `first`."""
        return _latest(self, max(first - timedelta(days=1), now - timedelta(days=9)), first, now)

    def dump(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "kind": "daily",
            "at": self.at.isoformat("minutes"),
            "zone": self.zone,
            "weekdays": list(self.weekdays),
            "latest_only": self.latest_only,
        }

    def _on(self, day: date) -> bool:
        return not self.weekdays or day.weekday() in self.weekdays

    def _due(self, day: date, zone: ZoneInfo) -> datetime:
        return datetime.combine(day, self.at.replace(fold=0), tzinfo=zone).astimezone(UTC)


@dataclass(frozen=True)
class Interval:
    """Every `step`, counted from a fixed Monday so that all replicas agree on the moments."""

    step: timedelta
    latest_only: bool = True

    def after(self, moment: datetime) -> Moment:
        """The first due moment later than `moment`."""
        due = _EPOCH + ((moment - _EPOCH) // self.step + 1) * self.step
        return Moment(due.strftime("%Y-%m-%dT%H:%M:%SZ"), due)

    def latest(self, first: datetime, now: datetime) -> Moment:
        """The last due moment not after `now`, starting from the due moment `first`."""
        return _latest(self, max(first, now - self.step) - self.step, first, now)

    def dump(self) -> dict[str, Any]:
        """As JSON."""
        return {"kind": "interval", "seconds": self.step.total_seconds(), "latest_only": self.latest_only}


Rule: TypeAlias = Daily | Interval


def load_rule(data: Mapping[str, Any]) -> Rule:
    """The rule that `dump` wrote."""
    if data["kind"] == "interval":
        return Interval(timedelta(seconds=data["seconds"]), data["latest_only"])
    return Daily(
        time.fromisoformat(data["at"]), data["zone"], tuple(data["weekdays"]), latest_only=data["latest_only"]
    )


def _latest(rule: Rule, start: datetime, first: datetime, now: datetime) -> Moment:
    """Walk from `start`, at most some days back, to the last moment in [first, now]."""
    moment = rule.after(start)
    while moment.due < first:
        moment = rule.after(moment.due)
    while (following := rule.after(moment.due)).due <= now:
        moment = following
    return moment


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:  # not found is a KeyError
        raise ConfigError(
            f"time zone {name!r} does not exist.", "Use an IANA name like Asia/Tokyo."
        ) from error
