"""Who is on call: by layers, by a service, by neither; who left, who is not known, who says nothing."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import select

from bot.core.duty import Duty
from bot.errors import SourceError
from bot.services import oncall, people, reachable
from bot.settings.oncall import OnCallSettings
from bot.store import duties, slots
from bot.store import people as kept
from bot.store.outbox_rows import OutboxRow
from tests.services.incident_bench import ENG, Bench

LAYERS = {
    "primary": {"people": ["U0ANA", "U0BEN", "U0CEM"], "starts": date(2026, 11, 2), "zone": "UTC"},
    "backup": {"people": ["U0DEE", "U0EVE"], "starts": date(2026, 11, 2), "zone": "UTC"},
}
SOURCE = {"kind": "pagerduty", "schedules": ["P1", "P2"]}


@pytest.fixture
def at(clock):
    """Monday, 23 November, 03:12 UTC: before the handoff, so that the third week still runs."""
    return clock.now


def bench(sqlite, clock, **oncall_settings):
    """A bench whose lookout.toml says who is on call."""
    return Bench(sqlite, clock, oncall=oncall_settings)


def line(one, at):
    """Who is on call, as the bench sees it."""
    with one.write() as session:
        return oncall.line(session, one.desk, at)


def said(one, at, *found, failed=""):
    """What the service said at `at`."""
    with one.write() as session:
        source = oncall.key(one.desk.settings.oncall.source)
        if failed:
            duties.failed(session, source, failed, at)
        else:
            duties.heard(session, source, found, at)


def test_the_one_whose_turn_it_is_comes_first_then_the_backup_then_the_rest(sqlite, clock, at):
    """Whoever cannot be reached is followed by somebody who expects it."""
    assert line(bench(sqlite, clock, layers=LAYERS), at).people == (
        "U0CEM", "U0DEE", "U0ANA", "U0BEN", "U0EVE",
    )  # fmt: skip


def test_whoever_has_left_is_passed_over_and_it_is_said(sqlite, clock, at):
    """The next in line is called; of those who only follow nothing is said."""
    one = bench(sqlite, clock, layers=LAYERS)
    with one.write() as session:
        kept.left(session, "U0CEM", gone=True)
        kept.left(session, "U0BEN", gone=True)
    found = line(one, at)
    assert found.people == ("U0DEE", "U0ANA", "U0EVE")
    assert found.notes == ("⚠ <@U0CEM> is on call and has left; the next in line is called.",)


def test_an_address_leads_to_the_account_behind_it(sqlite, clock, at):
    """Once Slack has said whose it is; until then the next in line is called, and why is said."""
    layers = {"primary": {**LAYERS["primary"], "people": ["ana@example.com", "U0BEN"], "every_days": 365}}
    one = bench(sqlite, clock, layers=layers)
    assert line(one, at).people == ("U0BEN",)
    assert "Slack does not say who that is" in line(one, at).notes[0]
    with one.write() as session:
        kept.set_members(session, "ana@example.com", ["U0ANA"], at)
    assert line(one, at) == oncall.Line(("U0ANA", "U0BEN"), line(one, at).turns)


def test_when_everybody_has_left_the_role_is_called_and_it_is_said(sqlite, clock, at):
    """Somebody has to be."""
    one = bench(sqlite, clock, layers={"primary": {**LAYERS["primary"], "people": ["U0ANA"]}})
    with one.write() as session:
        kept.left(session, "U0ANA", gone=True)
    found = line(one, at)
    assert found.people == (ENG, "S0ML")
    assert "Nobody on call is known; called instead: <@U0ENG>, <!subteam^S0ML>" in found.notes[1]


def test_where_nothing_says_who_is_on_call_the_role_is(sqlite, clock, at):
    """As ever, and without a word about it."""
    assert line(Bench(sqlite, clock), at) == oncall.Line((ENG, "S0ML"))


def test_a_service_says_whose_turn_it_is_and_who_has_the_next(sqlite, clock, at):
    """Its schedules in order, then its next shift, then the people of lookout.toml."""
    one = bench(sqlite, clock, source=SOURCE, layers={"primary": LAYERS["primary"]})
    end = at + timedelta(hours=6)
    said(
        one, at,
        Duty("P1", "U0FAY", "", at, end), Duty("P1", "U0GUS", "", end, None), Duty("P2", "U0HAL"),
    )  # fmt: skip
    found = line(one, at + timedelta(minutes=5))
    assert found.people == ("U0FAY", "U0HAL", "U0GUS", "U0CEM", "U0ANA", "U0BEN")
    assert found.notes == ()
    assert line(one, end).people[:2] == ("U0GUS", "U0HAL")


def test_a_service_that_fails_still_counts_with_what_it_said_and_that_is_named(sqlite, clock, at):
    """Also over a handoff that it had announced."""
    one = bench(sqlite, clock, source=SOURCE)
    handoff = at + timedelta(hours=1)
    said(one, at, Duty("P1", "U0FAY", "", at, handoff), Duty("P1", "U0GUS", "", handoff, None))
    said(one, at + timedelta(minutes=5), failed="PagerDuty timed out after 5 s")
    found = line(one, handoff)
    assert found.people[0] == "U0GUS"
    assert "⚠ PagerDuty has not said since <!date^" in found.notes[0]
    assert "(PagerDuty timed out after 5 s). This is what it said at <!date^" in found.notes[0]


def test_what_a_service_said_a_day_ago_counts_no_more(sqlite, clock, at):
    """The people of lookout.toml are called, and it is said."""
    one = bench(sqlite, clock, source=SOURCE, layers={"primary": LAYERS["primary"]})
    said(one, at - timedelta(hours=25), Duty("P1", "U0FAY"))
    said(one, at - timedelta(hours=24), failed="answered 500")
    found = line(one, at)
    assert found.people[0] == "U0CEM"
    assert found.notes[0].endswith("Called are those whom lookout.toml names.")


def test_a_service_that_was_never_asked_yet_is_no_reason_to_call_nobody(sqlite, clock, at):
    """The first minute after the first start."""
    assert line(bench(sqlite, clock, source=SOURCE), at).people == (ENG, "S0ML")


def test_a_service_that_names_nobody_says_so(sqlite, clock, at):
    """A hole in the schedule; and somebody without an address is named."""
    one = bench(sqlite, clock, source=SOURCE, layers={"primary": LAYERS["primary"]})
    said(one, at)
    assert line(one, at).notes == ("⚠ PagerDuty says that nobody is on call just now.",)
    said(one, at, Duty("P1", "", "<!channel>"))
    assert "⚠ PagerDuty names &lt;!channel&gt; without an address" in line(one, at).notes[0]
    assert line(one, at).people[0] == "U0CEM"


def test_the_ops_channel_hears_once_of_a_service_that_is_silent_and_once_that_it_speaks(
    sqlite, clock, monkeypatch
):
    """After a quarter of an hour; a single failure is nobody's news."""
    one = bench(sqlite, clock, source=SOURCE)
    answers = {"fail": False}

    def ask(source, token, *, now):
        if answers["fail"]:
            raise SourceError("PagerDuty answered 500")
        return (Duty("P1", "U0FAY"),)

    monkeypatch.setattr("bot.sources.oncall.ask", ask)

    def refresh(minutes):
        clock.advance(minutes=minutes)
        finish = oncall.refresh(one.db, one.desk, {}, clock.now)
        with one.write() as session:
            finish(session)
            return [
                row.effect["message"]["text"]
                for row in session.exec(select(OutboxRow).order_by(OutboxRow.id))
                if row.lane == "#lookout-ops"
            ]

    assert refresh(0) == []
    answers["fail"] = True
    assert refresh(5) == refresh(5) == refresh(4) == []
    assert len(refresh(6)) == 1
    assert len(refresh(5)) == 1
    answers["fail"] = False
    assert refresh(5)[1:] == ["✓ PagerDuty says again who is on call."]
    answers["fail"] = True
    assert len(refresh(5)) == 2


def test_a_service_that_never_answered_is_news_at_once(sqlite, clock):
    """Somebody is setting it up just now: the token is missing."""
    one = bench(sqlite, clock, source=SOURCE)
    with one.write() as session:
        oncall.refresh(one.db, one.desk, {}, clock.now)(session)
    posted = one.effects("post")
    assert "(LOOKOUT_ONCALL_TOKEN is not set). Called are those whom" in posted[-1]["message"]["text"]


def test_the_service_is_asked_only_where_one_is_configured(sqlite, clock):
    """And no more once it is taken out."""
    with sqlite.write() as session:
        oncall.schedule(session, bench(sqlite, clock, source=SOURCE).desk, clock.now)
    slots.tick(sqlite, clock.advance(minutes=5))
    with sqlite.write() as session:
        assert len(slots.kept(session, job=oncall.REFRESH_JOB, prefix="")) == 2
        oncall.schedule(session, Bench(sqlite, clock).desk, clock.now)
    slots.tick(sqlite, clock.advance(minutes=10))
    with sqlite.write() as session:
        assert slots.kept(session, job=oncall.REFRESH_JOB, prefix="start/") == []
        assert len(slots.kept(session, job=oncall.REFRESH_JOB, prefix="")) == 1


def test_whoever_is_on_call_is_looked_up_in_slack(sqlite, clock):
    """So that it is known who left, and who is behind an address."""
    one = bench(sqlite, clock, layers={"primary": {**LAYERS["primary"], "people": ["ana@example.com"]}})
    assert people.references(one.desk.settings)["ana@example.com"] == ("[oncall]",)


def test_quiet_hours_are_of_each_person_s_own_zone(sqlite, clock):
    """As lookout.toml says, else as they set it in Slack, else the zone of the whole."""
    zones = {"U0ANA": "Europe/Berlin", "ben@example.com": "Europe/Berlin"}
    one = bench(sqlite, clock, quiet_hours="22:00-08:00", zones=zones)
    night = datetime(2026, 11, 23, 3, 12, tzinfo=UTC)
    with one.write() as session:
        kept.set_members(session, "ben@example.com", ["U0BEN"], night)
        kept.describe(session, "U0CEM", "cem", "", gone=False, zone="America/New_York")
        kept.describe(session, "U0ODD", "odd", "", gone=False, zone="Mars/Olympus")

        def until(who):
            return reachable.quiet_until(session, one.desk, who, night)

        assert until("U0ANA") == until("U0BEN") == datetime(2026, 11, 23, 7, tzinfo=UTC)
        assert until("U0CEM") == datetime(2026, 11, 23, 13, tzinfo=UTC)
        assert until("U0DEE") is None  # noon in Tokyo
        assert until("U0ODD") is None
        assert reachable.awake(session, one.desk, ["U0ANA", "U0DEE"], night) == ("U0DEE",)


def test_references_name_each_person_once():
    """However often they take turns."""
    assert OnCallSettings(layers=LAYERS).references() == ("U0ANA", "U0BEN", "U0CEM", "U0DEE", "U0EVE")
