"""Changes that a warehouse knows, by a query whose columns are those of the generic change."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from bot.core.change import Change, ChangeKind
from bot.core.change_reading import ChangeReading
from bot.core.outside import kept
from bot.core.registration import Data
from bot.errors import SourceError
from bot.settings import SourceSettings
from bot.settings.changes import COLUMNS, ChangeSourceSettings

MOST = 1000
"""Rows of one reading; what is beyond them comes with the next."""
FIRST = timedelta(days=7)
OVERLAP = timedelta(hours=24)
"""Rows may come so much later than what they tell of: known ones stay one change."""
AHEAD = timedelta(minutes=5)
"""A clock may be so far ahead; what lies further in the future is left for later."""
NEEDED = COLUMNS[:3]


def read(
    name: str,
    settings: ChangeSourceSettings,
    cursor: Mapping[str, Any],
    now: datetime,
    sources: Mapping[str, SourceSettings],
    zone: tzinfo,
) -> ChangeReading:
    """Return the rows since the last reading; times without a zone are in `zone`.

    Raises SourceError with the reason to show.
    """
    until = _moment(cursor.get("until"), UTC)
    since = now - FIRST if until is None else until if cursor.get("more") else until - OVERLAP
    rows = _rows(name, settings, (since, now + AHEAD), sources, zone)
    changes: list[Change] = []
    faults: list[str] = []
    for row in rows:
        try:
            changes.append(_change(name, settings, row, zone))
        except SourceError as error:
            faults.append(str(error))
    times = [change.at for change in changes]
    last = max([*times, *([until] if until else [])], default=None)
    fault = f"{len(faults)} of {len(rows)} rows cannot be read, the first: {faults[0]}" if faults else ""
    more = len(rows) == MOST and last is not None and last > since
    return ChangeReading(tuple(changes), {"until": last.isoformat() if last else None, "more": more}, fault)


def _rows(
    name: str,
    settings: ChangeSourceSettings,
    span: tuple[datetime, datetime],
    sources: Mapping[str, SourceSettings],
    zone: tzinfo,
) -> Sequence[Mapping[str, Any]]:
    from bot.sources import warehouse

    data = Data(source=settings.source, sql=settings.query)
    with warehouse.table_of(data, sources=sources, root=None, seconds=settings.timeout_seconds) as table:
        columns = {part: settings.columns.get(part, part) for part in COLUMNS}
        absent = [
            column for part, column in columns.items() if part in NEEDED and column not in table.columns
        ]
        if absent:
            has = ", ".join(table.columns)
            raise SourceError(f"{name}: the query gives no column {absent[0]}; it gives {has}")
        there = {part: table[column] for part, column in columns.items() if column in table.columns}
        at = there["at"]
        if not (at.type().is_timestamp() or at.type().is_date()):
            raise SourceError(f"{name}: the column {columns['at']} is {at.type()}, not a time: cast it")
        chosen = table.select(**there)
        first, last = (_bound(moment, at.type(), zone) for moment in span)
        chosen = chosen.filter(chosen.at >= first, chosen.at <= last).order_by("at").limit(MOST)
        found: Sequence[Mapping[str, Any]] = chosen.to_pyarrow().to_pylist()
        return found


def _bound(moment: datetime, kind: Any, zone: tzinfo) -> Any:
    """A time to compare the column with: where it has no zone, it is that of the configuration."""
    if kind.is_date():
        return moment.astimezone(zone).date()
    return moment.astimezone(UTC) if kind.timezone else moment.astimezone(zone).replace(tzinfo=None)


def _change(name: str, settings: ChangeSourceSettings, row: Mapping[str, Any], zone: tzinfo) -> Change:
    identity, title = _text(row, "id", 200), _text(row, "title", 300)
    if not identity:
        raise SourceError("a row without an id")
    at = _moment(row.get("at"), zone)
    if at is None:
        raise SourceError(f"row {identity!r}: {row.get('at')!r} is no time")
    found = Change(
        source=settings.ids_of or name,
        id=identity,
        kind=_kind(row, settings.change_kind, identity),
        title=title or identity,
        at=at,
        ended_at=_moment(row.get("ended_at"), zone),
        by=_text(row, "by", 100),
        service=_text(row, "service", 200) or settings.service,
        version=_text(row, "version", 100),
        previous_version=_text(row, "previous_version", 100),
    )
    url = _text(row, "url", 1000)
    return replace(found, url=url if url.startswith(("https://", "http://")) else "")


def _kind(row: Mapping[str, Any], otherwise: ChangeKind | None, identity: str) -> ChangeKind:
    said = _text(row, "kind", 60).lower()
    if said in set(ChangeKind):
        return ChangeKind(said)
    if not said and otherwise is not None:
        return otherwise
    known = ", ".join(ChangeKind)
    raise SourceError(f"row {identity!r}: the kind {said!r} is none of {known}")


def _text(row: Mapping[str, Any], key: str, most: int) -> str:
    value = row.get(key)
    return "" if value is None else kept(str(value), most)


def _moment(value: object, zone: tzinfo) -> datetime | None:
    """None for what is no time in UTC: many tables write the last hour of the year 9999 for "no end"."""
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value.strip())
        if isinstance(value, datetime):
            return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)
        if isinstance(value, date):
            return datetime(value.year, value.month, value.day, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return None
