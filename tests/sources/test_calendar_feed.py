"""A calendar by its address: campaigns and releases, recurring, moved, cancelled, and odd ones."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest

from bot.core.change import ChangeKind
from bot.errors import SourceError
from bot.settings.changes import ChangeSourceSettings
from bot.sources import calendar_feed

NOW = datetime(2026, 11, 23, 3, 12, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")


def calendar(*events):
    """A calendar file of VEVENTs, each given as lines."""
    inner = "".join(
        f"BEGIN:VEVENT\r\n{chr(10).join(event).replace(chr(10), chr(13) + chr(10))}\r\nEND:VEVENT\r\n"
        for event in events
    )
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\n{inner}END:VCALENDAR\r\n"


def event(uid, start, *more):
    """The lines of an event; `start` with its parameters and value."""
    return [f"UID:{uid}", "DTSTAMP:20261101T000000Z", f"DTSTART{start}", *more]


def read(text, status=200, **given):
    """What one reading of that text gives."""
    settings = ChangeSourceSettings(
        **{"kind": "ical", "url": "webcal://plan.example/x.ics", "change_kind": "campaign", **given}
    )

    def answer(request):
        assert request.url.scheme == "https"
        return httpx.Response(status, text=text)

    client = httpx.Client(transport=httpx.MockTransport(answer))
    return calendar_feed.read("plan", settings, NOW, client, TOKYO)


def test_a_campaign_is_a_change_with_an_end():
    """Its organiser, link and title; what is still to come is none yet."""
    text = calendar(
        event("a", ":20261122T150000Z", "DTEND:20261125T150000Z", "SUMMARY:Autumn sale\\, JP", "URL:https://p/1",
              "ORGANIZER;CN=Aya:mailto:aya@example.com"),
        event("b", ":20261201T000000Z", "DTEND:20261202T000000Z", "SUMMARY:later"),
        event("c", ":20260901T000000Z", "DTEND:20260902T000000Z", "SUMMARY:long ago"),
    )  # fmt: skip
    (change,) = read(text, service="shop").changes
    assert (change.source, change.id, change.kind) == ("plan", "a/20261122T150000Z", ChangeKind.CAMPAIGN)
    assert (change.title, change.by, change.url) == ("Autumn sale, JP", "Aya", "https://p/1")
    assert (change.at, change.ended_at) == (
        datetime(2026, 11, 22, 15, tzinfo=UTC), datetime(2026, 11, 25, 15, tzinfo=UTC),
    )  # fmt: skip
    assert change.service == "shop"


def test_recurring_events_are_unrolled_each_occurrence_a_change():
    """One moved keeps the name of the time it was planned for; one left out or cancelled is none."""
    weekly = event("w", ";TZID=Asia/Tokyo:20261102T100000", "DURATION:PT2H", "RRULE:FREQ=WEEKLY",
                   "SUMMARY:Drop", "EXDATE;TZID=Asia/Tokyo:20261116T100000")  # fmt: skip
    moved = event("w", ";TZID=Asia/Tokyo:20261110T180000", "RECURRENCE-ID;TZID=Asia/Tokyo:20261109T100000",
                  "DURATION:PT2H", "SUMMARY:Drop, a day late")  # fmt: skip
    gone = event("g", ":20261120T000000Z", "DTEND:20261121T000000Z", "STATUS:CANCELLED", "SUMMARY:off")
    found = read(calendar(weekly, moved, gone)).changes
    assert sorted((c.id, c.title) for c in found) == [
        ("w/20261102T010000Z", "Drop"),
        ("w/20261109T010000Z", "Drop, a day late"),
        ("w/20261123T010000Z", "Drop"),
    ]
    late = next(c for c in found if "late" in c.title)
    assert late.at == datetime(2026, 11, 10, 9, tzinfo=UTC)
    assert late.ended_at - late.at == timedelta(hours=2)


def test_whole_days_begin_at_midnight_where_people_are_and_categories_may_name_a_kind():
    """In the configured zone; an event without an end lasts its day."""
    holiday = event("h", ";VALUE=DATE:20261123", "SUMMARY:Labour day", "CATEGORIES:External event,JP")
    (change,) = read(calendar(holiday)).changes
    assert change.kind is ChangeKind.EXTERNAL_EVENT
    assert change.at == datetime(2026, 11, 22, 15, tzinfo=UTC)
    assert change.ended_at == datetime(2026, 11, 23, 15, tzinfo=UTC)
    note = "DESCRIPTION:no RRULE:FREQ=HOURLY"
    floating = event("f", ":20261123T090000", "SUMMARY:local time", note, "SUMMARY2:x")
    (change,) = read(calendar(floating)).changes
    assert (change.at, change.ended_at) == (datetime(2026, 11, 23, 0, tzinfo=UTC), None)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("<html>Sign in</html>", "something that is no calendar"),
        (
            calendar(event("s", ":20261101T000000Z", "RRULE:FREQ=SECONDLY", "SUMMARY:x")),
            "more than once a day",
        ),
        (
            calendar(event("s", ":20261101T000000Z", "RRULE:FREQ=MIN\n UTELY", "SUMMARY:x")),
            "more than once a day",
        ),
        (
            calendar(event("s", ":20261101T000000Z", "RRULE:FREQ=DAILY;BYHOUR=9;BYMINUTE=0,30", "SUMMARY:x")),
            "more than once a day",
        ),
        (
            calendar(*[event("s", ":20261101T000000Z", "RRULE:FREQ=DAILY", "SUMMARY:x")] * 501),
            "501 events that repeat, 500 are the most",
        ),
        (calendar(*[["UID:1"]] * 5001), "5001 events, 5000 are the most"),
        ("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", "cannot be read"),
    ],
    ids=["HTML", "secondly", "folded", "at two minutes", "many that repeat", "many", "cut off"],
)
def test_what_is_no_calendar_of_campaigns_is_refused(text, says):
    """With the reason; nothing is unrolled for hours."""
    with pytest.raises(SourceError, match=says):
        read(text)


def test_a_broken_event_leaves_the_others():
    """It is named."""
    good = event("a", ":20261122T150000Z", "SUMMARY:fine")
    nameless = event("b", ":20261122T150000Z", "DTEND:20261121T150000Z")
    found = read(calendar(good, nameless))
    assert {change.title for change in found.changes} == {"fine", "an event without a name"}
    assert found.changes[0].ended_at is None
