"""Times as people type them: "02:34", "yesterday 23:50", "20m", "2026-11-23 02:34", "3d"."""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from bot.errors import InputError

_UNITS = {"m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_AGO = re.compile(r"(\d{1,5}(?:\.\d{1,2})?)\s*(min|[mhdw])(?:\s+ago)?", re.IGNORECASE)
_CLOCK = re.compile(r"(?:(today|yesterday)\s+)?(\d{1,2}):(\d{2})(?:\s*(utc|z))?", re.IGNORECASE)
_DAY = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T\s]+(\d{1,2}):(\d{2})(?::\d{2})?\s*(utc|z|[+-]\d{2}:?\d{2})?)?", re.IGNORECASE
)
FURTHEST = timedelta(days=3650)

EXAMPLES = "`02:34`, `yesterday 23:50`, `2026-11-23 02:34`, `20m`, `3d`"


def moment(text: str, *, now: datetime, zone: tzinfo) -> datetime:
    """Return the time that is meant; a time of day is the last one that was.

    Times without a zone are in `zone`. Raises InputError with what was read and how to write it.

    >>> at = datetime(2026, 11, 23, 3, 12, tzinfo=UTC)
    >>> moment("23:50", now=at, zone=UTC).isoformat()
    '2026-11-22T23:50:00+00:00'
    >>> moment("20m", now=at, zone=UTC).isoformat()
    '2026-11-23T02:52:00+00:00'
    """
    typed = " ".join(text.split())
    try:
        found = _ago(typed, now) or _clock(typed, now, zone) or _dated(typed, now, zone)
    except (ValueError, OverflowError):
        found = None
    if found is None or not abs(found - now) <= FURTHEST:
        raise InputError(f"Read `{_shown(typed)}`, which is no time I know.", f"Write one like {EXAMPLES}.")
    return found


def span(text: str, *, now: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return a time, or two of them as "02:20-02:41" or "02:20 to 02:41", as (first, last).

    A time of day that comes second is on the day of the first, or just after midnight. Raises InputError
    where one of them cannot be read, or they are the wrong way round.

    >>> at = datetime(2026, 11, 23, 3, 12, tzinfo=UTC)
    >>> [one.isoformat() for one in span("2026-11-20 02:20-02:41", now=at, zone=UTC)]
    ['2026-11-20T02:20:00+00:00', '2026-11-20T02:41:00+00:00']
    """
    parts = re.split(r"\s*(?:\.\.|\u2013|\bto\b|(?<=:\d\d)-(?=\s*\d))\s*", text.strip(), maxsplit=1)
    first = moment(parts[0], now=now, zone=zone)
    last = _on_day_of(first, parts[1], now=now, zone=zone) if len(parts) == 2 else first
    if last < first:
        raise InputError(
            f"Read `{_shown(text)}`, which ends before it begins.", "Write the earlier time first."
        )
    return first, last


def _on_day_of(first: datetime, text: str, *, now: datetime, zone: tzinfo) -> datetime:
    """On the next one where it is a matter of hours, and over."""
    clock = _CLOCK.fullmatch(" ".join(text.split()))
    if clock is None or clock[1]:
        return moment(text, now=now, zone=zone)
    try:
        there = UTC if clock[4] else zone
        day = first.astimezone(there).date()
        last, later = (
            _put(day + timedelta(days=more), int(clock[2]), int(clock[3]), there) for more in (0, 1)
        )
        return later if last < first and later <= now and later - first <= timedelta(hours=12) else last
    except (ValueError, OverflowError):
        return moment(text, now=now, zone=zone)  # which says what is wrong with it


def _ago(typed: str, now: datetime) -> datetime | None:
    found = _AGO.fullmatch(typed)
    return now - timedelta(seconds=float(found[1]) * _UNITS[found[2].lower()]) if found else None


def _clock(typed: str, now: datetime, zone: tzinfo) -> datetime | None:
    found = _CLOCK.fullmatch(typed)
    if found is None:
        return None
    here = now.astimezone(UTC if found[4] else zone)
    day, word = here.date(), (found[1] or "").lower()
    at = _put(day, int(found[2]), int(found[3]), here.tzinfo)
    if word == "yesterday" or (not word and at > now):
        at = _put(day - timedelta(days=1), int(found[2]), int(found[3]), here.tzinfo)
    return at


def _dated(typed: str, now: datetime, zone: tzinfo) -> datetime | None:
    here = now.astimezone(zone).date()
    words = {"today": here, "yesterday": here - timedelta(days=1)}
    if typed.lower() in words:
        return _put(words[typed.lower()], 0, 0, zone)
    found = _DAY.fullmatch(typed)
    if found is None:
        return None
    day, offset = date.fromisoformat(found[1]), (found[4] or "").lower()
    if offset[:1] in ("+", "-"):
        return datetime.fromisoformat(f"{day}T{int(found[2]):02}:{found[3]}{offset}")
    zone = UTC if offset else zone
    return _put(day, int(found[2] or 0), int(found[3] or 0), zone)


def _put(day: date, hour: int, minute: int, zone: tzinfo | None) -> datetime:
    return datetime.combine(day, time(hour, minute), tzinfo=zone)


def _shown(text: str) -> str:
    clean = re.sub(r"[`<>&\s]+", " ", text).strip()[:60]
    return clean or "nothing"
