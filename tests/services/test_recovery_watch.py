"""The watch over the recovery: every cohort, for as long as the tree asks; what changes is said."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import duckdb
import httpx
import pytest

from bot.core.evidence import Evidence, EvidenceStatus
from bot.core.incident import Status
from bot.core.recovery import NotRecovered, Recovered, Unknown
from bot.errors import InputError
from bot.services import recovery
from bot.sources.prometheus import Prometheus
from bot.store import incidents, slots
from bot.views.triage_actions import ANYWAY, TriageAction
from tests.services.incident_bench import Bench

MINUTE = timedelta(minutes=1)


class Metric:
    """A Prometheus whose ndcg is what `value` says of a cohort and a moment; None where it has no point."""

    def __init__(self):
        self.value = lambda cohort, moment: 0.61
        self.refuses = False

    def __call__(self, request):
        """Answer instant and range queries."""
        if self.refuses:
            return httpx.Response(503, text="<html>down</html>")
        asked = {name: values[0] for name, values in parse_qs(request.url.query.decode()).items()}
        cohort = (re.search(r'locale="(\w+)"', asked["query"]) or ["", ""])[1]
        labels = {"locale": cohort} if cohort else {}
        if request.url.path.endswith("query"):
            at = float(asked["time"])
            values, kind, points = self.points(cohort, [at]), "vector", "value"
            values = values[0] if values else None
        else:
            start, end, step = (float(asked[name]) for name in ("start", "end", "step"))
            moments = [start + step * index for index in range(int((end - start) / step) + 1)]
            values, kind, points = self.points(cohort, moments), "matrix", "values"
        result = [{"metric": labels, points: values}] if values else []
        return httpx.Response(200, json={"status": "success", "data": {"resultType": kind, "result": result}})

    def points(self, cohort, moments):
        """Times and values, as Prometheus writes them."""
        found = [(at, self.value(cohort, datetime.fromtimestamp(at, UTC))) for at in moments]
        return [[at, str(value)] for at, value in found if value is not None]


@pytest.fixture
def metric():
    """A metric that fell and stays so until a test says otherwise."""
    return Metric()


@pytest.fixture
def bench(sqlite, clock, metric):
    """A bench with two cohorts of one incident, at the leaf of a deploy."""
    bench = Bench(sqlite, clock)
    source = Prometheus("http://prometheus", client=httpx.Client(transport=httpx.MockTransport(metric)))
    bench.desk = replace(bench.desk, prometheus={"prom": source})
    bench.receive(
        bench.alert("jp", cohort={"locale": "jp"}, labels={"locale": "jp"}),
        bench.alert("en", cohort={"locale": "en"}, labels={"locale": "en"}),
    )
    bench.answer("code_deploy")
    minutes(bench, 0)
    return bench


def back(bench, metric, *cohorts):
    """The cohorts come back at this moment."""
    since = bench.now
    metric.value = lambda cohort, at: 0.78 if cohort in cohorts and at >= since else 0.61


def minutes(bench, count):
    """Let so many minutes pass, then let the watch look, and nothing else."""
    bench.clock.advance(minutes=count)
    with bench.db.read() as session:
        planned = [
            one for one in slots.kept(session, job=recovery.JOB, prefix="1/") if one.state == "waiting"
        ]
    for one in planned:
        assert one.due <= bench.now
        finish = recovery.watch(bench.db, bench.desk, one.payload, now=bench.now)
        with bench.write() as session:
            slots.cancel(session, job=recovery.JOB, prefix=one.slot)
            finish(session)


def seen(bench):
    """What is known of the recovery."""
    with bench.db.read() as session:
        return recovery.seen(session, incidents.load(session, 1), now=bench.now)


def told(bench, kind):
    """The lines of the timeline of a kind."""
    with bench.db.read() as session:
        return [event.text for event in incidents.timeline(session, 1) if event.kind == kind]


def test_mitigated_becomes_primary_when_every_cohort_held_for_ten_minutes(bench, metric):
    """Not when one of them did, nor at the first good value; it is said once."""
    assert "✗ not yet · ndcg (jp) is 0.61, needs ≥ 0.7605" in bench.card().text
    assert bench.card().buttons.count("Mitigated") == 1
    back(bench, metric, "jp", "en")
    minutes(bench, 5)
    assert "ndcg (en) is 0.78 (≥ 0.7605), at its baseline for 5 min of 10 min" in bench.card().text
    assert isinstance(seen(bench), NotRecovered)
    minutes(bench, 5)
    card = bench.card()
    assert isinstance(seen(bench), Recovered)
    assert "[Mitigated]" in card.buttons
    assert "✓ recovered · ndcg (jp) is 0.78, at its baseline (≥ 0.7605) for 10 min" in card.text
    assert "*Recovered:* both cohorts" in card.text
    minutes(bench, 3)
    assert told(bench, "recovered") == [
        "the metric recovered: ndcg (jp) is 0.78, at its baseline (≥ 0.7605) for 10 min, and 1 more"
    ]
    assert bench.press(TriageAction.MITIGATED).status is Status.MITIGATED
    assert told(bench, "mitigated") == ["marked it mitigated; the metric had recovered"]
    assert "[Resolved]" in bench.card().buttons


def test_one_cohort_left_behind_keeps_it_from_being_primary(bench, metric):
    """The button asks once more, and what the metric said goes on record."""
    back(bench, metric, "en")
    minutes(bench, 12)
    card = bench.card()
    pressed = card.element(lambda e: e.get("action_id") == TriageAction.MITIGATED)
    assert "style" not in pressed
    assert pressed["confirm"]["text"]["text"] == (
        "The metric has not recovered: ndcg (jp) is 0.61, needs ≥ 0.7605. This goes on record."
    )
    with pytest.raises(InputError, match=r"the metric has not recovered: ndcg \(jp\) is 0\.61"):
        bench.press(TriageAction.MITIGATED)
    bench.press(TriageAction.MITIGATED, choice=ANYWAY)
    (text,) = told(bench, "mitigated")
    assert text.startswith("marked it mitigated although the metric had not recovered: ndcg (jp) is 0.61")
    assert "The metric is not where it has to be: is it mitigated?" in bench.card().text


def test_a_cohort_nobody_alerted_on_keeps_it_from_being_primary(bench, metric):
    """Until it is looked at again, which the recovery of the others brings about."""
    off = Evidence("cohorts", EvidenceStatus.SUSPECT, "2 of 18 cohorts off", bench.now, symptom=True)
    with bench.write() as session:
        incidents.keep_evidence(session, 1, {"roll_back_deploy": [off]})
    back(bench, metric, "jp", "en")
    minutes(bench, 11)
    assert seen(bench) == NotRecovered(("2 of 18 cohorts off",))
    assert "⚠ suspect · cohorts: 2 of 18 cohorts off" in bench.card().text
    assert "[Mitigated]" not in bench.card().buttons
    with bench.db.read() as session:
        asked = slots.kept(session, job="incident.evidence", prefix="1/recovery/")
    assert [one.state for one in asked] == ["waiting"]
    with bench.write() as session:
        clear = replace(off, status=EvidenceStatus.CLEAR)
        incidents.keep_evidence(session, 1, {"roll_back_deploy": [clear]})
    assert isinstance(seen(bench), Recovered)


def test_more_cohorts_than_are_asked_for_are_not_called_recovered(bench, metric, monkeypatch):
    """It is said how many are left to look at by hand."""
    monkeypatch.setattr(recovery, "MOST", 1)
    back(bench, metric, "jp", "en")
    minutes(bench, 11)
    assert seen(bench) == Unknown(("1 more cohort is not asked for: look by hand",))


def test_a_metric_that_falls_again_after_mitigation_is_said_three_times_at_most(bench, metric):
    """Each time only when it had been back."""
    for _ in range(5):
        back(bench, metric, "jp", "en")
        minutes(bench, 11)
        with bench.db.read() as session:
            mitigated = incidents.load(session, 1).status is Status.MITIGATED
        if not mitigated:
            bench.press(TriageAction.MITIGATED)
            minutes(bench, 0)
        back(bench, metric)
        minutes(bench, 2)
    assert len(told(bench, "relapsed")) == 3
    assert len(told(bench, "recovered")) == 3
    assert "This is the last time that it is said" in bench.notes()[-1]
    assert bench.notes()[-1].startswith("⚠ the metric fell again: ndcg")


def test_a_prometheus_that_fails_leaves_it_unknown_and_asks_once_more(bench, metric):
    """With its reason; what is unknown is no recovery, and no harm either."""
    metric.refuses = True
    minutes(bench, 1)
    assert isinstance(seen(bench), Unknown)
    card = bench.card()
    assert "? unknown · ndcg (jp): prometheus answered 503 with something that is not JSON" in card.text
    pressed = card.element(lambda e: e.get("action_id") == TriageAction.MITIGATED)
    assert pressed["confirm"]["text"]["text"].startswith("Whether the metric recovered is not known: ndcg")
    assert bench.press(TriageAction.MITIGATED, choice=ANYWAY).status is Status.MITIGATED


def test_what_was_seen_long_ago_says_nothing_of_now(bench, metric):
    """The bot was away for an hour."""
    back(bench, metric, "jp", "en")
    minutes(bench, 11)
    bench.clock.advance(minutes=60)
    assert isinstance(seen(bench), Unknown)
    minutes(bench, 0)
    assert isinstance(seen(bench), Recovered)


def test_going_back_and_closing_end_the_watch(bench):
    """And what it saw is forgotten with the leaf."""
    with bench.db.read() as session:
        assert slots.kept(session, job=recovery.JOB, prefix="1/")[-1].state == "waiting"
    bench.press(TriageAction.BACK)
    with bench.db.read() as session:
        left = [one for one in slots.kept(session, job=recovery.JOB, prefix="1/") if one.state == "waiting"]
        assert left == []
        assert incidents.evidence(session, 1, recovery.RECOVERY_STEP) == ()


def test_without_prometheus_or_an_alert_nothing_is_watched(sqlite, clock):
    """What the evidence said of the metric stands instead."""
    bench = Bench(sqlite, clock)
    bench.receive(bench.alert())
    bench.answer("code_deploy")
    bench.work()
    with bench.db.read() as session:
        assert slots.kept(session, job=recovery.JOB, prefix="") == []
    assert "? unknown · ndcg was 0.61 against baseline 0.78" in bench.card().text


MONITOR = """kind: monitor
id: ndcg
title: NDCG
service: reranker
data: {source: wh, table: answers, time: "at", value: ndcg}
cohorts: [locale]
"""


@pytest.fixture
def by_the_hour(sqlite, clock, tmp_path):
    """A bench whose only source is a warehouse, in which a monitor saw a cohort fall."""
    (tmp_path / "monitors").mkdir()
    (tmp_path / "monitors" / "ndcg.yaml").write_text(MONITOR, encoding="utf-8")
    file = tmp_path / "wh.duckdb"
    bench = Bench(
        sqlite,
        clock,
        sources={"wh": {"kind": "ibis", "url": f"duckdb://{file}"}},
        monitors={"path": tmp_path / "monitors"},
    )
    bench.file = file
    hours_of(bench, 0.61, 0.61)
    labels = {"locale": "jp", "monitor": "ndcg"}
    bench.receive(bench.alert("ndcg/jp", source="monitor", cohort={"locale": "jp"}, labels=labels))
    bench.answer("code_deploy")
    minutes(bench, 0)
    return bench


def hours_of(bench, *values):
    """What the warehouse has of the last whole hours, the newest last; None for an hour without a row."""
    newest = bench.desk.monitors[0].newest(bench.now).replace(tzinfo=None)
    with duckdb.connect(str(bench.file)) as connection:
        connection.execute('CREATE OR REPLACE TABLE answers ("at" TIMESTAMP, ndcg DOUBLE, locale VARCHAR)')
        for back_, value in enumerate(reversed(values)):
            if value is not None:
                row = [newest - timedelta(hours=back_) + timedelta(minutes=30), value]
                connection.execute("INSERT INTO answers VALUES (?, ?, 'jp'), (?, 0.9, 'en')", [*row, row[0]])


def test_what_only_a_warehouse_knows_is_watched_by_its_whole_hours(by_the_hour):
    """No Prometheus is asked for; one good hour may be chance, and a warehouse is not asked every minute."""
    bench = by_the_hour
    assert "✗ not yet · ndcg (jp) is 0.61, needs ≥ 0.7605; its newest hour ended at" in bench.card().text
    hours_of(bench, 0.61, 0.78)
    minutes(bench, 10)
    assert isinstance(seen(bench), NotRecovered)
    hours_of(bench, 0.78, 0.78)
    minutes(bench, 10)
    assert isinstance(seen(bench), Recovered)
    assert "[Mitigated]" in bench.card().buttons
    assert "at its baseline (≥ 0.7605) for 60 min; its newest hour ended at" in bench.card().text


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ((), "ndcg (jp): wh has nothing of locale=jp"),
        ((0.78, None), "ndcg (jp): wh has nothing of its newest hour"),
    ],
)
def test_an_hour_that_is_not_there_yet_is_unknown_and_not_recovered(by_the_hour, values, reason):
    """Older hours say nothing of now."""
    hours_of(by_the_hour, *values)
    minutes(by_the_hour, 10)
    (line,) = seen(by_the_hour).lines
    assert isinstance(seen(by_the_hour), Unknown)
    assert line.startswith(reason)


def test_an_alert_that_nothing_can_be_asked_about_stays_unknown_beside_a_monitors(by_the_hour):
    """Its reason is on the card: there is no Prometheus."""
    bench = by_the_hour
    bench.receive(bench.alert("other", cohort={"locale": "en"}))
    hours_of(bench, 0.78, 0.78)
    minutes(bench, 10)
    assert "ndcg (en): no prometheus source is configured" in bench.card().text
