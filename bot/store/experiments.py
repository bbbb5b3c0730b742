"""Registrations, their amendments, and looks: stored once, never changed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from bot.store.experiment_rows import AmendmentRow, ExperimentRow, LookRow, RevisionRow
from bot.store.insert import insert_new


@dataclass(frozen=True)
class Registered:
    """A registration on record; `text` is the YAML as given under the file name `name`."""

    id: str
    sha256: str
    name: str
    text: str
    canonical: str
    channel: str
    registered_by: str
    registered_at: datetime


@dataclass(frozen=True)
class LookRecord:
    """A look on record; `id` is its record number, `number` which look, 0 for a peek.

    earlier: the days on which the looks before were held. seal: SHA-256 over all of it but its `id`; empty in
    records of the first version.
    """

    id: int
    experiment: str
    sha256: str
    number: int
    day: float
    planned: bool
    verdict: str
    result: Mapping[str, Any]
    observations: Mapping[str, Any]
    earlier: tuple[float, ...]
    fingerprint: str
    channel: str
    asked_by: str
    asked_at: datetime
    taken_at: datetime
    seal: str = ""


def add(session: Session, registered: Registered) -> bool:
    """Store a registration; False when its id is taken."""
    return insert_new(session, ExperimentRow, asdict(registered), unique=("id",)) is not None


def load(session: Session, experiment: str) -> Registered | None:
    """The registration of that id as it is in force: the newest amendment, else what was registered."""
    row = session.get(ExperimentRow, experiment)
    return None if row is None else _in_force(session, row)


def original(session: Session, experiment: str) -> Registered | None:
    """The registration of that id as it was registered first."""
    row = session.get(ExperimentRow, experiment)
    return None if row is None else _registered(row)


def of_hash(session: Session, experiment: str, sha256: str) -> Registered | None:
    """The registration that had this hash, in force now or earlier; None when it never was."""
    row = session.get(ExperimentRow, experiment)
    if row is None or row.sha256 == sha256:
        return None if row is None else _registered(row)
    wanted = (RevisionRow.experiment == experiment, RevisionRow.sha256 == sha256)
    found = session.exec(select(RevisionRow).where(*wanted).order_by(col(RevisionRow.id).desc())).first()
    return None if found is None else _amended(row, found)


def propose(session: Session, changed: Registered) -> None:
    """Keep a changed registration that is not yet in force; by and at are the proposer's."""
    session.add(AmendmentRow(**_version(changed)))
    session.flush()


def proposed(session: Session, experiment: str, sha256: str) -> Registered | None:
    """The changed registration of that hash, as proposed last."""
    row = session.get(ExperimentRow, experiment)
    wanted = (AmendmentRow.experiment == experiment, AmendmentRow.sha256 == sha256)
    found = session.exec(select(AmendmentRow).where(*wanted).order_by(col(AmendmentRow.id).desc())).first()
    return None if found is None or row is None else _amended(row, found)


def amend(session: Session, changed: Registered) -> None:
    """Bring a changed registration into force."""
    session.add(RevisionRow(**_version(changed)))
    session.flush()


def newest(session: Session, experiment: str, table: str) -> dict[str, Any] | None:
    """All columns of an experiment's newest row in `experiment`, `amendment` or `revision`."""
    if table == "experiment":
        row: Any = session.get(ExperimentRow, experiment)
    else:
        kind = AmendmentRow if table == "amendment" else RevisionRow
        wanted = select(kind).where(kind.experiment == experiment).order_by(col(kind.id).desc()).limit(1)
        row = session.exec(wanted).first()
    return None if row is None else row.model_dump()


def in_channel(session: Session, channel: str) -> tuple[Registered, ...]:
    """The experiments registered in a channel, newest first."""
    rows = session.exec(
        select(ExperimentRow)
        .where(col(ExperimentRow.channel) == channel)
        .order_by(col(ExperimentRow.registered_at).desc(), col(ExperimentRow.id))
    )
    return tuple(_in_force(session, row) for row in rows.all())


def everywhere(session: Session, limit: int = 20) -> tuple[Registered, ...]:
    """The experiments of all channels, newest first."""
    rows = session.exec(
        select(ExperimentRow)
        .order_by(col(ExperimentRow.registered_at).desc(), col(ExperimentRow.id))
        .limit(limit)
    )
    return tuple(_in_force(session, row) for row in rows.all())


def add_look(session: Session, record: LookRecord) -> LookRecord:
    """Store a look and return it with its record number; the `id` given is ignored.

    The same look at the same data is not recorded twice: the record there is returned.
    """
    same = session.exec(
        select(LookRow)
        .where(
            col(LookRow.experiment) == record.experiment,
            col(LookRow.number) == record.number,
            col(LookRow.day) == record.day,
            col(LookRow.sha256) == record.sha256,
            col(LookRow.fingerprint) == record.fingerprint,
        )
        .order_by(col(LookRow.id))
    ).first()
    if same is not None:
        return _look(same)
    values = asdict(record) | {"id": None, "earlier": list(record.earlier)}
    row = LookRow(**values)
    session.add(row)
    session.flush()
    return _look(row)


def looks(session: Session, experiment: str) -> tuple[LookRecord, ...]:
    """All looks at an experiment in the order they were taken."""
    rows = session.exec(
        select(LookRow).where(col(LookRow.experiment) == experiment).order_by(col(LookRow.id))
    )
    return tuple(_look(row) for row in rows.all())


def look(session: Session, record: int) -> LookRecord | None:
    """The look with that record number."""
    row = session.get(LookRow, record)
    return None if row is None else _look(row)


def _registered(row: ExperimentRow) -> Registered:
    return Registered(**row.model_dump())


def _in_force(session: Session, row: ExperimentRow) -> Registered:
    wanted = select(RevisionRow).where(RevisionRow.experiment == row.id)
    newest = session.exec(wanted.order_by(col(RevisionRow.id).desc()).limit(1)).first()
    return _registered(row) if newest is None else _amended(row, newest)


def _amended(row: ExperimentRow, version: AmendmentRow | RevisionRow) -> Registered:
    return replace(
        _registered(row),
        sha256=version.sha256,
        name=version.name,
        text=version.text,
        canonical=version.canonical,
        registered_by=version.by,
        registered_at=version.at,
    )


def _version(changed: Registered) -> dict[str, Any]:
    return {
        "experiment": changed.id,
        "sha256": changed.sha256,
        "name": changed.name,
        "text": changed.text,
        "canonical": changed.canonical,
        "by": changed.registered_by,
        "at": changed.registered_at,
    }


def _look(row: LookRow) -> LookRecord:
    return LookRecord(**row.model_dump() | {"earlier": tuple(row.earlier)})
