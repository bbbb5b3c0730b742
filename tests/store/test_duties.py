"""What a service said of who is on call, and the watch over an incident, as they are kept."""

from datetime import UTC, datetime, timedelta

from bot.core.duty import Duty
from bot.core.watch import Watch
from bot.store import duties, people

NOW = datetime(2026, 11, 23, 3, 12, tzinfo=UTC)
ANA = Duty("P1", "ana@example.com", "Ana", NOW - timedelta(hours=1), NOW + timedelta(hours=7))


def test_the_newest_answer_replaces_all_before(database):
    """In the order in which the service named them."""
    with database.write() as session:
        duties.heard(session, "pagerduty", [ANA, Duty("P1", "U02")], NOW - timedelta(hours=1))
        duties.heard(session, "pagerduty", [Duty("P2", "U03"), ANA, Duty("P2", "")], NOW)
    with database.read() as session:
        found = duties.said(session, "pagerduty")
        assert found == duties.Said((Duty("P2", "U03"), ANA, Duty("P2", "")), NOW)
        assert duties.references(session) == ("U03", "ana@example.com")


def test_a_failure_keeps_what_was_said_and_is_news_once(database):
    """Since when, and the newest reason; an answer ends it."""
    with database.write() as session:
        duties.heard(session, "pagerduty", [ANA], NOW)
        assert duties.failed(session, "pagerduty", "timed out", NOW + timedelta(minutes=5))
        assert not duties.failed(session, "pagerduty", "answered 500", NOW + timedelta(minutes=10))
        found = duties.said(session, "pagerduty")
        assert found == duties.Said((ANA,), NOW, NOW + timedelta(minutes=5), "answered 500")
        duties.heard(session, "pagerduty", [ANA], NOW + timedelta(minutes=15))
        assert duties.said(session, "pagerduty").failed_since is None


def test_another_service_knows_nothing_of_what_the_first_said(sqlite):
    """Whoever changes the configuration is not answered by the old one."""
    with sqlite.write() as session:
        duties.heard(session, "pagerduty", [ANA], NOW)
        assert duties.said(session, "opsgenie") == duties.Said()
        assert duties.failed(session, "opsgenie", "answered 500", NOW)
        assert duties.said(session, "opsgenie") == duties.Said((), None, NOW, "answered 500")
        assert duties.references(session) == ()


def test_a_person_keeps_the_zone_that_slack_knew(sqlite):
    """Until Slack says another; who is not known has none."""
    with sqlite.write() as session:
        people.describe(session, "U01", "ana", "ana@example.com", gone=False, zone="Asia/Tokyo")
        people.describe(session, "U01", "ana", "ana@example.com", gone=False)
        assert people.zone(session, "U01") == "Asia/Tokyo"
        assert people.zone(session, "U02") == ""


def test_a_watch_is_held_up_to_its_end():
    """And by nobody before somebody said so."""
    watch = Watch(1, "U01", NOW, NOW + timedelta(minutes=15))
    assert watch.held(NOW)
    assert not watch.held(NOW + timedelta(minutes=15))
    assert not Watch(1).held(NOW)
