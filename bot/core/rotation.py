"""Whose turn it is: layers of people who hand over to each other at a local time, and overrides of that."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.core.quiet_hours import Hours, local_moment

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Layer:
    """People who take turns of `every` days, beginning with the first of them on the day `starts`.

    They hand over at `handoff`, local time of `zone`, whatever the clocks there do. `hours` and `days` (0 is
    Monday) are when the layer has anybody at all: None and empty for always.
    """

    name: str
    people: tuple[str, ...]
    zone: str
    starts: date
    handoff: time
    every: int = 7
    hours: Hours | None = None
    days: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Override:
    """Somebody who stands in for whoever has the turn in a layer, from `start` up to `end`."""

    layer: str
    person: str
    start: datetime
    end: datetime


@dataclass(frozen=True)
class Turn:
    """Whose turn it is: `person` as configured or heard, until when (None: not known), in which layer.

    `instead_of` is who would have it without an override, "" where that is nobody else.
    """

    person: str
    layer: str
    until: datetime | None = None
    instead_of: str = ""


def turn(layer: Layer, overrides: Sequence[Override], at: datetime) -> Turn | None:
    """Return whose turn it is in the layer at `at`; None before it starts and outside its hours and days.

    An override holds also where the layer has nobody; of several the one that began last.
    """
    mine = sorted((one for one in overrides if one.layer == layer.name), key=lambda one: one.start)
    planned = _planned(layer, at)
    holding = [one for one in mine if one.start <= at < one.end]
    if holding:
        other = planned.person if planned is not None and planned.person != holding[-1].person else ""
        return Turn(holding[-1].person, layer.name, holding[-1].end, other)
    if planned is None:
        return None
    coming = [one.start for one in mine if one.start > at]
    return Turn(planned.person, layer.name, min([*coming, planned.until or at]))


def in_order(layer: Layer, at: datetime) -> tuple[str, ...]:
    """Everybody of the layer, from whose turn it is on: who follows when that person cannot."""
    first = max(_shift(layer, at), 0) % len(layer.people)
    return (*layer.people[first:], *layer.people[:first])


def _planned(layer: Layer, at: datetime) -> Turn | None:
    """Whose turn it is by the rotation alone."""
    zone, shift = ZoneInfo(layer.zone), _shift(layer, at)
    local = at.astimezone(zone)
    if shift < 0 or (layer.days and local.weekday() not in layer.days):
        return None
    if layer.hours is not None and not layer.hours.hold(local):
        return None
    ends = [_handoff(layer, shift + 1)]
    if layer.hours is not None:
        ends.append(layer.hours.over(at, zone))
    if layer.days and (local.weekday() + 1) % 7 not in layer.days:
        ends.append(local_moment(local.date() + _DAY, time(0), zone))
    return Turn(layer.people[shift % len(layer.people)], layer.name, min(ends))


def _shift(layer: Layer, at: datetime) -> int:
    """The number of the turn at `at`, 0 for the first; negative before it.

    Counted in local days, so that a turn is as many of them whatever the clocks do, and compared as moments,
    so that no handoff happens twice in the night in which the clock goes back.
    """
    zone = ZoneInfo(layer.zone)
    day = at.astimezone(zone).date()
    if at < local_moment(day, layer.handoff, zone):
        day -= _DAY
    return (day - layer.starts).days // layer.every


def _handoff(layer: Layer, shift: int) -> datetime:
    """When the turn of that number begins."""
    day = layer.starts + timedelta(days=shift * layer.every)
    return local_moment(day, layer.handoff, ZoneInfo(layer.zone))
