"""Looks on schedule: a slot for every planned look that has a moment, and which one is next."""

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot.core.launch import Launch
from bot.core.registration import Registration
from bot.core.timetable import Calendar, posted_at
from bot.services import launches
from bot.services.desk import Desk
from bot.store import outbox, slots

PLANNED_LOOK_JOB = "launch.look"


def plan_looks(session: Session, desk: Desk, launch: Launch, now: datetime) -> None:
    """Have every planned look not yet held taken at its moment; one whose moment is past, at once.

    Saying it again changes nothing. Where an amendment moved the looks, the slots made before find that their
    moment is no longer in the plan.
    """
    if launch.locked_at is None or not launch.open:
        return
    registration = launches.registration(session, launch)
    days = calendar(session, desk, launch, registration)
    for number, day in enumerate(registration.looks, start=1):
        moment = days.posted(day)
        if moment is None or held(launch, number) or (number in launch.late and moment <= now):
            continue
        payload = {"experiment": launch.id, "look": number, "moment": moment.isoformat()}
        slots.at(session, job=PLANNED_LOOK_JOB, slot=slot_of(payload), due=moment, payload=payload)


def slot_of(payload: Mapping[str, Any]) -> str:
    """The key of a planned look's slot: experiment, look and moment."""
    return f"{payload['experiment']}/{payload['look']}/{payload['moment']}"


def held(launch: Launch, number: int) -> bool:
    """Whether a planned look is on record with data that could be judged."""
    return any(one.look == number and one.verdict != "invalid" for one in launch.looks)


def next_look(
    launch: Launch, registration: Registration, zone: ZoneInfo, at: time
) -> tuple[int, datetime] | None:
    """The next planned look and when it is posted; None when none follows or no start is known."""
    start = registration.data.start or launch.start
    newest = launch.newest
    past = 0 if newest is None else newest.look
    if start is None or not launch.open:
        return None
    for number, day in enumerate(registration.looks, start=1):
        if number > past and number not in launch.late:
            return number, posted_at(start, day, at, zone)
    return None


def calendar(session: Session, desk: Desk, launch: Launch, registration: Registration) -> Calendar:
    """When the days of a launch are, and its looks are posted."""
    start = registration.data.start or launch.start
    return Calendar(start, hour_of(desk, registration), zone_of(session, desk, launch, registration))


def hour_of(desk: Desk, registration: Registration) -> time:
    """The local time at which looks are posted."""
    return time.fromisoformat(registration.schedule.at or desk.settings.launches.look_at)


def zone_now(session: Session, desk: Desk, launch: Launch) -> ZoneInfo:
    """The zone a launch lives in, by the registration in force."""
    return zone_of(session, desk, launch, launches.registration(session, launch))


def zone_of(session: Session, desk: Desk, launch: Launch, registration: Registration) -> ZoneInfo:
    """The zone a launch lives in: its registration's, else its channel's, else the configured one."""
    if registration.schedule.zone is not None:
        return ZoneInfo(registration.schedule.zone)
    settings = desk.settings
    for name, zone in settings.launches.zones.items():
        here = launch.channel.removeprefix("#")
        if name == here or outbox.channel_id(session, f"#{name}") == launch.channel:
            return ZoneInfo(zone)
    return settings.zone
