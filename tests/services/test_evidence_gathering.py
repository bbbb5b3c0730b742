"""Evidence: side by side, with a deadline, unknown with its reason; a person still clicks."""

import threading
from datetime import timedelta

import httpx
import pytest

from bot.core.change import Change, ChangeKind
from bot.core.evidence import EvidenceStatus
from bot.services import changes, evidence, triage
from bot.services.desk import Desk
from bot.sources.prometheus import Prometheus
from bot.store import incident_evidence, incidents
from bot.views.triage_actions import TriageAction
from tests.services.incident_bench import Bench


@pytest.fixture
def bench(sqlite, clock):
    """A bench on SQLite."""
    return Bench(sqlite, clock)


def asking(bench, handler):
    """Give the desk a Prometheus that answers with `handler`."""
    source = Prometheus("http://prometheus", client=httpx.Client(transport=httpx.MockTransport(handler)))
    old = bench.desk
    bench.desk = Desk(old.settings, old.playbooks, old.templates, {"prom": source})


def series(*found):
    """A successful answer: instant or range by what was asked."""

    def handler(request):
        ranged = request.url.path.endswith("query_range")
        result = [
            {"metric": labels, **({"values": [[0, v]] * 3} if ranged else {"value": [0, v]})}
            for labels, v in found
        ]
        kind = "matrix" if ranged else "vector"
        return httpx.Response(200, json={"status": "success", "data": {"resultType": kind, "result": result}})

    return handler


ANSWERS = [
    "Code deploy",
    "Model registry change",
    "Config change",
    "Prompt template change",
    "Nothing changed",
]


def gathered(bench):
    """Have the evidence gathered by itself, without the other jobs of an incident."""
    finish = evidence.gather(bench.db, bench.desk, {"incident": 1}, now=bench.now)
    with bench.write() as session:
        finish(session)


def change(bench, kind, minutes, change_id=None, **fields):
    """Record a change so many minutes before now."""
    recorded = Change(
        "generic", change_id or f"{kind}-{minutes}", kind, f"{kind} change",
        bench.now - timedelta(minutes=minutes), **fields,
    )  # fmt: skip
    with bench.write() as session:
        return changes.record(session, [recorded], now=bench.now)


def lines(bench, step):
    """The evidence kept for a step, as (status, line, suggests)."""
    with bench.db.read() as session:
        return [(e.status, e.line, e.suggests) for e in incidents.evidence(session, 1, step)]


def test_the_nearest_change_is_named_first_and_suggests_its_answer(bench):
    """The suggested answer is the primary button, and nothing is chosen for the person."""
    change(bench, ChangeKind.CONFIG, 300)
    change(bench, ChangeKind.MODEL, 26, version="12", previous_version="6", by="ana")
    bench.receive(bench.alert())
    bench.work()
    card = bench.card()
    model = "⚠ suspect · changes: model “model change”, 6 → 12, at 02:46 UTC, 20 min before the onset, by ana"
    assert f"{model} → suggests “Model registry change”" in card.text
    assert card.text.index("model change") < card.text.index("config change")
    assert card.buttons[:5] == [
        "Code deploy", "[Model registry change]", "Config change", "Prompt template change",
        "Nothing changed",
    ]  # fmt: skip
    assert card.notification.endswith("Evidence suggests: Model registry change.")
    with bench.db.read() as session:
        assert incidents.load(session, 1).path == ()


def test_changes_after_the_onset_or_long_before_are_no_evidence(bench):
    """A change that came later cannot be why."""
    change(bench, ChangeKind.MODEL, 2)
    change(bench, ChangeKind.CONFIG, 25 * 60)
    change(bench, ChangeKind.CAMPAIGN, 40 * 60, ended_at=bench.now - timedelta(hours=2))
    bench.receive(bench.alert())
    bench.work()
    status, line, suggests = lines(bench, "changed")[0]
    assert (status, suggests) == (EvidenceStatus.CLEAR, "nothing")
    assert line.startswith("no change of kind code deploy, model, config, prompt, infra reported in the 24 h")
    assert "campaign change" in lines(bench, "traffic")[0][1]
    assert "[Nothing changed]" in bench.card().buttons


def test_a_log_that_never_heard_of_anything_is_unknown_not_clear(bench):
    """Silence proves nothing where nobody reports."""
    bench.receive(bench.alert())
    assert "Evidence is being gathered" in bench.card().text
    bench.work()
    assert "? unknown · changes: nobody has reported any change to Lookout yet" in bench.card().text
    answers = [button for button in bench.card().buttons if button.strip("[]") in ANSWERS]
    assert answers == ANSWERS


def test_a_change_reported_late_is_put_in_its_place(bench):
    """The open incident looks again; the same change told twice is one."""
    bench.receive(bench.alert())
    bench.work()
    assert change(bench, ChangeKind.CODE_DEPLOY, 30, "d1") == 1
    assert change(bench, ChangeKind.CODE_DEPLOY, 30, "d1") == 0
    assert bench.work() == ["incident.evidence"]
    assert "[Code deploy]" in bench.card().buttons


def test_the_metric_is_asked_for_now_and_held_against_its_baseline(bench):
    """The series is the one whose labels the alert has."""
    asking(bench, series(({"cohort": "en"}, "0.78"), ({"cohort": "jp"}, "0.63")))
    bench.receive(bench.alert(cohort={"cohort": "jp"}, labels={"cohort": "jp", "alertname": "x"}))
    bench.work()
    ((status, line, suggests),) = [item for item in lines(bench, "changed") if "ndcg" in item[1]]
    assert (status, suggests) == (EvidenceStatus.SUSPECT, None)
    assert line == "ndcg (jp) is now 0.63, baseline 0.78 (\u221219.2 %); 0.61 when the alert fired"


def test_recovery_makes_mitigated_the_primary_button(bench):
    """The metric says so; a person still clicks."""
    asking(bench, series(({}, "0.77")))
    bench.receive(bench.alert())
    bench.work()
    bench.answer("code_deploy")
    card = bench.card()
    assert (
        "✓ recovered · ndcg is now 0.77, baseline 0.78 (\u22121.3\u00a0%), back within 2.5\u00a0%"
        in card.text
    )
    assert card.buttons[0] == "[Mitigated]"


def test_without_a_baseline_the_day_before_the_onset_gives_one(bench):
    """The median of the same series."""
    asking(bench, series(({}, "0.5")))
    bench.receive(bench.alert(baseline=None, title="NDCG fell"))
    bench.work()
    assert lines(bench, "changed")[-1][1] == "ndcg is now 0.5, baseline 0.5 (+0.0 %), back within 2.5 %"


@pytest.mark.parametrize(
    ("handler", "reason"),
    [
        (series(), "prometheus has no value for ndcg"),
        (
            series(({"a": "1"}, "1"), ({"a": "2"}, "2")),
            "2 series answer ndcg and none has the alert's labels",
        ),
        (
            lambda request: httpx.Response(503, text="busy"),
            "prometheus answered 503 with something that is not",
        ),
    ],
)
def test_what_prometheus_cannot_say_is_unknown_with_its_reason(bench, handler, reason):
    """Beside what the alert itself said."""
    asking(bench, handler)
    bench.receive(bench.alert())
    bench.work()
    status, line, _ = lines(bench, "changed")[-1]
    assert status is EvidenceStatus.UNKNOWN
    assert line.startswith(
        "ndcg was 0.61 against baseline 0.78 (\u221221.8 %) as the alert says; now unknown: "
    )
    assert reason in line


def test_a_metric_that_is_no_prometheus_name_is_unknown(bench):
    """Nothing from a label is formatted into a query."""
    asking(bench, series(({}, "1")))
    bench.receive(bench.alert(metric='x"} or up{"'))
    bench.work()
    assert "is not a Prometheus metric name" in lines(bench, "changed")[-1][1]


def test_without_prometheus_the_alerts_own_numbers_stand(bench):
    """With the reason why there is nothing newer."""
    bench.receive(bench.alert(cohort={"locale": "jp"}))
    bench.work()
    assert lines(bench, "changed")[-1][1].endswith("now unknown: no prometheus source is configured")


def test_the_rules_own_selector_is_asked(bench):
    """Prometheus sends the expression in the alert's link; the metric's label may be no metric name."""
    asked = []

    def handler(request):
        asked.append(request.url.params["query"])
        return series(({"metric": "NDCG@10"}, "0.6"))(request)

    asking(bench, handler)
    url = "http://p/graph?g0.expr=quality%7Bmetric%3D%22NDCG%4010%22%7D+%3C+0.7&g0.tab=1"
    bench.receive(bench.alert(metric="NDCG@10", url=url, labels={"metric": "NDCG@10"}))
    bench.work()
    assert asked[0] == 'quality{metric="NDCG@10"}'
    assert all('quality{metric="NDCG@10"}' in query for query in asked)


def test_an_alert_whose_link_is_no_address_is_asked_for_by_its_metric(bench):
    """What a sender calls a link need not be one; the picture is drawn all the same."""
    asking(bench, series(({"locale": "jp"}, "0.6")))
    url = "https://[prometheus/graph?g0.expr=up"
    bench.receive(bench.alert(cohort={"locale": "jp"}, labels={"locale": "jp"}, url=url))
    bench.work()
    assert lines(bench, "changed")[-1][1].startswith("ndcg (jp) is now 0.6, baseline 0.78")


def test_a_check_that_hangs_is_left_behind_and_the_others_count(bench):
    """The deadline holds for all of them together."""
    release = threading.Event()

    def hanging(request):
        release.wait(20)
        return series(({}, "1"))(request)

    asking(bench, hanging)
    change(bench, ChangeKind.MODEL, 26)
    bench.receive(bench.alert())
    finish = evidence.gather(bench.db, bench.desk, {"incident": 1}, now=bench.now, deadline=0.3)
    release.set()
    with bench.write() as session:
        finish(session)
    found = lines(bench, "changed")
    assert found[0][2] == "model"
    assert found[1][1].endswith("now unknown: no answer in 0.3 s")


def test_a_check_that_breaks_is_unknown_and_named(bench):
    """An error nobody foresaw stops neither the job nor the other checks."""

    def broken(request):
        raise RuntimeError("boom")

    asking(bench, broken)
    bench.receive(bench.alert())
    gathered(bench)
    assert "the check itself failed (RuntimeError); see the log" in lines(bench, "changed")[-1][1]


def test_evidence_seen_at_an_answer_is_kept_with_it(bench):
    """Gathering again does not rewrite what was seen."""
    change(bench, ChangeKind.MODEL, 26)
    bench.receive(bench.alert())
    bench.work()
    bench.answer("nothing")
    change(bench, ChangeKind.PROMPT, 20)
    bench.work()
    with bench.db.read() as session:
        (answer,) = incidents.load(session, 1).path
        told = incidents.timeline(session, 1)[-1].detail
    assert [item.suggests for item in answer.evidence] == ["model", None]
    assert (told["answer"], told["suggested"]) == ("nothing", "model")
    assert "Evidence at that moment:\n⚠ suspect · changes: model “model change”" in bench.notes()[-1]


def test_a_late_result_does_not_touch_a_closed_incident(bench):
    """It was resolved while the checks ran."""
    bench.receive(bench.alert())
    finish = evidence.gather(bench.db, bench.desk, {"incident": 1}, now=bench.now)
    bench.answer("model")
    bench.press(TriageAction.MITIGATED)
    bench.press(TriageAction.RESOLVED)
    before = len(bench.effects())
    with bench.write() as session:
        finish(session)
    assert len(bench.effects()) == before


def test_what_was_asked_for_another_tree_is_not_kept(bench):
    """Somebody went over to it while the sources were asked; its own questions are asked anew."""
    bench.receive(bench.alert())
    finish = evidence.gather(bench.db, bench.desk, {"incident": 1}, now=bench.now)
    with bench.write() as session:
        tree = bench.desk.playbooks.others[0]
        triage.switch(session, bench.desk, incident=1, tree=tree, version=None, by="U0ENG", now=bench.now)
        finish(session)
        assert incident_evidence.by_step(session, 1) == {}
    bench.work()
    assert lines(bench, tree.first)


def test_what_comes_back_after_a_newer_gathering_is_not_kept(bench):
    """A slow answer must not undo what is known by then."""
    bench.receive(bench.alert())
    slow = evidence.gather(bench.db, bench.desk, {"incident": 1}, now=bench.now)
    bench.clock.advance(minutes=2)
    change(bench, ChangeKind.CODE_DEPLOY, 20)
    gathered(bench)
    newer = lines(bench, "changed")
    with bench.write() as session:
        slow(session)
    assert lines(bench, "changed") == newer
