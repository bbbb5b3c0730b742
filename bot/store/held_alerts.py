"""Held alerts in the database: each once, by its source and key; read and written many at a time."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import func, tuple_
from sqlmodel import Session, col, delete, select

from bot.core.alert import Alert
from bot.core.held import Cause, Held
from bot.store.alert_rows import HeldAlertRow
from bot.store.incident_alerts import AT_ONCE, Key
from bot.store.insert import insert_new

KEEP = timedelta(days=1)
"""How long a held alert is kept once nothing holds it any more."""

_MOMENTS = ("started_at", "ended_at")


def of(session: Session, keys: Iterable[Key]) -> dict[Key, Held]:
    """Those of the alerts that are held, locked for this transaction."""
    found: dict[Key, Held] = {}
    for some in _batches(sorted(set(keys))):
        rows = session.exec(
            select(HeldAlertRow)
            .where(tuple_(col(HeldAlertRow.source), col(HeldAlertRow.key)).in_(some))
            .order_by(col(HeldAlertRow.source), col(HeldAlertRow.key))
            .with_for_update()
        )
        found |= {(row.source, row.key): _held(row) for row in rows}
    return found


def waiting(session: Session, group: str, since: datetime) -> dict[Key, Held]:
    """What a threshold holds in the group and was heard after `since`."""
    rows = session.exec(
        select(HeldAlertRow)
        .where(
            HeldAlertRow.group == group,
            HeldAlertRow.cause == Cause.THRESHOLD.value,
            col(HeldAlertRow.last_at) > since,
        )
        .order_by(col(HeldAlertRow.first_at), col(HeldAlertRow.source), col(HeldAlertRow.key))
    )
    return {(row.source, row.key): _held(row) for row in rows}


def held_by(session: Session, cause: Cause, by: str, most: int) -> list[Held]:
    """What this silence or window holds, oldest first, at most so many."""
    rows = session.exec(
        select(HeldAlertRow)
        .where(HeldAlertRow.cause == cause.value, HeldAlertRow.by == by)
        .order_by(col(HeldAlertRow.first_at), col(HeldAlertRow.source), col(HeldAlertRow.key))
        .limit(most)
    )
    return [_held(row) for row in rows]


def counts(session: Session, cause: Cause) -> dict[str, int]:
    """How many alerts are held for this cause, by who holds them."""
    rows = session.exec(
        select(HeldAlertRow.by, func.count())
        .where(HeldAlertRow.cause == cause.value)
        .group_by(HeldAlertRow.by)
    )
    return dict(rows.all())


def save(session: Session, held: Iterable[Held]) -> None:
    """Store what is held now, in the place of what was held under the same keys."""
    for some in _batches(held):
        keys = [(one.alert.source, one.alert.key) for one in some]
        identity = tuple_(col(HeldAlertRow.source), col(HeldAlertRow.key))
        there = {
            (row.source, row.key): row for row in session.exec(select(HeldAlertRow).where(identity.in_(keys)))
        }
        for key, one in zip(keys, some, strict=True):
            row = there.get(key)
            if row is None:
                _insert(session, one)
            else:
                for name, value in _values(one).items():
                    setattr(row, name, value)
    session.flush()


def drop(session: Session, keys: Iterable[Key]) -> None:
    """Hold these no longer."""
    for some in _batches(keys):
        session.exec(
            delete(HeldAlertRow).where(tuple_(col(HeldAlertRow.source), col(HeldAlertRow.key)).in_(some))
        )


def purge(session: Session, *, now: datetime, keep: timedelta = KEEP) -> int:
    """Delete what nothing holds any more since `keep`; how many. What a silence left is gone at its end."""
    result = session.exec(
        delete(HeldAlertRow).where(
            col(HeldAlertRow.until) < now - keep,
            col(HeldAlertRow.cause).in_((Cause.THRESHOLD.value, Cause.EARLY.value)),
        )
    )
    return int(result.rowcount)


def _insert(session: Session, held: Held) -> None:
    """Another worker may hold the same alert at the same moment; then the later word counts."""
    values = _values(held)
    named = {"held_by": values["by"], "group_key": values["group"]}
    plain = {name: value for name, value in values.items() if name not in ("by", "group")}
    if insert_new(session, HeldAlertRow, plain | named, unique=("source", "key")) is None:
        row = session.get_one(HeldAlertRow, (held.alert.source, held.alert.key), with_for_update=True)
        for name, value in values.items():
            setattr(row, name, value)


def _values(held: Held) -> dict[str, Any]:
    alert = asdict(held.alert)
    alert |= {name: _iso(alert[name]) for name in _MOMENTS}
    return {
        "source": held.alert.source,
        "key": held.alert.key,
        "cause": held.cause.value,
        "by": held.by,
        "group": held.group,
        "until": held.until,
        "first_at": held.first_at,
        "last_at": held.last_at,
        "fired": [moment.isoformat() for moment in held.fired],
        "alert": alert,
    }


def _held(row: HeldAlertRow) -> Held:
    return Held(
        alert=_alert(row.alert),
        cause=Cause(row.cause),
        by=row.by,
        group=row.group,
        until=row.until,
        first_at=row.first_at,
        last_at=row.last_at,
        fired=tuple(map(datetime.fromisoformat, row.fired)),
    )


def _alert(kept: Mapping[str, Any]) -> Alert:
    moments = {name: datetime.fromisoformat(kept[name]) if kept[name] else None for name in _MOMENTS}
    return Alert(**{**kept, **moments})


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _batches(items: Iterable[Any]) -> Iterator[list[Any]]:
    left = iter(items)
    return iter(lambda: list(islice(left, AT_ONCE)), [])
