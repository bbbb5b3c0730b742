"""The alerts of incidents, as last heard; read and written many at a time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from itertools import islice
from typing import Any, TypeAlias

from sqlalchemy import and_, func, insert, text, tuple_
from sqlmodel import Session, col, select

from bot.core.incident import IncidentAlert, Tally
from bot.store.incident_rows import IncidentAlertRow, IncidentRow

Key: TypeAlias = tuple[str, str]
"""What an alert is known by: its source, and its key there."""

SHOWN = 100
"""Alerts that come with an incident, and cohorts that are named: more than anybody reads."""

AT_ONCE = 500
"""Keys asked for in one statement: databases bound its parameters."""


def alone(session: Session) -> None:
    """Let nobody else take alerts in before this transaction ends; SQLite has one writer anyway.

    Two at once would not know of each other: a resolve would be kept as one of something never heard while
    its alert opens an incident, a threshold would be counted in halves, one alert would join twice, and each
    could wait for what the other has locked.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(text("SELECT pg_advisory_xact_lock(6107212)"))


def newest(session: Session, keys: Iterable[Key]) -> dict[Key, tuple[int, IncidentAlert]]:
    """For each alert the newest incident that has it, and the alert; the incidents are locked."""
    places: list[tuple[int, str, str]] = []
    for some in _batches(dict.fromkeys(keys)):
        found = session.exec(
            select(func.max(IncidentAlertRow.incident), IncidentAlertRow.source, IncidentAlertRow.key)
            .where(tuple_(col(IncidentAlertRow.source), col(IncidentAlertRow.key)).in_(some))
            .group_by(col(IncidentAlertRow.source), col(IncidentAlertRow.key))
        )
        places += [(incident, source, key) for incident, source, key in found]
    _lock(session, sorted({incident for incident, _, _ in places}))
    identity = tuple_(col(IncidentAlertRow.incident), col(IncidentAlertRow.source), col(IncidentAlertRow.key))
    rows: list[IncidentAlertRow] = []
    for some in _batches(places):
        rows += session.exec(
            select(IncidentAlertRow).where(identity.in_(some)).execution_options(populate_existing=True)
        )
    return {(row.source, row.key): (row.incident, _alert(row)) for row in rows}


def of(session: Session, incident_id: int, *, most: int = SHOWN) -> tuple[IncidentAlert, ...]:
    """The incident's alerts in the order in which they came; of more than `most` the firing ones first."""
    rows = session.exec(
        select(IncidentAlertRow)
        .where(col(IncidentAlertRow.incident) == incident_id)
        .order_by(col(IncidentAlertRow.status) != "firing", col(IncidentAlertRow.place))
        .limit(most)
    )
    return tuple(_alert(row) for row in sorted(rows, key=lambda row: row.place))


def tally(session: Session, incident_id: int) -> Tally:
    """How many alerts the incident has, counted where they are: a storm brings tens of thousands."""
    of_it = col(IncidentAlertRow.incident) == incident_id
    fires = col(IncidentAlertRow.status) == "firing"
    again = and_(fires, col(IncidentAlertRow.times) > 1)
    total, firing, fired_again = session.exec(
        select(func.count(), func.count().filter(fires), func.count().filter(again)).where(of_it)
    ).one()
    cohorts = session.exec(
        select(IncidentAlertRow.cohort)
        .where(of_it)
        .group_by(col(IncidentAlertRow.cohort))
        .order_by(func.min(IncidentAlertRow.place))
        .limit(SHOWN)
    ).all()
    named = dict.fromkeys("-".join(cohort.values()) for cohort in cohorts if cohort)
    return Tally(total, firing, fired_again, tuple(named))


def save(session: Session, incident_id: int, alerts: Sequence[IncidentAlert]) -> None:
    """Add the alerts to the incident, in this order, or store their new state where it has them."""
    known: dict[Key, IncidentAlertRow] = {}
    for some in _batches(dict.fromkeys((alert.source, alert.key) for alert in alerts)):
        rows = session.exec(
            select(IncidentAlertRow)
            .where(col(IncidentAlertRow.incident) == incident_id)
            .where(tuple_(col(IncidentAlertRow.source), col(IncidentAlertRow.key)).in_(some))
        )
        known |= {(row.source, row.key): row for row in rows}
    place, new = _count(session, incident_id), dict[Key, dict[str, Any]]()
    for alert in alerts:
        key, values = (alert.source, alert.key), _values(alert)
        row = known.get(key)
        if row is not None:
            for name, value in values.items():
                setattr(row, name, value)
        else:
            at = new[key]["place"] if key in new else place + len(new)
            new[key] = {"incident": incident_id, "place": at, **values}
    session.flush()
    if new:  # many at once: objects for each would take most of the time that a storm takes
        session.execute(insert(IncidentAlertRow), list(new.values()))


def _count(session: Session, incident_id: int) -> int:
    return session.exec(
        select(func.count())
        .select_from(IncidentAlertRow)
        .where(col(IncidentAlertRow.incident) == incident_id)
    ).one()


def _lock(session: Session, incidents: Sequence[int]) -> None:
    """In the order of their numbers, so that two workers never wait for each other."""
    for some in _batches(incidents):
        session.exec(
            select(IncidentRow.id)
            .where(col(IncidentRow.id).in_(some))
            .order_by(col(IncidentRow.id))
            .with_for_update()
        ).all()


def _batches(items: Iterable[Any]) -> Iterator[list[Any]]:
    left = iter(items)
    return iter(lambda: list(islice(left, AT_ONCE)), [])


def _values(alert: IncidentAlert) -> dict[str, Any]:
    values = {item.name: getattr(alert, item.name) for item in fields(alert)}
    return values | {name: dict(values[name]) for name in ("cohort", "labels", "annotations")}


def _alert(row: IncidentAlertRow) -> IncidentAlert:
    return IncidentAlert(**{item.name: getattr(row, item.name) for item in fields(IncidentAlert)})
