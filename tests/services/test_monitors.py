"""Monitors at work: from Prometheus to a page, a ticket, a word that they are blind, and through restarts."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.core.evidence import EvidenceStatus
from bot.core.inbound import Ask, Place, Press
from bot.core.incident import Incident
from bot.errors import ConfigError, InputError, SourceError, StaleError
from bot.services import monitor_alarms, monitor_now, monitor_status, triage
from bot.services.monitor_files import read_monitors
from bot.services.monitors import STEP_JOB, past, step
from bot.settings import Settings
from bot.store import monitors, slots
from bot.store.database import Database
from bot.views.monitor_actions import MonitorAction, Ticket
from tests.core.monitor_bench import history
from tests.services.incident_bench import ENG, Shown
from tests.services.monitor_bench import FILE, MonitorBench

WEEK = 168
LEARNT = 4 * WEEK


@pytest.fixture
def bench(sqlite: Database, clock: Any, tmp_path: Path) -> MonitorBench:
    """Four weeks to learn from, then a cohort that falls by a third at hour 20."""
    seen = history(5, fall=(LEARNT + 20, 6, 0.35))
    return MonitorBench(sqlite, clock, tmp_path / "monitors", seen)


def kept_alarms(bench: MonitorBench) -> list[monitors.KeptAlarm]:
    """What is on record, newest first."""
    with bench.db.read() as session:
        return monitors.alarms(session, "useful_answer_rate")


def incident_of(bench: MonitorBench) -> Incident:
    """The only incident there is."""
    with bench.write() as session:
        return triage.find(session, 1)


def test_a_cohort_that_falls_opens_an_incident_that_names_it(bench: MonitorBench) -> None:
    """With metric, cohort, from where to where, since when, and labels; the same goes on without a word."""
    bench.hours(LEARNT + 18, LEARNT + 34)
    incident = incident_of(bench)
    assert incident.title.startswith("Useful-answer rate 0.")
    assert incident.title.endswith("(locale=jp,device=mobile,tenure=returning)")
    alert = incident.alerts[0]
    assert (alert.source, alert.metric, alert.service) == ("monitor", "useful_answer_rate", "reranker")
    assert alert.cohort == {"locale": "jp", "device": "mobile", "tenure": "returning"}
    assert alert.value / alert.baseline - 1 == pytest.approx(-0.35, abs=0.12)
    assert alert.labels["team"] == "search"
    assert abs(incident.started - bench.teller.past.at(LEARNT + 20)) < timedelta(hours=6)
    assert incident.detected_at - incident.started < timedelta(hours=20)
    pages = [one for one in kept_alarms(bench) if one.level == "page"]
    assert len(pages) == 1
    assert len(bench.effects("channel")) == 1


def test_its_first_look_back_is_the_only_large_question(bench: MonitorBench) -> None:
    """Later hours ask for one hour; an hour that is done is not asked for again."""
    bench.go_to(LEARNT)
    assert bench.step() == 1
    first = len(bench.teller.asked)
    assert first == 2 * 4
    bench.clock.advance(minutes=5)
    assert bench.step() == 0
    bench.go_to(LEARNT + 1)
    assert bench.step() == 1
    assert len(bench.teller.asked) == first + 2
    with bench.db.read() as session:
        assert (
            monitors.count_hours(session, "useful_answer_rate", since=bench.teller.past.start) == LEARNT + 1
        )


def test_ready_is_said_once_with_its_threshold(bench: MonitorBench) -> None:
    """In the incidents channel, when four weeks are there."""
    bench.hours(LEARNT, LEARNT + 3)
    said = bench.said("monitor/useful_answer_rate/ripe")
    assert said == ["Monitor Useful-answer rate has learnt 4 weeks and watches from now on."]
    shown = Shown(next(e["message"] for e in bench.effects("post") if "/ripe/" in e["key"]))
    assert "Threshold 12.0 (set in its file); a page needs 8" in shown.text


def test_before_four_weeks_it_is_silent_and_says_how_far_it_is(
    sqlite: Database, clock: Any, tmp_path: Path
) -> None:
    """Shadow mode: what it would have raised is on record, and nobody is told."""
    seen = history(3, fall=(2 * WEEK + 20, -1, 0.3))
    bench = MonitorBench(sqlite, clock, tmp_path / "monitors", seen)
    bench.hours(2 * WEEK + 18, 2 * WEEK + 30)
    assert [one.shadow for one in kept_alarms(bench)] == [True] * len(kept_alarms(bench)) != []
    assert bench.effects() == []
    assert "notes, says nothing: 2." in asked(bench).text


def test_a_file_may_keep_it_in_the_shadow(bench: MonitorBench) -> None:
    """shadow: true, for as long as wanted."""
    bench.reopen(FILE + "shadow: true\n")
    bench.hours(LEARNT + 18, LEARNT + 34)
    assert [one for one in kept_alarms(bench) if one.level == "page" and one.shadow]
    assert bench.effects() == []
    assert "only notes, as its file says" in asked(bench).text


def test_a_small_fall_is_a_ticket_that_can_become_an_incident(
    sqlite: Database, clock: Any, tmp_path: Path
) -> None:
    """A message in the incidents channel with a button; pressed twice it is one incident."""
    seen = history(5, fall=(LEARNT + 5, -1, 0.055))
    bench = MonitorBench(sqlite, clock, tmp_path / "monitors", seen)
    bench.hours(LEARNT + 18, LEARNT + 32)
    tickets = [one for one in bench.effects("post") if "/ticket/" in one["key"]]
    assert [one["channel"] for one in tickets] == ["#ml-incidents"] * len(tickets) != []
    shown = Shown(tickets[0]["message"])
    assert shown.notification.startswith("Ticket: Useful-answer rate down ")
    assert shown.notification.endswith("for everything")
    assert not bench.effects("channel")
    button = shown.elements[0]
    assert button["action_id"] == MonitorAction.OPEN
    press = Press(ENG, Place("C1"), button["action_id"], button["value"])
    for _ in range(2):
        with bench.write() as session:
            monitor_alarms.open_ticket(session, bench.desk, press, "k", bench.now)
    assert incident_of(bench).title.startswith("Useful-answer rate 0.")
    lost = replace(press, value=Ticket("gone", 1).encode())
    with bench.write() as session, pytest.raises(StaleError, match="no longer there"):
        monitor_alarms.open_ticket(session, bench.desk, lost, "k", bench.now)
    with pytest.raises(InputError):
        Ticket.decode("[]")


def test_a_recovery_resolves_the_alert_and_closes_nothing(
    sqlite: Database, clock: Any, tmp_path: Path
) -> None:
    """As with every other monitor."""
    seen = history(5)
    x = seen.x.copy()
    x[LEARNT + 5 : LEARNT + 18, 6] *= 0.6
    bench = MonitorBench(sqlite, clock, tmp_path / "monitors", replace(seen, x=x))
    bench.hours(LEARNT + 4, LEARNT + 18)
    bench.hours(LEARNT + 60, LEARNT + 61)
    incident = incident_of(bench)
    assert [alert.status for alert in incident.alerts] == ["resolved"]
    assert not incident.closed
    assert kept_alarms(bench)[0].ended_at is not None


def test_a_blind_monitor_says_so_after_three_hours_and_when_it_sees_again(bench: MonitorBench) -> None:
    """Once each, in the ops channel; it catches up, and what it missed and goes on is paged."""
    bench.hours(LEARNT, LEARNT + 2)
    answers = iter((*3 * ("<html>login</html>",), *9 * ("{}",)))
    bench.teller.instead = lambda: httpx.Response(503, text=next(answers))
    bench.hours(LEARNT + 2, LEARNT + 8)
    said = "Monitor Useful-answer rate is blind: prom refused with 503"
    assert bench.said("monitor/useful_answer_rate/blind") == [said]
    assert "blind since" in asked(bench).text
    bench.teller.instead = None
    bench.hours(LEARNT + 44, LEARNT + 45)
    assert len(bench.said("monitor/useful_answer_rate/seen")) == 1
    assert incident_of(bench).number == "INC-1"


def test_what_came_and_went_while_nobody_looked_pages_nobody(
    sqlite: Database, clock: Any, tmp_path: Path
) -> None:
    """It is on record with its end; an alert from days ago would only wake people."""
    seen = history(5)
    x = seen.x.copy()
    x[LEARNT + 10 : LEARNT + 35, 6] *= 0.6
    bench = MonitorBench(sqlite, clock, tmp_path / "monitors", replace(seen, x=x))
    bench.hours(LEARNT, LEARNT + 2)
    bench.hours(LEARNT + 120, LEARNT + 121)
    pages = [one for one in kept_alarms(bench) if one.level == "page"]
    assert pages
    assert all(one.ended_at for one in pages)
    assert not bench.effects("channel")


def test_two_replicas_store_one_hour_once(bench: MonitorBench) -> None:
    """The second finds that the hour is done, and says nothing."""
    bench.hours(LEARNT, LEARNT + 1)
    bench.go_to(LEARNT + 1)
    payload = {"monitor": "useful_answer_rate"}
    both = [step(bench.db, bench.desk, payload, bench.now) for _ in range(2)]
    for finish in both:
        with bench.write() as session:
            finish(session)
    with bench.db.read() as session:
        kept = monitors.find(session, "useful_answer_rate")
        hours = monitors.count_hours(session, "useful_answer_rate", since=bench.teller.past.start)
    assert kept is not None
    assert kept.memory is not None
    assert kept.memory["until"] == bench.teller.past.at(LEARNT + 1).isoformat()
    assert hours == LEARNT + 1


def test_other_words_in_the_file_keep_the_hours_and_other_numbers_do_not(bench: MonitorBench) -> None:
    """A new threshold is learnt from the hours that are there; another query begins from nothing."""
    bench.hours(LEARNT, LEARNT + 2)
    before = len(bench.teller.asked)
    bench.reopen(FILE.replace("h: 12", "h: 14"))
    bench.hours(LEARNT + 2, LEARNT + 3)
    assert len(bench.teller.asked) == before + 2
    with bench.db.read() as session:
        kept = monitors.find(session, "useful_answer_rate")
        assert kept is not None
        assert kept.learnt is not None
        assert kept.learnt["h"] == 14.0
    bench.reopen(FILE.replace("denominator: answers", "denominator: shown"))
    bench.hours(LEARNT + 3, LEARNT + 4)
    with bench.db.read() as session:
        assert len(past(session, bench.desk.monitors[0], bench.teller.past.start)) == LEARNT
        assert "useful_answer_rate" in (monitors.find(session, "useful_answer_rate") or kept).id


@pytest.mark.parametrize(
    "edit", [("direction: fall", "direction: rise"), ("denominator: answers", "denominator: n")]
)
def test_an_edit_ends_the_alarms_that_it_watches_no_more(bench: MonitorBench, edit: tuple[str, str]) -> None:
    """Another direction, or other numbers: nothing else would end them, nor learn from those hours again."""
    bench.reopen(f"{FILE}direction: fall\n")
    bench.hours(LEARNT + 18, LEARNT + 34)
    assert kept_alarms(bench)[0].ended_at is None
    bench.reopen(f"{FILE}direction: fall\n".replace(*edit))
    bench.hours(LEARNT + 34, LEARNT + 35)
    assert all(one.ended_at for one in kept_alarms(bench))
    assert [alert.status for alert in incident_of(bench).alerts] == ["resolved"]
    with bench.db.read() as session:
        kept = monitors.find(session, "useful_answer_rate")
    assert kept is not None
    assert kept.memory is not None
    assert kept.memory["until"] == bench.teller.past.at(LEARNT + 34).isoformat()


def test_a_new_title_ends_no_alarm(bench: MonitorBench) -> None:
    """The charts go on from where they stood."""
    bench.hours(LEARNT + 18, LEARNT + 34)
    bench.reopen(FILE.replace("Useful-answer rate", "Useful answers"))
    bench.hours(LEARNT + 34, LEARNT + 35)
    assert [one.ended_at for one in kept_alarms(bench) if one.level == "page"] == [None]
    assert [alert.status for alert in incident_of(bench).alerts] == ["firing"]


def test_a_monitor_whose_file_is_gone_is_no_longer_stepped(bench: MonitorBench) -> None:
    """A step that waits finds nothing to do."""
    bench.go_to(LEARNT)
    with bench.write() as session:
        slots.at(session, job=STEP_JOB, slot="gone/1", due=bench.now, payload={"monitor": "gone"})
    assert bench.run_due() == 1
    assert bench.teller.asked == []


def asked(bench: MonitorBench, about: str = "") -> Shown:
    """`/incidents monitors`."""
    with bench.db.read() as session:
        ask = Ask(ENG, Place("C1"), "incidents", "monitors", about)
        found = monitor_status.answer(session, bench.desk, ask, bench.now)
    return Shown({"text": found.text, "blocks": list(found.blocks)})


def test_how_monitors_stand_is_a_line_each_and_more_by_name(bench: MonitorBench) -> None:
    """Begins, watches, alarms; by name its threshold, its charts and what it raised."""
    assert "begins with its first hour" in asked(bench).text
    bench.hours(LEARNT + 17, LEARNT + 19)
    assert "✓ *useful_answer_rate* · watches" in asked(bench).text
    bench.hours(LEARNT + 19, LEARNT + 40)
    assert "⚠ *useful_answer_rate* · alarm: locale=jp,device=mobile,tenure=returning" in asked(bench).text
    detail = asked(bench, "useful_answer_rate").text
    assert "Threshold 12.0" in detail
    assert "Highest charts: locale=jp,device=mobile,tenure=returning 16.0" in detail
    assert "page: locale=jp,device=mobile,tenure=returning \u2212" in detail
    with pytest.raises(InputError, match="There is no monitor"):
        asked(bench, "<!channel>")


def test_without_monitors_it_says_how_to_have_some(bench: MonitorBench) -> None:
    """Not an empty list."""
    bench.desk = replace(bench.desk, monitors=())
    assert "No monitor is configured" in asked(bench).text


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"a.yaml": FILE.replace("title", "titel")}, "a.yaml:1: error missing the file needs a text"),
        ({"a.yaml": FILE, "b.yaml": FILE}, "has the id 'useful_answer_rate' too"),
        ({"a.yaml": FILE.replace("source: prom", "source: dwh")}, "there is no prometheus source 'dwh'"),
        ({"a.yaml": "kind: [monitor"}, "a.yaml:1: error playbook-yaml"),
    ],
)
def test_a_folder_with_a_fault_stops_the_start(tmp_path: Path, files: dict[str, str], said: str) -> None:
    """With the file, and the line where there is one."""
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "other.yaml").write_text("kind: triage\n", encoding="utf-8")
    settings = Settings(
        monitors={"path": tmp_path}, sources={"prom": {"kind": "prometheus", "url": "http://x"}}
    )
    with pytest.raises(ConfigError, match=said.replace("[", r"\[")):
        read_monitors(settings)


def test_where_a_monitors_metric_stands_is_asked_by_its_own_queries(bench: MonitorBench) -> None:
    """The evidence, and what says that it recovered, need no series of the metric's name."""
    bench.hours(LEARNT + 18, LEARNT + 34)
    alert = incident_of(bench).alerts[0]
    monitor = monitor_now.monitor_of(bench.desk, alert)
    assert monitor is not None
    bench.clock.now = bench.teller.past.at(LEARNT + 33)
    line = monitor_now.metric_now(bench.desk, monitor, alert, 0.02, bench.now)()
    assert line.status is EvidenceStatus.SUSPECT
    assert line.line.startswith("useful_answer_rate (jp-mobile-returning) is now 0.")
    assert (line.source, line.query) == ("prom", "monitor useful_answer_rate")
    gone = replace(alert, cohort={**alert.cohort, "locale": "fr"})
    with pytest.raises(SourceError, match="prom has nothing of locale=fr,device=mobile,tenure=returning"):
        monitor_now.points(bench.desk, monitor, gone, bench.now, bench.now, timedelta(hours=1))
    whole = replace(alert, cohort={})
    start = bench.now - timedelta(hours=2)
    found = monitor_now.points(bench.desk, monitor, whole, start, bench.now, timedelta(hours=1))
    assert len(found) == 3
    assert found[0][1] == pytest.approx(0.18, abs=0.03)
    assert monitor_now.monitor_of(bench.desk, replace(alert, source="generic")) is None


def test_a_monitor_lives_on_either_database(database: Database, clock: Any, tmp_path: Path) -> None:
    """What is learnt, remembered and raised comes back as it was."""
    seen = history(5, fall=(LEARNT + 2, 6, 0.5))
    bench = MonitorBench(database, clock, tmp_path / "monitors", seen)
    bench.hours(LEARNT + 1, LEARNT + 11)
    assert incident_of(bench).metric == "useful_answer_rate"
    assert next(one.cell for one in kept_alarms(bench) if one.level == "page") == seen.cells[6]
    with bench.write() as session:
        assert monitors.purge(session, now=bench.now + timedelta(days=420)) > LEARNT


def test_plain_sums_run_the_same_way(sqlite: Database, clock: Any, tmp_path: Path) -> None:
    """They learn from the points before, page for what the newest shows, and not for what is past."""
    seen = history(1, fall=(50, -1, 0.6))
    text = FILE.replace("kind: monitor", "kind: cusum").replace("baseline_weeks: 4\npage: {h: 12}", "h: 8")
    bench = MonitorBench(sqlite, clock, tmp_path / "monitors", seen, text)
    bench.hours(42, 58)
    assert [one.level for one in kept_alarms(bench)][-1] == "page"
    assert incident_of(bench).metric == "useful_answer_rate"
    assert "Plain CUSUM: k 0.5, h 8, 14 points as baseline." in asked(bench, "useful_answer_rate").text
