"""`/incidents metrics`: from walked incidents to the card, the chart and the file."""

import csv
import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import select

from bot.core.inbound import Order, Place
from bot.errors import InputError, RefusedError
from bot.services import incident_metrics
from bot.store import blobs
from bot.store.outbox_rows import OutboxRow
from bot.views.triage_actions import TriageAction
from tests.services.incident_bench import EM, ENG, Bench, Shown

PLACE = Place("C0ML")


@pytest.fixture
def bench(sqlite, clock):
    """A bench."""
    return Bench(sqlite, clock)


def walk(bench, *, key="k1", title="reranker NDCG@10 0.78 → 0.61", **fields):
    """One incident, rolled back and mitigated 20 minutes after its page."""
    (number,) = bench.receive(bench.alert(key, title=title, **fields))
    with bench.write() as session:
        for action, choice, minutes in (
            (TriageAction.ANSWER, "code_deploy", 8),
            (TriageAction.MITIGATED, "", 12),
            (TriageAction.RESOLVED, "", 5),
        ):
            bench.clock.advance(minutes=minutes)
            incident = incident_metrics.triage.find(session, number)
            incident_metrics.triage.press(
                session,
                bench.desk,
                action=action,
                control=control(number, incident.version, choice),
                by=ENG,
                now=bench.now,
            )
    bench.clock.advance(hours=3)
    return number


def control(number, version, choice):
    """A button's value."""
    from bot.views.triage_actions import Control

    return Control(number, version, choice)


def ask(bench, text="", by=ENG, key="asked"):
    """Ask for the figures, and have them worked out."""
    with bench.write() as session:
        incident_metrics.order(
            session, bench.desk, Order(by, PLACE, "incidents", "metrics", text), key, bench.now
        )
    finish = incident_metrics.post(
        bench.db, bench.desk, {"channel": "C0ML", "thread": None, "text": text, "key": key}, bench.now
    )
    with bench.write() as session:
        finish(session)
    return Shown(bench.last(f"{key}/metrics"))


def said(bench):
    """The newest note in the incident's thread."""
    return [post["message"]["text"] for post in bench.effects("post") if "/event/" in post["key"]][-1]


def table(bench, key="asked"):
    """The rows of the file."""
    with bench.db.read() as session:
        rows = session.exec(select(OutboxRow)).all()
        blob = next(row.effect["blob"] for row in rows if row.key == f"{key}/csv")
        return list(csv.DictReader(io.StringIO(blobs.get(session, blob).decode())))


def test_walked_incidents_become_figures_with_their_targets(bench):
    """Three roll-backs of 20 minutes; the third of the same service is the second repeat."""
    walk(bench, key="a")
    walk(bench, key="b", service="search", metric="recall")
    walk(bench, key="c")
    card = ask(bench)
    assert card.header == "Incidents, last 90 days: 3 counted"
    said = card.text.replace("\N{NO-BREAK SPACE}", " ")
    assert "*MTTD* 6 min (median 6 min, 3 incidents) · target ≤ 15 min" in said
    assert "*MTTR* 20 min" in said
    assert "*localized in 15 min* 3 of 3, 100 % (44 … 100)" in said
    assert "*same cause again in 90 days* 1 of 3, 33 % (6 … 79)" in said
    assert "✗ Beyond the alert line:* same cause again in 90 days" in said
    assert "1 Code deploy regression: 20 min over 3" in said
    images = [block for block in card.blocks if block["type"] == "image"]
    assert images[0]["slack_file"] == {"id": "upload:asked/chart"}
    assert [row["repeat"] for row in table(bench)] == ["no", "no", "yes"]
    assert {row["minutes_to_mitigate"] for row in table(bench)} == {"20.00"}


def test_a_title_is_no_formula_in_the_file(bench):
    """What an alert was called is a text, also where a spreadsheet opens the file."""
    walk(bench, title='=HYPERLINK("http://x","y")\n@cell')
    ask(bench)
    assert table(bench)[0]["title"] == '\'=HYPERLINK("http://x","y") @cell'


def test_nothing_to_count_says_so_and_uploads_nothing(bench):
    """An empty quarter."""
    card = ask(bench, "2020-Q1")
    assert card.header == "Incidents, 2020-Q1: 0 counted"
    assert bench.effects("upload") == []


def test_what_is_excluded_is_counted_apart_until_it_is_taken_in_again(bench):
    """With its reason, by a role, written into the timeline."""
    walk(bench)

    def order(verb, text, by=EM):
        with bench.write() as session:
            run = {"exclude": incident_metrics.exclude, "include": incident_metrics.include}[verb]
            run(session, bench.desk, Order(by, PLACE, "incidents", verb, text), "k", bench.now)

    with pytest.raises(RefusedError):
        order("exclude", "INC-1 load test", by=ENG)
    with pytest.raises(InputError, match="The reason has 0 characters"):
        order("exclude", "INC-1")
    order("exclude", "INC-1 load  test")
    assert "Counted apart: 1 excluded." in ask(bench).text
    assert said(bench) == f"<@{EM}> took INC-1 out of the metrics: load test"
    order("include", "INC-1")
    assert ask(bench, key="again").header == "Incidents, last 90 days: 1 counted"
    with pytest.raises(InputError, match="is not excluded"):
        order("include", "INC-1")


ZONE, NOW = ZoneInfo("Asia/Tokyo"), datetime(2026, 11, 23, 3, tzinfo=UTC)


def test_a_quarter_begins_at_midnight_where_the_team_is():
    """The last quarter of a year ends with it."""
    asked = incident_metrics.period("2026-q4", NOW, ZONE)
    assert (asked.since, asked.until) == (
        datetime(2026, 9, 30, 15, tzinfo=UTC),
        datetime(2026, 12, 31, 15, tzinfo=UTC),
    )


def test_nothing_means_90_days():
    """Days count back from now."""
    assert NOW - incident_metrics.period(" ", NOW, ZONE).since == timedelta(days=90)


@pytest.mark.parametrize("text", ["0d", "99999d", "2026-Q5", "soon", "<!channel>"])
def test_what_is_no_time_is_refused_with_an_example(text):
    """And without repeating a mention."""
    with pytest.raises(InputError, match="which is no time") as refused:
        incident_metrics.period(text, NOW, ZONE)
    assert "<!channel>" not in str(refused.value)
