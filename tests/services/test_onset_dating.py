"""When an incident began: by its metric's history, by the alert alone, by what a person says."""

import json
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import httpx
import pytest

from bot.core.change import Change, ChangeKind
from bot.core.inbound import Order, Place, Submit
from bot.core.incident import milestones
from bot.core.monitor import Feed, Monitor, Seasonal
from bot.errors import InputError
from bot.services import changes, onset_correction, triage
from bot.services.onset_history import by_metric
from bot.sources.prometheus import Prometheus
from bot.store import incidents, monitors
from bot.views import onset as views
from handlers import modals, needs, switchboard
from handlers.topic import Opening
from tests.services.incident_bench import ENG, MATE, Bench, Shown

FELL = datetime(2026, 11, 23, 2, 50, tzinfo=UTC)
"""22 minutes before the bench's clock; the alert says six."""


@pytest.fixture
def bench(sqlite, clock):
    """A bench on SQLite."""
    return Bench(sqlite, clock)


def asking(bench, answer):
    """Give the desk a Prometheus whose ranges are answered by `answer(times) -> values or a response`."""

    def handler(request):
        asked = {name: values[0] for name, values in parse_qs(request.url.query.decode()).items()}
        if request.url.path.endswith("query"):
            points, kind = {"value": [float(asked["time"]), "0.61"]}, "vector"
        else:
            start, end, step = float(asked["start"]), float(asked["end"]), float(asked["step"])
            times = [start + step * at for at in range(int((end - start) / step) + 1)]
            values = answer(times)
            if isinstance(values, httpx.Response):
                return values
            points, kind = {"values": [[t, str(v)] for t, v in zip(times, values, strict=True)]}, "matrix"
        result = [{"metric": {"__name__": "ndcg"}, **points}]
        return httpx.Response(200, json={"status": "success", "data": {"resultType": kind, "result": result}})

    source = Prometheus("http://prometheus", client=httpx.Client(transport=httpx.MockTransport(handler)))
    bench.desk = replace(bench.desk, prometheus={"prom": source})


def fallen(times, began=FELL):
    """From 0.78 to 0.61 at `began`, with a little noise that is the same every time."""
    wobble = [0.004 * ((at * 7919) % 11 - 5) / 5 for at in range(len(times))]
    return [(0.61 if t >= began.timestamp() else 0.78) + w for t, w in zip(times, wobble, strict=True)]


def loaded(bench):
    """The incident as it stands."""
    with bench.db.read() as session:
        return incidents.load(session, 1)


def onsets(bench):
    """The lines of the timeline about the onset."""
    with bench.db.read() as session:
        return [event for event in incidents.timeline(session, 1) if event.kind == "onset"]


def told(bench):
    """What the thread was told about the onset."""
    posts = [Shown(e["message"]) for e in bench.effects("post") if "/event/" in e["key"]]
    return [shown for shown in posts if any("onset" in e["action_id"] for e in shown.elements)]


def order(bench, text, by=MATE):
    """Type `/triage onset …` in the incident's channel."""
    incident = loaded(bench)
    asked = Order(by, Place(incident.channel), "triage", "onset", text)
    with bench.write() as session:
        needs.order(session, bench.desk, by, "triage", "onset")
        switchboard.ORDERS["triage", "onset"](session, bench.desk, asked, f"key-{text}", bench.now)
    return loaded(bench)


def test_the_onset_is_dated_by_the_metrics_history(bench):
    """With bounds; the time to detect counts from it, and the thread says what was seen."""
    asking(bench, fallen)
    bench.receive(bench.alert())
    assert loaded(bench).onset_by == "alert"
    bench.work()
    incident = loaded(bench)
    assert incident.onset_by == "history"
    assert incident.onset_from <= FELL <= incident.onset_to
    assert abs(incident.started - FELL) <= timedelta(minutes=1)
    assert milestones(incident).detect == bench.now - incident.started
    (event,) = onsets(bench)
    assert event.detail["was"] == (bench.now - timedelta(minutes=6)).isoformat()
    assert (event.detail["shape"], event.by) == ("step", "")
    (shown,) = told(bench)
    assert "ndcg went from 0.78 to 0.61 at once, 22 min before it was detected" in shown.text
    assert shown.buttons == ["It began earlier or later…"]
    assert "by the metric's history" in bench.card().text


def test_of_many_series_the_alerts_own_is_dated_and_only_one_series_is_asked_for_a_week(bench):
    """Cohorts that are told apart by a label; the others did not fall."""
    asked = []

    def handler(request):
        given = {name: values[0] for name, values in parse_qs(request.url.query.decode()).items()}
        if "step" not in given:
            return httpx.Response(404)
        start, end, step = float(given["start"]), float(given["end"]), float(given["step"])
        times = [start + step * at for at in range(int((end - start) / step) + 1)]
        asked.append((given["query"], step))
        calm = datetime(2030, 1, 1, tzinfo=UTC)
        result = [
            {"metric": {"__name__": "ndcg", "locale": locale},
             "values": [[t, str(v)] for t, v in zip(times, fallen(times, began), strict=True)]}
            for locale, began in (("en", calm), ("jp", FELL))
            if f'locale="{locale}"' in given["query"] or "locale" not in given["query"]
        ]  # fmt: skip
        data = {"resultType": "matrix", "result": [] if "device" in given["query"] else result}
        return httpx.Response(200, json={"status": "success", "data": data})

    source = Prometheus("http://prometheus", client=httpx.Client(transport=httpx.MockTransport(handler)))
    bench.desk = replace(bench.desk, prometheus={"prom": source})
    bench.receive(bench.alert(cohort={"locale": "jp", "device": "app"}))
    with bench.db.read() as session:
        alerts = incidents.load(session, 1).alerts
    told = by_metric(source, alerts, bench.now)
    assert told.found.low <= FELL.timestamp() <= told.found.high
    assert asked == [('ndcg{locale="jp",device="app"}', 60.0), ("ndcg", 60.0), ('ndcg{locale="jp"}', 600.0)]


def test_changes_within_the_bounds_come_first_in_the_evidence(bench):
    """Nearer ones outside them come after, and those of the same service before others."""
    asking(bench, fallen)

    def change(name, minutes, **more):
        at = FELL + timedelta(minutes=minutes)
        return Change("generic", name, ChangeKind.CODE_DEPLOY, name, at, **more)

    with bench.write() as session:
        given = [
            change("an hour before", -60),
            change("other service just before", -10, service="search"),
            change("ours half an hour before", -30, service="Reranker"),
            change("at the onset", 0),
        ]
        changes.record(session, given, now=bench.now)
    bench.receive(bench.alert())
    bench.work()
    with bench.db.read() as session:
        lines = [one.line for one in incidents.evidence(session, 1, "changed") if one.check == "changes"]
    assert [line.split("“")[1].split("”")[0] for line in lines[:3]] == [
        "at the onset", "ours half an hour before", "other service just before",
    ]  # fmt: skip
    assert "within the onset's bounds" in lines[0]
    assert "the same service Reranker" in lines[1]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda times: [0.78] * len(times), "it was the same all along"),
        (lambda times: fallen(times, FELL + timedelta(days=9)), "no change in its history stands out"),
        (lambda times: ["NaN"] * len(times), "has no history of ndcg"),
        (lambda times: fallen(times)[:0] or httpx.Response(200, text="<html>"), "not JSON"),
        (lambda times: httpx.Response(503, text="down"), "answered 503"),
    ],
    ids=["constant", "no change", "NaN", "HTML", "down"],
)
def test_a_history_that_says_nothing_leaves_the_alerts_own_start(bench, answer, reason):
    """Said so, with why, and with the button that corrects it."""
    asking(bench, answer)
    bench.receive(bench.alert())
    bench.work()
    incident = loaded(bench)
    assert (incident.onset_by, incident.onset_from) == ("alert", None)
    assert incident.started == bench.now - timedelta(minutes=6)
    (shown,) = told(bench)
    assert "The onset stays the alert's own start" in shown.text
    assert reason in shown.text
    assert reason in onsets(bench)[0].text


def test_a_metric_that_rose_is_not_what_an_alert_about_a_fall_fired_for(bench):
    """The direction comes from the alert's value and baseline."""
    asking(bench, lambda times: [1.5 - value for value in fallen(times)])
    bench.receive(bench.alert())
    bench.work()
    assert "it did not fall before the alert: it rose" in onsets(bench)[0].text


def test_a_change_after_the_alert_began_is_not_its_onset(bench):
    """The alert fires for an hour when it is first heard of, and the history moves only now."""
    asking(bench, lambda times: fallen(times, bench.now - timedelta(minutes=5)))
    bench.receive(bench.alert(started_at=bench.now - timedelta(hours=1)))
    bench.work()
    assert "after the alert began to fire" in onsets(bench)[0].text
    assert loaded(bench).started == bench.now - timedelta(hours=1)


def test_a_page_of_a_monitor_is_dated_by_what_the_monitor_has_seen(bench):
    """Hour by hour and in its own cell, without asking anybody again."""
    rng = random.Random(5)
    monitor = Monitor(
        id="answers", title="Useful answers", metric="useful", service="rag", method=Seasonal(), sha256="x",
        feed=Feed("shop", "useful", "answers"), cohorts=("locale",),
    )  # fmt: skip
    bench.desk = replace(bench.desk, monitors=(monitor,))
    first = bench.now.replace(minute=0) - timedelta(days=20)
    hours = []
    for row in range(20 * 24):
        rates = {"jp": 0.20 if row < 20 * 24 - 30 else 0.16, "en": 0.25}
        cells = [[[name], 2000 * (rate + rng.gauss(0, 0.008)), 2000.0] for name, rate in rates.items()]
        hours.append((first + timedelta(hours=row), cells))
    with bench.write() as session:
        monitors.add_hours(session, monitor.id, hours)
    began = bench.now.replace(minute=0) - timedelta(hours=30)
    bench.receive(
        bench.alert(
            source="monitor", metric="useful", cohort={"locale": "jp"}, value=0.16, baseline=0.2,
            labels={"monitor": "answers", "locale": "jp"}, started_at=began + timedelta(hours=3),
        )
    )  # fmt: skip
    bench.work()
    incident = loaded(bench)
    assert incident.onset_by == "history"
    assert incident.onset_from <= began <= incident.onset_to
    assert incident.onset_to - incident.onset_from <= timedelta(hours=4)
    assert onsets(bench)[0].detail["query"] == "monitor answers"


def test_without_a_metric_source_nothing_is_said(bench):
    """The card has the alert's own start."""
    bench.receive(bench.alert())
    bench.work()
    assert onsets(bench) == []
    assert "Onset about" in bench.card().text


def test_alerts_that_join_later_do_not_move_an_onset_that_was_dated(bench):
    """Their own start is when their condition held, not when the metric began to move."""
    asking(bench, fallen)
    bench.receive(bench.alert())
    bench.work()
    before = loaded(bench).started
    bench.receive(bench.alert("k2", started_at=bench.now - timedelta(hours=5)))
    assert loaded(bench).started == before


def opened(bench, by=MATE):
    """The form as it is opened by the button, and the name of its field for the time."""
    button = told(bench)[-1].element(lambda e: "onset" in e["action_id"])
    with bench.db.read() as session:
        view = switchboard.FORMS["incident.onset"].view(
            session, bench.desk, Opening(by, Place("C1"), button["value"]), bench.now
        )
    field = next(block["element"] for block in view["blocks"] if block["type"] == "input")
    return button["value"], field


def send(bench, value, fields, by=MATE):
    """Send the form off."""
    with bench.write() as session:
        needs.form(session, bench.desk, by, "incident.onset")
        onset_correction.submit(
            session, bench.desk, Submit(by, Place("C1"), "incident.onset", value, fields), "key", bench.now
        )
    return loaded(bench)


def test_a_person_corrects_the_onset_by_the_form_and_stands(bench):
    """The form shows what was thought; who said what else, and why, is a line of the timeline."""
    asking(bench, fallen)
    bench.receive(bench.alert())
    bench.work()
    value, field = opened(bench)
    assert field["type"] == "datetimepicker"
    assert field["initial_date_time"] == int(loaded(bench).started.timestamp())
    entered = modals.entered({"type": "datetimepicker", "selected_date_time": int(FELL.timestamp()) - 600})
    fields = {field["action_id"]: entered, views.NOTE: "support tickets since then <!channel>"}
    assert onset_correction.check(fields) == {}
    incident = send(bench, value, fields)
    assert (incident.started, incident.onset_by) == (FELL - timedelta(minutes=10), MATE)
    assert (incident.onset_from, incident.onset_to) == (None, None)
    last = onsets(bench)[-1]
    assert (last.by, last.detail["at"]) == (MATE, (FELL - timedelta(minutes=10)).isoformat())
    said = told(bench)[-1].text
    assert "earlier" in said
    assert "<!channel>" not in said
    assert f"says <@{MATE}>" in bench.card().text
    assert "incident.evidence" in bench.work()
    order(bench, "again")
    bench.work()
    assert loaded(bench).onset_by == "history"


def test_what_cannot_be_is_refused_in_the_form(bench):
    """After its detection, a month before, nothing chosen."""
    asking(bench, fallen)
    bench.receive(bench.alert())
    bench.work()
    _, field = opened(bench)
    name = field["action_id"]
    late = int((bench.now + timedelta(minutes=3)).timestamp())
    assert "cannot have begun after it was detected" in onset_correction.check({name: str(late)})[name]
    early = int((bench.now - timedelta(days=31)).timestamp())
    assert "at most 30 days" in onset_correction.check({name: str(early)})[name]
    assert onset_correction.check({name: ""})[name] == "Choose a day and a time."
    with pytest.raises(InputError, match="cannot be read"):
        onset_correction.submit(
            None, bench.desk, Submit(MATE, Place("C1"), "x", "{}", {name: "1700000000"}), "k", bench.now
        )


@pytest.mark.parametrize(
    ("typed", "began"),
    [
        ("11:50", "02:50"),
        ("02:50 UTC", "02:50"),
        ("2026-11-23 11:50 the dashboard shows it", "02:50"),
        ("INC-1 20m", "02:52"),
        ("inc1 2026-11-23T02:40Z", "02:40"),
        ("02:40 UTC to 02:50 UTC", "02:45"),
        ("11:40-11:50", "02:45"),
        ("yesterday 23:50", "14:50"),
    ],
)
def test_a_person_corrects_the_onset_by_typing(bench, typed, began):
    """In the configured zone (Tokyo) unless it says UTC; bounds are kept."""
    bench.receive(bench.alert())
    incident = order(bench, typed)
    assert f"{incident.started:%H:%M}" == began
    assert incident.onset_by == MATE
    assert (incident.onset_from is not None) == ("to" in typed or "-11:50" in typed)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("when it rained", "which is no time I know"),
        ("2026-11-23 12:30", "cannot have begun after that"),
        ("2020-01-01", "more than 30 days before"),
        ("2026-13-45 10:00", "no time I know"),
        ("11:50-11:40", "ends before it begins"),
        ("INC-9 20m", "There is no incident"),
    ],
)
def test_a_time_that_cannot_be_meant_is_refused_and_says_how(bench, typed, says):
    """Nothing is changed."""
    bench.receive(bench.alert())
    before = loaded(bench)
    with pytest.raises(InputError) as refused:
        order(bench, typed)
    assert says in f"{refused.value.message} {refused.value.hint}"
    assert loaded(bench).started == before.started


def test_an_incident_opened_by_hand_counts_its_detection_once_its_onset_is_said(bench):
    """Until then there is none to count from."""
    with bench.write() as session:
        triage.start(session, bench.desk, title="it looks worse", by=ENG, channel="C5", now=bench.now)
    assert milestones(loaded(bench)).detect is None
    incident = order(bench, "30m")
    assert milestones(incident).detect == timedelta(minutes=30)
    with pytest.raises(InputError, match="cannot be estimated"):
        order(bench, "again")


def test_the_history_never_overrules_a_person(bench):
    """Who spoke while it was being read."""
    asking(bench, fallen)
    bench.receive(bench.alert())
    order(bench, "40m")
    bench.work()
    assert loaded(bench).onset_by == MATE
    assert json.dumps([event.by for event in onsets(bench)]) == json.dumps([MATE])
