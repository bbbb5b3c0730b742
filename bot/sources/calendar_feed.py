"""A calendar by its address (iCalendar, RFC 5545): campaigns, releases, holidays, recurring ones too."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from hashlib import sha256
from typing import Any

import httpx

from bot.core.change import Change, ChangeKind
from bot.core.change_reading import ChangeReading
from bot.core.outside import kept
from bot.errors import SourceError
from bot.settings.changes import ChangeSourceSettings
from bot.sources.web_answer import Patience, ask

MOST_BYTES = 5 * 1024 * 1024
MOST_EVENTS = 5000
MOST_OCCURRENCES = 2000
BACK = timedelta(days=31)
"""What was in effect since then is read again each time, so that what was moved or renamed is corrected."""
MOST_REPEATED = 500
"""Rules by which events repeat; one of them may have to be unrolled for years."""
_RULE = re.compile(rb"(?:^|[\r\n])RRULE([^\r\n]*)")
_TOO_OFTEN = re.compile(rb"FREQ=(?:SECONDLY|MINUTELY|HOURLY)|BY(?:HOUR|MINUTE|SECOND)=[^;]*,")
"""More often than once a day: a month of it is more than anybody plans, and takes minutes to unroll."""


@dataclass(frozen=True)
class _Calendar:
    """What its events are taken for: `zone` is for times without one, and for whole days."""

    name: str
    kind: ChangeKind
    service: str
    zone: tzinfo
    now: datetime


def read(
    name: str,
    settings: ChangeSourceSettings,
    now: datetime,
    client: httpx.Client,
    zone: tzinfo,
) -> ChangeReading:
    """Return what began before now and was still in effect a month ago.

    Raises SourceError with the reason to show.
    """
    address = settings.url.get_secret_value() if settings.url else ""
    if address.startswith("webcal://"):
        address = f"https://{address.removeprefix('webcal://')}"
    body = ask(
        client,
        address,
        name=name,
        patience=Patience.of(settings.timeout_seconds),
        most=MOST_BYTES,
        token=settings.token.get_secret_value() if settings.token else "",
    )
    kind = settings.change_kind or ChangeKind.EXTERNAL_EVENT
    calendar = _Calendar(name, kind, settings.service, zone, now)
    faults: list[str] = []
    changes: dict[str, Change] = {}
    for event in _events(body, calendar):
        try:
            found = _change(event, calendar)
        except (ValueError, TypeError, AttributeError, KeyError, OverflowError) as error:
            faults.append(f"{_text(event, 'SUMMARY') or 'an event'}: {type(error).__name__}")
            continue
        if found is not None:
            changes[found.id] = found
    fault = f"{len(faults)} events cannot be read, the first: {faults[0]}" if faults else ""
    return ChangeReading(tuple(changes.values()), {"at": now.isoformat()}, fault)


def _events(body: bytes, calendar: _Calendar) -> list[Any]:
    """The occurrences, repeated events unrolled."""
    if b"BEGIN:VCALENDAR" not in body.upper():
        raise SourceError(f"{calendar.name} answered with something that is no calendar: is its url right?")
    count = body.upper().count(b"BEGIN:VEVENT")
    if count > MOST_EVENTS:
        raise SourceError(f"{calendar.name} has {count} events, {MOST_EVENTS} are the most")
    rules = _RULE.findall(re.sub(rb"\r?\n[ \t]", b"", body.upper()))
    if any(map(_TOO_OFTEN.search, rules)):
        raise SourceError(f"{calendar.name} has an event that repeats more than once a day: leave it out")
    if len(rules) > MOST_REPEATED:
        raise SourceError(
            f"{calendar.name} has {len(rules)} events that repeat, {MOST_REPEATED} are the most"
        )
    import icalendar
    import recurring_ical_events  # type: ignore[import-untyped] # it publishes no types

    try:
        parsed = icalendar.Calendar.from_ical(body.decode("utf-8", "replace"))
        unrolled = recurring_ical_events.of(parsed, skip_bad_series=True).between(
            (calendar.now - BACK).astimezone(calendar.zone),  # times without a zone are compared in this one
            (calendar.now + timedelta(seconds=1)).astimezone(calendar.zone),
        )
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
        raise SourceError(
            f"{calendar.name} has a calendar that cannot be read: {type(error).__name__}"
        ) from error
    if len(unrolled) > MOST_OCCURRENCES:
        raise SourceError(
            f"{calendar.name} has {len(unrolled)} events in a month, {MOST_OCCURRENCES} are the most"
        )
    return list(unrolled)


def _change(event: Any, calendar: _Calendar) -> Change | None:
    """The change of one occurrence; None for one that is cancelled or has not begun."""
    if _text(event, "STATUS").upper() == "CANCELLED":
        return None
    start = _moment(event["DTSTART"].dt, calendar.zone)
    end = _moment(event["DTEND"].dt, calendar.zone) if "DTEND" in event else start
    if start > calendar.now:
        return None
    title = _text(event, "SUMMARY") or "an event without a name"
    return Change(
        source=calendar.name,
        id=_identity(event, start),
        kind=next(_kinds(event), calendar.kind),
        title=kept(title, 300),
        at=start,
        ended_at=end if end > start else None,
        by=_organizer(event),
        service=calendar.service,
        url=_link(event),
    )


def _identity(event: Any, start: datetime) -> str:
    """Its UID, and which occurrence: one that was moved keeps the time it was planned for as its name."""
    planned = event.get("RECURRENCE-ID")
    at = _moment(planned.dt, UTC) if planned is not None else start
    uid = _text(event, "UID") or sha256(_text(event, "SUMMARY").encode()).hexdigest()[:32]
    if len(uid) > 120:
        uid = sha256(uid.encode()).hexdigest()
    return f"{uid}/{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _kinds(event: Any) -> Iterator[ChangeKind]:
    """Categories that are named like a kind of change."""
    given = event.get("CATEGORIES")
    for one in given if isinstance(given, list) else [given]:
        for word in getattr(one, "cats", ()):
            name = str(word).strip().lower().replace(" ", "_").replace("-", "_")
            if name in set(ChangeKind):
                yield ChangeKind(name)


def _moment(value: date | datetime, zone: tzinfo) -> datetime:
    """A day begins at midnight where people are; a time without a zone is theirs."""
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=zone).astimezone(UTC)
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)


def _text(event: Mapping[str, Any], key: str) -> str:
    value = event.get(key)
    return kept(str(value), 300) if value is not None and not isinstance(value, list) else ""


def _organizer(event: Any) -> str:
    organizer = event.get("ORGANIZER")
    if organizer is None or isinstance(organizer, list):
        return ""
    name = getattr(organizer, "params", {}).get("CN", "") or str(organizer)
    return kept(str(name).removeprefix("mailto:").removeprefix("MAILTO:"), 100)


def _link(event: Any) -> str:
    found = _text(event, "URL")
    return found if found.startswith(("https://", "http://")) else ""
