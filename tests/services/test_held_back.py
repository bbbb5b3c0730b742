"""Alerts that open no incident yet: thresholds, silences, maintenance windows, and what comes after."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.held import Cause, Held
from bot.core.inbound import Ask, Order, Place, Press, Submit
from bot.core.matching import matches
from bot.errors import InputError, StaleError
from bot.services import alerts, silences
from bot.store import held_alerts, incidents, slots
from bot.store import silences as store
from bot.views.silence_actions import FORM, SilenceAction
from bot.views.triage_actions import More, TriageAction
from tests.services.incident_bench import ENG, MATE, Bench, Shown

THREE_IN_TEN = {
    "name": "dips", "match": {"service": "rag-*"}, "group_by": ["service"], "after": 3, "within_minutes": 10,
}  # fmt: skip
HERE = Place("C0HERE")


@pytest.fixture
def bench(sqlite, clock):
    """A bench whose rule holds dips of the rag services until there were three within ten minutes."""
    return Bench(sqlite, clock, incidents={"rules": [THREE_IN_TEN]})


@pytest.fixture
def both(database, clock):
    """The same on each kind of database."""
    return Bench(database, clock, incidents={"rules": [THREE_IN_TEN]})


def dip(bench, key, **fields):
    """A dip that the rule takes in."""
    return bench.alert(key, service="rag-index", title=f"recall fell in shard {key}", **fields)


def held(bench):
    """What is held, by key."""
    with bench.write() as session:
        return held_alerts.of(session, [("generic", f"k{n}") for n in range(1, 10)])


def order(bench, verb, text="", by=ENG, place=HERE):
    """Type `/triage silence …` or `/triage unsilence …`."""
    with bench.write() as session:
        done = {"silence": silences.order, "unsilence": silences.order_end}[verb]
        done(session, bench.desk, Order(by, place, "triage", verb, text), "inbox/1", bench.now)


def listed(bench):
    """What `/triage silences` answers."""
    with bench.db.read() as session:
        shown = silences.listing(session, bench.desk, Ask(ENG, HERE, "triage", "silences"), bench.now)
    return shown.blocks[0]["text"]["text"]


def test_an_incident_opens_at_the_third_firing_within_ten_minutes_and_shows_those_held(both):
    """All of them are its alerts, the earliest start is its onset, and the thread names them."""
    assert both.receive(dip(both, "k1")) == ()
    both.clock.advance(minutes=4)
    assert both.receive(dip(both, "k2")) == ()
    assert both.effects() == []
    assert set(held(both)) == {("generic", "k1"), ("generic", "k2")}
    both.clock.advance(minutes=5)
    assert both.receive(dip(both, "k3")) == (1,)
    assert "3 alerts in this incident, 3 firing" in both.card().text
    (note,) = both.notes()
    assert note.startswith("Held back until now (rule dips: 3 firings within 10 min):")
    assert "• recall fell in shard k1 · first heard <!date^" in note
    with both.db.read() as session:
        incident = incidents.load(session, 1)
        events = incidents.timeline(session, 1)
    assert incident.title == "recall fell in shard k1"
    assert incident.started == datetime(2026, 11, 23, 3, 6, tzinfo=UTC)
    assert [alert.first_seen.minute for alert in incident.alerts] == [12, 16, 21]
    assert "rule dips: 3 firings within 10 min" in events[0].text
    assert held(both) == {}


def test_firings_too_far_apart_open_nothing(bench):
    """Two now and one half an hour later are never three within ten minutes."""
    bench.receive(dip(bench, "k1"), dip(bench, "k2"))
    bench.clock.advance(minutes=30)
    assert bench.receive(dip(bench, "k3")) == ()
    bench.clock.advance(minutes=5)
    assert bench.receive(dip(bench, "k4"), dip(bench, "k5")) == (1,)
    assert "3 alerts in this incident" in bench.card().text


def test_one_alert_that_flaps_reaches_a_threshold_and_one_that_is_repeated_does_not(bench):
    """A firing is counted when it begins."""
    for minute in range(5):
        assert bench.receive(dip(bench, "k1", started_at=datetime(2026, 11, 23, 3, tzinfo=UTC))) == (), minute
        bench.clock.advance(minutes=1)
    for _ in range(2):
        bench.receive(dip(bench, "k1", status="resolved"))
        touched = bench.receive(dip(bench, "k1"))
    assert touched == (1,)
    assert "first heard" in bench.notes()[0] if bench.notes() else True
    assert "1 alert in this incident, 1 firing" in bench.card().text


def test_what_resolved_while_it_was_held_is_in_the_incident_as_resolved(bench):
    """It counts as a firing, and nobody is told that it still fires."""
    bench.receive(dip(bench, "k1"))
    bench.receive(dip(bench, "k1", status="resolved"))
    assert bench.receive(dip(bench, "k2"), dip(bench, "k3")) == (1,)
    assert "3 alerts in this incident, 2 firing" in bench.card().text
    assert "recall fell in shard k1 · first heard" in bench.notes()[0]
    assert ", no longer seen" in bench.notes()[0]


def test_with_an_open_incident_of_the_group_no_threshold_is_asked(bench):
    """What is known to be broken takes in the next alert at once."""
    bench.receive(dip(bench, "k1"), dip(bench, "k2"), dip(bench, "k3"))
    assert bench.receive(dip(bench, "k4")) == (1,)


def test_other_alerts_keep_the_rule_for_all(bench):
    """The first rule whose labels fit is the rule."""
    assert bench.receive(bench.alert("k1")) == (1,)


def test_a_silence_holds_alerts_back_until_its_end_and_then_opens_what_still_fires(both):
    """It is said where it was asked for and in the incidents channel; both messages tell how it ended."""
    order(both, "silence", "2h service=reranker locale=jp|en reindex <!channel> under way")
    said = [e for e in both.effects("post") if e["key"].startswith("silence/")]
    assert [e["channel"] for e in said] == ["C0HERE", "#ml-incidents"]
    shown = Shown(said[0]["message"])
    assert "*Silence 1*: alerts with service=reranker locale=jp|en open no incident until" in shown.text
    assert "says <@U0ENG>: reindex &lt;!channel&gt; under way." in shown.text
    assert shown.buttons == ["End it now"]
    jp, en = (both.alert(key, cohort={"locale": key}) for key in ("jp", "en"))
    assert both.receive(jp, en) == ()
    assert both.receive(both.alert("de", cohort={"locale": "de"}, metric="ctr")) == (1,)
    assert "1 silence:" in listed(both)
    assert "holds 2 alerts" in listed(both)
    assert both.receive(both.alert("en", cohort={"locale": "en"}, status="resolved")) == ()
    both.clock.advance(hours=2)
    assert "alerts.release" in both.work()
    assert both.card(2).header.startswith("INC-2 · reranker NDCG@10")
    with both.write() as session:
        opened = incidents.timeline(session, 2)[0].text
        assert held_alerts.of(session, [("generic", "jp"), ("generic", "en")]) == {}
    assert "(held back by silence 1: reindex" in opened
    over = both.last("silence/1")["text"]
    assert "It held 2 alerts back; 1 still fires: INC-2." in over
    assert both.last("silence/1/there")["text"] == over
    assert listed(both).startswith("Nothing is silenced.")


def test_a_silence_ended_early_lets_go_at_once(bench):
    """By button or by number; a second press is told who was first."""
    order(bench, "silence", "1d metric=ndcg")
    bench.receive(bench.alert())
    press = Press(MATE, HERE, SilenceAction.END, "1")
    with bench.write() as session:
        silences.press_end(session, bench.desk, press, "inbox/2", bench.now)
    assert bench.card().header.startswith("INC-1")
    assert "ended by <@U0MATE> at" in bench.last("silence/1")["text"]
    with pytest.raises(StaleError, match="was ended by <@U0MATE> at"):
        order(bench, "unsilence", "1")
    bench.clock.advance(days=1)
    assert "alerts.release" not in bench.work()


def test_in_an_incidents_channel_a_silence_needs_no_labels_and_quiets_its_thread(bench):
    """Its alerts flap on without a word; the card still counts, and the end brings no second incident."""
    bench.receive(bench.alert("k1"))
    with bench.db.read() as session:
        channel = incidents.load(session, 1).channel
    order(bench, "silence", "2h", place=Place(channel))
    said = len(bench.notes())
    for status in ("resolved", "firing"):
        bench.receive(bench.alert("k1", status=status, started_at=bench.now))
    bench.receive(bench.alert("k2"))
    assert len(bench.notes()) == said
    assert "1 alert in this incident, 1 firing · 1 fired again" in bench.card().text
    bench.clock.advance(hours=2)
    bench.work()
    assert "2 alerts in this incident, 2 firing" in bench.card().text
    assert "1 still fires: INC-1." in bench.last("silence/1")["text"]


def test_the_form_of_the_card_is_filled_in_with_what_the_alerts_have_in_common(bench):
    """And sent off it is the same silence."""
    bench.receive(bench.alert("k1"))
    with bench.db.read() as session:
        form = silences.form(session, bench.desk, ENG, "1", bench.now)
    assert form["blocks"][2]["element"]["initial_value"] == "metric=ndcg service=reranker"
    fields = {SilenceAction.LENGTH: "30m", SilenceAction.MATCH: "service=rerank*", SilenceAction.REASON: "x"}
    assert silences.faults(fields) == {}
    assert silences.faults({SilenceAction.MATCH: "everything"}) == {
        SilenceAction.MATCH: "Name at least one label as name=value."
    }
    assert "means everything" in silences.faults({SilenceAction.MATCH: "service=*"})[SilenceAction.MATCH]
    with bench.write() as session:
        silences.submit(session, bench.desk, Submit(ENG, HERE, FORM, "1", fields), "inbox/3", bench.now)
    assert bench.receive(bench.alert("k2", metric="ctr")) == ()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "No length of time was given."),
        ("service=rag", "Read `service=rag`, which is no length of time."),
        ("2h", "No label was named, and this would silence everything."),
        ("2h just because", "No label was named, and this would silence everything."),
        ("2h service=*", "means everything or nothing"),
        ("2h service=", "means everything or nothing"),
        ("0m service=rag", "a silence lasts from a minute to 30 days"),
        ("31d service=rag", "a silence lasts from a minute to 30 days"),
        (f"2h service=rag {'x' * 501}", "The reason has 501 characters"),
        ("2h " + " ".join(f"l{n}=x" for n in range(11)), "Read 11 labels; 10 is the most."),
    ],
)
def test_a_silence_that_cannot_be_read_says_what_is_missing(bench, text, says):
    """And silences nothing."""
    with pytest.raises(InputError, match=re.escape(says)):
        order(bench, "silence", text)
    assert listed(bench).startswith("Nothing is silenced.")


def test_who_names_no_silence_is_told_where_they_are(bench):
    """By a number that is one."""
    with pytest.raises(InputError, match="Name the silence by its number"):
        order(bench, "unsilence", "soon")
    with pytest.raises(InputError, match="There is no silence 7"):
        order(bench, "unsilence", "7")


WINDOW = {
    "name": "reindex", "match": {"service": "reranker"}, "weekly": ["monday"], "at": "12:00", "hours": 3,
    "zone": "Asia/Tokyo",
}  # fmt: skip


def test_in_a_maintenance_window_nothing_opens_resolves_pass_and_the_rest_opens_after_it(sqlite, clock):
    """It is 12:12 in Tokyo, a Monday."""
    clock.advance(hours=-2)
    bench = Bench(sqlite, clock, incidents={"maintenance": [WINDOW]})
    bench.receive(bench.alert("before"))
    clock.advance(hours=2)
    assert bench.receive(bench.alert("k1"), bench.alert("k2", metric="ctr")) == ()
    bench.receive(bench.alert("before", status="resolved"))
    assert "1 alert in this incident, 0 firing" in bench.card().text
    assert "maintenance “reindex”, service=reranker: open until" in listed(bench)
    assert "holds 2 alerts" in listed(bench)
    clock.advance(hours=3)
    assert "alerts.release" in bench.work()
    (said,) = [e for e in bench.effects("post") if e["key"].startswith("maintenance/")]
    assert (
        "“reindex” has ended. It held 2 alerts back; 2 still fire: INC-1, INC-2." in said["message"]["text"]
    )
    assert "opens <!date^" in listed(bench)


def test_a_window_prolonged_meanwhile_keeps_what_it_holds(sqlite, clock):
    """Somebody changes lookout.toml while it is open."""
    bench = Bench(sqlite, clock, incidents={"maintenance": [WINDOW]})
    bench.receive(bench.alert())
    clock.advance(hours=3)
    longer = Bench(sqlite, clock, incidents={"maintenance": [WINDOW | {"hours": 6}]})
    assert longer.work() == ["alerts.release"]
    assert [e for e in longer.effects("post") if e["key"].startswith("incident/")] == []
    clock.advance(hours=3)
    longer.work()
    assert longer.card().header.startswith("INC-1")


def test_a_silence_within_a_silence_holds_on(bench):
    """What the first lets go the second keeps."""
    order(bench, "silence", "1h metric=ndcg")
    order(bench, "silence", "3h service=reranker")
    bench.receive(bench.alert())
    with bench.db.read() as session:
        assert held_alerts.counts(session, Cause.SILENCE) == {"2": 1}
    bench.clock.advance(hours=1)
    bench.work()
    assert bench.effects("channel") == []
    bench.clock.advance(hours=2)
    bench.work()
    assert len(bench.effects("channel")) == 1


def test_what_a_threshold_would_have_counted_is_counted_when_a_silence_ends(bench):
    """Three that fire through a silence open an incident at its end."""
    order(bench, "silence", "1h service=rag-*")
    bench.receive(*(dip(bench, f"k{n}") for n in (1, 2, 3)))
    bench.clock.advance(hours=1)
    bench.work()
    assert "3 alerts in this incident" in bench.card().text


def test_a_resolve_that_overtook_its_alert_is_remembered(sqlite, clock):
    """The incident opens all the same, since a resolve closes nothing, and says what came first."""
    bench = Bench(sqlite, clock)
    began = bench.now - timedelta(minutes=6)
    assert bench.receive(bench.alert(status="resolved", ended_at=bench.now)) == ()
    assert bench.effects() == []
    clock.advance(seconds=20)
    assert bench.receive(bench.alert(started_at=began)) == (1,)
    assert "1 alert in this incident, 0 firing" in bench.card().text
    with bench.db.read() as session:
        assert incidents.timeline(session, 1)[0].text.endswith("(its resolve came before it)")


def test_a_firing_long_after_a_resolve_of_its_name_is_a_new_one(sqlite, clock):
    """Some senders date every firing by the first one ever."""
    bench = Bench(sqlite, clock)
    began = bench.now - timedelta(minutes=6)
    bench.receive(bench.alert(status="resolved", ended_at=bench.now))
    clock.advance(minutes=11)
    bench.receive(bench.alert(started_at=began))
    assert "1 alert in this incident, 1 firing" in bench.card().text


@pytest.mark.parametrize(
    ("started", "says"),
    [
        (
            datetime(2027, 11, 23, tzinfo=UTC),
            "dates its start into the future, so it counts from its arrival",
        ),
        (datetime(2015, 1, 5, tzinfo=UTC), "dates its start 4340 days back, so it counts from its arrival"),
    ],
)
def test_a_sender_whose_clock_is_wrong_moves_no_onset(bench, started, says):
    """Neither does one that joins later."""
    bench.receive(bench.alert("k1", started_at=started))
    bench.receive(bench.alert("k2", started_at=started))
    with bench.db.read() as session:
        incident, events = incidents.load(session, 1), incidents.timeline(session, 1)
    assert incident.started == bench.now
    assert says in events[0].text


def test_an_incident_is_as_severe_as_its_worst_alert(bench):
    """A critical alert that joins a ticket makes it a page, and the thread says so."""
    bench.receive(bench.alert("k1", severity="warning"))
    assert "SEV3" in bench.card().header
    bench.receive(bench.alert("k2", severity="critical"))
    assert "SEV1" in bench.card().header
    assert "raised to SEV1 by an alert that joined" in bench.notes()[-1]


def test_a_storm_of_deliveries_is_one_note_that_counts_and_two_lines_of_the_timeline(bench):
    """Twenty deliveries in five minutes: one post, edits of it, and the rest in one line at the end."""
    bench.receive(bench.alert("first"))
    for number in range(20):
        bench.receive(bench.alert(f"k{number}"))
        bench.clock.advance(seconds=12)
    notes = [e for e in bench.effects("post") if "/event/" in e["key"]]
    assert len(notes) == 1
    last = bench.last(notes[0]["key"])["text"]
    assert re.fullmatch(r"20 more alerts joined this incident since <!date\^.*>:", last)
    bench.clock.advance(minutes=5)
    bench.work()
    with bench.db.read() as session:
        said = [event.text for event in incidents.timeline(session, 1) if event.kind == "joined"]
    assert said == [
        "1 more alert joined: reranker NDCG@10 0.78 → 0.61",
        "19 more alerts joined in the 5 min after that",
    ]
    bench.receive(bench.alert("late"))
    assert len([e for e in bench.effects("post") if "/event/" in e["key"]]) == 2


def test_what_is_held_for_a_threshold_is_forgotten_in_the_end(bench):
    """A day after its time."""
    bench.receive(dip(bench, "k1"))
    bench.receive(bench.alert("k2", status="resolved"))
    bench.clock.advance(days=1, minutes=30)
    with bench.write() as session:
        assert held_alerts.purge(session, now=bench.now) == 2
        assert slots.counts(session, now=bench.now).due == 0


def test_two_replicas_that_open_the_same_group_at_once_make_one_incident(bench, monkeypatch):
    """The second finds that the first was faster, and joins."""
    bench.receive(bench.alert("k1"))
    real, calls = incidents.open_in_group, []

    def blind(session, group):
        calls.append(group)
        return None if len(calls) == 1 else real(session, group)

    monkeypatch.setattr(incidents, "open_in_group", blind)
    assert bench.receive(bench.alert("k2")) == (1,)
    assert "2 alerts in this incident" in bench.card().text


def closed_before(bench):
    """An incident of the alert k1, over and closed long ago."""
    bench.receive(dip(bench, "k1"), dip(bench, "k2"), dip(bench, "k3"))
    bench.receive(*(dip(bench, f"k{n}", status="resolved") for n in (1, 2, 3)))
    bench.press(TriageAction.MORE, choice=More.FALSE_ALARM)
    bench.clock.advance(days=2)


def test_an_alert_known_from_a_closed_incident_is_counted_each_time_it_begins_to_fire(bench):
    """Its resolves go to what is held, and forget nothing of it."""
    closed_before(bench)
    for _ in range(2):
        assert bench.receive(dip(bench, "k1", started_at=bench.now)) == ()
        bench.clock.advance(minutes=1)
        assert bench.receive(dip(bench, "k1", status="resolved")) == (1,)
        bench.clock.advance(minutes=1)
    assert bench.receive(dip(bench, "k1", started_at=bench.now)) == (2,)


def test_a_resolve_may_overtake_an_alert_that_is_known_from_a_closed_incident(bench):
    """The incident that its firing opens does not wait for another resolve."""
    closed_before(bench)
    late = bench.alert("k1", service="ads", started_at=bench.now - timedelta(minutes=5))
    bench.receive(replace(late, status="resolved", ended_at=bench.now - timedelta(minutes=1)))
    bench.clock.advance(minutes=1)
    assert bench.receive(late) == (2,)
    with bench.db.read() as session:
        assert [alert.status for alert in incidents.load(session, 2).alerts] == ["resolved"]


def test_a_silence_of_an_incident_that_is_known_by_its_title_alone_means_that_title(bench):
    """What the form is filled in with can be sent off as it is, whatever the title holds."""
    title = 'it got "much" worse | again, ' + "x" * 300
    bench.receive(bench.alert("k1", title=title, metric="", service=""))
    with bench.db.read() as session:
        form = silences.form(session, bench.desk, ENG, "1", bench.now)
    fields = {SilenceAction.LENGTH: "30m", SilenceAction.MATCH: form["blocks"][2]["element"]["initial_value"]}
    assert silences.faults(fields) == {}
    with bench.write() as session:
        silences.submit(session, bench.desk, Submit(ENG, HERE, FORM, "1", fields), "inbox/3", bench.now)
        (match,) = [one.match for one in store.lasting(session, bench.now)]
    assert matches({"title": title}, match)
    assert not matches({"title": "it got better"}, match)


def test_an_address_among_the_reasons_names_no_label(bench):
    """Only what stands for itself as name=value does."""
    order(bench, "silence", "2h service=rag-index see https://wiki.example/page?id=5")
    assert "alerts with service=rag-index open no incident" in Shown(bench.last("silence/1")).text
    with pytest.raises(InputError, match="a value of 201 characters; 200 is the most"):
        order(bench, "silence", f"2h service={'x' * 201}")


def test_what_a_silence_holds_is_let_go_some_at_a_time(bench, monkeypatch):
    """Others wait for a transaction; the end is said once, of all of it."""
    monkeypatch.setattr(silences, "AT_ONCE", 2)
    order(bench, "silence", "1h service=reranker")
    bench.receive(*(bench.alert(f"k{n}", metric=f"m{n}") for n in range(4)), bench.alert("k9", metric="m1"))
    bench.receive(bench.alert("k0", metric="m0", status="resolved"))
    bench.clock.advance(hours=1)
    assert bench.work().count("alerts.release") == 3
    assert "It held 5 alerts back; 4 still fire: INC-1, INC-2, INC-3." in bench.last("silence/1")["text"]
    assert held(bench) == {}


def test_what_a_slow_worker_still_holds_for_a_silence_that_is_over_is_let_go(bench):
    """Its clock was behind: the silence holds nothing more, and its slot lets go what is left."""
    order(bench, "silence", "1h service=reranker")
    bench.receive(bench.alert("k1"))
    before = bench.now
    bench.clock.advance(hours=1)
    bench.work()
    assert bench.card().header.startswith("INC-1")
    with bench.write() as session:
        assert store.lasting(session, before) == []
        late = Held(
            bench.alert("k2", metric="ctr"), Cause.SILENCE, "1", "ctr", bench.now, bench.now, bench.now
        )
        held_alerts.save(session, [late])
        silences.release(session, bench.desk, {"cause": "silence", "by": "1"}, bench.now)
    assert bench.card(2).header.startswith("INC-2")
    assert "It held 1 alert back; 1 still fires: INC-1." in bench.last("silence/1")["text"]


def test_two_workers_take_alerts_in_one_after_the_other(both):
    """The second waits, and so knows what the first has heard."""
    if both.db.sqlite:
        return  # it has one writer

    def other():
        with both.write() as session:
            return alerts.receive(session, both.desk, [both.alert("k1", status="resolved")], now=both.now)

    with ThreadPoolExecutor(1) as pool:
        with both.write() as session:
            alerts.receive(session, both.desk, [both.alert("k1")], now=both.now)
            waits = pool.submit(other)
            with pytest.raises(TimeoutError):
                waits.result(timeout=0.2)
        assert waits.result(timeout=10) == (1,)
    with both.db.read() as session:
        assert [alert.status for alert in incidents.load(session, 1).alerts] == ["resolved"]


def test_a_resolve_of_hours_ago_does_not_date_an_alert(sqlite, clock):
    """It was first heard when it fired."""
    bench = Bench(sqlite, clock)
    bench.receive(bench.alert(status="resolved"))
    clock.advance(hours=5)
    bench.receive(bench.alert())
    with bench.db.read() as session:
        (alert,) = incidents.load(session, 1).alerts
    assert (alert.status, alert.first_seen) == ("firing", bench.now)
