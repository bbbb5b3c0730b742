"""Data that another launch has looked at: no rule is written for them any more, after a veto least of all."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import PurePosixPath
from typing import Any

from sqlmodel import Session

from bot.core.figures import weekday
from bot.core.launch import Kind
from bot.core.ledger import Entry
from bot.core.registration import Registration
from bot.errors import InputError
from bot.services import launches
from bot.services.look_record import registration_of
from bot.store import experiments, ledger
from bot.views.text import escape


@dataclass(frozen=True)
class _Look:
    """A sound look of another launch; `last` is the date of its day, where that is known."""

    entry: Entry
    registration: Registration
    last: date | None


def refuse(session: Session, registration: Registration) -> None:
    """Raise InputError when another launch has looked at the data of this registration."""
    ledger.lock(session)
    data = registration.data
    for look in _looks(session, registration.id):
        if _place(look.registration) != _place(registration):
            continue
        by_date = data.date is not None and look.registration.data.date is not None
        if by_date and data.start is not None and look.last is not None and data.start > look.last:
            continue
        body = look.entry.body
        said = f"look {body['look']}" if body["look"] else "a peek"
        verdict = str(body["verdict"]).replace("-", " ").upper()
        until = f" up to {weekday(look.last)}" if by_date and look.last is not None else ""
        raise InputError(
            f"`{escape(look.entry.subject, 80)}` has looked at these data{until} ({said}, record "
            f"{body['record']}: {verdict}), and a rule is written before its data are seen.",
            "A re-run has data of its own: another table, file or pair of arms"
            + (", or a data.start after that day." if by_date else "."),
        )


def _looks(session: Session, but: str) -> Iterator[_Look]:
    """The sound looks and peeks of every other launch, the newest first."""
    taken = [*ledger.of_kind(session, Kind.LOOK), *ledger.of_kind(session, Kind.PEEK)]
    for entry in sorted(taken, key=lambda one: one.number, reverse=True):
        if entry.subject == but or entry.body["verdict"] == "invalid":
            continue
        registered = experiments.of_hash(session, entry.subject, entry.body["sha256"])
        if registered is None:
            continue
        try:
            registration = registration_of(registered)
        except InputError:  # of a version that this one cannot read
            continue
        start = registration.data.start or launches.read(session, entry.subject).start
        last = start + timedelta(days=int(entry.body["day"]) - 1) if start is not None else None
        yield _Look(entry, registration, last)


def _place(registration: Registration) -> Any:
    """Where the rows of an experiment are, however written; another arm column is another experiment."""
    data, arms = registration.data, registration.arms
    sql = " ".join((data.sql or "").split()).casefold().rstrip("; ")
    path = str(PurePosixPath(data.path)) if data.path else None
    table = (data.table or "").casefold()
    column = (data.arm or data.column("arm")).casefold()
    return data.source, table, sql, path, column, frozenset((arms.control, arms.treatment))
