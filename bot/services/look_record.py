"""Looks from the record: the registration as it was given, the result computed again from what was seen."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from sqlmodel import Session

from bot.core.analysis import analyse
from bot.core.course import PEEK, planned_before
from bot.core.lint import check_registration
from bot.core.look import LookResult
from bot.core.observation import Observations
from bot.core.registration import Registration
from bot.core.timetable import planned
from bot.errors import InputError
from bot.store import experiments
from bot.store.experiments import LookRecord, Registered
from bot.views.look_shown import Shown


def registration_of(registered: Registered) -> Registration:
    """The registration on record. Raises InputError when this version of Lookout cannot read it."""
    registration, fault = _read(registered.text, registered.name)
    if registration is None:
        raise InputError(f"{registered.id} cannot be read: {fault}.", "Run the newest version of Lookout.")
    return registration


@lru_cache(maxsize=64)
def _read(text: str, name: str) -> tuple[Registration | None, str]:
    """A text is read once, not for every card drawn of it: what it says is frozen. Else its first fault."""
    registration, findings = check_registration(text, name)
    return registration, "" if registration is not None else str(findings[0])


def asked_day(record: LookRecord) -> float:
    """The day a look was asked for; records of the first version have only the one it was judged by."""
    return float(record.result.get("asked_day", record.day))


def registration_then(session: Session, record: LookRecord) -> Registration:
    """The registration that was in force when a look was taken; raises InputError without one."""
    registered = experiments.of_hash(session, record.experiment, record.sha256)
    if registered is None:
        raise InputError(
            f"Record {record.id} is of registration {record.sha256[:12]}…, which is not on record.",
            "Run `lookout verify`.",
        )
    return registration_of(registered)


def again(registration: Registration, record: LookRecord) -> LookResult:
    """The result of a look, from its record alone."""
    seen = Observations.from_json(record.observations)
    return analyse(
        registration,
        record.sha256,
        seen,
        look=record.number,
        day=asked_day(record),
        earlier=record.earlier,
    )


def before_look(
    registration: Registration, taken: Sequence[LookRecord], number: int, day: float
) -> list[LookRecord]:
    """The looks on record that count as held before look `number` on `day`, by day.

    Of each planned look before it the newest record whose data were sound, and every such peek before the
    day, unless the plan's rule has no place for peeks: then they decided nothing.
    """
    sound = [one for one in taken if one.verdict != "invalid" and one.day < day]
    planned_ones = [one for one in sound if one.number != PEEK]
    looks = {one.number: one for one in planned_ones if number == PEEK or one.number < number}
    days = {one.day for one in looks.values()}
    peeks = {one.day: one for one in sound if one.number == PEEK and one.day not in days}
    if not planned(registration).spending.by_function:
        peeks = {}
    return sorted([*looks.values(), *peeks.values()], key=lambda one: one.day)


def days_before(
    registration: Registration, before: Sequence[LookRecord], number: int, day: float
) -> list[float]:
    """When looks were held before; a planned one nobody asked for counts as held on its day."""
    known = {one.number: one.day for one in before if one.number != PEEK}
    wanted = enumerate(planned_before(registration, number, day), start=1)
    days = {known.get(n, on) for n, on in wanted} | {one.day for one in before}
    return sorted(days)


def counted(seen: Observations, before: Sequence[LookRecord]) -> Observations:
    """What was seen, with the units that the looks on record saw on their days in place of today's."""
    then = {on: (control, treatment) for on, control, treatment in seen.earlier}
    for one in before:
        was = Observations.from_json(one.observations)
        then[one.day] = (was.units("control"), was.units("treatment"))
    return replace(seen, earlier=tuple((on, *then[on]) for on in sorted(then)))


def recall(session: Session, record: int) -> Shown:
    """A look on record, to be shown. Raises InputError when there is none of that number."""
    found = experiments.look(session, record)
    if found is None:
        raise InputError(f"There is no look with record {record}.", "Type `/experiment looks`.")
    registration = registration_then(session, found)
    return Shown(registration, again(registration, found), found.id)
