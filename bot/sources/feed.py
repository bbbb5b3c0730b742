"""A feed counted where it is: one aggregate of its days in the zone they are lived in, and its schema."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from bot.core.checks.upstream import MOST_COLUMNS, Upstream
from bot.core.feed import Feed, FeedDay
from bot.errors import SourceError
from bot.sources.parts import gather
from bot.sources.warehouse import columns_missing
from bot.sources.windows import WHEN, moment, timed_column

DAY, HOUR = 86400, 3600


def schema_of(table: Any) -> dict[str, str]:
    """The type of each column, as Ibis writes it."""
    return {name: str(kind) for name, kind in table.schema().items()}


def count(table: Any, options: Upstream, *, now: datetime, zone: ZoneInfo) -> Feed:
    """Count the feed's days. zone: in which they are, where the table's own is not configured.

    Raises SourceError where a column is missing, and what the engine raises.
    """

    what = options.table.name
    own = ZoneInfo(options.table.zone) if options.table.zone else None
    schema = schema_of(table)
    watched = _watched(table, options)
    table = table.mutate(**{WHEN: timed_column(table, options.table.time, what)})
    local = now.astimezone(own or zone)
    today, clock = local.date(), (local.hour * 60 + local.minute) * 60.0 + local.second
    dated = table[WHEN].type().is_date()
    weeks = options.weeks
    rows = _by_date(table, today, weeks) if dated else _by_time(table, now, local, weeks, own)
    outputs = {"rows": rows.count()}
    if not dated:
        outputs |= _times(rows, clock)
    for at, column in enumerate(watched):
        outputs[f"null_{at}"] = _lacks(rows[column]).ifelse(1, 0).sum()
    asked = gather(table.get_backend(), rows.group_by("back").aggregate(**outputs))
    found = (_day(row, today, watched) for row in asked.parts[0])
    return Feed(what, today, clock, dated, {day.date: day for day in found}, schema, asked.text)


def _watched(table: Any, options: Upstream) -> Sequence[str]:
    missing = columns_missing(table, dict.fromkeys(options.columns, "null share"), options.table.name)
    if missing:
        raise SourceError(missing)
    others = [name for name in table.columns if name != options.table.time]
    return options.columns or others[:MOST_COLUMNS]


def _by_date(table: Any, today: date, weeks: int) -> Any:
    import ibis

    first = today - timedelta(days=7 * weeks)
    kept = table.filter((table[WHEN] <= ibis.literal(today)) & (table[WHEN] >= ibis.literal(first)))
    return kept.mutate(back=ibis.literal(today).delta(kept[WHEN], unit="day"))


def _by_time(table: Any, now: datetime, local: datetime, weeks: int, own: ZoneInfo | None) -> Any:
    """The rows with `back`, how many days ago they are, and `clock`, their second of the day."""
    import ibis

    walls = own is not None and table[WHEN].type().timezone is None
    written = own if walls and own is not None else ZoneInfo("UTC")
    zone = local.tzinfo or UTC
    end = datetime.combine(local.date() + timedelta(days=1), time(), tzinfo=zone)
    start = datetime.combine(local.date() - timedelta(days=7 * weeks), time(), tzinfo=zone)
    kept = table.filter(
        (table[WHEN] <= moment(table[WHEN], now, written))
        & (table[WHEN] >= moment(table[WHEN], start.astimezone(UTC), written))
    )
    left = moment(kept[WHEN], end.astimezone(UTC), written).delta(kept[WHEN], unit="second")
    if not walls:
        # Seconds until midnight by the clock on the wall, which a change of the clock moves.
        moves = [
            (kept[WHEN] < moment(kept[WHEN], at, written), shift) for at, shift in _clock_changes(start, end)
        ]
        left = left + (ibis.cases(*moves, else_=0) if moves else 0)
    kept = kept.mutate(left_=left - 1)
    return kept.mutate(back=kept["left_"] // DAY, clock=DAY - 1 - kept["left_"] % DAY)


def _clock_changes(start: datetime, end: datetime) -> list[tuple[datetime, int]]:
    """The moments at which the clock changes, each with the seconds that earlier times are moved by."""
    zone, found = end.tzinfo, []
    last = _offset(end, zone)
    moment_ = start.astimezone(UTC)
    while moment_ < end:
        following = moment_ + timedelta(hours=1)
        before, after = _offset(moment_, zone), _offset(following, zone)
        if before != after:
            found.append((following.replace(minute=0, second=0, microsecond=0), last - before))
        moment_ = following
    return found


def _offset(at: datetime, zone: tzinfo | None) -> int:
    shift = at.astimezone(zone).utcoffset()
    return int(shift.total_seconds()) if shift else 0


def _times(rows: Any, clock: float) -> dict[str, Any]:
    at = rows["clock"]
    return {
        "early": (at <= clock - HOUR).ifelse(1, 0).sum(),
        "so_far": (at <= clock).ifelse(1, 0).sum(),
        "late": (at <= clock + HOUR).ifelse(1, 0).sum(),
        "newest": at.max(),
        "newest_so_far": at.max(where=at <= clock),
    }


def _lacks(column: Any) -> Any:
    """Whether there is no value: null, or not a number."""
    return column.isnull() | column.isnan() if column.type().is_floating() else column.isnull()


def _day(row: Mapping[str, Any], today: date, watched: Sequence[str]) -> FeedDay:
    rows = int(row["rows"])
    return FeedDay(
        date=today - timedelta(days=int(row["back"])),
        rows=rows,
        early=int(row.get("early", rows)),
        so_far=int(row.get("so_far", rows)),
        late=int(row.get("late", rows)),
        newest=_seconds(row.get("newest")),
        newest_so_far=_seconds(row.get("newest_so_far")),
        nulls={column: int(row[f"null_{at}"] or 0) for at, column in enumerate(watched)},
    )


def _seconds(value: float | None) -> float | None:
    return None if value is None else float(value)
