"""The 3am dashboard: one message, complete in time whatever the sources do, then kept current."""

import json
import threading
from datetime import timedelta

import httpx
import pytest

from bot.core.change import Change, ChangeKind
from bot.core.inbound import Ask, Place, Press
from bot.errors import InputError
from bot.services import changes, dashboard_asking, evidence, evidence_picture
from bot.services.dashboard import key_of
from bot.services.evidence_timer import CURRENT_JOB
from bot.store import incidents, slots
from bot.views import chart_evidence
from bot.views.dashboard_actions import DashboardAction
from bot.views.incident_button import decode, encode
from bot.views.triage_actions import More, TriageAction
from tests.services.incident_bench import ENG, Bench, Shown
from tests.services.told_metrics import Told, hanging

KEY = key_of(1)


@pytest.fixture
def bench(sqlite, clock, monkeypatch):
    """A bench on SQLite, on which pictures are not painted: that takes half a second each."""
    monkeypatch.setattr(chart_evidence, "png", lambda *_: b"a picture")
    return Bench(sqlite, clock)


def collapsed(bench):
    """A Prometheus whose ndcg fell half an hour ago."""
    since = bench.now - timedelta(minutes=30)
    return Told(("ndcg", {}, lambda at: 0.61 if at >= since else 0.78))


def gather(bench, **payload):
    """Have the evidence gathered, and nothing else done."""
    finish = evidence.gather(bench.db, bench.desk, {"incident": 1, **payload}, now=bench.now)
    with bench.write() as session:
        finish(session)


def paint(bench):
    """Have the picture drawn that was planned."""
    with bench.db.read() as session:
        (slot,) = slots.kept(session, job=evidence_picture.PICTURE_JOB, prefix="1/")
    finish = evidence_picture.draw(bench.db, bench.desk, slot.payload, now=bench.now)
    with bench.write() as session:
        finish(session)


def board(bench):
    """The dashboard as it stands."""
    return Shown(bench.last(KEY))


def model_change(bench, minutes=26):
    """A model that changed so many minutes ago."""
    at = bench.now - timedelta(minutes=minutes)
    recorded = Change("mlflow", f"m{minutes}", ChangeKind.MODEL, "reranker", at, url="https://ml/12")
    with bench.write() as session:
        changes.record(session, [recorded], now=bench.now)


def planned(bench):
    """When the timer comes next."""
    with bench.db.read() as session:
        return [
            slot.due for slot in slots.kept(session, job=CURRENT_JOB, prefix="1/") if slot.state == "waiting"
        ]


def test_it_is_there_with_the_page_and_says_by_when_it_is_complete(bench):
    """Posted once, in the incident's channel; ten seconds is what it promises."""
    bench.receive(bench.alert())
    posts = [effect for effect in bench.effects("post") if effect["key"] == KEY]
    assert [post["channel"] for post in posts] == [bench.effects("post")[0]["channel"]]
    by = int((bench.now + timedelta(seconds=10)).timestamp())
    assert f"It is here by <!date^{by}^" in board(bench).text
    assert "what has not answered by then is marked unknown" in board(bench).text


def test_the_first_suspect_is_on_top_and_every_step_has_its_worst_line(bench):
    """What is seen first, then where it may come from, in the order of the tree."""
    collapsed(bench).give(bench)
    model_change(bench)
    bench.receive(bench.alert())
    gather(bench)
    shown = board(bench)
    assert shown.header.startswith("INC-1 · evidence: 2 suspect")
    first = "*Look first at* changes: model “reranker”, at 02:46 UTC, 20 min before the onset"
    assert first in shown.text
    assert " <https://ml/12|look>\nSpeaks for “Model registry change”." in shown.text
    assert "⚠ suspect · metric: ndcg is now 0.61, baseline 0.78 (\u221221.8\u00a0%)" in shown.text
    steps = [line[1] for line in shown.text.splitlines() if line[:2] in {f"*{n}" for n in range(1, 8)}]
    assert steps == list("123456")  # the seventh has only what the first says, and no answer for it
    assert "*1 change* · ⚠ suspect · as above" in shown.text
    assert shown.notification.startswith("INC-1 evidence: 2 suspect")
    assert "First suspect: model “reranker”" in shown.notification
    assert shown.buttons == ["Refresh evidence", "What was asked"]


def test_nothing_suspect_is_said_and_how_much_is_left_to_be_tested_by_hand(bench):
    """Unknown is not clear."""
    bench.receive(bench.alert())
    gather(bench)
    steps = len(bench.desk.playbooks.triage.questions)
    assert f"*No cause is suspect*; {steps} steps of {steps} to be tested by hand." in board(bench).text


def test_the_picture_is_uploaded_for_it_alone_and_said_in_words(bench):
    """The metric over seven days, a day and an hour, the change drawn over it."""
    collapsed(bench).give(bench)
    model_change(bench)
    bench.receive(bench.alert())
    gather(bench)
    assert not any(block["type"] == "image" for block in board(bench).blocks)  # words do not wait for it
    paint(bench)
    (upload,) = bench.effects("upload")
    assert (upload["share"], upload["filename"]) == (False, "INC-1-evidence.png")
    image = next(block for block in board(bench).blocks if block["type"] == "image")
    assert image["slack_file"] == {"id": f"upload:{upload['key']}"}
    assert image["alt_text"].startswith("ndcg over 7 d 0.78 → 0.61, 24 h 0.78 → 0.61, 60 min 0.78 → 0.61")
    assert "1: model reranker" in image["alt_text"]


def test_a_span_of_the_picture_that_cannot_be_had_says_so(bench):
    """The others are drawn."""
    told = collapsed(bench).give(bench)
    whole = told.__call__
    bench.receive(bench.alert())

    def week_refused(request):
        if request.url.params.get("step") == "3600":
            return httpx.Response(422, json={"status": "error", "error": "too many samples"})
        return whole(request)

    told_client = httpx.Client(transport=httpx.MockTransport(week_refused))
    bench.desk.prometheus["prom"]._client = told_client
    gather(bench)
    paint(bench)
    image = next(block for block in board(bench).blocks if block["type"] == "image")
    assert "7 d unknown (prom refused with 422: too many samples), 24 h 0.78 → 0.61" in image["alt_text"]


def test_it_is_complete_in_time_whatever_the_sources_do(bench):
    """One that hangs is left behind with its reason; the log of changes stands."""
    told, release = collapsed(bench).give(bench), threading.Event()
    told.instead["ndcg"] = lambda: hanging(release)
    model_change(bench)
    bench.receive(bench.alert())
    finish = evidence.gather(bench.db, bench.desk, {"incident": 1}, now=bench.now, deadline=0.2)
    with bench.write() as session:
        finish(session)
    release.set()  # only now could it have answered: nobody waited for it
    assert "now unknown: no answer in 0.2 s" in board(bench).text
    assert "*Look first at* changes" in board(bench).text


def test_evidence_is_cached_a_minute_and_a_person_overrides_that(bench):
    """The change log is our own and is read every time."""
    told = collapsed(bench).give(bench)
    bench.receive(bench.alert())
    gather(bench)
    asked = len(told.asked)
    bench.clock.advance(seconds=30)
    gather(bench)
    assert len(told.asked) == asked
    model_change(bench)
    gather(bench)
    assert len(told.asked) == asked
    assert "*Look first at* changes" in board(bench).text
    gather(bench, fresh=True)
    assert len(told.asked) > asked
    asked = len(told.asked)
    bench.clock.advance(seconds=61)
    gather(bench)
    assert len(told.asked) > asked


def test_the_cache_keeps_lines_and_what_they_suggest(bench):
    """Used again they are the same lines, in the same order."""
    collapsed(bench).give(bench)
    model_change(bench)
    bench.receive(bench.alert())
    gather(bench)
    with bench.db.read() as session:
        before = incidents.evidence(session, 1, "changed")
    bench.clock.advance(seconds=10)
    gather(bench)
    with bench.db.read() as session:
        after = incidents.evidence(session, 1, "changed")
    assert [(e.check, e.line, e.suggests) for e in after] == [(e.check, e.line, e.suggests) for e in before]


def test_a_storm_that_asks_for_each_alert_is_answered_once(bench):
    """What was gathered after it was asked for is not gathered again."""
    told = collapsed(bench).give(bench)
    bench.receive(bench.alert())
    asked_at = bench.now.isoformat()
    bench.clock.advance(seconds=90)
    gather(bench, asked_at=asked_at)
    before = (len(told.asked), len(bench.effects()))
    bench.clock.advance(seconds=90)
    gather(bench, asked_at=asked_at)
    assert (len(told.asked), len(bench.effects())) == before


def test_a_second_cohort_is_asked_for_at_once(bench):
    """Its alert came after the last time."""
    told = collapsed(bench).give(bench)
    bench.receive(bench.alert())
    gather(bench)
    bench.clock.advance(seconds=10)
    bench.receive(bench.alert("k2", cohort={"locale": "jp"}, started_at=bench.now))
    gather(bench)
    assert any('locale="jp"' in query for query in told.asked)
    assert "ndcg (jp) is now 0.61" in board(bench).text


def test_it_is_kept_current_ever_more_slowly_and_stops_with_the_incident(bench):
    """Every five minutes, hourly once it is mitigated, never when it is closed; again when reopened."""
    bench.receive(bench.alert())
    gather(bench)
    assert planned(bench) == [bench.now.replace(minute=15, second=0)]
    bench.clock.advance(minutes=5)
    gather(bench, current=True)
    assert [due.minute for due in planned(bench)][-1] == 20
    bench.answer("code_deploy")
    bench.press(TriageAction.MITIGATED)
    assert planned(bench) == [bench.now.replace(hour=4, minute=0, second=0)]
    bench.press(TriageAction.RESOLVED)
    assert planned(bench) == []
    assert "is resolved: no longer kept current" in board(bench).text
    assert board(bench).buttons == ["What was asked"]
    bench.press(TriageAction.REOPEN)
    assert len(planned(bench)) == 1
    bench.clock.advance(days=2)
    bench.press(TriageAction.MORE, choice=More.FALSE_ALARM)
    assert planned(bench) == []


def test_the_timer_gathers_without_anybody_asking(bench):
    """A change nobody told of in time is on it five minutes later."""
    told = collapsed(bench).give(bench)
    bench.receive(bench.alert())
    gather(bench)
    told.series[0] = ("ndcg", {}, 0.5)
    bench.clock.advance(minutes=6)
    bench.work()
    assert "ndcg is now 0.5" in board(bench).text


def pictures(bench):
    """How many pictures were ever planned."""
    with bench.db.read() as session:
        return len(slots.kept(session, job=evidence_picture.PICTURE_JOB, prefix="1/"))


def test_a_picture_stays_a_while_and_a_person_gets_a_new_one(bench):
    """Each is a file in Slack: the timer is content with ten minutes, an alert with one."""
    collapsed(bench).give(bench)
    bench.receive(bench.alert())
    gather(bench)
    paint(bench)
    bench.clock.advance(minutes=5)
    gather(bench, current=True)
    assert pictures(bench) == 1
    assert any(block["type"] == "image" for block in board(bench).blocks)
    gather(bench, fresh=True)
    assert pictures(bench) == 2
    bench.clock.advance(minutes=6)
    gather(bench, current=True)
    assert pictures(bench) == 3


def test_where_there_is_nothing_to_draw_no_picture_is_planned(bench):
    """No Prometheus and no chart."""
    bench.receive(bench.alert())
    gather(bench)
    assert pictures(bench) == 0


def test_a_picture_that_comes_after_the_end_is_dropped(bench):
    """It was closed while it was painted."""
    collapsed(bench).give(bench)
    bench.receive(bench.alert())
    gather(bench)
    finish = evidence_picture.draw(bench.db, bench.desk, {"incident": 1}, now=bench.now)
    bench.press(TriageAction.MORE, choice=More.FALSE_ALARM)
    with bench.write() as session:
        finish(session)
    assert bench.effects("upload") == []


def press(bench, action, value=None, key="p1"):
    """Press a button of the dashboard."""
    verb = {
        DashboardAction.REFRESH: dashboard_asking.press_refresh,
        DashboardAction.QUERIES: dashboard_asking.press_queries,
    }[action]
    pressed = Press(ENG, Place("C1"), action, encode(1) if value is None else value)
    with bench.write() as session:
        verb(session, bench.desk, pressed, key, bench.now)


def test_refresh_asks_everything_again(bench):
    """Also what was found a moment ago; who asked is in the timeline."""
    told = collapsed(bench).give(bench)
    bench.receive(bench.alert())
    bench.work()
    asked = len(told.asked)
    press(bench, DashboardAction.REFRESH)
    bench.work()
    assert len(told.asked) > asked
    with bench.db.read() as session:
        assert incidents.timeline(session, 1)[-1].kind in {"retried", "onset"}


def test_what_was_asked_is_shown_to_who_presses(bench):
    """Each query with where and how long."""
    collapsed(bench).give(bench)
    bench.receive(bench.alert())
    gather(bench)
    press(bench, DashboardAction.QUERIES)
    (shown,) = bench.effects("ephemeral")
    text = Shown(shown["message"]).text
    assert shown["user"] == ENG
    assert "⚠ suspect · *metric* prom · 0.0 s\n`ndcg`" in text
    assert "*changes*" in text


@pytest.mark.parametrize(
    "value", ["", "{}", "[]", '{"i": "1"}', '{"i": true}', '{"i": -1}', '{"i": 1e99}', "{" * 9999]
)
def test_a_button_that_cannot_be_read_is_refused(value):
    """Drawn by another version, or by somebody else."""
    with pytest.raises(InputError, match="cannot be read"):
        decode(value)


def test_an_incident_that_is_not_there_is_said(bench):
    """Its number is a number, and there is none of it."""
    with pytest.raises(InputError, match="no such incident"):
        press(bench, DashboardAction.QUERIES, encode(99))
    with pytest.raises(InputError, match="INC-99"):
        press(bench, DashboardAction.REFRESH, encode(99))


def test_it_can_be_asked_for_by_mention(bench):
    """`@lookout triage dashboard`, `queries`: without the picture, which is in the channel."""
    collapsed(bench).give(bench)
    bench.receive(bench.alert())
    gather(bench)
    with bench.db.read() as session:
        asked = Ask(ENG, Place("C1"), "triage", "dashboard", "INC-1")
        shown = Shown(_dumped(dashboard_asking.ask_dashboard(session, bench.desk, asked, bench.now)))
        assert not any(block["type"] == "image" for block in shown.blocks)
        assert "Where it may come from" in shown.text
        told = dashboard_asking.ask_queries(session, bench.desk, asked, bench.now)
        assert "what was asked" in json.dumps(_dumped(told))
        with pytest.raises(InputError, match="No incident has its card"):
            dashboard_asking.ask_queries(
                session, bench.desk, Ask(ENG, Place("C9"), "triage", "queries"), bench.now
            )


def _dumped(message):
    return {"text": message.text, "blocks": [dict(block) for block in message.blocks]}


def test_the_timeline_tells_of_evidence_where_it_says_something_else_than_before(bench):
    """Not of every look at the same."""
    told = collapsed(bench).give(bench)
    bench.receive(bench.alert())
    for _ in range(3):
        gather(bench, fresh=True)
        bench.clock.advance(minutes=5)
    told.series[0] = ("ndcg", {}, 0.78)
    gather(bench, fresh=True)
    with bench.db.read() as session:
        said = [event.text for event in incidents.timeline(session, 1) if event.kind == "evidence"]
    assert len(said) == 2
    assert said[0].startswith("evidence: suspect metric, ")
    assert said[0].endswith(" 0 clear")
    assert said[1].startswith("evidence: suspect nothing, ")
    assert said[1].endswith(" 1 clear")
