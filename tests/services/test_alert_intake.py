"""Alerts become incidents: opening, grouping, deduplication, resolves and what comes after the end."""

import re
from datetime import timedelta

import pytest

from bot.services import triage
from bot.store import incidents, slots
from bot.store.database import Database
from bot.views.triage_actions import More, TriageAction
from tests.services.incident_bench import ENG, Bench


@pytest.fixture
def bench(sqlite, clock):
    """A bench on SQLite."""
    return Bench(sqlite, clock)


def test_an_alert_opens_an_incident_with_channel_card_notice_and_timers(bench):
    """In the order in which Slack has to hear of it."""
    assert bench.receive(bench.alert(cohort={"locale": "jp"})) == (1,)
    effects = bench.effects()
    assert [(e["kind"], e["key"]) for e in effects] == [
        ("channel", "#inc-20261123-reranker-ndcg-10-0-78-0-61"),
        ("post", "incident/1/card"),
        ("pin", "incident/1/card"),
        ("post", "incident/1/notice"),
        ("post", "incident/1/dashboard"),
    ]
    assert effects[0]["invite"] == [ENG]
    assert effects[3]["channel"] == "#ml-incidents"
    card = bench.card()
    assert card.header == "INC-1 · reranker NDCG@10 0.78 → 0.61 · SEV2 · localizing"
    assert "*Step 1 of 7: Did anything change in the last 24 h?*" in card.text
    assert "On call: <@U0ENG>, <!subteam^S0ML>" in card.text
    assert "0.78 → 0.61 · cohorts: jp · 1 alert in this incident, 1 firing" in card.text
    with bench.db.read() as session:
        assert slots.counts(session, now=bench.now + timedelta(hours=5)).due >= 4


def test_a_second_cohort_joins_and_the_earliest_start_becomes_the_onset(bench):
    """Same metric and service: one incident, one note, the card counts."""
    bench.receive(bench.alert("jp", cohort={"locale": "jp"}))
    early = bench.now - timedelta(minutes=30)
    assert bench.receive(bench.alert("en", cohort={"locale": "en"}, started_at=early)) == (1,)
    assert "cohorts: jp, en · 2 alerts in this incident, 2 firing" in bench.card().text
    assert bench.notes()[0].startswith("1 more alert joined this incident:")
    with bench.db.read() as session:
        assert incidents.load(session, 1).started == early


def test_another_metric_is_another_incident(bench):
    """With a channel of its own even where the title is the same."""
    assert bench.receive(bench.alert("a"), bench.alert("b", metric="ctr")) == (1, 2)
    channels = [e["channel"] for e in bench.effects("channel")]
    assert channels[1] == f"{channels[0]}-2"


def test_after_the_window_a_new_alert_is_a_new_incident(bench):
    """The default is 24 h since the last alert of the group."""
    bench.receive(bench.alert("a"))
    bench.clock.advance(hours=24, seconds=1)
    assert bench.receive(bench.alert("b")) == (2,)


def test_a_repeat_says_nothing(bench):
    """Alertmanager repeats what still fires; nobody needs to hear it again."""
    bench.receive(bench.alert())
    before = len(bench.effects())
    bench.clock.advance(hours=4)
    assert bench.receive(bench.alert(started_at=None)) == (1,)
    assert len(bench.effects()) == before


def test_a_resolve_closes_nothing_and_says_why(bench):
    """It may only mean that the monitor died."""
    bench.receive(bench.alert("a"), bench.alert("b"))
    bench.receive(bench.alert("a", status="resolved"))
    assert "may only mean that the monitor died. The incident stays open, 1 still firing" in bench.notes()[-1]
    card = bench.card()
    assert card.header.endswith("localizing")
    assert "2 alerts in this incident, 1 firing · a resolve may only mean" in card.text
    bench.receive(bench.alert("b", status="resolved"))
    with bench.db.read() as session:
        assert not incidents.load(session, 1).closed


def test_firing_again_after_a_resolve_shows(bench):
    """In the thread and on the card."""
    bench.receive(bench.alert())
    bench.receive(bench.alert(status="resolved"))
    bench.clock.advance(minutes=10)
    bench.receive(bench.alert())
    assert bench.notes()[-1].startswith("⚠ fires again after a resolve:")
    assert "1 fired again after a resolve" in bench.card().text


def test_a_resolve_of_something_unknown_opens_nothing(bench):
    """A resolve that overtook its alert, or of an alert from before our time."""
    assert bench.receive(bench.alert(status="resolved")) == ()
    assert bench.effects() == []


def test_after_the_end_a_repeat_is_quiet_and_a_new_firing_opens_anew(bench):
    """A closed incident swallows no new alert, and its old one does not page again."""
    first = bench.alert()
    bench.receive(first)
    bench.press(TriageAction.MORE, choice=More.FALSE_ALARM)
    bench.clock.advance(hours=4)
    assert bench.receive(first) == (1,)
    assert bench.card().header.endswith("false alarm")
    assert bench.receive(bench.alert(status="resolved")) == (1,)
    assert bench.receive(bench.alert()) == (2,)
    assert bench.card(2).header.startswith("INC-2")


def test_a_thousand_alerts_of_one_group_are_one_card_that_counts(bench):
    """One delivery is one card and one note, however many alerts it holds."""
    bench.receive(bench.alert("first"))
    bench.receive(*(bench.alert(f"k{n}", cohort={"cohort": f"c{n}"}, left_out=n == 0) for n in range(200)))
    assert len(bench.notes()) == 1
    assert "200 more alerts joined" in bench.notes()[0]
    assert "and 195 more" in bench.notes()[0]
    assert "The sender left 1 further alert out" in bench.notes()[0]
    assert "201 alerts in this incident" in bench.card().text


def mrkdwn(value):
    """Every text that Slack would act on: the notification and the mrkdwn objects."""
    if isinstance(value, list):
        return [text for item in value for text in mrkdwn(item)]
    if not isinstance(value, dict):
        return []
    if value.get("type") == "mrkdwn":
        assert value["verbatim"] is True
        return [value["text"]]
    found = [text for item in value.values() for text in mrkdwn(item)]
    return [value["text"], *found] if "blocks" in value else found


def test_hostile_labels_neither_mention_nor_break_the_card(bench):
    """`<!channel>`, backticks, links and ten thousand characters."""
    title = "<!channel> `rm` <https://evil|click> https://evil @here *b* " + "x" * 10_000
    bench.receive(
        bench.alert(title=title, metric="m" * 5000, service="<@U0EM>", cohort={"l": "`<!here>`" * 99})
    )
    bench.receive(bench.alert("b", title=title, metric="m" * 5000, service="<@U0EM>"))
    bench.work()
    bench.answer("code_deploy")
    for effect in bench.effects():
        for said in mrkdwn(effect.get("message", {})):
            assert not re.search(r"<(?!@U0ENG>|!date\^|!subteam\^S0ML>|#)", said), said
            assert "https://" not in said
            assert "@here" not in said
            assert "`" not in said
    assert len(bench.effects("channel")[0]["channel"]) <= 80
    assert len(bench.card().header) <= 150


def test_without_channels_of_their_own_incidents_live_in_the_incidents_channel(sqlite, clock):
    """No channel is created, and no notice doubles the card."""
    bench = Bench(sqlite, clock, incidents={"create_channel": False})
    bench.receive(bench.alert())
    assert [(e["kind"], e["channel"]) for e in bench.effects()] == [
        ("post", "#ml-incidents"),
        ("pin", "#ml-incidents"),
        ("post", "#ml-incidents"),
    ]


def test_status_and_list_answer_from_the_record(bench):
    """By name, by the channel's own incident, and all."""
    bench.receive(bench.alert())
    bench.clock.advance(minutes=5)
    with bench.db.read() as session:
        named = triage.status(session, bench.desk, about="inc-1", channel="C1", now=bench.now)
        listed = triage.list_open(session, bench.desk, now=bench.now)
    assert (
        "step 1 of 7: Did anything change in the last 24 h? · open 5 min" in named.blocks[0]["text"]["text"]
    )
    assert listed.text == "1 open:"


def test_it_works_on_postgresql_too(postgres_url, clock):
    """Open, join, walk and close, with row locks instead of one writer."""
    db = Database(postgres_url)
    bench = Bench(db, clock)
    bench.receive(bench.alert("a"), bench.alert("b"))
    bench.work()
    bench.answer("nothing", "schema")
    bench.press(TriageAction.MITIGATED)
    bench.press(TriageAction.RESOLVED)
    assert bench.card().header.endswith("resolved")
    db.close()


def test_what_a_sender_leaves_out_is_told_with_what_came_and_not_with_every_repeat(bench):
    """A group that is cut off is cut off in each of its deliveries."""
    bench.receive(bench.alert("k1", left_out=7))
    (note,) = bench.notes()
    assert note == "The sender left 7 further alerts out of its delivery."
    bench.clock.advance(hours=1)
    bench.receive(bench.alert("k1", started_at=bench.now - timedelta(minutes=66), left_out=7))
    assert len(bench.notes()) == 1
    with bench.db.read() as session:
        (event,) = [one for one in incidents.timeline(session, 1) if one.kind == "joined"]
    assert event.text == "the sender left 7 further alerts out of its delivery"


def test_repeats_do_not_let_an_incident_swallow_new_alerts_for_ever(bench):
    """A day after the last that joined it, a new one of its group pages again."""
    first = bench.alert("k1")
    bench.receive(first)
    bench.clock.advance(hours=20)
    assert bench.receive(bench.alert("k2")) == (1,)
    for _ in range(5):
        bench.clock.advance(hours=5)
        bench.receive(first)
    assert bench.receive(bench.alert("k3")) == (2,)
