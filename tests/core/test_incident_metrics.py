"""The figures of incidents, by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.incident import Incident, Status
from bot.core.incident_metrics import Counted, Span, measure

START = datetime(2026, 10, 1, tzinfo=UTC)
END = datetime(2027, 1, 1, tzinfo=UTC)
DONE = END + timedelta(days=1)


def incident(number, day=0, *, category=1, onset=10, localize=8.0, mitigate=20.0, **fields):
    """An incident detected on a day of the quarter; minutes from there, None where it was not reached."""
    at = START + timedelta(days=day, hours=3)

    def after(minutes):
        return None if minutes is None else at + timedelta(minutes=minutes)

    made = Incident(
        id=number,
        title="NDCG fell",
        severity="SEV2",
        status=Status.RESOLVED if mitigate else Status.TRIAGING,
        channel="C1",
        group="g",
        playbook="sha",
        position="x",
        opened_at=at,
        started=at - timedelta(minutes=onset),
        detected_at=at,
        onset_by="alert",
        category=category,
        service="reranker",
        localized_at=after(localize),
        mitigated_at=after(mitigate),
        resolved_at=after(mitigate),
    )
    made = replace(made, **fields)
    return Counted(made, f"{category} some", category in (1, 2, 3, 8), category == 9)


def figures(*counted, since=START):
    """The figures of the quarter, a day after it."""
    return measure(counted, since=since, until=END, now=DONE)


def test_means_are_of_differences_of_milestones():
    """MTTD from onset to page, MTTR from page to mitigated; the median beside them."""
    found = figures(
        incident(1, 1, onset=10, mitigate=20),
        incident(2, 2, onset=20, mitigate=40, service="a"),
        incident(3, 3, onset=60, mitigate=600, category=5),
    )
    assert found.detect.mean == timedelta(minutes=30)
    assert found.detect.middle == timedelta(minutes=20)
    assert found.recover.mean == timedelta(minutes=220)
    assert found.rolled_back.mean == timedelta(minutes=30)
    assert [(span.name, span.mean) for span in found.by_category] == [
        ("1 some", timedelta(minutes=30)),
        ("5 some", timedelta(minutes=600)),
    ]
    assert [span.state for span in (found.detect, found.rolled_back, found.recover)] == [
        "missed",
        "met",
        "met",
    ]


def test_an_onset_nobody_knows_counts_in_no_mttd():
    """Opened by hand without an onset, the time to detect is unknown, not zero."""
    found = figures(incident(1, onset_by="", opened_by="U1"))
    assert found.detect.mean is None
    assert found.detect.state == "unknown"
    assert found.recover.mean == timedelta(minutes=20)


def test_a_late_category_and_none_at_all_are_misses_of_the_quarter_hour():
    """16 minutes is late; one that is older than that without a category is late too."""
    found = figures(
        incident(1, localize=15),
        incident(2, localize=16),
        incident(3, localize=None, mitigate=None, category=0),
    )
    assert (found.localized.hits, found.localized.of) == (1, 3)
    assert found.localized.state == "alert"
    assert found.open == 1


def test_one_that_has_still_time_is_not_judged_yet():
    """Ten minutes in, nobody is late."""
    fresh = incident(1, localize=None, mitigate=None, category=0)
    found = measure([fresh], since=START, until=END, now=fresh.incident.detected_at + timedelta(minutes=10))
    assert found.localized.of == 0
    assert found.localized.state == "unknown"


def test_false_alarms_are_of_pages_and_have_no_times():
    """A stale eval set is a false alarm as AML-08 names it; what a person opened was no page."""
    found = figures(
        incident(1, status=Status.FALSE_ALARM, category=0, mitigate=None),
        incident(2, category=9, mitigate=600),
        incident(3, category=2),
        incident(4, category=2, opened_by="U1", service="other"),
    )
    assert (found.false_alarms.hits, found.false_alarms.of) == (2, 3)
    assert found.false_alarms.state == "alert"
    assert found.recover.values == (timedelta(minutes=20),) * 2


def test_the_same_cause_within_90_days_is_a_repeat_also_across_the_quarter():
    """The first of a pair is none; another service is another cause; after 91 days it is new."""
    before = incident(1, -30)
    again, other, later = incident(2, 20), incident(3, 25, service="search"), incident(4, 91 + 20)
    found = figures(before, again, other, replace_day(later))
    assert found.repeated == {2}
    assert (found.repeats.hits, found.repeats.of) == (1, 3)


def replace_day(counted):
    """Within the quarter, but more than 90 days after anything of its kind: another metric alone differs."""
    at = END - timedelta(days=1)
    return Counted(
        replace(counted.incident, detected_at=at, service="", metric="ctr"),
        counted.category,
        roll_back_first=True,
    )


def test_drills_and_exclusions_are_counted_apart():
    """Neither moves a figure, neither makes another one a repeat."""
    real = incident(3, 5)
    alone = figures(real)
    found = figures(incident(1, 1, drill="rag", mitigate=1), incident(2, 2, excluded="load test"), real)
    assert found.recover == alone.recover
    assert found.repeats == alone.repeats
    assert [one.incident.id for one in found.drills] == [1]
    assert [one.incident.id for one in found.excluded] == [2]


def test_nothing_is_no_figure():
    """Of nothing there is no mean and no rate, and no target is met."""
    found = figures()
    assert found.recover.mean is None
    assert found.localized.share is None
    assert found.localized.interval is None
    assert {found.detect.state, found.localized.state, found.repeats.state} == {"unknown"}


@pytest.mark.parametrize(("minutes", "state"), [(15, "met"), (15.1, "missed"), (30, "missed"), (31, "alert")])
def test_the_lines_of_mttd(minutes, state):
    """At most 15 minutes, an alert beyond 30."""
    span = Span("MTTD", (timedelta(minutes=minutes),), timedelta(minutes=15), timedelta(minutes=30))
    assert span.state == state
