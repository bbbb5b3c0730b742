"""Who is on call, what waits for the morning, and whom to phone when nothing else works."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, AwareDatetime, Field, field_validator, model_validator

from bot.core.quiet_hours import WEEK, Hours, Quiet, read_hours
from bot.core.rotation import Layer, Override
from bot.settings.frozen import ClockTime, Frozen, Reference, ZoneName, clock_time

Weekday: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Minutes: TypeAlias = Annotated[float, Field(ge=1, le=24 * 60)]
MOST_PHONES = 20

APIS = {
    "pagerduty": "https://api.pagerduty.com",
    "opsgenie": "https://api.opsgenie.com",
    "grafana": "",
}
"""Where each kind of on-call service answers; Grafana OnCall has an address of one's own."""


def _hours(text: str) -> str:
    if text:
        read_hours(text)
    return text


Span: TypeAlias = Annotated[str, AfterValidator(_hours)]
"""Local hours, "22:00-08:00"; empty for none."""


class LayerSettings(Frozen):
    """People who take turns; the next layer is the backup of this one. See `bot.core.rotation.Layer`."""

    people: Annotated[tuple[Reference, ...], Field(min_length=1, max_length=100)]
    starts: date
    handoff: ClockTime = "09:00"
    zone: ZoneName | None = None
    every_days: Annotated[int, Field(ge=1, le=366)] = 7
    hours: Span = ""
    days: tuple[Weekday, ...] = ()


class OverrideSettings(Frozen):
    """Somebody who stands in, from `starts` up to `ends`; in the first layer where none is named."""

    person: Reference
    starts: AwareDatetime
    ends: AwareDatetime
    layer: str = ""

    @model_validator(mode="after")
    def _in_order(self) -> "OverrideSettings":
        if self.ends <= self.starts:
            raise ValueError(f"it ends at {self.ends.isoformat()}, which is not after it starts")
        return self


class OnCallSource(Frozen):
    """The service that knows who is on call: its `schedules` by id, first in line first.

    The token is LOOKOUT_ONCALL_TOKEN. `people` says who somebody is in Slack whose address there is another.
    """

    kind: Literal["pagerduty", "opsgenie", "grafana"]
    schedules: Annotated[tuple[Annotated[str, Field(pattern=r"^[\w .:-]{1,100}$")], ...], Field(min_length=1)]
    url: str = ""
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 5.0
    people: Mapping[str, Reference] = {}

    @model_validator(mode="after")
    def _address(self) -> "OnCallSource":
        parts = urlsplit(self.address)
        local = parts.hostname in ("127.0.0.1", "localhost", "::1")
        if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and local)):
            raise ValueError("url is no address that begins with https://")
        if parts.username or parts.password:
            raise ValueError("url must not hold a password; the token is LOOKOUT_ONCALL_TOKEN")
        return self

    @property
    def address(self) -> str:
        """Where it answers, without a slash at the end."""
        return (self.url or APIS[self.kind]).rstrip("/")


class OnCallSettings(Frozen):
    """Who is on call, by layers of one's own or as a service says; nobody where neither is configured.

    ack_minutes: how long the one who was called has to say that they look, before the next is called.
    lease_minutes: how long "I'm on it" holds without progress. quiet_hours, quiet_days: when people, each in
    their own zone, are not called for what is only a ticket (SEV3), nor told of what they only have to know.
    zones: of people, where Slack does not know better.
    """

    layers: Mapping[str, LayerSettings] = {}
    overrides: Mapping[str, OverrideSettings] = {}
    source: OnCallSource | None = None
    ack_minutes: Minutes = 5
    lease_minutes: Minutes = 15
    quiet_hours: Span = ""
    quiet_days: tuple[Weekday, ...] = ()
    zones: Mapping[Reference, ZoneName] = {}

    @field_validator("layers")
    @classmethod
    def _named(cls, value: Mapping[str, LayerSettings]) -> Mapping[str, LayerSettings]:
        if len(value) > 10:
            raise ValueError(f"{len(value)} layers; 10 are the most")
        return value

    @model_validator(mode="after")
    def _known_layers(self) -> "OnCallSettings":
        for name, one in self.overrides.items():
            if not self.layers or (one.layer and one.layer not in self.layers):
                known = ", ".join(self.layers) or "none, so there is nobody to stand in for"
                raise ValueError(f"overrides.{name} names the layer {one.layer!r}; there are: {known}")
        return self

    @property
    def configured(self) -> bool:
        """Whether anything says who is on call."""
        return bool(self.layers) or self.source is not None

    @property
    def ack(self) -> timedelta:
        """How long the one who was called has to say that they look."""
        return timedelta(minutes=self.ack_minutes)

    @property
    def lease(self) -> timedelta:
        """How long "I'm on it" holds without progress."""
        return timedelta(minutes=self.lease_minutes)

    @property
    def quiet(self) -> Quiet:
        """When nobody is disturbed for what can wait."""
        return Quiet(_read(self.quiet_hours), frozenset(map(WEEK.index, self.quiet_days)))

    def rotation(self, zone: str) -> tuple[Layer, ...]:
        """The layers, first in line first; `zone` is of those that name none."""
        return tuple(
            Layer(
                name=name,
                people=one.people,
                zone=one.zone or zone,
                starts=one.starts,
                handoff=clock_time(one.handoff),
                every=one.every_days,
                hours=_read(one.hours),
                days=frozenset(map(WEEK.index, one.days)),
            )
            for name, one in self.layers.items()
        )

    def standing_in(self) -> tuple[Override, ...]:
        """The overrides, each of its layer."""
        first = next(iter(self.layers), "")
        return tuple(
            Override(one.layer or first, one.person, one.starts, one.ends) for one in self.overrides.values()
        )

    def references(self) -> tuple[str, ...]:
        """Everybody whom these settings name."""
        named = [one for layer in self.layers.values() for one in layer.people]
        named += [one.person for one in self.overrides.values()]
        return tuple(dict.fromkeys([*named, *(self.source.people.values() if self.source else ())]))


def _read(text: str) -> Hours | None:
    return read_hours(text) if text else None


def _phones(tree: Mapping[str, str]) -> Mapping[str, str]:
    """Refuse what nobody could read from a phone in the night."""
    if len(tree) > MOST_PHONES:
        raise ValueError(f"{len(tree)} entries; {MOST_PHONES} are the most that anybody reads in the night")
    for name, number in tree.items():
        if not name.strip() or len(name) > 80:
            raise ValueError(f"{name[:80]!r} is no name of at most 80 characters")
        if not number.strip() or len(number) > 200:
            raise ValueError(f"{name!r}: write a number or an address of at most 200 characters")
    return tree


PhoneTree: TypeAlias = Annotated[Mapping[str, str], AfterValidator(_phones)]
"""Whom to phone, in order: who or what, and the number or address."""
