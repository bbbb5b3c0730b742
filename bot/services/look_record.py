"""Looks from the record: the registration as it was given, the result computed again from what was seen."""

from sqlmodel import Session

from bot.core.analysis import analyse
from bot.core.lint import check_registration
from bot.core.look import LookResult
from bot.core.observation import Observations
from bot.core.registration import Registration
from bot.errors import InputError
from bot.store import experiments
from bot.store.experiments import LookRecord, Registered
from bot.views.look import Shown


def registration_of(registered: Registered) -> Registration:
    """The registration on record. Raises InputError when this version of Lookout cannot read it."""
    registration, findings = check_registration(registered.text, registered.name)
    if registration is None:
        raise InputError(
            f"{registered.id} cannot be read: {findings[0]}.", "Run the newest version of Lookout."
        )
    return registration


def again(registration: Registration, record: LookRecord) -> LookResult:
    """The result of a look, from its record alone."""
    seen = Observations.from_json(record.observations)
    return analyse(
        registration,
        record.sha256,
        seen,
        look=record.number,
        day=record.day,
        earlier=record.earlier,
    )


def recall(session: Session, record: int) -> Shown:
    """A look on record, to be shown. Raises InputError when there is none of that number."""
    found = experiments.look(session, record)
    registered = experiments.load(session, found.experiment) if found else None
    if found is None or registered is None:
        raise InputError(f"There is no look with record {record}.", "Type `/experiment status`.")
    registration = registration_of(registered)
    return Shown(registration, again(registration, found), found.id)
